#!/bin/sh
# Fails on a call of a function that the house does not use (the table is in
# banned.awk), and on words that mean unfinished work.
# usage: ci/lint/banned.sh [root]
here=$(cd "$(dirname "$0")" && pwd) || exit 2
cd "${1:-.}" || exit 2
product=$(find base suites regions store runner detectors gate board cli docs \
	-name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
tests=$(find tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
if [ -z "$product" ]; then
	echo "banned: nothing to look at" >&2
	exit 2
fi
rc=0
# shellcheck disable=SC2086
awk -v product=1 -f "$here/banned.awk" $product || rc=1
if [ -n "$tests" ]; then
	# shellcheck disable=SC2086
	awk -v product=0 -f "$here/banned.awk" $tests || rc=1
fi
exit $rc
