#!/bin/sh
# A version that breaks everything, and one that never comes up: both stop the
# line within a minute, and only a person opens it again.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east eu
suites 1s
line <<'END'
gate: {warmup: 2s, soak: 20s, smallest_effect: 30%, max_wait: 5m}
workflow:
  - {stage: canary, deploys: prod/west}
  - {stage: everywhere, deploys: [prod/east, prod/eu]}
END
start up up --grace 2s
past 6

say "every order of the canary fails"
expect 0 deploy start canary --version v2
region west version v2
region west fail 1.0
expect 0 deploy "done" canary --version v2
done_at=$(date +%s)
background json gate canary --version v2 --wait 120s --format json
expect 1 gate canary --version v2 --wait 120s
took=$(($(date +%s) - done_at))
say "stopped after $took s"
[ $took -le 60 ] || fail "100 % failures stopped after $took s"
said smoke_failure
ends 1 json 5
is '$.answer' '"stop"' json.out
is '$.ok' false json.out
is '$.code' 1 json.out
is '$.evidence[0].region' '"prod/west"' json.out
[ "$(wc -l <json.out)" = 1 ] || fail "not one line: $(cat json.out)"

say "its results, read from the store again, stop it too"
expect 1 replay --format json orders/canary/v2/1
is '$.id' '"orders/canary/v2/1@prod/west"'
is '$.verdict' '"halt"'
is '$.control.failures' 0
expect 2 replay v9
said 'no deployment .v9' err

say "the line is stopped"
expect 5 deploy start everywhere --version v2
expect 5 deploy start canary --version v3
expect 2 resume line --reason "we looked"
said cause err
expect 2 resume --reason "we looked"

say "the fix passes the stopped line, and never comes up"
expect 0 deploy start canary --version v3 --lane fix \
	--fixes orders/canary/v2/1
region west fail 0
region west down 1
expect 0 deploy "done" canary --version v3
done_at=$(date +%s)
expect 1 gate canary --version v3 --wait 120s --format json
took=$(($(date +%s) - done_at))
say "stopped after $took s"
[ $took -le 60 ] || fail "a version that never came up stopped after $took s"
is '$.answer' '"stop"'
expect 1 gate canary --version v2

say "a person opens the line again"
expect 0 resume line --reason "rolled back" --cause "a bad release"
expect 1 gate canary --version v2
stop up
[ "$code" = 0 ] || fail "up: exit $code"
finish
