#!/bin/sh
# The always-on view with real processes.  Outside of deployments one check of
# a region is down and all of another: both are seen, the first keeps a change
# from being merged and lets it go on when it is over.  Where nobody looks,
# nobody says that it is well.
#
# A failure that a region never had before is news after 104 s, no matter how
# often it is asked: that is what this takes.
# shellcheck source=tests/support/gate_world.sh
. "$(dirname "$0")/../support/gate_world.sh"
world npwest npeast npnorth
suites 2s
cat >suites/banner.yaml <<'END'
version: 1
suite: banner
owner: team-platform
runbook: https://wiki.example.com/banner
every: 2s
timeout: 3s
where: [nonprod/west, nonprod/east]
lint: {allow: [W110]}
http: {timeout: 2s}
steps:
  - name: shows its version
    get: /healthz
    expect: {headers: {X-App-Version: {matches: '^v[12]$'}}}
END
line <<'END'
gate: {warmup: 2s, soak: 10s, post_watch: 1s, smallest_effect: 30%, max_wait: 2m}
workflow:
  - {stage: draft, deploys: nonprod/west, compare: nonprod/east}
  - stage: merge
    after: []
    requires: {regions: [nonprod/west]}
  - stage: ship
    after: []
    requires: {regions: [nonprod/west]}
END

# seen REGION STATE RULE: what the JSON of `andon status` says of a region
seen() {
	pause 0.5
	"$andon" status --format json >out 2>err
	region_is="\$.regions[?(@.region=='nonprod/$1')]"
	[ "$(json "$region_is.state" out)" = "\"$2\"" ] &&
		{ [ $# = 2 ] || [ "$(json "$region_is.rule" out)" = "\"$3\"" ]; }
}

# told TEXT: `andon status` for people
told() {
	"$andon" status >out 2>err
	grep -qe "$1" out
}

redis_start
start runner run --state "$here/r" --grace 2s
start detector detect --state "$here/d"
until_true 20 seen north well || fail "north is not well: $(cat out)"
say "north is down from here on"
region npnorth down 1

say "accepted in west"
deployed draft v2 npwest
expect 0 gate draft --version v2 --wait 60s
seen west well || fail "west is not well: $(cat out)"

say "one check of west is down from here on, with nothing deployed"
region npwest version v9
until_true 150 seen north sick outage || fail "nobody sees it: $(cat out)"
told '  nonprod/north  sick  ' || fail "not told to people: $(cat out)"
until_true 60 seen west sick check-down || fail "nobody sees it: $(cat out)"
[ "$(json "\$.regions[?(@.region=='nonprod/west')].checks[*].check" out)" = \
	'"banner/default"' ] || fail "another check: $(cat out)"
told '  nonprod/west  sick  banner/default ' || fail "not told: $(cat out)"
expect 3 gate merge --version v2 --format json
is '$.answer' '"undecided"'
said '"reason":"region_sick: nonprod/west: '
expect 3 gate merge --version v2 --wait 2s
said region_sick
seen east well || fail "east is not well: $(cat out)"
expect 0 status
said 'OPEN  line orders'

say "west is well again: the gate opens"
background merge gate merge --version v2 --wait 120s --format json
region npwest version v2
ends 0 merge 125
seen west well || fail "west is not well: $(cat out)"
told 'nonprod/west  well.*was sick from .*, recovered at ' ||
	fail "it does not say what was: $(cat out)"

say "no runner: nobody knows how west is"
stop runner
until_true 60 seen west unknown || fail "silent, and yet: $(cat out)"
expect 3 gate ship --version v2 --format json
said '"reason":"starved: nonprod/west'

say "no detector: what was said is old"
stop detector
until_true 30 answered 4 detector_stale ship v2 ||
	fail "no detector, and yet: $(cat out)"
until_true 20 told 'nonprod/west  unknown  last looked at ' ||
	fail "$(cat out)"
start again detect --state "$here/d"
expect 3 gate ship --version v2
said starved
finish
