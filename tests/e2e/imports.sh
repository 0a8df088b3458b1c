#!/bin/sh
# A group of steps in another file, used twice in one run: each use with its
# own values, evaluated once; a failure in it says where it is used; limits
# beside `use` hold; secrets that are passed in stay hidden.
# shellcheck disable=SC2016 # ${user} is a variable of the suite
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"

cat >server.py <<'END'
import http.server
import json
import os


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        said = json.loads(self.rfile.read(size) or b"{}")
        auth = self.headers.get("Authorization", "")
        body = json.dumps({"token": "token-of-" + said.get("user", ""),
                           "nonce": said.get("nonce"),
                           "auth": auth}).encode()
        with open("log", "a") as log:
            log.write("%s %s %s %s\n" % (self.command, self.path,
                      json.dumps(said, sort_keys=True), auth))
        self.send_response(500 if self.path == "/bad" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

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
n=0
while [ ! -e port ]; do
	n=$((n + 1))
	[ "$n" -lt 200 ] || { echo "no server" >&2; exit 1; }
	/bin/sleep 0.05
done
url=http://127.0.0.1:$(cat port)

mkdir -p suites/team suites/common
cat >suites/common/login.yaml <<'END'
version: 1
groups:
  login:
    params:
      user:
      password: {secret: true}
      nonce: {default: "${uuid()}"}
      path: {default: /token}
    steps:
      - name: ask
        post: ${path}
        json: {user: "${user}", password: "${password}", nonce: "${nonce}"}
        expect: {json: {$.nonce: "${nonce}"}}
        capture: {token: {jsonpath: $.token, secret: true}}
      - name: ask again
        post: /again
        json: {user: "${user}", nonce: "${nonce}", step: "${step}"}
    exports: [token]
END
cat >suites/team/good.yaml <<'END'
version: 1
suite: good
owner: team
runbook: https://wiki.example.com
imports: [../common/login.yaml]
secrets: {pw: {env: PW}}
setup:
  - name: first
    use: login
    with: {user: ann, password: "${pw}"}
    capture: {ann: token}
  - name: second
    use: login
    with: {user: "bob-${region}", password: "${pw}"}
    capture: {bob: token}
  - name: never
    use: login
    when: {ann: nobody}
    with: {user: eve, password: "${pw}"}
steps:
  - name: ann
    get: /who
    auth: {bearer: "${ann}"}
    expect: {json: {$.auth: "Bearer ${ann}"}}
  - name: bob
    get: /who
    auth: {bearer: "${bob}"}
    expect: {json: {$.auth: "Bearer ${bob}"}}
END
export PW=planted-password
"$andon" test suites --base-url "$url" --verbose >out 2>&1 ||
	fail "the good suite ends with $?: $(cat out)"
has out 'first / ask'
has out 'second / ask again'
has out 'when: ann is something else'
has log 'Bearer token-of-ann'
has log 'Bearer token-of-bob-local'
has log '"step": "first / ask again"'
has log '"password": "planted-password"'
grep -q eve log && fail "a use that was to be skipped was run"
# one nonce for each use, the same in both of its steps
[ "$(grep -o '"nonce": "[^"]*"' log | sort | uniq -c | grep -c ' 2 ')" = 2 ] ||
	fail "the parameter was not evaluated once for each use: $(cat log)"

sed -e 's/suite: good/suite: sick/' -e 's/user: ann,/user: ann, path: \/bad,/' \
	suites/team/good.yaml >suites/team/sick.yaml
rm log
"$andon" test suites/team/sick.yaml --base-url "$url" >out 2>&1
[ $? = 1 ] || fail "the sick suite is not failed: $(cat out)"
has out 'suites/common/login.yaml:10:15, used at suites/team/sick.yaml:9'
grep -q planted-password out && fail "a parameter that is a secret is shown"
"$andon" test suites/team/sick.yaml --base-url "$url" --format json >out 2>&1
has out 'used at suites/team/sick.yaml:9'
grep -q planted-password out && fail "a parameter that is a secret is shown"

all_held imports
