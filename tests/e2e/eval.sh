#!/bin/sh
# `andon eval`: pieces of a suite on a document, and the exit codes.
# ctest: LABELS fast
# shellcheck disable=SC2016 # $ is the root of a JSONPath
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"

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
refuse 2 'selector: error[E041]' jsonpath '' doc.json
refuse 2 'stdin:1:1: not JSON' jsonpath '$'
printf '{"a":\n 1,}' >bad.json
refuse 2 'bad.json:2:4: not JSON' jsonpath '$' bad.json
refuse 2 'none.json: No such file' jsonpath '$' none.json
refuse 2 'did you mean `expect`' expct '$' doc.json
refuse 2 'expression' jsonpath

# A list of nodes is bounded: that is our limit, not the document's fault.
/usr/bin/python3 -c 'print("[" + ",".join(["0"] * 100001) + "]")' >long.json
refuse 4 'over a limit' jsonpath '$[*]' long.json

# A hostile selector can not drive the terminal.
"$andon" eval jsonpath "$(printf '$.\033[2J')" doc.json >out 2>err
[ $? = 2 ] || fail "escape"
grep -q "$(printf '\033')" err && fail "a raw escape on stderr"

# --- snippets ---

# try CODE KIND SNIPPET LINE [OPTION...]: LINE is among what is printed
try() {
	want=$1 kind=$2 snippet=$3 line=$4
	shift 4
	"$andon" eval "$kind" "$@" -- "$snippet" doc.json >out 2>err
	code=$?
	[ "$code" = "$want" ] || fail "$snippet: $code, not $want: $(cat out err)"
	cat out err | grep -qF -- "$line" || fail "$snippet: $(cat out err)"
}

printf '{"a": 5, "s": "x-1", "t": "2", "l": [3, 1], "n": null}' >doc.json
try 0 check '{jsonpath: $.a, gt: 3}' 'pass  $.a > 3'
try 1 check '{jsonpath: $.a, gt: 7}' 'fail  $.a > 7'
try 1 check '{jsonpath: $.a, gt: 7}' '      actual    5'
try 1 check '{jsonpath: $.t, gt: 1}' 'actual    "2" (string)'
try 0 check '{jsonpath: $.t, filter: [toInt], gt: 1}' 'pass  $.t | toInt > 1'
try 0 check '[{jsonpath: $.a, gt: 3}, {status: , equals: 200}]' 'status == 200'
try 0 check '{checks: [{jsonpath: $.a, gt: 3}]}' 'pass'
try 1 check '{expect: {json: {$.none: 1}}}' 'actual    missing'
try 0 expect '{json: {$.s: {matches: ^x-\d$}}}' 'pass'
try 0 check '{jsonpath: $.s, equals: "${v}"}' 'pass' --var v=x-1
try 2 check '{jsonpath: $.s, equals: "${v}"}' 'snippet:1:26: error[E031]'
try 2 check '{jsonpath: $.a, gtt: 3}' 'snippet:1:17: error[E043]'
try 2 check '{jsonpath: $.a}' 'error[E011]'
try 2 expect '{}' 'nothing is checked'
try 2 check '[' 'error[E001]'
try 0 value '$.l' '[3,1]   (array)'
try 0 value '{jsonpath: $.l, filter: [sort, {nth: 0}]}' '1   (number)'
try 0 value '$.l[*]' '[3,1]   (nodes, array)'
try 0 value '$.n' 'null   (null)'
try 1 value '$.none' '$.none: missing'
try 1 value '{jsonpath: $.a, filter: first}' 'can not be applied to a number'
try 0 filter '[{jsonpath: $.l}, first]' '3   (number)'
try 0 filter 'keys' '["a","s","t","l","n"]   (array)'
try 0 predicate '{isObject: true, count: 5}' 'pass  $ count == 5'
try 1 predicate '{subset: {a: 6}}' 'fail'
try 2 predicate '{isObjekt: true}' 'snippet:1:2: error[E043]'
# Our own limit is not the document's fault.
/usr/bin/python3 -c 'print("\"" + "a" * 40 + "!\"")' >doc.json
try 4 predicate '{matches: "^(a|aa)+$"}' 'over  $ matches'
printf '{"a": 5, "s": "x-1", "t": "2", "l": [3, 1], "n": null}' >doc.json

out=$("$andon" eval value '$.l' doc.json --format json)
[ "$out" = '{"type":"array","nodes":false,"value":[3,1]}' ] || fail "json: $out"
"$andon" eval check '{jsonpath: $.a, gt: 7}' doc.json --format json >out
[ $? = 1 ] || fail "json: exit"
/usr/bin/python3 - <<'END' || fail "json: $(cat out)"
import json
o = json.load(open("out"))
assert o == {"ok": False, "code": 1, "assertions": [{"text": "$.a > 7",
    "ok": False, "expected": "> 7", "actual": "5"}]}, o
END

# Text that is no JSON, and a whole answer as curl -i prints it.
printf 'hello world' >doc.json
try 0 predicate '{startsWith: hello}' 'pass'
try 0 filter '[{split: " "}, last, upper]' '"WORLD"   (string)'
try 1 value '$.a' 'not JSON'
printf 'HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\nHTTP/2 404\r\n%s' \
	'Set-Cookie: id=7; Path=/' >doc.json
printf '\r\nX-A:  b \r\n\r\n{"a": 1}' >>doc.json
try 0 expect '{status: 404, headers: {X-A: b}, json: {$.a: 1}}' 'pass  status'
try 0 check '{version: , equals: "2"}' 'pass'
try 0 value '{cookie: "id"}' '"7"'
try 1 value '{header: Location}' 'missing'

all_held eval
