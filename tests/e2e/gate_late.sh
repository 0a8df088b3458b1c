#!/bin/sh
# What looks good until the last moment: a canary that goes down just before
# its soak ends, and a rollout that got stuck half-way.  Neither passes.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east npwest npeast
suites 500ms
line <<'END'
gate: {warmup: 2s, soak: 45s, smallest_effect: 30%, max_wait: 5m}
workflow:
  - {stage: draft, deploys: nonprod/west, after: []}
  - {stage: canary, deploys: prod/west, after: []}
END
start up up --grace 2s
past 4

expect 0 deploy start draft --version v2
region npwest version v2
region npwest half v1
expect 0 deploy "done" draft --version v2
background half gate draft --version v2 --wait 45s --format json

deployed canary v2 west
# The machine may be slow to look: time enough that it goes down before the end,
# and not just after it. The last seconds are tried in tests/time/workflow.c.
until_true 60 credited canary v2 18 || fail "no credit: $(cat out)"
region west down 1
say "down with this credit: $credit s"
expect 1 gate canary --version v2 --wait 90s --format json
is '$.answer' '"stop"'

waited half 60
case $code in
1 | 3) ;;
*) fail "half-way: exit $code: $(cat half.out)" ;;
esac
is '$.ok' false half.out
finish
