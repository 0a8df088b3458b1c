#!/bin/sh
# Twenty seeded mistakes in four files: one run of `andon lint` finds each of
# them at its line and column, and ends with 2.
# ctest: LABELS fast
# shellcheck disable=SC2016 # backquotes and $ are the text that is wanted
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"
mkdir suites regions

cat >regions/line.yaml <<'END'
version: 1
line: orders
served_version: {header: X-App-Version}
environments:
  prod:
    west: {base_url: "https://west.example.com"}
    east: {base_url: "ftp://east.example.com"}
roles:
  default: {}
  tester: {headers: {X-Role: tester}}
gate:
  soak: 10
workflow:
  - stage: canary
    deploys: prod/wset
  - stage: everywhere
    after: canry
    deploys: prod/east
freeze:
  - {name: xmas, date: 2026-12-24, start: "00:00", duration: 48h, timezone: Europe/Berlni}
END

cat >suites/checkout.yaml <<'END'
version: 1
suite: checkout
owner: team-orders
runbook: https://wiki.example.com/checkout
every: 30
roles: [default, testr]
where: prod/nort
steps:
  - name: login
    post: /login
    form: {user: smoke}
    expect: {statsu: 200}
    capture: {token: $.token}
  - name: order
    post: /orders
    auth: {bearer: "${tokn}"}
    json: {sku: "${order_id}"}
    expect:
      status: 201
      json: {"$.id[": {exists: true}, $.state: {eqals: new}}
    capture: {order_id: $.id}
  - name: order
    get: /orders/${order_id}
    timeout: 5 s
    expect:
      body: {matches: '[a-'}
      duration: {lt: 2}
END

cat >suites/syntax.yaml <<'END'
version: 1
suite: syntax
steps:
  - name: one
    get: "/one
END

cat >suites/twin.yaml <<'END'
version: 1
version: 1
suite: twin
gate: blok
steps:
  - name: one
    get: /one
    put: /one
    json: {id: "${uid()}", at: "${now("}
    unknown: 1
    http: {tls: {verify: maybe}}
END

"$andon" lint >out 2>err
code=$?
[ "$code" = 2 ] || fail "exit $code, not 2"
[ -s err ] && fail "stderr: $(cat err)"

seeded=0
while read -r place what; do
	seeded=$((seeded + 1))
	grep -qF "$place: $what" out || fail "not found: $place: $what"
done <<'END'
regions/line.yaml:7:22 error[E044]
regions/line.yaml:12:9 error[E022]
regions/line.yaml:15:14 error[E051]
regions/line.yaml:17:12 error[E053]
regions/line.yaml:20:77 error[E056]
suites/checkout.yaml:5:8 error[E022]
suites/checkout.yaml:6:18 error[E052]
suites/checkout.yaml:7:8 error[E051]
suites/checkout.yaml:12:14 error[E012]
suites/checkout.yaml:16:21 error[E031]
suites/checkout.yaml:17:18 error[E032]
suites/checkout.yaml:20:20 error[E041]
suites/checkout.yaml:20:49 error[E043]
suites/checkout.yaml:22:11 error[E025]
suites/checkout.yaml:24:14 error[E022]
suites/checkout.yaml:26:27 error[E042]
suites/checkout.yaml:27:22 error[E022]
suites/syntax.yaml:5:15 error[E001]
suites/twin.yaml:2:1 error[E004]
suites/twin.yaml:4:7 error[E024]
suites/twin.yaml:8:5 error[E013]
suites/twin.yaml:9:19 error[E034]
suites/twin.yaml:9:33 error[E033]
suites/twin.yaml:10:5 error[E012]
suites/twin.yaml:11:26 error[E021]
END
# Each finding is a seeded one: a list that cries wolf is not read.
found=$(grep -c ': error\[E' out)
[ "$found" = "$seeded" ] || fail "$found errors for $seeded mistakes"
grep -q "^$seeded errors .* 4 files" out || fail "summary: $(tail -1 out)"
# The carets stand under the word.
grep -A2 -F 'checkout.yaml:12:14' out | grep -q '^      |              ^^^^^^ did you mean `status`?$' ||
	fail "carets under statsu"
grep -q '^andon lint --explain E044: ' out || fail "where codes are explained"

# The same list for machines.
"$andon" lint --format json >out.json 2>err
[ $? = 2 ] || fail "json: exit"
/usr/bin/python3 - "$seeded" out.json <<'END' || fail "json"
import json, sys
o = json.load(open(sys.argv[2]))
assert o["errors"] == int(sys.argv[1]), o["errors"]
f = [x for x in o["findings"] if x["code"] == "E053"][0]
want = {"file": "regions/line.yaml", "line": 17, "column": 12, "end_line": 17,
        "end_column": 17, "level": "error"}
assert {k: f[k] for k in want} == want, f
assert f["hint"] == "did you mean `canary`?", f
END

# For code scanning.  SARIF_SCHEMA names the schema of OASIS, where it is there.
"$andon" lint --format sarif >out.sarif 2>err
[ $? = 2 ] || fail "sarif: exit"
/usr/bin/python3 - "$seeded" out.sarif <<'END' || fail "sarif"
import json, os, sys
o = json.load(open(sys.argv[2]))
if "SARIF_SCHEMA" in os.environ:
    import jsonschema
    s = json.load(open(os.environ["SARIF_SCHEMA"]))
    jsonschema.validators.validator_for(s)(s).validate(o)
run, = o["runs"]
rules = run["tool"]["driver"]["rules"]
assert o["version"] == "2.1.0" and len({r["id"] for r in rules}) == len(rules)
assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 2}]
errors = [r for r in run["results"] if r["level"] == "error"]
assert len(errors) == int(sys.argv[1]), len(errors)
for r in run["results"]:
    assert rules[r["ruleIndex"]]["id"] == r["ruleId"], r
    assert rules[r["ruleIndex"]]["defaultConfiguration"]["level"] == r["level"]
r = [r for r in errors if r["ruleId"] == "E053"][0]
assert r["locations"] == [{"physicalLocation": {
    "artifactLocation": {"uri": "regions/line.yaml"}, "region": {
        "startLine": 17, "startColumn": 12, "endLine": 17, "endColumn": 17}}}]
assert r["message"]["text"].endswith(": did you mean `canary`?"), r
r = [r for r in errors if r["ruleId"] == "E025"][0]
assert len(r["relatedLocations"]) == 1, r
END
mkdir 'a b,c%'
printf 'version: 1\nsuite: s\nstepz: "%%\\n"\n' >'a b,c%/é.yaml'
"$andon" lint --format sarif 'a b,c%/é.yaml' |
	grep -q '"uri":"a%20b%2Cc%25/%C3%A9.yaml"' || fail "URI"

# Annotations of a workflow: nothing in a name or text ends a command early.
"$andon" lint --format github 'a b,c%/é.yaml' >out
[ $? = 2 ] || fail "github: exit"
want='::error file=a b%2Cc%25/é.yaml,line=3,endLine=3,col=1,endColumn=6,'
want=$want'title=andon E012::unknown key `stepz`%0Adid you mean `steps`?'
grep -qxF "$want" out || fail "github: $(cat out)"
grep -qv '^::' out && fail "github: $(cat out)"
"$andon" test --format sarif >out 2>err
[ $? = 2 ] || fail "test --format sarif"
grep -q '`sarif` is not one of human, json' err || fail "$(cat err)"
rm -r 'a b,c%'

# A file that is not there has no line that could be shown.
"$andon" lint none.yaml >out
[ $? = 2 ] || fail "a file that is not there"
grep -qx 'none.yaml: error\[E006\]: No such file or directory' out ||
	fail "E006: $(cat out)"
"$andon" lint --format github none.yaml | grep -q '^::error file=none.yaml,ti' ||
	fail "E006 for github"
"$andon" lint --format json none.yaml >out.json
"$andon" lint --format sarif none.yaml >out.sarif
/usr/bin/python3 - out.json out.sarif <<'END' || fail "E006 for machines"
import json, sys
f, = [f for f in json.load(open(sys.argv[1]))["findings"]
      if f["code"] == "E006"]
assert f["file"] == "none.yaml" and f["line"] is f["end_column"] is None, f
r, = [r for r in json.load(open(sys.argv[2]))["runs"][0]["results"]
      if r["ruleId"] == "E006"]
assert r["locations"] == [{"physicalLocation": {
    "artifactLocation": {"uri": "none.yaml"}}}], r
END

# Right files: 0; a warning alone is 0, with --strict 2.
mkdir good && cd good && mkdir suites regions || exit 1
cat >regions/line.yaml <<'END'
version: 1
line: orders
served_version: {header: X-App-Version}
environments:
  prod:
    west: {base_url: "https://west.example.com"}
    east: {base_url: "https://east.example.com"}
workflow:
  - {stage: canary, deploys: prod/west, soak: 20m}
END
cat >suites/health.yaml <<'END'
version: 1
suite: health
owner: team-orders
runbook: https://wiki.example.com/health
every: 10s
steps:
  - name: alive
    get: /healthz
    expect: {json: {$.status: ok}}
END
out=$("$andon" lint --strict 2>&1) || fail "right files: $out"
echo "$out" | grep -q '^0 errors .* 2 files, 2 checks   exit 0$' ||
	fail "right files: $out"
sed -i 's/^    expect.*//' suites/health.yaml
"$andon" lint >out || fail "a warning alone ends with $?"
grep -q 'health.yaml:2:8: warning\[W104\]' out || fail "W104: $(cat out)"
"$andon" lint --strict >out
[ $? = 2 ] || fail "--strict"

# What the workflow and the statistics say together.
sed -i 's/soak: 20m/soak: 1m/' regions/line.yaml
"$andon" lint >out || fail "W113 is a warning"
grep -q 'line.yaml:9:13: warning\[W113\]' out || fail "W113: $(cat out)"
# A warning is allowed where it stands: W104 of the suite, W113 of the stage.
cp regions/line.yaml suites/health.yaml ..
sed -i 's/soak: 1m/soak: 1m, lint: {allow: [W113]}/' regions/line.yaml
echo 'lint: {allow: W104}' >>suites/health.yaml
out=$("$andon" lint --strict 2>&1) || fail "allowed: $out"
sed -i 's/soak: 1m/soak: 20m/' regions/line.yaml
"$andon" lint >out
grep -q 'line.yaml:9:67: warning\[W115\]' out || fail "W115: $(cat out)"
mv ../line.yaml regions && mv ../health.yaml suites
sed -i 's/soak: 1m/soak: 1m, max_wait: 3m/' regions/line.yaml
"$andon" lint >out
[ $? = 2 ] || fail "a stage that can never pass"
grep -q 'line.yaml:9:13: error\[E055\]' out || fail "E055: $(cat out)"

# Suites alone, without any line file.
mkdir ../alone && cp suites/health.yaml ../alone && cd ../alone || exit 1
"$andon" lint health.yaml >out || fail "alone: $(cat out)"
"$andon" lint >out 2>&1
[ $? = 2 ] || fail "nothing there at all"

[ "$failed" = 0 ] || exit 1
echo "lint: $seeded seeded mistakes, each at its place"
