#!/bin/sh
# `andon eval jsonpath`: the nodes as one JSON array, and its exit codes.
# ctest: LABELS fast
# shellcheck disable=SC2016 # $ is the root of a JSONPath
set -u
andon=${ANDON:?the binary under test}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

fail() {
	echo "FAIL: $*" >&2
	failed=$((failed + 1))
}

printf '%s' '{"a":[1,2.50,{"b":"\u00e9\u0000"}],"b":null}' >doc.json

# expect EXPR RESULT
expect() {
	got=$("$andon" eval jsonpath -- "$1" doc.json 2>err)
	code=$?
	[ "$code" = 0 ] || fail "$1: exit $code: $(cat err)"
	[ "$got" = "$2" ] || fail "$1: $got, not $2"
	[ -s err ] && fail "$1: stderr"
	[ "$("$andon" eval jsonpath "$1" <doc.json)" = "$2" ] ||
		fail "$1 from stdin"
}

expect '$..b' '[null,"é\u0000"]'
expect '$.a[1]' '[2.50]'
expect '$.none' '[]'
expect '$.a[?@ > 1]' '[2.50]'
expect '$.a[-1].b' '["é\u0000"]'

# refuse CODE TEXT ARGUMENT...
refuse() {
	want=$1 text=$2
	shift 2
	"$andon" eval "$@" >out 2>err </dev/null
	code=$?
	[ "$code" = "$want" ] || fail "$*: exit $code, not $want"
	[ -s out ] && fail "$*: stdout: $(cat out)"
	grep -qF -- "$text" err || fail "$*: $(cat err)"
}

refuse 2 'selector:1:3: error[E041]' jsonpath '$.[' doc.json
grep -qx '      |   ^' err || fail "caret: $(cat err)"
refuse 2 'selector:1:1: error[E041]' jsonpath -- '--x' doc.json
refuse 2 'selector:1:1: error[E041]' jsonpath '' doc.json
refuse 2 'stdin:1:1: not JSON' jsonpath '$'
printf '{"a":\n 1,}' >bad.json
refuse 2 'bad.json:2:4: not JSON' jsonpath '$' bad.json
refuse 2 'none.json: No such file' jsonpath '$' none.json
refuse 2 'unknown language' xpath '$' doc.json
refuse 2 'expression' jsonpath

# A list of nodes is bounded: that is our limit, not the document's fault.
/usr/bin/python3 -c 'print("[" + ",".join(["0"] * 100001) + "]")' >long.json
refuse 4 'over a limit' jsonpath '$[*]' long.json

# A hostile selector can not drive the terminal.
"$andon" eval jsonpath "$(printf '$.\033[2J')" doc.json >out 2>err
[ $? = 2 ] || fail "escape"
grep -q "$(printf '\033')" err && fail "a raw escape on stderr"

[ "$failed" = 0 ] || exit 1
echo "eval: all held"
