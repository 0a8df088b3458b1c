# Reads C with comments, strings and character constants taken out, and names
# every call of a function that the house does not use.  Called by banned.sh
# with product=1 for what is shipped, 0 for tests.

function ban(names, why, where,    q, i, n) {
	n = split(names, q, " ")
	for (i = 1; i <= n; i++)
		if (where == "all" || product)
			reason[q[i]] = why
}

BEGIN {
	ban("strcpy strcat stpcpy strncpy strncat gets sprintf vsprintf",
		"no bound, or no NUL: use base/buf.h or snprintf", "all")
	ban("strtok strtok_r", "writes into its input: use str_cut()", "all")
	ban("atoi atol atoll atof", "can not fail: use str_to_u64()", "all")
	ban("localtime gmtime ctime asctime",
		"not thread-safe: use base/units.h or the _r form", "all")
	ban("rand srand random srandom drand48",
		"use crypto_random() or a seeded generator", "all")
	ban("system popen", "no shell: use posix_spawn()", "all")
	ban("alloca setjmp longjmp sigsetjmp siglongjmp",
		"hides the stack", "all")
	ban("sleep usleep", "time is an event: use a loop timer", "all")
	ban("nanosleep clock_nanosleep",
		"time is an event: use a loop timer", "product")
	ban("malloc calloc realloc reallocarray strdup strndup asprintf vasprintf",
		"use base/oom.h, an arena or a buf", "product")
	# the doors themselves
	door["base/oom.c"] = "malloc calloc realloc"
}

FNR == 1 { state = "code"; files++ }

# The line without what is not code; state goes on over lines for comments.
function code_of(line,    out, i, c, two) {
	out = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		two = substr(line, i, 2)
		if (state == "comment") {
			if (two == "*/") {
				state = "code"
				i++
			}
		} else if (state == "code") {
			if (two == "//")
				break
			if (two == "/*") {
				state = "comment"
				i++
			} else if (c == "\"" || c == "'") {
				state = c
				out = out " "
			} else {
				out = out c
			}
		} else if (c == "\\") {
			i++
		} else if (c == state) {
			state = "code"
		}
	}
	if (state != "comment")
		state = "code"
	return out
}

{
	if ($0 ~ /(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_]|$)/) {
		printf "%s:%d: unfinished work belongs into an issue\n",
			FILENAME, FNR
		bad++
	}
	rest = code_of($0)
	while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
		name = substr(rest, RSTART, RLENGTH - 1)
		sub(/[ \t]*$/, "", name)
		before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
		rest = substr(rest, RSTART + RLENGTH)
		calls++
		if (!(name in reason) || before == "." || before == ">")
			continue
		if (index(" " door[FILENAME] " ", " " name " "))
			continue
		printf "%s:%d: %s(): %s\n", FILENAME, FNR, name, reason[name]
		bad++
	}
}

END {
	printf "banned: %d %s files, %d calls, %d wrong\n", files,
		product ? "product" : "test", calls, bad
	exit bad > 0
}
