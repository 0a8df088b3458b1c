#!/bin/sh
# `andon replay DEPLOYMENT`: what the store remembers of it, all of it or as
# much as it held at another time; and times that make no sense.
# shellcheck disable=SC2016 # backquotes are the text that is wanted
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east
suites 500ms
line <<'END'
gate: {warmup: 2s, soak: 10s, smallest_effect: 30%, max_wait: 5m}
workflow:
  - {stage: canary, deploys: prod/west}
END
start up up --grace 2s

# now: as the store writes times, to the second
now() {
	date -u +%Y-%m-%dT%H:%M:%SZ
}

before=$(now)
past 4
history=$(now)
deployed canary v2 west
until_true 60 credited canary v2 1 || fail "no credit: $(cat out)"
half=$(now)
expect 0 gate canary --version v2 --wait 60s
after=$(now)

say "all of it, and as it was in the middle"
# replay CODE ARGUMENT...
replay() {
	want=$1
	shift
	expect "$want" replay --line line.yaml --format json "$@"
}
replay 0 v2
is '$.verdict' '"pass"'
is '$.id' '"orders/canary/v2/1@prod/west"'
json '$.canary.runs' out >all
json '$.input.rows' out >rows
replay 3 --to "$half" v2
is '$.verdict' '"inconclusive"'
said '"too few results' out
[ "$(json '$.canary.runs' out)" -lt "$(cat all)" ] || fail "as many: $(cat out)"
replay 0 --from "$before" --to "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)" v2
is '$.canary.runs' "$(cat all)"
replay 0 --from 2020-01-01T00:00:00.000Z v2
is '$.canary.runs' "$(cat all)"
replay 0 --from 2020-01-01T01:00:00+01:00 v2
is '$.canary.runs' "$(cat all)"

replay 3 --from "$half" --to "$after" v2
[ "$(json '$.input.rows' out)" -lt "$(cat rows)" ] || fail "all: $(cat out)"
said '"too few results' out

say "times that make no sense"
# refused TEXT ARGUMENT...
refused() {
	text=$1
	shift
	replay 2 "$@" v2
	[ -s out ] && fail "$*: stdout: $(cat out)"
	said "$text" err
}
refused 'from must be a time such as 2026-05-04T10:00:00Z, not `noon`' --from noon
refused 'to must be a time' --to 2026-02-30T00:00:00Z
refused 'to must be a time' --to '2026-05-04 10:00:00'
refused 'to is empty' --to ''
refused 'to must be a time' --to 1969-01-01T00:00:00Z
refused 'is not before --to' --from "$after" --to "$half"
refused 'is not before --to' --from "$after" --to "$after"
refused 'it was deployed at .*: nothing of it is judged in what came before' \
	--to "$history"
refused 'nothing of it is judged in what came from .* and before' \
	--from "$before" --to "$history"
refused 'the store has no result of it from 2099-01-01T00:00:00' \
	--from 2099-01-01T00:00:00Z
expect 2 replay --line line.yaml --from "$before" nobody
said 'no deployment `nobody`' err
unset ANDON_LINE
expect 2 replay --from "$before" line.yaml
said 'give --line or --redis, and a deployment' err
stop up
expect 4 replay --line line.yaml --to "$after" v2
finish
