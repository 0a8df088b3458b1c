#!/bin/sh
# Store, runner and detector as three processes, and each of them lost: the
# gate never passes without all of them, and a detector that was killed comes
# to the same numbers as one that reads the whole stream again.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east
suites 500ms
line <<'END'
gate: {warmup: 2s, soak: 24s, smallest_effect: 30%, max_wait: 5m, fresh: 3s}
workflow:
  - {stage: canary, deploys: prod/west}
END

redis_start
start runner run --state "$here/r1" --grace 2s
start first detect --state "$here/d1"
start second detect --state "$here/d2"
said standing_by second.err
expect 4 detect --state "$here/d1"
said "$(cat first.pid)" err
say "a mistake in the arguments is no trouble of the store: no retry mends it"
expect 2 gate canary --version v2 --redis localhost:6379
expect 2 gate canary --version v2 --wait 9999999d
expect 2 gate canary --version "$(printf 'a\nb')"
expect 2 gate canary --version "$(printf '%0300d' 7)"
expect 2 halt line --by ann --reason "$(printf '%05000d' 7)"

past 4
say "kill -9 of the detector in mid-soak; the other one takes over"
deployed canary v2 west
until_true 60 credited canary v2 6 || fail "no credit: $(cat out)"
stop first KILL
until_true 10 grep -q lease_taken second.err || fail "nobody took over"

say "kill -9 of both: no answer, and never a pass"
stop second KILL
until_true 30 answered 4 detector_stale canary v2 ||
	fail "no detector, and yet: $(cat out)"

say "the restarted one resumes from the checkpoint"
redis exists '{orders}:checkpoint:orders/canary/v2/1@prod/west' >found
[ "$(cat found)" = 1 ] || fail "no checkpoint: $(redis keys '*')"
stop runner # a still stream has one right answer
start third detect --state "$here/d1"
# numbers NAME DETECTOR: credit and evidence, when all of the stream is read
numbers() {
	until_true 20 grep -q lease_taken "$2.err" || fail "$2: no lease"
	past 5
	expect 3 gate canary --version v2 --format json
	for f in '$.soak' '$.evidence[*].runs' '$.evidence[*].failed' \
		'$.detectors[0].e' '$.detectors[0].excluded_rise' \
		'$.detectors[0].canary_rate' '$.detectors[0].baseline_rate'; do
		echo "$f $(json "$f" out)"
	done >"$1"
}
numbers resumed third
stop third KILL
redis del '{orders}:checkpoint:orders/canary/v2/1@prod/west' >/dev/null
start fourth detect --state "$here/d2"
numbers again fourth
cmp resumed again || fail "other numbers: $(diff resumed again)"
say "$(tr '\n' ' ' <resumed)"
credited canary v2 6 || fail "it lost its credit: $(cat out)"

say "no runner"
until_true 20 answered 3 starved canary v2 ||
	fail "no runner, and yet: $(cat out)"
expect 3 gate canary --version v2 --wait 3s
said starved

say "the runner is back, and the soak ends"
start runner run --state "$here/r1" --grace 2s
expect 0 gate canary --version v2 --wait 90s

say "redis is stopped: a waiting gate ends with 4 at its deadline"
expect 0 deploy start canary --version v3
expect 0 deploy "done" canary --version v3
background waiting gate canary --version v3 --wait 10s --format json
until_true 5 test -s waiting.err
kill -TERM "$(cat redis.pid)"
waited redis 10
expect 4 gate canary --version v3
ends 4 waiting 20
is '$.answer' '"unavailable"' waiting.out
said '"reason":"store_unreachable: ' waiting.out

say "and comes back with everything that it knew"
redis_start
expect 0 gate canary --version v2 --wait 20s
stop runner
[ "$code" = 0 ] || fail "runner: exit $code"
stop fourth
[ "$code" = 0 ] || fail "detector: exit $code"

say "a cord that no detector journals is honoured, and says what it is"
expect 4 halt line --reason 'strange smell'
said 'written, not journaled'
expect 5 gate canary --version v2
start fifth detect --state "$here/d2"
until_true 10 grep -q ' halt ' d2/detector.journal || fail "not journaled"
finish
