#!/bin/sh
# Fails when clang-format would change a file; says which.
# usage: ci/lint/format.sh [file...]    (default: all of ours)
if ! command -v clang-format >/dev/null; then
	echo "format: clang-format is not installed" >&2
	exit 2
fi
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046
	set -- $(find base suites regions store runner detectors gate board \
		cli docs tests -name '*.[ch]' | LC_ALL=C sort)
fi
wrong=$(printf '%s\n' "$@" |
	xargs -P2 -n8 clang-format --dry-run -Werror 2>&1 |
	sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error: .*/\1/p' | sort -u)
n=0
for file in $wrong; do
	echo "$file: not formatted: clang-format -i $file"
	n=$((n + 1))
done
echo "format: $# files, $n wrong"
[ $n -eq 0 ]
