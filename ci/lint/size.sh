#!/bin/sh
# Fails on a source file above 700 lines: it does more than one thing.
# (Functions are measured by clang-tidy.)
# usage: ci/lint/size.sh [root]
cd "${1:-.}" || exit 2
find base suites regions store runner detectors gate board cli docs tests ci \
	cmake \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.cmake' -o -name '*.awk' \
	-o -name '*.py' -o -name '*.mjs' -o -name '*.js' -o -name '*.css' \) \
	-exec wc -l {} \; 2>/dev/null | sort -rn | awk -v most=700 '
	NR == 1 { longest = $2 " (" $1 ")" }
	$1 > most { printf "%s: %d lines, %d at most\n", $2, $1, most; n++ }
	END {
		printf "size: %d files, longest %s, %d above %d\n", NR,
			longest, n, most
		exit NR == 0 ? 2 : n > 0
	}'
