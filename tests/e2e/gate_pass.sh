#!/bin/sh
# The gate of a healthy canary, and what keeps it from passing: nobody
# registered it, a queue, a freeze, the cord, a newer version, a signal.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east ice npwest npeast
suites 500ms
line <<'END'
gate: {warmup: 2s, soak: 20s, smallest_effect: 30%, max_wait: 5m}
workflow:
  - {stage: draft, deploys: nonprod/west, after: []}
  - {stage: canary, deploys: prod/west, compare: prod/east, after: []}
  - {stage: cold, deploys: prod/ice, compare: prod/east, after: []}
freeze:
  - name: ice age
    regions: [prod/ice]
    start: "00:00"
    duration: 24h
    days: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
END
start up up --grace 2s

say "before anything is deployed"
expect 2 gate canry --version v1
said 'canary' err
expect 2 gate canary
expect 3 gate canary --version nobody --format json --wait 1s
said '"reason":"unregistered: '
expect 4 up
said "$(cat up.pid)" err

say "a healthy canary: undecided while it soaks, then proceed"
past 3
deployed canary v2 west
expect 3 gate canary --version v2 --format json
is '$.answer' '"undecided"'
is '$.ok' false
expect 3 deploy start canary --version v3 --wait 1s
said queued
background waiting gate canary --version v2 --wait 90s --format json
background broken gate canary --version v2 --wait 90s --format json
until_true 10 grep -q 'soaking' broken.err || fail "no progress on stderr"
stop broken INT
[ "$code" = 130 ] || fail "interrupted: exit $code"
[ -s broken.out ] && fail "interrupted, yet it answers: $(cat broken.out)"

say "meanwhile: the freeze"
expect 5 deploy start cold --version v2
said frozen
expect 5 gate cold --version v2 --format json
said '"reason":"frozen: '

ends 0 waiting 90
[ "$(wc -l <waiting.out)" = 1 ] || fail "not one line: $(cat waiting.out)"
is '$.answer' '"proceed"' waiting.out
is '$.ok' true waiting.out
is '$.code' 0 waiting.out
is '$.line' '"orders"' waiting.out
is '$.stage' '"canary"' waiting.out
is '$.version' '"v2"' waiting.out
is '$.deployment' '"orders/canary/v2/1"' waiting.out
is '$.detectors[0].control' '"regions"' waiting.out
said '"reason":"passed: ' waiting.out
expect 0 gate canary --version v2
expect 0 deploy start canary --version v3

say "a newer version takes the place in non-production"
deployed draft v4 npwest
background waiting gate draft --version v4 --wait 90s --format json
expect 0 deploy start draft --version v5
ends 6 waiting 5
is '$.answer' '"superseded"' waiting.out

say "the cord"
region npwest version v5
expect 0 deploy "done" draft --version v5
expect 0 halt nonprod --reason 'strange smell'
said 'journal'
expect 5 gate draft --version v5 --wait 5s --format json
is '$.answer' '"held"'
said '"reason":"halted: '
expect 2 resume nonprod
expect 0 resume nonprod --reason 'it was the lunch'
expect 0 gate draft --version v5 --wait 90s

say "a broken suite keeps the old plan"
cp suites/orders.yaml good.yaml
sed 's/^every: .*/every: soon/' good.yaml >suites/orders.yaml
kill -HUP "$(cat up.pid)"
until_true 10 grep -q 'reload_refused.*orders.yaml:[0-9]*:[0-9]*' up.err ||
	fail "the log does not say where"
region west count
until_true 10 region_count_is_not west "$answer" || fail "nothing runs after a refused reload"
cp good.yaml suites/orders.yaml
kill -HUP "$(cat up.pid)"
until_true 10 grep -q 'event=plan_reloaded' up.err ||
	fail "a good file is not taken"

say "SIGTERM drains"
stop up
[ "$code" = 0 ] || fail "up: exit $code"
[ -z "$(orphans)" ] || fail "left behind: $(orphans)"
expect 4 gate canary --version v2 --format json
said '"reason":"store_unreachable: '
is '$.answer' '"unavailable"'
finish
