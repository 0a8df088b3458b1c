#!/bin/sh
# A folder for the end-to-end test of a command.  Sourced; the folder becomes
# the current one, and goes with the script, whichever way that ends.
#
#	$andon         the binary under test, $dir the folder
#	$server        pid of what runs beside the script, if anything does:
#	               it is stopped at the end
#	fail TEXT...   says it, and goes on
#	has FILE TEXT  fails when the file lacks the text
#	all_held NAME  the end of the script: exit 1 if anything failed
set -u
# shellcheck disable=SC2034 # for the script that sources this
andon=${ANDON:?the binary under test}
dir=$(mktemp -d) || exit 1
server=
failed=0
trap '[ -n "$server" ] && kill "$server" && wait "$server"; rm -rf "$dir"' EXIT
cd "$dir" || exit 1

fail() {
	echo "FAIL: $*" >&2
	failed=$((failed + 1))
}

has() {
	grep -qF -- "$2" "$1" || fail "$1 lacks '$2': $(cat "$1")"
}

all_held() {
	[ "$failed" = 0 ] || exit 1
	echo "$1: all held"
	exit 0
}
