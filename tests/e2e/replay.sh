#!/bin/sh
# `andon replay`: the labelled deployments of ../shared/traces as good as the
# reference or better, and what it says to recordings that are wrong.
# shellcheck disable=SC2016 # backquotes are the text that is wanted
# shellcheck disable=SC2181 # the code of a command with redirections
shared=$(cd "${ANDON_SHARED:-../shared}" 2>/dev/null && pwd)
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"

# recording FILE [EXTRA ROW...]: 5 checks every 10 s, 20 min before, 10 after;
# all pass.
recording() {
	to=$1
	shift
	/usr/bin/python3 - "$to" "$@" <<'EOF'
import sys
out = open(sys.argv[1], "w")
print('# {"id": "r", "checks": 5, "interval_s": 10, "history_s": 1200,'
      ' "soak_s": 600, "baselines": 1, "groups": null}', file=out)
print("t_ms,check,region,ok,lat_ms", file=out)
for t in range(-1200000, 600000, 2000):
    for region in (0, 1):
        print(f"{t},{t // 2000 % 5},{region},1,{80 + t // 2000 % 7}", file=out)
for row in sys.argv[2:]:
    print(row, file=out)
EOF
}

# field FILE EXPR: of the one line of JSON in FILE
field() {
	/usr/bin/python3 -c 'import json, sys
v = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

recording good.csv
"$andon" replay --format json good.csv >good.json 2>err
[ $? = 0 ] || fail "good: exit, $(cat err)"
[ "$(field good.json 'v["id"], v["verdict"], v["t"], v["why"]')" = \
	"('r', 'pass', 600, [])" ] || fail "good: $(cat good.json)"
"$andon" replay - <good.csv >out 2>err || fail "stdin: $(cat err)"
grep -q 'pass after 10:00: rules out a rise above' out || fail "$(cat out)"

! grep -q 'is not judged' out || fail "latency was judged: $(cat out)"

# What the answer does not cover is said: 12 answers of check 0 are too few.
awk -F, 'NR < 3 || $1 >= 0 || $2 != 0 || n++ < 24' good.csv >few.csv
"$andon" replay few.csv >out 2>err
grep -q 'of 1 of 5 checks is not judged in every region: too few' out ||
	fail "few: $(cat out err)"
"$andon" replay --format json few.csv >few.json 2>err
[ "$(field few.json 'v["latency_unjudged"]')" = 1 ] || fail "$(cat few.json)"
[ "$(field good.json 'v["latency_unjudged"]')" = 0 ] || fail "$(cat good.json)"

# A halt by latency is told in its numbers: check 3 takes 200 ms from the
# deploy on, else its middle one of 80 to 86 ms.
awk -F, -v OFS=, 'NR > 2 && $1 >= 0 && $2 == 3 && !$3 { $5 = 200 } 1' \
	good.csv >slow.csv
"$andon" replay slow.csv >out 2>err
[ $? = 1 ] || fail "slow: exit, $(cat out err)"
grep -q 'what  *check 3 answers more slowly in the canary than in its controls: \(.*\) of \1 (100 %) slower than' out ||
	fail "slow: $(cat out)"
grep -q 'in the controls .*; median 200 ms, before 84 ms' out ||
	fail "slow: medians: $(cat out)"
grep -q 'newest [0-9]* slow answers* it would not have stopped' out ||
	fail "slow: counterfactual: $(cat out)"
"$andon" replay --format json slow.csv >slow.json 2>err
[ "$(field slow.json '[(r["arm"], r["slow"] == r["answers"] > 9,
round(r["median_before_ms"]), round(r["median_ms"]), 83 < r["limit_ms"] < 100)
for r in v["latency"] if r["check"] == "3"]')" = \
	"[('canary', True, 84, 200, True), ('control', False, 84, 84, True)]" ] ||
	fail "slow: $(cat slow.json)"
[ "$(field slow.json 'v["latency"][0]["check"], v["not_without_newest"] > 0')" = \
	"(None, True)" ] || fail "slow: $(cat slow.json)"

# Every cut of it is no pass: less evidence never is one.
for rows in 0 1 100 1000 1500 1700; do
	head -n $((2 + rows)) good.csv >cut.csv
	"$andon" replay --format json cut.csv >cut.json 2>err
	[ $? = 3 ] || fail "cut after $rows: $(cat cut.json err)"
	[ "$(field cut.json 'v["verdict"], bool(v["why"])')" = \
		"('inconclusive', True)" ] || fail "cut $rows: $(cat cut.json)"
done

# A copy, a late one and latencies that can not be change nothing else.
/usr/bin/python3 - <<'EOF'
lines = open("good.csv").read().split("\n")
odd = lines[:2]
for i, line in enumerate(lines[2:-1]):
    odd.append(line)
    if i % 50 == 7:
        odd.append(line)
    if i % 50 == 8:
        odd[-1] = line[:line.rindex(",") + 1] + ["nan", "-3", "1e99"][i % 3]
odd.insert(900, odd.pop(800))
open("odd.csv", "w").write("\n".join(odd) + "\n")
EOF
"$andon" replay --format json odd.csv >odd.json 2>err || fail "odd: $(cat err)"
[ "$(field odd.json 'v["verdict"], v["input"]')" = "('pass', {'rows': 1836, \
'fed': 1800, 'duplicates': 36, 'late': 1, 'bad_latencies': 36, 'not_counting': 0, 'elsewhere': 0})" ] ||
	fail "odd: $(cat odd.json)"

# refuse TEXT ARGUMENT...
refuse() {
	text=$1
	shift
	"$andon" replay "$@" >out 2>err </dev/null
	code=$?
	[ "$code" = 2 ] || fail "$*: exit $code, not 2"
	[ -s out ] && fail "$*: stdout: $(cat out)"
	grep -qF -- "$text" err || fail "$*: $(cat err)"
}

# bad TEXT ROW
bad() {
	recording bad.csv "$2"
	refuse "bad.csv:1803: $1" bad.csv
}

bad 'region 2 is not between 0 and 1' '600000,0,2,1,80'
bad 'region -1 is not' '600000,0,-1,1,80'
bad 'check 5 is not between 0 and 4' '600000,5,0,1,80'
bad 'ok 2 is not between' '600000,0,0,2,80'
bad '`ok` is not a whole number' '600000,0,0,true,80'
bad '`t_ms` is not a whole number' 'nan,0,0,1,80'
bad 't_ms 99999999999999 is not between' '99999999999999,0,0,1,80'
bad '`lat_ms` is neither empty' '600000,0,0,1,fast'
bad 'a row has 5 fields' '600000,0,0'
bad 'the result of line 1801 again, but it says otherwise' '598000,4,0,0,80'
refuse 'none.csv: No such file' none.csv
refuse 'give at least one recording'
printf 'a,b\n' >plain.csv
refuse 'plain.csv:1: not a recording' plain.csv
: >empty.csv
refuse 'empty.csv:1: not a recording' empty.csv
printf '# {"checks": 3,}\n' >json.csv
refuse 'json.csv:1: column 16: not JSON' json.csv
sed '1s/"checks": 5/"checks": 0/' good.csv >head.csv
refuse '`checks` must be between 1 and' head.csv
sed '1s/"soak_s": 600, //' good.csv >head.csv
refuse '`soak_s` must be a number' head.csv
sed '1s/10,/"10s",/' good.csv >head.csv
refuse '`interval_s` must be a number' head.csv
sed '1s/null/["a"]/' good.csv >head.csv
refuse '`groups` must be null or a list of 5' head.csv
sed 2d good.csv >head.csv
refuse 'head.csv:2: the second line must be' head.csv

refuse 'false_halt' --set false_hlt=1% good.csv
refuse 'must be between 0.01% and 20%' --set false_halt=50% good.csv
refuse '`smallest_effect` must be a share' --set smallest_effect=often good.csv
refuse '`soak`' --set soak=never good.csv
refuse '`forgive` must be between 1 and 10' --set forgive=11 good.csv
refuse 'transient' --set transiet=20s good.csv
refuse 'must be NAME=VALUE' --set transient good.csv
refuse 'must be NAME=VALUE' --set 'transient=[1]' good.csv
"$andon" replay --set soak=20m --format json good.csv >out 2>err
[ $? = 3 ] || fail "soak=20m: $(cat out err)"
"$andon" replay --set smallest_effect=0.5% --format json good.csv >out 2>err
[ $? = 3 ] || fail "smallest_effect=0.5%: $(cat out err)"
[ "$(field out 'v["more_s"] > 600')" = True ] || fail "more_s: $(cat out)"

# Lines of JSON, as `andon test --format json` gives runs: the same answer.
lines() {
	/usr/bin/python3 - "$@" <<'EOS'
import datetime, json, sys
zero = datetime.datetime(2026, 5, 4, 10, tzinfo=datetime.timezone.utc)
out = open(sys.argv[2], "w")
head = {"id": "r", "canary": "prod/west", "controls": ["prod/east"],
        "deployed": "2026-05-04T10:00:00Z", "soak_s": 600, "interval_s": 10}
head.update(json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})
print(json.dumps(head), file=out)
for row in open(sys.argv[1]).read().split("\n")[2:-1]:
    t, check, region, ok, took = row.split(",")
    at = zero + datetime.timedelta(milliseconds=int(t) - float(took or 0))
    print(json.dumps({"suite": "s" + check, "env": "prod", "role": None,
        "region": ("west", "east")[int(region)], "row": None,
        "outcome": "pass" if ok == "1" else "fail", "started":
        at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "took_ms": float(took) if took else None}), file=out)
EOS
}
lines good.csv good.jsonl
"$andon" replay --format json good.jsonl >lines.json 2>err ||
	fail "lines: $(cat err)"
cmp -s good.json lines.json || fail "lines: $(cat lines.json)"
cat >>good.jsonl <<'EOS'
{"suite":"s0","env":"prod","region":"west","outcome":"runner_error","started":"2026-05-04T10:00:01Z"}
{"suite":"s0","env":"prod","region":"north","outcome":"fail","started":"2026-05-04T10:00:01Z"}
{"suite":"s0","env":"prod","region":"west","outcome":"fail","maintenance":true,"started":"2026-05-04T10:00:01Z"}
EOS
"$andon" replay --format json good.jsonl >lines.json 2>err ||
	fail "lines: $(cat err)"
[ "$(field lines.json '[v["verdict"], v["input"]["not_counting"],
v["input"]["elsewhere"]]')" = "['pass', 2, 1]" ] ||
	fail "left out: $(cat lines.json)"

# bad_line TEXT LINE: after the others
bad_line() {
	lines good.csv bad.jsonl
	echo "$2" >>bad.jsonl
	refuse "bad.jsonl:1802: $1" bad.jsonl
}

bad_line 'column 2: not JSON' '{no}'
bad_line 'a result must be an object' '[]'
bad_line '`outcome` is none of ours' \
	'{"suite":"a","region":"prod/west","outcome":"fine"}'
bad_line 'a result without a `suite`' \
	'{"region":"prod/west","outcome":"pass"}'
bad_line '`started` is not a time' \
	'{"suite":"a","region":"prod/west","outcome":"pass","started":"noon"}'
bad_line '`took_ms` is neither' '{"suite":"a","region":"prod/west","outcome":"pass","started":"2026-05-04T10:00:01Z","took_ms":"NaN"}'
lines good.csv head.jsonl '{"canary": null}'
refuse 'head.jsonl:1: `canary` must be a region' head.jsonl
lines good.csv head.jsonl '{"controls": ["prod/west"]}'
refuse '`controls` must name regions, each once' head.jsonl
lines good.csv head.jsonl '{"control": ["prod/east"]}'
refuse 'head.jsonl:1: unknown key `control`; did you mean `controls`?' head.jsonl
lines good.csv head.jsonl '{"deployed": "yesterday"}'
refuse '`deployed` must be a time' head.jsonl
lines good.csv head.jsonl '{"soak_s": -1}'
refuse '`soak_s` must be between' head.jsonl
lines good.csv head.jsonl '{"interval_s": 1e9}'
refuse '`interval_s` must be between' head.jsonl
lines good.csv head.jsonl '{"canary": "prod/north", "controls": null}'
refuse 'no result of the canary' head.jsonl

# The team's own history: 20 min are too few; an hour of passes never stops.
refuse 'at least 30 min of history' --calibrate good.csv
/usr/bin/python3 - <<'EOF'
import random
random.seed(3)
out = open("long.csv", "w")
print('# {"id": "l", "checks": 5, "interval_s": 10, "history_s": 3600,'
      ' "soak_s": 600, "baselines": 1, "groups": null}', file=out)
print("t_ms,check,region,ok,lat_ms", file=out)
for t in range(-3600000, 2000, 2000):
    for region in (0, 1):
        took = 80 * random.lognormvariate(0, .3)
        print(f"{t},{t // 2000 % 5},{region},1,{took:.1f}", file=out)
EOF
"$andon" replay --calibrate --seed 7 --format json long.csv >cal.json 2>err ||
	fail "calibrate: $(cat err)"
[ "$(field cal.json 'v["pieces"], v["healthy"]["halts"] <= 2')" = \
	"(6, True)" ] || fail "calibrate: $(cat cal.json)"
[ "$(field cal.json '[f["found"] for f in v["faults"] if
"5 points" not in f["fault"]]')" = "[50, 50, 50, 50]" ] ||
	fail "calibrate: $(cat cal.json)"
"$andon" replay --calibrate --seed 7 --format json long.csv | cmp -s - cal.json ||
	fail "calibrate: the same seed says otherwise"

if [ ! -d "$shared/traces" ]; then
	[ "${CI:-}" = true ] && fail "../shared/traces is absent"
	echo "NOT RUN (62 traces: no ../shared/traces)"
	[ "$failed" = 0 ] || exit 1
	exit 0
fi

"$andon" replay --format json "$shared"/traces/d*.csv >ours.jsonl 2>err
[ $? = 1 ] || fail "traces: $(head -c 500 err)"
/usr/bin/python3 - "$shared" <<'EOF' || fail "the score of the traces"
import json, statistics, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1] + "/detection")
import evaluate
labels = json.load(open(sys.argv[1] + "/traces/labels.json"))
ours = [json.loads(l) for l in open("ours.jsonl")]
R, _ = evaluate.score(labels, ours)
median = evaluate.q(R["delay"], .5)
print(f"false halts {sum(R['fh'])}/{len(R['fh'])}, "
      f"found {sum(R['det'])}/{len(R['det'])}, median delay {median:g} s, "
      f"{statistics.median(R['ratio']):.2f} x the bound, "
      f"unsafe {len(R['unsafe'])}, dishonest {len(R['dishonest'])}, "
      f"undecided {sum(R['nodata'])}/{len(R['nodata'])}")
REFERENCE_MEDIAN_S = 138
wrong = [l["id"] for l, o in zip(labels, ours) if l["id"] != o["id"] or
         o["verdict"] not in l["expect"]]
assert not R["missing"] and not wrong, wrong
assert sum(R["fh"]) == 0 and sum(R["early"]) == 0
assert all(R["det"]) and len(R["det"]) == 26
assert not R["unsafe"] and not R["dishonest"]
assert all(R["nodata"]) and R["nodata"]
assert median <= REFERENCE_MEDIAN_S, median
EOF

all_held replay
