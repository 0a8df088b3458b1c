#!/bin/sh
# `andon demo`: the whole story twice, side by side (one for people, one for
# machines), each ending with 0 only because every command ended as it must;
# then ctrl-C, SIGTERM and kill -9 at several moments of others.  Nothing is left
# behind, and no setting of the user's leads a demo to another store.
# ctest: TIMEOUT 420
# shellcheck disable=SC2016 # backquotes are the text that is wanted
set -u
andon=${ANDON:?the binary under test}
dir=$(mktemp -d) || exit 1
pids=
# shellcheck disable=SC2086 # a list of pids
trap '[ -z "$pids" ] || kill $pids 2>/dev/null; wait; rm -rf "$dir"' EXIT
mkdir "$dir/tmp"
export TMPDIR="$dir/tmp"
export ANDON_REDIS=redis://127.0.0.1:1 ANDON_STATE=/nowhere ANDON_LINE=none
export CI=true
failed=0

fail() {
	echo "FAIL: $*" >&2
	failed=$((failed + 1))
}

# Every process of a demo works in its folder.
left() {
	for cwd in /proc/[0-9]*/cwd; do
		case $(readlink "$cwd" 2>/dev/null) in
		"$TMPDIR"/*) echo "process ${cwd%/cwd}" ;;
		esac
	done
	ls -A "$TMPDIR"
}

# told TEXT: the story says it.
told() {
	grep -qF -- "$1" "$dir/story" || fail "no '$1' in the story"
}

# interrupted SIGNAL CODE TEXT: a signal after the line with TEXT.
interrupted() {
	rm -f "$dir/pipe"
	mkfifo "$dir/pipe"
	mkdir "$dir/other"
	TMPDIR="$dir/other" "$andon" demo >"$dir/pipe" 2>&1 &
	pid=$!
	exec 3<"$dir/pipe"
	while read -r line <&3; do
		case $line in *"$3"*) break ;; esac
	done
	if [ "$3" = 'andon gate review' ]; then
		(cd "$dir"/other/andon-demo-* &&
			env -u ANDON_LINE "$andon" lint --strict) >"$dir/lint" ||
			fail "its own files: $(cat "$dir/lint")"
	fi
	kill -"$1" $pid
	cat <&3 >"$dir/rest"
	wait $pid
	code=$?
	exec 3<&-
	[ $code = "$2" ] || fail "SIG$1 after '$3': exit $code, not $2"
	grep -q 'interrupted; nothing of it is left' "$dir/rest" ||
		fail "SIG$1 after '$3' is not told: $(cat "$dir/rest")"
	[ -z "$(ls -A "$dir/other")" ] ||
		fail "SIG$1 after '$3' left: $(ls -RA "$dir/other")"
	for cwd in /proc/[0-9]*/cwd; do
		case $(readlink "$cwd" 2>/dev/null) in
		"$dir/other"/*) fail "SIG$1 after '$3' left ${cwd%/cwd}" ;;
		esac
	done
	rm -rf "$dir/other"
}

"$andon" demo >"$dir/story" 2>&1 &
human=$!
"$andon" demo --format json >"$dir/json" 2>"$dir/json.err" &
machine=$!
pids="$human $machine"

interrupted INT 130 'line, suites'
interrupted INT 130 'andon up'
interrupted TERM 143 'andon deploy start draft'
interrupted INT 130 'andon gate draft'
interrupted INT 130 'andon gate review'

# Killed, it can tell nothing: its guard takes the folder away.
mkdir "$dir/killed"
TMPDIR="$dir/killed" "$andon" demo >"$dir/out" 2>&1 &
pid=$!
until grep -qF '$ andon deploy start draft' "$dir/out"; do
	kill -0 $pid || break
	sleep 0.1
done
kill -9 $pid
wait $pid 2>/dev/null
n=0
while [ -n "$(ls -A "$dir/killed")" ] && [ $n -lt 300 ]; do
	sleep 0.1
	n=$((n + 1))
done
[ -z "$(ls -A "$dir/killed")" ] || fail "kill -9 left $(ls -RA "$dir/killed")"

wait $human || fail "the story ended with $?: $(cat "$dir/story")"
wait $machine || fail "--format json ended with $?: $(cat "$dir/json")"
pids=
[ -z "$(left)" ] || fail "left behind: $(left)"

told '$ andon up'
told '$ andon gate draft --version 1.1.0'
told 'PROCEED (passed)  canary 1.1.0'
told '$ andon gate everywhere --version 1.1.0'
told 'STOP (anomaly)  canary 1.2.0'
told '0 failed'
told 'repeat:   curl -sS'
told 'held (line_stopped)'
told 'PROCEED (passed)  canary 1.2.1'
told 'line is open again'
told 'commands ended as they must'
grep -q "$(printf '\033')" "$dir/story" && fail 'escape codes in a pipe'
grep -qE '^\{"answer":"pass","ok":true,"code":0,.*\}$' "$dir/json" ||
	fail "not the object: $(cat "$dir/json")"
[ "$(wc -l <"$dir/json")" = 1 ] || fail 'more than one line of JSON'
[ ! -s "$dir/json.err" ] || fail "stderr: $(cat "$dir/json.err")"

# A folder that can not be made is our own trouble, and says so.
TMPDIR=/nowhere "$andon" demo >"$dir/out" 2>&1
[ $? = 4 ] || fail "without TMPDIR: exit $?"
grep -q 'no folder for the demo: /nowhere' "$dir/out" || fail 'no reason told'

[ $failed = 0 ] && echo 'demo: all as it must be'
exit $failed
