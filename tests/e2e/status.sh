#!/bin/sh
# `andon status` and `andon why` on a real line: open, halted by a person,
# open again; and without a store.
# shellcheck disable=SC2016 # backquotes are the text that is wanted
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"

# ends CODE ARGUMENT...
ends() {
	want=$1
	shift
	"$andon" "$@" >out 2>err
	code=$?
	[ "$code" = "$want" ] || fail "$*: exit $code, not $want: $(cat out err)"
}

mkdir suites regions
cat >regions/line.yaml <<'END'
version: 1
line: orders
served_version: {header: X-App-Version}
environments:
  prod:
    west: {base_url: "http://127.0.0.1:1"}
    east: {base_url: "http://127.0.0.1:1"}
workflow:
  - {stage: canary, deploys: prod/west}
END
cat >suites/health.yaml <<'END'
version: 1
suite: health
owner: team-orders
runbook: https://wiki.example.com/health
every: 1s
timeout: 1s
http: {timeout: 800ms}
steps:
  - name: alive
    get: /healthz
    expect: {json: {$.status: ok}}
END

# No store: our own trouble, the state of the line is unknown.
ends 4 status --redis redis://127.0.0.1:1/0
[ -s out ] && fail "a state without a store: $(cat out)"
ends 4 why --redis redis://127.0.0.1:1/0
ends 2 status more

"$andon" up >up.out 2>up.err &
server=$!
n=0
until grep -qx ready up.err || [ $n -gt 300 ]; do
	n=$((n + 1))
	/usr/bin/timeout 0.1 tail -f /dev/null
done
ends 0 status
has out 'OPEN  line orders'
has out 'nothing registered'
has out 'runner '
has out 'epoch '
ends 3 why
ends 0 deploy start canary --version 9f3c2ab
ends 0 deploy "done" canary --version 9f3c2ab
ends 0 status
has out '9f3c2ab  '
ends 0 why
has out 'orders/canary/9f3c2ab/1'
has out 'done orders/canary/9f3c2ab/1'
ends 2 why 9f3c2ac
grep -qF 'did you mean `9f3c2ab`?' err || fail "did you mean: $(cat err)"

# What a person writes can not drive another one's terminal.
ends 0 halt line --by ada --reason "$(printf 'smoke \033[2J in the hall')"
ends 5 status
has out 'HALTED  line orders'
has out 'by ada: smoke \x1B[2J in the hall'
ends 0 why
has out 'andon resume line --reason TEXT'
has out 'halt line by ada'
grep -q "$(printf '\033')" out && fail "a raw escape in why"
ends 5 status --format json
/usr/bin/python3 - <<'END' || fail "json of status: $(cat out)"
import json
o = json.load(open("out"))
assert (o["state"], o["code"], o["ok"]) == ("halted", 5, False)
assert o["scopes"][0]["by"] == "ada" and o["scopes"][0]["journaled"]
assert o["stages"][0]["deployments"][0]["version"] == "9f3c2ab"
assert o["detector"]["alive"] and len(o["runners"]) == 1
assert o["plan"]["jobs"] == 2
END
ends 0 why --format json
/usr/bin/python3 -c 'import json; json.load(open("out"))' || fail "json of why"
ends 0 resume line --by ada --reason "it was toast"
ends 0 status
has out 'OPEN  line orders'

all_held status
