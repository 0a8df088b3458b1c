#!/bin/sh
# Canary and control fail together: the environment, not the version.  It is
# no pass and no stop.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world west east
suites 1s
line <<'END'
gate: {warmup: 2s, soak: 10s, smallest_effect: 30%, max_wait: 40s}
workflow:
  - {stage: canary, deploys: prod/west}
END
start up up --grace 2s
past 6

expect 0 deploy start canary --version v2
region west version v2
region west fail 1.0
region east fail 1.0
expect 0 deploy "done" canary --version v2
expect 3 gate canary --version v2 --wait 60s --format json
is '$.answer' '"undecided"'
is '$.ok' false
said '"reason":"control_sick: '
finish
