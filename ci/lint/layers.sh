#!/bin/sh
# Fails when an #include crosses a layer, or when a third-party header is
# opened through another door than its own (docs/DESIGN.md, section 1).
# A header in <> must be one of libc's or stand in the table: a new library
# needs a line here.
# usage: ci/lint/layers.sh [root]
cd "${1:-.}" || exit 2
files=$(find base suites regions store runner detectors gate board cli \
	-name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
if [ -z "$files" ]; then
	echo "layers: nothing to look at" >&2
	exit 2
fi
# shellcheck disable=SC2086
awk '
BEGIN {
	# folder -> folders it may include, besides itself
	allow["base"]      = ""
	allow["suites"]    = allow["regions"] = allow["store"] = "base"
	allow["runner"]    = "base suites regions store"
	allow["detectors"] = allow["gate"] = "base regions store"
	allow["board"]     = "base regions store gate"
	allow["cli"]       = "base suites regions store runner detectors gate board"

	# third-party header (a trailing slash: all below) -> who may include it
	# (a trailing slash: every file of that folder)
	door["curl/"]        = "runner/http.c runner/http_url.c runner/http_exchange.h"
	door["ares.h"]       = "runner/resolve.c runner/dns.c"
	door["hiredis/"]     = "store/redis.c"
	door["yaml.h"]       = "base/yaml.c base/yaml_layout_read.c"
	door["libxml/"]      = "base/xml.c"
	door["pcre2.h"]      = "base/regex.c"
	door["microhttpd.h"] = "board/server.c"
	door["openssl/"]     = "base/crypto.c store/tls.c runner/cert.c runner/secure.c"
	door["zlib.h"]       = "runner/"

	# statistics stay arithmetic: these two alone may read or write records
	io["detectors/watch.c"] = io["detectors/pair.c"] = 1
	io["detectors/watch.h"] = io["detectors/pair.h"] = 1

	# these never log
	split("base suites regions store", q, " ")
	for (i in q)
		silent[q[i]] = 1

	n_libc = split("assert complex ctype dirent dlfcn endian errno " \
		"execinfo fcntl fenv float fnmatch ftw getopt glob grp iconv " \
		"ifaddrs inttypes langinfo limits locale malloc math netdb poll pthread pwd " \
		"sched search semaphore signal spawn stdalign stdarg " \
		"stdatomic stdbool stddef stdint stdio stdlib stdnoreturn " \
		"string strings syslog termios time ucontext unistd wchar " \
		"wctype", q, " ")
	for (i = 1; i <= n_libc; i++)
		libc[q[i] ".h"] = 1
	split("sys/ netinet/ net/ arpa/ linux/ bits/", q, " ")
	for (i in q)
		libc[q[i]] = 1
}
FNR == 1 { split(FILENAME, at, "/"); here = at[1]; files++ }
/^[ \t]*#[ \t]*include[ \t]*"/ {
	includes++
	split($0, q, "\""); split(q[2], to, "/")
	if (q[2] !~ /\//)
		bad("write the whole path: \"" q[2] "\"")
	else if (to[1] != here && index(" " allow[here] " ", " " to[1] " ") == 0)
		bad(here "/ may not use " to[1] "/")
	else if (here == "detectors" && !(FILENAME in io) &&
	    to[1] != here && to[1] != "base" && q[2] != "store/record.h")
		bad("only watch.c and pair.c touch the store")
	else if (q[2] == "base/log.h" && here in silent &&
	    FILENAME != "base/log.c")
		bad(here "/ never logs: hand the error up")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	includes++
	split($0, q, "[<>]")
	dir = q[2]; sub(/\/.*/, "/", dir)
	owner = q[2] in door ? door[q[2]] : door[dir]
	if (owner != "") {
		if (index(" " owner " ", " " FILENAME " ") == 0 &&
		    owner != here "/")
			bad("<" q[2] "> belongs to " owner " alone")
	} else if (!(q[2] in libc) && !(dir in libc)) {
		bad("<" q[2] "> is neither libc nor in the table of doors")
	}
}
function bad(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; n++ }
END {
	printf "layers: %d files, %d includes, %d wrong\n", files, includes, n
	exit n > 0
}
' $files
