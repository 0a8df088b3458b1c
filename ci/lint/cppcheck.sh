#!/bin/sh
# Fails on what cppcheck calls a warning, a performance or a portability flaw
# in product code.  Left out are two ids that fire on every call which cppcheck
# 2.10 can not look into (another file, a function pointer); the compilers'
# -Wint-conversion and -Wdangling-pointer look for the same.  And one that
# doubts NULL at the end of a variable argument list: it is a pointer wherever
# POSIX is.
# usage: ci/lint/cppcheck.sh
if ! command -v cppcheck >/dev/null; then
	echo "cppcheck: not installed" >&2
	exit 2
fi
set --
for folder in base suites regions store runner detectors gate board cli; do
	if [ -n "$(find "$folder" -name '*.c' 2>/dev/null)" ]; then
		set -- "$@" "$folder"
	fi
done
if [ $# -eq 0 ]; then
	echo "cppcheck: nothing to look at" >&2
	exit 2
fi
out=$(cppcheck --enable=warning,performance,portability --inline-suppr \
	--suppress=missingIncludeSystem \
	--suppress=CastIntegerToAddressAtReturn \
	--suppress=returnDanglingLifetime --suppress=varFuncNullUB --std=c11 -D_GNU_SOURCE \
	-DANDON_VERSION='""' -I. -j2 -q \
	--template='{file}:{line}: {severity}: {message} [{id}]' "$@" 2>&1)
n=0
if [ -n "$out" ]; then
	printf '%s\n' "$out"
	n=$(printf '%s\n' "$out" |
		grep -c ': \(error\|warning\|performance\|portability\): ')
fi
echo "cppcheck: $(find "$@" -name '*.c' | wc -l) files, $n findings"
[ -z "$out" ]
