#!/bin/sh
# `andon test` against a real server: exit codes, what is shown, reports, and
# ctrl-C.
# shellcheck disable=SC2016 # ${id} is a variable of the suite
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"

cat >server.py <<'END'
import http.server
import os
import threading

hold = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/hang":
            open("hanging", "w").close()
            hold.wait()
        good = self.path != "/bad"
        body = (b'{"status":"ok"}' if good else
                b"<b>upstream ]]> \x1b[31m error</b>\nline two")
        self.send_response(200 if good else 502)
        self.send_header("Content-Type",
                         "application/json" if good else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open("port.tmp", "w") as f:
    f.write(str(server.server_address[1]))
os.rename("port.tmp", "port")
server.serve_forever()
END
/usr/bin/python3 server.py &
server=$!
# Waits for a file that somebody makes; the bound is for a broken machine.
await() {
	n=0
	while [ ! -e "$1" ] && [ $n -lt 200 ]; do
		n=$((n + 1))
		/usr/bin/timeout 0.1 tail -f /dev/null
	done
	[ -e "$1" ] || fail "$1 never came"
}
await port
url=http://127.0.0.1:$(cat port)

head='version: 1
owner: team-orders
runbook: https://wiki.example.com/orders
every: 60s'
cat >good.yaml <<END
$head
suite: good
steps:
  - name: alive
    get: /healthz
    expect: {json: {\$.status: ok}}
END
cat >bad.yaml <<END
$head
suite: bad
tags: [critical]
steps:
  - name: alive
    get: /healthz
    expect: {json: {\$.status: ok}}
  - name: place order
    get: /bad
    expect: {status: 201, json: {\$.id: {exists: true}}}
    capture: {id: \$.id}
  - name: confirm mail
    get: /orders/\${id}
END
cat >hang.yaml <<END
$head
suite: hang
steps:
  - name: waits for ever
    get: /hang
    expect: {json: {\$.status: ok}}
END
cat >secret.yaml <<END
$head
suite: secret
secrets: {key: {env: ANDON_TEST_NO_SUCH_SECRET}}
steps:
  - name: alive
    get: /healthz
    auth: {bearer: "\${key}"}
    expect: {json: {\$.status: ok}}
END

# ends CODE ARGUMENT...
ends() {
	want=$1
	shift
	"$andon" test "$@" >out 2>err
	code=$?
	[ "$code" = "$want" ] || fail "test $*: exit $code, not $want: $(cat out err)"
}

ends 0 good.yaml --base-url "$url"
has out 'pass'
has out 'exit 0'
[ -s err ] && fail "stderr of a pass: $(cat err)"
ends 1 good.yaml bad.yaml --base-url "$url"
has out 'fail    place order'
has out '502'
has out 'got 502'
has out 'needs place order'
has out 'place bad.yaml:'
has out 'repeat: curl '
has out '\x1B[31m error'
has out '1 failed'
grep -q "$(printf '\033')" out && fail "a raw escape of the server on stdout"
# A target that refuses is a failed check, not our trouble.
ends 1 good.yaml --base-url http://127.0.0.1:1
# A missing secret hides the truth: never a pass, never the target's fault.
ends 4 good.yaml secret.yaml --base-url "$url"
has out 'ANDON_TEST_NO_SUCH_SECRET'
ends 1 bad.yaml secret.yaml --base-url "$url"
# Nothing selected, nothing there, nonsense.
ends 2 good.yaml --base-url "$url" --tag none
ends 2 good.yaml --base-url "$url" --where prod/*
ends 2 none.yaml --base-url "$url"
ends 2 good.yaml --base-url ftp://x
ends 2 good.yaml --base-url "$url" --report xml=x
ends 2 good.yaml
# --tag chooses.
ends 1 good.yaml bad.yaml --base-url "$url" --tag critical
grep -q 'good @' out && fail "--tag"
# --quiet shows what did not pass.
ends 1 good.yaml bad.yaml --base-url "$url" --quiet
grep -q 'good @' out && fail "--quiet"
# A report that can not be written is no pass.
ends 4 good.yaml --base-url "$url" --report junit=none/x.xml

# Reports; the same object on stdout.
ends 1 good.yaml bad.yaml --base-url "$url" --format json \
	--report junit=junit.xml --report json=report.json
/usr/bin/python3 - <<'END' || fail "reports"
import json
import xml.etree.ElementTree as tree

out = json.load(open("out"))
report = json.load(open("report.json"))
assert out == report
assert (out["answer"], out["code"], out["ok"]) == ("fail", 1, False)
runs = {r["suite"]: r for r in out["runs"]}
assert runs["good"]["outcome"] == "pass"
bad = runs["bad"]
assert (bad["env"], bad["region"], bad["role"]) == ("local", "local", "default")
assert (bad["outcome"], bad["reason"]) == ("fail", "assert")
step = bad["steps"][1]
assert step["status"] == 502 and step["attempts"] == 1
assert {"text", "ok", "expected", "actual"} <= set(step["assertions"][0])
assert not step["assertions"][0]["ok"] and step["assertions"][0]["actual"] == "502"
xml = tree.parse("junit.xml").getroot()
assert (xml.get("tests"), xml.get("failures"), xml.get("skipped")) == \
    ("4", "1", "1"), xml.attrib
text = xml.find(".//failure").text
assert "<b>upstream ]]> \ufffd[31m error</b>" in text, text
END

# Ctrl-C: what is there is reported, the run in flight is nobody's failure,
# and nothing half-written stays.
rm -f junit.xml hanging
"$andon" test hang.yaml good.yaml --base-url "$url" --concurrency 1 \
	--report junit=junit.xml >out 2>err &
pid=$!
await hanging
kill -INT "$pid"
wait "$pid"
code=$?
[ "$code" = 130 ] || fail "ctrl-C: exit $code"
has err 'interrupted'
has junit.xml '</testsuites>'
[ -z "$(find . -name '*.tmp')" ] || fail "left behind: $(find . -name '*.tmp')"

all_held test
