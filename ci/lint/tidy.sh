#!/bin/sh
# Fails on a finding of clang-tidy (.clang-tidy) in product code.
# usage: ci/lint/tidy.sh [-p build-folder] [file...]
#
# One process per file: with several, the va_list checker of clang 14 takes
# what it learned of one file into the next and invents findings.
dir=build/lint
if [ "$1" = -p ]; then
	dir=$2
	shift 2
fi
if [ ! -f "$dir/compile_commands.json" ]; then
	echo "tidy: no $dir/compile_commands.json: cmake --preset lint" >&2
	exit 2
fi
if [ $# -eq 0 ]; then
	# only what the build knows
	# shellcheck disable=SC2046
	set -- $(find base suites regions store runner detectors gate board \
		cli -name '*.c' | LC_ALL=C sort | while read -r file; do
		if grep -q "/$file\"" "$dir/compile_commands.json"; then
			echo "$file"
		fi
	done)
fi
if [ $# -eq 0 ]; then
	echo "tidy: nothing to look at" >&2
	exit 2
fi
out=$(printf '%s\n' "$@" | xargs -P2 -n1 clang-tidy --quiet -p "$dir" \
	2>/dev/null)
rc=$?
[ -z "$out" ] || printf '%s\n' "$out"
n=$(printf '%s\n' "$out" | grep -c ': \(error\|warning\): ')
echo "tidy: $# files, $n findings"
[ $rc -eq 0 ] && [ "$n" -eq 0 ]
