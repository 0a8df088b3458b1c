#!/bin/sh
# Fails on a finding of clang-tidy (.clang-tidy) in product code.
# usage: ci/lint/tidy.sh [--quick] [-p build-folder] [file...]
#   --quick   without the path-sensitive analyzer, which takes 25 times as
#             long as all the rest (165 files: 20 minutes of CPU, not 45 s)
#
# One process per file: with several, the va_list checker of clang 14 takes
# what it learned of one file into the next and invents findings.
dir=build/lint
checks=
if [ "$1" = --quick ]; then
	checks='-clang-analyzer-*'
	shift
fi
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
		cli docs -name '*.c' | LC_ALL=C sort | while read -r file; do
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
	--checks="$checks" 2>/dev/null)
rc=$?
[ -z "$out" ] || printf '%s\n' "$out"
n=$(printf '%s\n' "$out" | grep -c ': \(error\|warning\): ')
echo "tidy: $# files, $n findings"
[ $rc -eq 0 ] && [ "$n" -eq 0 ]
