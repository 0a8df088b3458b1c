#!/bin/sh
# A world for the end-to-end tests of the gate: simulated regions, a line file
# with short soaks, suites, and the real binary in the background.  Sourced;
# everything that it starts ends with the script, whichever way that ends.
#
#	world REGION...          regions, folder (the current one), suites
#	region COMMAND...        e.g. `region west fail 1.0`; waits for "ok"
#	start NAME COMMAND...    in the background, log in NAME.err; waits for
#	                         `ready` on its stderr
#	background NAME COMMAND...  the same without waiting
#	stop NAME [SIGNAL]       and waits; its exit code is in $code
#	redis_start              a store for several processes; `redis` asks it
#	ends CODE NAME SECONDS   waits for what runs in the background
#	expect CODE COMMAND...   runs `andon COMMAND...`; output in out and err
set -u
andon=${ANDON:?the binary under test}
regions=${REGIONS:?the simulated regions}
unset CI ANDON_REDIS ANDON_STATE ANDON_LINE
export ANDON_BY=tester
failed=0
here=$(mktemp -d) || exit 1
begun=$(date +%s)

fail() {
	echo "FAIL: $*" >&2
	failed=$((failed + 1))
}

say() {
	echo "$(($(date +%s) - begun)) s: $*" >&2
}

pids() {
	cat "$here"/*.pid 2>/dev/null
}

# A private redis-server is no child of this script, but of one that may have
# been killed: it is found by the socket in our own folder.
orphans() {
	pgrep -f "redis-server.*$here/" 2>/dev/null
}

cleanup() {
	trap - EXIT INT TERM
	for pid in $(pids); do
		kill -TERM "$pid" 2>/dev/null
	done
	exec 7>&- # the regions end
	i=0
	while [ $i -lt 100 ] && [ -n "$(living)" ]; do
		i=$((i + 1))
		pause 0.1
	done
	for pid in $(living) $(orphans); do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$here"
}

living() {
	for pid in $(pids); do
		kill -0 "$pid" 2>/dev/null && echo "$pid"
	done
}

# Between two looks at something that will happen; never instead of it.
pause() {
	sleep "$1"
}

# until_true SECONDS COMMAND...: looks until it holds; false: it never did
until_true() {
	end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		pause 0.1
	done
}

trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM

region() {
	echo "$*" >&7
	read -r answer <&8
	case $answer in
	ok*) ;;
	*) fail "region $*: $answer" ;;
	esac
}

region_count_is_not() {
	region "$1" count
	[ "$answer" != "$2" ]
}

world() {
	cd "$here" || exit 1
	names=$*
	mkfifo to from
	"$regions" "$@" <to >from 2>regions.err &
	echo $! >regions.pid
	exec 7>to 8<from
	mkdir suites
	while read -r answer <&8 && [ "$answer" != ready ]; do
		eval "port_${answer%=*}=${answer#*=}"
	done
	[ "$answer" = ready ] || {
		fail "no regions: $(cat regions.err)"
		exit 1
	}
}

# url NAME: where the region of that name is
url() {
	eval "echo http://127.0.0.1:\$port_$1"
}

# suites EVERY: ten checks against the simulated service
suites() {
	cat >suites/orders.yaml <<-END
		version: 1
		suite: orders
		owner: team-orders
		runbook: https://wiki.example.com/orders
		every: $1
		timeout: 3s
		lint: {allow: [W103, W106, W109, W110]}
		rows: [{n: 1}, {n: 2}, {n: 3}, {n: 4}, {n: 5}, {n: 6}, {n: 7}, {n: 8}]
		http: {timeout: 2s}
		steps:
		  - name: login
		    post: /oauth2/token
		    form: {grant_type: client_credentials, client_secret: any}
		    expect: {status: 200, json: {\$.expires_in: {gt: 60}}}
		    capture: {token: {jsonpath: \$.access_token, secret: true}}
		  - name: create order
		    post: /v1/orders
		    auth: {bearer: "\${token}"}
		    json: {sku: SMOKE-0001, quantity: "\${row.n}"}
		    expect: {status: 201, json: {\$.status: accepted}}
	END
	cat >suites/catalog.yaml <<-END
		version: 1
		suite: catalog
		lint: {allow: [W110]}
		owner: team-catalog
		runbook: https://wiki.example.com/catalog
		every: $1
		timeout: 3s
		http: {timeout: 2s}
		steps:
		  - name: search
		    get: /v1/catalog
		    expect: {status: 200, json: {\$.hits: 2}}
	END
	cat >suites/health.yaml <<-END
		version: 1
		suite: health
		lint: {allow: [W110]}
		owner: team-platform
		runbook: https://wiki.example.com/health
		every: $1
		timeout: 3s
		http: {timeout: 2s}
		steps:
		  - name: alive
		    get: /healthz
		    expect: {json: {\$.status: ok}}
	END
}

background() {
	name=$1
	shift
	"$andon" "$@" >"$name.out" 2>"$name.err" </dev/null &
	echo $! >"$name.pid"
}

# environment NAME REGION...: of the line file; nothing without regions
environment() {
	[ $# -gt 1 ] || return 0
	echo "  $1:"
	shift
	for name in "$@"; do
		echo "    ${name#np}: {base_url: \"$(url "$name")\"}"
	done
}

# line <GATE-AND-WORKFLOW: the line file, with all regions of the world in
# `prod`; those whose name begins with np in `nonprod`
line() {
	prod='' nonprod=''
	for name in $names; do
		case $name in
		np*) nonprod="$nonprod $name" ;;
		*) prod="$prod $name" ;;
		esac
	done
	{
		cat <<-END
			version: 1
			line: orders
			served_version: {header: X-App-Version}
			environments:
		END
		# shellcheck disable=SC2086 # a list of words
		environment prod $prod
		# shellcheck disable=SC2086
		environment nonprod $nonprod
		cat
	} >line.yaml
	export ANDON_STATE="$here/state" ANDON_LINE="$here/line.yaml"
}

# A redis-server of the script's own, for processes that share a store.
redis_start() {
	mkdir -p redis
	redis-server --port 0 --unixsocket "$here/redis/sock" --save '' \
		--appendonly yes --appendfsync always --dir "$here/redis" \
		--logfile "$here/redis.err" >/dev/null 2>&1 </dev/null &
	echo $! >redis.pid
	export ANDON_REDIS="unix://$here/redis/sock"
	until_true 10 redis ping >/dev/null 2>&1 || fail "no redis"
}

redis() {
	redis-cli -s "$here/redis/sock" "$@"
}

start() {
	background "$@"
	if ! until_true 30 grep -qx ready "$name.err"; then
		fail "$name is not ready: $(cat "$name.err")"
		exit 1
	fi
}

# waited NAME SECONDS: reaps it and sets $code; a hang is a failure
waited() {
	pid=$(cat "$1.pid")
	if ! until_true "$2" gone "$pid"; then
		fail "$1 did not end"
		kill -KILL "$pid"
	fi
	wait "$pid"
	code=$?
	rm -f "$1.pid"
}

gone() {
	case $(ps -o stat= -p "$1" 2>/dev/null) in
	'' | Z*) return 0 ;;
	esac
	return 1
}

ends() {
	waited "$2" "$3"
	[ "$code" = "$1" ] || fail "$2: exit $code, not $1: $(cat "$2.out" "$2.err")"
}

stop() {
	kill "-${2:-TERM}" "$(cat "$1.pid")"
	waited "$1" 20
}

expect() {
	want=$1
	shift
	"$andon" "$@" >out 2>err </dev/null
	code=$?
	[ "$code" = "$want" ] || {
		fail "andon $*: exit $code, not $want"
		head -20 out err >&2
		return 1
	}
}

# said WORD [FILE]: it stands in the file, or what the last command printed
said() {
	grep -qe "$1" "${2:-out}" || { [ $# = 1 ] && grep -qe "$1" err; } || {
		fail "no '$1' in: $(cat "${2:-out}" err)"
		return 1
	}
}

# json FILTER FILE: one value of a JSON document
json() {
	"$andon" eval jsonpath -- "$1" "$2" | sed 's/^\[//;s/\]$//'
}

# is FILTER VALUE [FILE]: a value of the last command's JSON answer
is() {
	got=$(json "$1" "${3:-out}")
	[ "$got" = "$2" ] || {
		fail "$1 is $got, not $2: $(cat "${3:-out}")"
		return 1
	}
}

# deployed STAGE VERSION REGION...: a whole deployment, as CD does it
deployed() {
	stage=$1 version=$2
	shift 2
	expect 0 deploy start "$stage" --version "$version"
	for r in "$@"; do
		region "$r" version "$version"
	done
	expect 0 deploy "done" "$stage" --version "$version"
}

# credited STAGE VERSION SECONDS: so much of the soak is earned
credited() {
	"$andon" gate "$1" --version "$2" --format json >out 2>err
	credit=$(json '$.soak.credited_s' out)
	[ "${credit:-0}" -ge "$3" ]
}

# answered CODE REASON STAGE VERSION: what the gate says now; 0 is a failure
# unless it is what was asked for
answered() {
	"$andon" gate "$3" --version "$4" --format json >out 2>err
	code=$?
	[ $code != 0 ] || [ "$1" = 0 ] || fail "it passed: $(cat out)"
	[ $code = "$1" ] && grep -q "\"reason\":\"$2: " out
}

# enough results before a deployment that the judges have a past: at most
# `SECONDS` of them
past() {
	begin=$(date +%s)
	until_true 60 older "$1"
}

older() {
	[ $(($(date +%s) - begin)) -ge "$1" ]
}

finish() {
	[ $failed = 0 ] || {
		for f in "$here"/*.err; do
			echo "--- ${f##*/}" >&2
			tail -15 "$f" >&2
		done
		exit 1
	}
	say "done"
	exit 0
}
