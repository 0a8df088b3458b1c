#!/bin/sh
# `auth:` against servers that verify it: digest by python's own arithmetic, a
# token server, AWS signatures computed anew from what arrived.  Each case is a
# suite with the outcome that it must have; all of them are one run.
# ctest: LABELS fast TIMEOUT 120
# shellcheck disable=SC2016 # ${pass} is a secret of the suites
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"
mkdir suites

cat >server.py <<'END_OF_SERVER'
import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import threading
import time
import urllib.parse

PASSWORD = "open sesame & 7%"
KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
asked = {}
ports = []


def digest_of(name):
    return {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[name]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def say(self, status, body, *headers):
        body = body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        asked[url.path] = asked.get(url.path, 0) + 1
        parts = url.path.strip("/").split("/")
        getattr(self, "do_" + parts[0].replace("-", "_"))(parts[1:], url)

    do_GET = do_POST = do_PUT = handle_any

    # /digest/ALGORITHM/QOP
    def do_digest(self, how, url):
        name, qop = how[0], how[1] if len(how) > 1 else "auth"
        session = name.endswith("-sess")
        h = lambda s: digest_of(name.removesuffix("-sess"))(s).hexdigest()
        stale = "stale" in how and asked[url.path] == 2
        nonce = "n%d" % (1 if asked[url.path] < 3 else 2)
        challenge = ('Digest realm="the \\"vault\\"", nonce="%s", '
                     'algorithm=%s, opaque="o"%s%s' % (
                         nonce if "stale" in how else "n1", name,
                         "" if qop == "none" else ', qop="%s"' % qop,
                         ", stale=true" if stale else ""))
        got = self.headers.get("Authorization", "")
        p = {k: a or b for k, a, b in
             re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^, ]+))', got)}
        user = "who" if "who" in how else "smoke"
        a1 = h(f'{user}:the "vault":{PASSWORD}'.encode())
        if session:
            a1 = h(f"{a1}:{p.get('nonce')}:{p.get('cnonce')}".encode())
        a2 = f"{self.command}:{self.path}"
        if qop == "auth-int":
            a2 += ":" + h(self.body)
        middle = ""
        if qop != "none":
            middle = ":%s:%s:%s" % (p.get("nc"), p.get("cnonce"), qop)
        want = h((f"{a1}:{p.get('nonce')}{middle}:" +
                  h(a2.encode())).encode())
        if (stale or p.get("response") != want or p.get("uri") != self.path
                or p.get("opaque") != "o"):
            self.say(401, "no", ("WWW-Authenticate", 'Basic realm="x"'),
                     ("WWW-Authenticate", challenge))
        else:
            self.say(200, self.body.decode() or "in")

    # to a place of its own kind, at this port or at the other one
    def do_away(self, how, url):
        port = ports[1 if how[0] == "far" else 0]
        self.say(307, "", ("Location", "http://127.0.0.1:%d/%s" % (
            port, "/".join(how[1:]))))

    def do_echo(self, how, url):
        self.say(200, "auth=" + self.headers.get("Authorization", "none"))

    # /token/KIND
    def do_token(self, how, url):
        form = dict(urllib.parse.parse_qsl(self.body.decode()))
        got = self.headers.get("Authorization")
        if got:
            pair = base64.b64decode(got.removeprefix("Basic ")).decode()
            user, secret = map(urllib.parse.unquote_plus, pair.split(":"))
        else:
            user, secret = form.get("client_id"), form.get("client_secret")
        good = (form.get("grant_type") == "client_credentials" and
                (got is None) == (how[0] == "body") and
                (user, secret) == ("smoke", PASSWORD))
        life = 1 if how[0] == "short" else 3600
        answer = {"access_token": "token-%s-%d" % (
            how[0], asked[url.path]), "expires_in": life,
            "scope": form.get("scope"), "token_type": "bearer"}
        if how[0] == "odd":
            answer["token_type"] = "mac"
        if how[0] == "empty":
            del answer["access_token"]
        if how[0] == "audience":
            good = good and form.get("audience") == "https://api.example"
            good = good and form.get("scope") == "orders:read orders:write"
        if how[0] == "flaky" and asked[url.path] == 1:
            self.close_connection = True
            self.connection.close()
            return
        if how[0] == "down":
            self.say(503, "<html>busy</html>")
        elif good:
            self.say(200, json.dumps(answer),
                     ("Set-Cookie", "tokens=mine; Path=/"))
        else:
            self.say(401, json.dumps({
                "error": "invalid_client",
                "error_description": "not with " + str(secret)}))

    # /api/TOKEN: is it the token that is wanted?
    def do_api(self, how, url):
        good = self.headers.get("Authorization") == "Bearer " + how[0]
        good = good and not self.headers.get("Cookie")
        self.say(200 if good else 401, "in" if good else "no")

    def do_asked(self, how, url):
        self.say(200, str(asked.get("/" + "/".join(how), 0)))

    # everything that is signed, computed anew
    def do_aws(self, how, url):
        got = self.headers.get("Authorization", "")
        m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/(\d{8})/"
                         r"(eu-central-1)/([a-z0-9-]+)/aws4_request, "
                         r"SignedHeaders=([a-z0-9;-]+), "
                         r"Signature=([0-9a-f]{64})", got)
        if not m:
            return self.say(403, "unsigned: " + got)
        day, region, service, names, signature = m.groups()
        when = self.headers["X-Amz-Date"]
        age = time.time() - time.mktime(
            time.strptime(when + " UTC", "%Y%m%dT%H%M%SZ %Z")) + time.timezone
        quote = lambda s: urllib.parse.quote(s, safe="-_.~")
        query = "&".join("%s=%s" % kv for kv in sorted(
            (quote(k), quote(v)) for k, v in urllib.parse.parse_qsl(
                url.query, keep_blank_values=True)))
        path = url.path if service == "s3" else urllib.parse.quote(url.path)
        lines = "".join("%s:%s\n" % (
            n, re.sub(" +", " ", self.headers[n].strip()))
            for n in names.split(";"))
        text = "\n".join([self.command, path, query, lines, names,
                          hashlib.sha256(self.body).hexdigest()])
        scope = f"{day}/{region}/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", when, scope,
                          hashlib.sha256(text.encode()).hexdigest()])
        key = ("AWS4" + KEY).encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        want = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        good = (want == signature and abs(age) < 60 and
                when.startswith(day) and "host" in names.split(";"))
        if service == "s3":
            good = good and "x-amz-content-sha256" in names
        if how and how[0] == "session":
            good = good and "x-amz-security-token" in names and (
                self.headers["X-Amz-Security-Token"] == "session-" + PASSWORD)
        self.say(200 if good else 403, "in" if good else text)


servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
           for _ in range(2)]
ports.extend(s.server_address[1] for s in servers)
for s in servers:
    s.daemon_threads = True
threading.Thread(target=servers[1].serve_forever, daemon=True).start()
with open("ports.tmp", "w") as f:
    f.write("%d %d\n" % tuple(ports))
os.rename("ports.tmp", "ports")
servers[0].serve_forever()
END_OF_SERVER
/usr/bin/python3 server.py &
server=$!
i=0
while [ ! -f ports ] && [ $i -lt 3000 ]; do
	kill -0 "$server" || exit 1
	i=$((i + 1))
	/usr/bin/python3 -c 'import time; time.sleep(0.01)'
done
read -r port far <ports
base=http://127.0.0.1:$port

# c NAME OUTCOME REASON STEPS...
c() {
	printf '%s %s %s\n' "$1" "$2" "$3" >>wanted
	{
		cat <<SUITE
version: 1
suite: $1
owner: o
runbook: https://r.example
secrets: {pass: {env: SMOKE_PASS}, aws: {env: SMOKE_AWS}}
steps:
SUITE
		shift 3
		printf '  - {name: "%s ${pass}", %s}\n' "ask" "$1" |
			sed 's/ ${pass}",/",/'
		shift
		for step; do
			printf '  - {name: "%s", %s}\n' "$step" "$step" |
				sed 's/name: ".*get: \([^",}]*\)[^"]*",/name: "again \1",/;T;s/",.*get:/", get:/'
		done
	} >"suites/$(tail -n 1 wanted | cut -d ' ' -f 1).yaml"
}

u='user: smoke, password: "${pass}"'
in='expect: {status: 200, body: in}'

for name in MD5 MD5-sess SHA-256 SHA-256-sess; do
	low=$(echo "$name" | tr '[:upper:]' '[:lower:]')
	c "digest-$low" pass '' "get: '/digest/$name?a=b&c', auth: {digest: {$u}}, $in"
done
c digest-old pass '' "get: /digest/MD5/none, auth: {digest: {$u}}, $in"
c digest-body pass '' "put: /digest/SHA-256/auth-int, body: 'the body', auth: {digest: {$u}}, expect: {status: 200, body: the body}"
c digest-stale pass '' "get: /digest/SHA-256/auth/stale, auth: {digest: {$u}}, $in"
c digest-wrong fail assert "get: /digest/MD5/auth/wrong, auth: {digest: {user: smoke, password: wrong}}"
c digest-not-asked pass '' "get: /echo, auth: {digest: {$u}}, expect: {body: auth=none}"
c digest-redirect pass '' "get: /away/near/digest/MD5, http: {redirects: 1}, auth: {digest: {$u}}, $in"
c digest-far fail assert "get: /away/far/digest/MD5/auth, http: {redirects: 1}, auth: {digest: {$u}}"
c digest-far-allowed pass '' "get: /away/far/digest/MD5/auth/allowed, http: {redirects: 1, auth_on_redirect: true}, auth: {digest: {$u}}, $in"

o="client_id: smoke, client_secret: '\${pass}'"
c oauth2 pass '' "get: /api/token-basic-1, auth: {oauth2: {token_url: $base/token/basic, $o}}, $in"
c oauth2-body pass '' "get: /api/token-body-1, auth: {oauth2: {token_url: $base/token/body, $o, credentials: body}}, $in"
c oauth2-audience pass '' "get: /api/token-audience-1, auth: {oauth2: {token_url: $base/token/audience, $o, scopes: ['orders:read', 'orders:write'], params: {audience: 'https://api.example'}}}, $in"
c oauth2-refused error auth "get: /api/x, auth: {oauth2: {token_url: $base/token/basic, client_id: nobody, client_secret: '\${pass}'}}"
c oauth2-down error auth "get: /api/x, auth: {oauth2: {token_url: $base/token/down, $o}}"
c oauth2-odd error auth "get: /api/x, auth: {oauth2: {token_url: $base/token/odd, $o}}"
c oauth2-empty error auth "get: /api/x, auth: {oauth2: {token_url: $base/token/empty, $o}}"
c oauth2-gone error auth "get: /api/x, auth: {oauth2: {token_url: 'http://127.0.0.1:1/', $o}}"
c oauth2-flaky error auth "get: /api/token-flaky-2, auth: {oauth2: {token_url: $base/token/flaky, $o}}"
c oauth2-far pass '' "get: /away/far/echo, http: {redirects: 1}, auth: {oauth2: {token_url: $base/token/basic, $o}}, expect: {body: auth=none}"

a="region: eu-central-1, access_key: AKIDEXAMPLE, secret_key: '\${aws}'"
c aws pass '' "get: '/aws/a%20b/~x?b=2&a=%2F%201&a=0&empty', auth: {aws_sigv4: {service: execute-api, $a}}, $in"
c aws-post pass '' "post: /aws, json: {a: '\${pass}'}, headers: {X-Amz-Target: 'T.  Do'}, auth: {aws_sigv4: {service: dynamodb, $a}}, $in"
c aws-s3 pass '' "put: '/aws/a%20b//c', body: bytes, auth: {aws_sigv4: {service: s3, $a}}, $in"
c aws-session pass '' "get: /aws/session, auth: {aws_sigv4: {service: sts, session_token: 'session-\${pass}', $a}}, $in"
c aws-wrong fail assert "get: /aws, auth: {aws_sigv4: {service: sts, region: eu-central-1, access_key: AKIDEXAMPLE, secret_key: '\${pass}'}}, $in"
c aws-redirect pass '' "get: /away/near/aws/there, http: {redirects: 1}, auth: {aws_sigv4: {service: sts, $a}}, $in"
c aws-far fail assert "get: /away/far/aws/there, http: {redirects: 1}, auth: {aws_sigv4: {service: sts, $a}}, $in"

# One token serves a run; a run fetches its own; one that is too old is fetched
# again.
cat >suites/oauth2-once.yaml <<SUITE
version: 1
suite: oauth2-once
owner: o
runbook: https://r.example
secrets: {pass: {env: SMOKE_PASS}}
rows: [{name: one}]
steps:
  - {name: a, get: /echo, auth: {oauth2: {token_url: $base/token/once, $o}}, expect: {body: {contains: token-once-1}}}
  - {name: b, get: /echo, auth: {oauth2: {token_url: $base/token/once, $o}}, expect: {body: {contains: token-once-1}}}
  - {name: c, get: /echo, auth: {oauth2: {token_url: $base/token/once, $o, scopes: [other]}}, expect: {body: {contains: token-once-2}}}
  - {name: d, get: /echo, auth: {oauth2: {token_url: $base/token/once, $o, params: {nonce: "\${uuid()}"}}}, expect: {body: {contains: token-once-3}}}
  - {name: e, get: /asked/token/once, expect: {body: "3"}}
  - {name: f, get: /echo, auth: {oauth2: {token_url: $base/token/short, $o}}, expect: {body: {contains: token-short-1}}}
  - {name: g, wait: 1100ms}
  - {name: h, get: /echo, auth: {oauth2: {token_url: $base/token/short, $o}}, expect: {body: {contains: token-short-2}}}
SUITE
echo 'oauth2-once pass ' >>wanted

SMOKE_PASS='open sesame & 7%'
SMOKE_AWS=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
export SMOKE_PASS SMOKE_AWS
"$andon" test suites --base-url "$base" --format json >report.json 2>errors
code=$?
[ $code -eq 1 ] || {
	cat errors >&2
	echo "FAIL: exit $code" >&2
}
"$andon" test suites --base-url "$base" >report.txt 2>>errors
/usr/bin/python3 - "$far" <<'CHECK'
import base64
import json
import sys

text = open("report.json").read()
runs = {r["suite"]: r for r in json.loads(text)["runs"]}
bad = 0


def fail(what):
    global bad
    bad += 1
    print("FAIL:", what, file=sys.stderr)


for line in open("wanted"):
    name, outcome, *reason = line.split()
    r = runs.pop(name, {})
    got = (r.get("outcome"), r.get("reason") or "")
    if got != (outcome, "".join(reason)):
        fail(f"{name}: wanted {outcome} {reason}, got {got}: "
             f"{json.dumps(r)[:1200]}")
    if name == "oauth2-refused" and not (
            "invalid_client, not with [pass]" in r.get("message", "")):
        fail("the token server's reason: " + r.get("message", ""))
if runs:
    fail("more runs: " + " ".join(runs))
for what in (text, open("report.txt").read(), open("errors").read()):
    for secret in ("open sesame", "open%20sesame", "wJalrXUtnF",
                   "Bearer token-",
                   base64.b64encode(b"open sesame & 7")[:16].decode()):
        if secret in what:
            at = what.index(secret)
            fail(f"secret {secret} is told: {what[at - 200:at + 60]}")
            break
sys.exit(1 if bad else 0)
CHECK
