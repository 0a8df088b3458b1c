#!/bin/sh
# The manual: well-formed, its tables are those of the code, and each example
# is run.  A comment of a page, .\" EXAMPLE HOW, says how with the display
# below it:
#   suite PATH    a suite; all of them are linted with the workflow
#   workflow      the line file that they run in
#   line FILE     a line file that is linted alone
#   step          a list of steps, linted in a suite
#   part          keys of a line file, linted in one
#   run CODE      sh runs it; the last command ends with CODE
#   server CODE   the same, and localhost:8081 answers
#   options       each command exists, and takes each option
# usage: ANDON=build/andon tests/e2e/manual.sh
# ctest: LABELS fast TIMEOUT 120
set -u
cd "$(dirname "$0")/../.." || exit 2
andon=$(realpath "${ANDON:?the binary}")
tables=$(dirname "$andon")/docs/andon_manual
docs=$PWD/docs
dir=$(mktemp -d) || exit 2
server=

cleanup()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die()
{
	echo "manual: $*"
	[ ! -s "$dir/log" ] || cat "$dir/log"
	exit 1
}

unset CI
for name in $(env | sed -n 's/^\(ANDON_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done
mkdir "$dir/bin" "$dir/examples" "$dir/work" "$dir/alone" || exit 2
ln -s "$andon" "$dir/bin/andon"
PATH=$dir/bin:$PATH
export ORDERS_CLIENT_SECRET="not-a-secret"

# --- well-formed, and not behind the code ---

command -v mandoc >/dev/null || die "no mandoc: ci/deps installs it"
for page in andon.1 andon-suite.5 andon-line.5 andon-codes.7; do
	mandoc -Tlint -W warning "$docs/$page" >"$dir/log" 2>&1 ||
		die "docs/$page is not well-formed"
done
check()
{
	"$tables" --check "$1/andon.1" "$1/andon-suite.5" "$1/andon-line.5" \
		"$1/andon-codes.7" >"$dir/log" 2>&1
}
check "$docs" || die "the tables are not those of the code"
# A row that is gone is seen, and so is a table that no page shows.
mkdir "$dir/changed"
cp "$docs"/andon*.[157] "$dir/changed"
sed -i '/^\.It Ic every_failing/d' "$dir/changed/andon-suite.5"
check "$dir/changed"
[ $? -eq 1 ] || die "a row that is gone is not seen"
cp "$docs"/andon-suite.5 "$dir/changed"
sed -i 's/BEGIN GENERATED predicates/NOT GENERATED predicates/' \
	"$dir/changed/andon-suite.5"
check "$dir/changed"
[ $? -eq 2 ] || die "a table that no page shows is not seen"

# --- examples ---

# page -> examples/PAGE.NN (text) and examples/PAGE.NN.how
for page in andon-suite.5 andon-line.5 andon.1; do
	awk -v out="$dir/examples/$page." '
	/^\.\\" EXAMPLE / && NR > 3 { how = substr($0, 13); next }
	/^\.Bd -literal -offset indent$/ {
		if (how == "")
			exit 1
		at = sprintf("%s%02d", out, ++n)
		print how >(at ".how")
		close(at ".how")
		printf "" >at
		inside = 1
		how = ""
		next
	}
	/^\.Ed$/ { if (inside) close(at); inside = 0; next }
	inside {
		sub(/^\\&/, "")
		gsub(/\\-/, "-")
		gsub(/\\e/, "\\")
		print >at
	}
	END { if (how != "") exit 1 }
	' "$docs/$page" || die "docs/$page has an example without a mark"
done

run()
{
	(cd "$dir/work" && sh -eu "$1") >"$dir/log" 2>&1
	rc=$?
	[ $rc -eq "$2" ] || die "$1 ended with $rc, not $2: $(cat "$1")"
}

serve()
{
	mkfifo "$dir/port" 2>/dev/null
	/usr/bin/python3 - >"$dir/port" <<'END' &
import http.server
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path == "/healthz"
        self.send_response(200 if good else 404)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}' if good else b"")
    def log_message(self, *args):
        pass
s = http.server.HTTPServer(("127.0.0.1", 0), Health)
print(s.server_port, flush=True)
s.serve_forever()
END
	server=$!
	read -r port <"$dir/port" || die "no server"
}

# options FILE: every `andon COMMAND ... --option` of it
options()
{
	sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' "$1" | grep '^andon ' |
		while read -r _ name rest; do
			andon "$name" --help >"$dir/help" 2>&1 ||
				{ echo "no command $name"; continue; }
			for option in $(printf '%s\n' "$rest" |
				grep -o -e ' --[a-z-]*'); do
				grep -q -e "^ *$option\>" "$dir/help" ||
					echo "andon $name has no $option"
			done
		done >"$dir/log"
	[ ! -s "$dir/log" ] || die "$1 is wrong"
}

lint()
{
	andon lint --strict "$@" >"$dir/log" 2>&1
}

pay=
one()
{
	how=$(cat "$1.how")
	case "$how" in
	"suite "*)
		mkdir -p "$(dirname "$dir/work/${how#suite }")"
		cp "$1" "$dir/work/${how#suite }"
		;;
	workflow)
		mkdir -p "$dir/work/regions"
		cp "$1" "$dir/work/regions/line.yaml"
		;;
	"line "*)
		pay=$dir/alone/${how#line }
		cp "$1" "$pay"
		lint "$pay" || die "$1: lint ends with $?"
		;;
	step)
		cat - "$1" >"$dir/alone/step.yaml" <<-END
			version: 1
			suite: one
			owner: team
			runbook: https://wiki.example.com
			every: 2m
			timeout: 60s
			steps:
		END
		lint "$dir/alone/step.yaml" || die "$1: lint ends with $?"
		;;
	part)
		key=$(sed -n '1s/:.*//p' "$1")
		{
			sed "/^$key:/d" "$pay"
			cat "$1"
		} >"$dir/alone/part.yaml"
		lint "$dir/alone/part.yaml" || die "$1: lint ends with $?"
		;;
	"run "*)
		run "$1" "${how#run }"
		;;
	"server "*)
		[ -n "$server" ] || serve
		sed -i "s/localhost:8081/127.0.0.1:$port/" "$1"
		run "$1" "${how#server }"
		;;
	options)
		options "$1"
		;;
	*)
		die "an example is to be tried how? $how"
		;;
	esac
}

# What the commands' own help shows stands in displays of its own.
awk '/^\.Bd .*-compact$/ { inside = 1; next }
	/^\.Ed$/ { inside = 0 }
	inside { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print }' \
	"$docs/andon.1" >"$dir/examples/help"
[ "$(grep -c '^andon ' "$dir/examples/help")" -ge 5 ] ||
	die "the help of the commands shows no example"
options "$dir/examples/help"

count=0
for page in andon-suite.5 andon-line.5 andon.1; do
	for example in "$dir/examples/$page".[0-9][0-9]; do
		[ -f "$example" ] || die "docs/$page has no example"
		one "$example"
		count=$((count + 1))
	done
	# suites and line file are one installation
	[ "$page" != andon-line.5 ] || {
		cd "$dir/work" || exit 2
		lint || die "suites and workflow of the pages: lint ends with $?"
	}
done
# The keys of an answer, in their order.
andon gate deploy --version 1 --line "$pay" --format json \
	--redis "unix://$dir/nowhere" >"$dir/answer" 2>"$dir/log"
[ $? -eq 4 ] || die "a gate without a store ended otherwise"
/usr/bin/python3 -c 'import json, sys
print(*json.load(sys.stdin), sep="\n")' <"$dir/answer" >"$dir/keys"
sed -n '/^\.\\" KEYS gate/,/^\.\\" END KEYS/s/^\.It Li //p' "$docs/andon.1" |
	diff "$dir/keys" - >"$dir/log" ||
	die "these are not the keys of an answer"
# An example that is wrong would be seen.
sed -i 's/every:/evry:/' "$dir/work/suites/health.yaml"
lint && die "a mistake in an example is not seen"
[ "$count" -ge 20 ] || die "only $count examples were found"
echo "manual: four pages, $count examples"
