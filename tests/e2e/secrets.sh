#!/bin/sh
# shellcheck disable=SC2016,SC2089,SC2090 # quotes are part of the secrets
# Secrets that are planted in a suite, sent in every place that a request has,
# and thrown back by the server in every form: nothing that Andon writes holds
# one of them.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
planted=$(cd "$(dirname "$0")/../support" && pwd)/planted.py
PLANTED_ENV='e1/Zq+"w? x&y=Ω'
PLANTED_FILE='f2-Kk9$(id)'"'"'|~Yz~~'
PLANTED_TOKEN='t3.eyJh~bGci/OiJ+IUzI1'
export PLANTED_ENV PLANTED_FILE PLANTED_TOKEN
world west
mkdir reports written
printf '%s\n' "$PLANTED_FILE" >planted.txt
python3 "$planted" serve >port 2>serve.log </dev/null &
echo $! >serve.pid
until_true 10 test -s port || fail "no server: $(cat serve.log)"
base=http://127.0.0.1:$(cat port)

# What the server never answers, asked in every way that shows what it did.
cat >wrong <<'END'
    expect:
      status: 418
      headers:
        X-Path: nothing
        X-Authorization: nothing
        X-Form-0: nothing
        X-Form-5: {contains: nothing}
        X-Form-13: {startsWith: nothing}
        X-Form-30: {matches: '^nothing'}
      json:
        $.sent: nothing
        $.path: nothing
        $.headers: {count: 1000}
        $.secrets: nothing
        $.secrets.PLANTED_ENV: {in: [a, b]}
        $.secrets.*: {each: {startsWith: nothing}}
        $.forms: {count: 0}
        $.forms.*: {contains: nothing}
      body: {contains: nothing at all}
END
cat >common <<END
owner: team
runbook: https://wiki.example.com/planted
every: 1s
timeout: 20s
lint: {allow: [W104, W105, W109, W110]}
vars: {both: "\${from_env}:\${from_file}"}
secrets:
  from_env: {env: PLANTED_ENV}
  from_file: {file: $here/planted.txt}
record: {body: always, max_body: 64KB}
setup:
  - name: token
    get: /token
    capture: {token: {jsonpath: \$.token, secret: true}}
cleanup:
  - name: nobody listens
    get: http://127.0.0.1:1/\${urlEncode(from_env)}
    query: {t: "\${token}"}
    auth: {basic: {user: ab, password: "\${from_file}"}}
END

# suite NAME [FILE] <STEP: the first failing step ends a run, so each of them
# is in a suite of its own; FILE is what it expects
suite() {
	{
		printf 'version: 1\nsuite: %s\n' "$1"
		cat common
		printf 'steps:\n  - name: %s\n' "$1"
		cat - ${2:+"$2"}
	} >"suites/$1.yaml"
}
suite in-headers wrong <<'END'
    get: /headers
    headers: {X-Key: "${base64(from_env)}", X-Other: "k=${from_file}", X-Tok: "${token}"}
END
suite in-body wrong <<'END'
    post: /body
    body: "one ${from_env} two ${from_file} three ${token}"
END
suite in-json wrong <<'END'
    put: /json
    json: {a: "${from_env}", b: ["${from_file}", {"k": "${token}"}]}
END
suite in-url wrong <<'END'
    get: /url/${urlEncode(from_env)}/${urlEncode(token)}
    query: {q: "${from_env}", f: "${from_file}", t: "${token}"}
END
suite in-form wrong <<'END'
    post: /form
    form: {a: "${from_env}", b: "${from_file}", c: "${token}"}
END
suite in-basic-auth wrong <<'END'
    get: /basic
    auth: {basic: {user: smoke, password: "${from_env}"}}
END
suite in-bearer-auth wrong <<'END'
    get: /bearer
    auth: {bearer: "${token}"}
END
suite in-cookies wrong <<'END'
    get: /cookies
    cookies: {sid: "${base64(token)}"}
END
suite expected <<'END'
    get: /expected
    expect:
      json: {$.path: "${from_env}", $.sent: {contains: "${token}"}}
      headers: {X-Path: "${both}", X-Form-1: "${base64(from_file)}"}
      body: {contains: "no ${from_file}"}
    checks:
      - {name: decoded, jsonpath: "$.forms['PLANTED_ENV basic ab']", filter: [base64Decode], equals: nothing}
      - {name: unquoted, jsonpath: "$.forms['PLANTED_FILE percent']", filter: [urlDecode], equals: nothing}
      - {name: types, jsonpath: $.secrets.PLANTED_TOKEN, isInteger: true}
      - {name: a regex, regex: '"PLANTED_ENV": "([^,]*)', equals: nothing}
END
suite broken <<'END'
    get: /broken/${urlEncode(from_file)}
    retry: {times: 1, every: 10ms, on: [5xx]}
END
suite refused <<'END'
    get: http://127.0.0.1:1/${urlEncode(token)}
    headers: {X-Key: "${token}"}
END

say "the forms are found where they are"
python3 "$planted" forms >every
python3 "$planted" find every >/dev/null && fail "the search is blind"
curl -s "$base/x" >answer
[ "$(python3 "$planted" find answer | wc -l)" -gt 30 ] ||
	fail "the server does not reflect"

say "andon test, in every format"
for how in '--format human' '--format human --verbose' '--format json' \
	'--format json --verbose' '--quiet' '--color always --verbose'; do
	n=$((${n:-0} + 1))
	# shellcheck disable=SC2086 # words
	expect 1 test suites --base-url "$base" $how \
		--report "junit=reports/$n.xml" --report "json=reports/$n.json"
	mv out written/test-$n.out
	mv err written/test-$n.err
done
expect 0 lint suites
mv out written/lint.out
mv err written/lint.err
grep -q 'from_env\|FROM_ENV' written/test-2.out ||
	fail "no failure shows where a secret was"
grep -q 'in-basic-auth' written/test-2.out || fail "not all steps were run"

say "andon up, and what it leaves in the store"
cat >line.yaml <<END
version: 1
line: orders
served_version: {header: X-App-Version}
environments: {prod: {west: {base_url: "$base"}}}
gate: {warmup: 1s, soak: 5s, max_wait: 1m}
END
export ANDON_STATE="$here/state" ANDON_LINE="$here/line.yaml"
start up up --grace 2s --verbose
expect 0 deploy start deploy --version v2
expect 0 deploy "done" deploy --version v2
past 5
"$andon" gate deploy --version v2 --wait 5s --format json >written/gate 2>&1
"$andon" gate deploy --version v2 >written/gate-text 2>&1
"$andon" status --format json >written/status 2>&1
"$andon" why orders/deploy/v2/1 >written/why 2>&1
"$andon" why orders/deploy/v2/1 --format json >written/why-json 2>&1
socket=$(find state -type s | head -1)
redis() {
	redis-cli -s "$socket" "$@"
}
redis --scan >keys
while read -r key; do
	echo "== $key"
	case $(redis type "$key") in
	string) redis --raw get "$key" ;;
	hash) redis --raw hgetall "$key" ;;
	stream) redis --raw xrange "$key" - + ;;
	list) redis --raw lrange "$key" 0 -1 ;;
	set) redis --raw smembers "$key" ;;
	zset) redis --raw zrange "$key" 0 -1 withscores ;;
	esac
done <keys >written/redis
grep -q 'results:prod/west' keys || fail "no results: $(cat keys)"
grep -qi 'from_env' written/redis || fail "no evidence in the store"
stop up
find state written reports -type f >files
cp up.out up.err written/
ls state/redis/* >/dev/null 2>&1 || find state -name '*.aof' | grep -q . ||
	fail "no append-only file"
# shellcheck disable=SC2046 # no blanks in our names
python3 "$planted" find $(cat files) written/up.out written/up.err >found ||
	fail "$(wc -l <found) times: $(cut -c1-400 found | head -20)"
say "$(wc -l <files) files searched"
finish
