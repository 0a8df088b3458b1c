#!/bin/sh
# One order in ten fails, in the canary alone: the gate stops.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east eu
suites 1s
line <<'END'
gate: {warmup: 2s, soak: 60s, smallest_effect: 5%, max_wait: 10m}
workflow:
  - {stage: canary, deploys: prod/west}
END
start up up --grace 2s
past 15

expect 0 deploy start canary --version v2
region west version v2
region west fail 0.1
expect 0 deploy "done" canary --version v2
expect 1 gate canary --version v2 --wait 300s --format json
is '$.answer' '"stop"'
said '"reason":"anomaly: '
finish
