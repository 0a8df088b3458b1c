#!/bin/bash
# andon import and andon curl: what another tool wrote gives the same verdict.
# Every construct of Hurl is imported and run once as it passes and once as it
# fails; curl commands and HAR archives become suites that ask the same.
# shellcheck disable=SC2016  # the $ and ` are those of suites and commands
set -euo pipefail

andon=$(realpath "${ANDON:-build/andon}")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$work"' EXIT
bad() {
	echo "import.sh: $1" >&2
	[[ ! -f $work/out ]] || sed 's/^/  | /' "$work/out" | head -40 >&2
	exit 1
}
expect() { # CODE COMMAND...: ends with it; what it says is in out
	local want=$1 got=0
	shift
	"$@" >"$work/out" 2>"$work/err" || got=$?
	[[ $got == "$want" ]] && return
	cat "$work/err" >>"$work/out"
	bad "$(echo "$*" | cut -c1-200) ended with $got, not $want"
}
says() { grep -qF -- "$1" "$work/out" || bad "it does not say: $1"; }
warns() { grep -qF -- "$1" "$work/err" || bad "it does not warn: $1"; }

mkfifo "$work/port"
python3 "$here/import_server.py" >"$work/port" &
server=$!
read -r port sha256 md5 <"$work/port"

# --- Hurl ---
mkdir "$work/ok" "$work/fail" "$work/suites"
cp "$here/hurl/constructs.txt" "$work/ok"
cp "$here/hurl/constructs.txt" "$work/fail"
cp "$here/hurl/constructs.txt" "$work/suites"
sed "s/PORT/$port/g; s/SHA256/$sha256/; s/MD5/$md5/" \
	"$here/hurl/constructs.hurl" >"$work/all.hurl"
grep -v '^#!' "$work/all.hurl" >"$work/ok/passes.hurl"
# Each `#! X` in the place of the line before it: a file of its own, which has
# what it needs of the requests before it.
awk -v dir="$work/fail" '
	/^#! / { alt[++n] = substr($0, 4); at[n] = last; next }
	{ line[++last] = $0 }
	END {
		for (k = 1; k <= n; k++) {
			file = sprintf("%s/fails-%03d.hurl", dir, k)
			for (i = 1; i <= last; i++)
				print i == at[k] ? alt[k] : line[i] >file
			close(file)
		}
	}' "$work/all.hurl"
expect 0 "$andon" import hurl --out "$work/ok" "$work/ok/passes.hurl"
expect 0 "$andon" lint "$work/ok/passes.yaml"
expect 0 "$andon" test "$work/ok/passes.yaml" --base-url "http://127.0.0.1:$port"
total=0
names=()
for file in "$work"/fail/*.hurl; do
	total=$((total + 1))
	names+=("$file")
done
expect 0 "$andon" import hurl --out "$work/fail" "${names[@]}"
"$andon" test "$work/fail" --base-url "http://127.0.0.1:$port" --format json \
	>"$work/runs.json" 2>/dev/null || true
python3 - "$work/runs.json" "$total" <<'END' || bad "a construct that should fail"
import json, sys
runs = json.load(open(sys.argv[1]))["runs"]
wrong = [r["suite"] for r in runs if r["outcome"] not in ("fail", "error")]
print("\n".join(f"passed, and should not: {w}" for w in wrong), file=sys.stderr)
sys.exit(bool(wrong) or len(runs) != int(sys.argv[2]))
END
echo "hurl: 1 file passes, $total variants of it fail"

# What can not be said is an error with its place, and nothing comes out.
want=$(grep -cE '^(GET|POST)' "$here/hurl/cannot.hurl")
expect 2 "$andon" import hurl "$here/hurl/cannot.hurl"
[[ ! -s $work/out ]] || bad "a refused import printed a suite"
got=$(grep -c 'error\[E081\]' "$work/err")
((got == want)) || { cp "$work/err" "$work/out"; bad "$got of $want refused"; }
expect 0 "$andon" import hurl --partial "$here/hurl/cannot.hurl"
says "gate: observe"
says "Imported in part: $want constructs were left out."
printf 'GET http://h/\nHTTP 200\n[Asserts]\nstatus === 1\n' >"$work/x.hurl"
expect 2 "$andon" import hurl "$work/x.hurl"
warns "x.hurl:4:10: error[E082]"

# --- curl ---
expect 0 "$andon" import curl "curl 'http://127.0.0.1:$port/echo?a=b' -X PUT \\
  -H 'accept: application/json' -H 'authorization: Bearer s3cr3t-token' \\
  --data-raw \$'{\"it\\'s\": \"\\u00e9\"}' --compressed -k -m 2.5"
says "bearer: '\${token}'"
! grep -q s3cr3t-token "$work/out" || bad "a token in the suite"
warns '$TOKEN'
cp "$work/out" "$work/suites/echo.yaml"
TOKEN=s3cr3t-token expect 0 "$andon" test "$work/suites/echo.yaml" \
	--base-url "http://127.0.0.1:$port"
expect 0 "$andon" import curl -- -sSLG --data-urlencode 'q=a b' -u ann:pw -e r \
	-A me -x proxy.example:1 --retry 2 --resolve a.example:80:127.0.0.1 \
	--http1.1 --digest a.example/x
for text in 'get: http://a.example/x?q=a%20b' 'digest: {user: ann' 'Referer: r' \
	'user_agent: me' 'redirects: 50' 'times: 2' "a.example:80"; do
	says "$text"
done
expect 0 "$andon" import curl -- -F 'a=b;c' http://h/x
expect 2 "$andon" import curl -- --frobnicate http://h/
warns "curl --frobnicate is not known"
expect 2 "$andon" import curl "curl http://h/ | jq ."
warns "a pipe"
expect 2 "$andon" import curl "curl 'http://h/"
expect 2 "$andon" import curl "wget http://h/"

# Logs keep what is said of a command: no secret of it is shown, wherever it
# stands, and also when the command can not be read.
p=PL4NTED
count=0
while IFS= read -r line; do
	expect 2 "$andon" import curl "$line"
	warns "error[E08"
	! grep -q "$p" "$work/err" || bad "a secret is shown of: $line"
	count=$((count + 1))
done <<END
curl -H 'Authorization: Bearer $p' -u 'ann:$p $p' --frobnicate http://h/
curl http://ann:$p@h/x?token=$p -b sid=$p --cookie "a=$p; b=$p" --nope
curl -uann:$p -sSbsid=$p --user=ann:$p --oauth2-bearer $p --nope http://h/
curl -HAuthorization:Basic\ $p -H "cookie: a=$p; b=$p" --nope http://h/
curl -H \$'X-Api-Key: $p' -d '{"password": "a $p\" $p"}' http://h/ | jq .
curl -d "{\"token\": \"$p\"}" -F password=$p --nope http://h/
curl -d 'a b&password=x $p' --data-urlencode 'secret=$p $p' --nope http://h/
curl -x http://u:$p@proxy:1 -U u:$p --proxy-user u:$p http://h/
curl -H 'Authorization: Bearer $p
curl -u 'ann:$p
wget --header 'Authorization: $p' http://h/
END
((count == 11)) || bad "$count commands with secrets"
expect 2 "$andon" import curl -- -u ann:$p --nope 'http://h/?a=b'
grep -qF "curl -u ann:******* --nope 'http://h/?a=b'" "$work/err" ||
	bad "what is no secret is not shown"
grep -q '^ *| \{21\}^\^\^\^\^\^' "$work/err" || bad "the caret is elsewhere"

# --- a step as a curl command, which asks what the step asks ---
cat >"$work/suites/step.yaml" <<END
version: 1
suite: step
owner: me
runbook: https://x.example/
secrets: {pw: {env: STEP_PW}}
steps:
  - name: login
    post: /echo?x=\$1
    auth: {basic: {user: ann, password: "\${pw}"}}
    headers: {X-A: "it's; \`rm\` \$(x)"}
    json: {a: "q'q"}
    expect: {status: 201}
    capture: {order: \$.method}
  - name: next
    get: /echo/\${order}
END
export STEP_PW=s3cret-pass
expect 0 "$andon" curl "$work/suites/step.yaml" login \
	--base-url "http://127.0.0.1:$port"
says 'ann:"$PW"'
! grep -q s3cret-pass "$work/out" || bad "a secret in the command"
PW=s3cret-pass bash "$work/out" | tail -1 >"$work/answer"
python3 - "$work/answer" <<'END' || bad "the command asks for something else"
import base64, json, sys
got = json.loads(open(sys.argv[1]).read())
assert got["method"] == "POST" and got["query"] == "x=$1", got
assert got["body"] == '{"a":"q\'q"}', got
assert got["headers"]["x-a"] == "it's; `rm` $(x)", got
assert got["headers"]["authorization"] == "Basic " + base64.b64encode(
    b"ann:s3cret-pass").decode(), got
END
expect 0 "$andon" curl "$work/suites/step.yaml" next \
	--base-url "http://127.0.0.1:$port"
says '/echo/"$ORDER"'
expect 0 "$andon" curl "$work/suites/step.yaml" next --var order=7 \
	--base-url "http://127.0.0.1:$port"
says '/echo/7'
expect 2 "$andon" curl "$work/suites/step.yaml" logn --base-url http://h
grep -q 'did you mean `login`' "$work/err" || bad "no name that is near"
# the report of a failure has the same command
expect 1 "$andon" test "$work/suites/step.yaml" \
	--base-url "http://127.0.0.1:$port"
says 'repeat: curl -sS -i -X POST'
says 'ann:"$PW"'

# --- HAR ---
python3 - "$port" >"$work/visit.har" <<'END'
import json, sys
base = "http://127.0.0.1:" + sys.argv[1]
def entry(method, path, status=200, kind="xhr", headers=(), post=None):
    request = {"method": method, "url": base + path, "headers": [
        {"name": n, "value": v} for n, v in headers]}
    if post:
        request["postData"] = post
    return {"_resourceType": kind, "request": request,
            "response": {"status": status, "content": {"mimeType": ""}}}
entries = [
    entry("GET", "/logo.png", kind="image"),
    entry("GET", "/app.js", kind="script"),
    entry("GET", "/text?access_token=t0k3n-value", headers=[
        ("Accept", "*/*"), ("User-Agent", "Browser"), ("Cookie", "sid=c00kie"),
        ("sec-ch-ua", "x"), (":authority", "h"), ("X-Team", "a")]),
    entry("POST", "/echo", headers=[("Authorization", "Bearer t0k3n-bearer")],
          post={"mimeType": "application/json",
                "text": '{"user":"ann","password":"passw0rd-value"}'}),
    entry("GET", "/status/404", 404),
]
print(json.dumps({"log": {"version": "1.2", "entries": entries}}))
END
expect 0 "$andon" import har "$work/visit.har" --base-url "http://127.0.0.1:$port"
for text in t0k3n c00kie passw0rd logo.png app.js Browser sec-ch authority; do
	! grep -qi -- "$text" "$work/out" || bad "$text is in the suite"
done
says 'X-Team: a'
says 'status: 404'
cp "$work/out" "$work/suites/visit.yaml"
expect 0 "$andon" lint "$work/suites/visit.yaml"
ACCESS_TOKEN=aaaaaaaa COOKIE=sid=bbbbbb AUTHORIZATION=cccccccc \
	PASSWORD=dddddddd expect 0 "$andon" test "$work/suites/visit.yaml" \
	--base-url "http://127.0.0.1:$port"
printf '%s' '{"log": {"entries": [{"request": {"method": "POST",' \
	'"url": "http://h/?token=PL4NTED", "headers": [{"name": "Cookie",' \
	'"value": "PL4NTED"}], "postData": {"mimeType": "multipart/x",' \
	'"text": "PL4NTED"}}}]}}' >"$work/x.har"
expect 2 "$andon" import har "$work/x.har"
warns '"name": "Cookie"'
! grep -q PL4NTED "$work/err" || bad "a secret of an archive is shown"
echo '{"log": {}}' >"$work/x.har"
expect 2 "$andon" import har "$work/x.har"
warns "error[E082]"
