#!/bin/sh
# Fails on a finding of shellcheck in our shell scripts.
# usage: ci/lint/shell.sh
if ! command -v shellcheck >/dev/null; then
	echo "shell: shellcheck is not installed" >&2
	exit 2
fi
# by their first line: not every script has a suffix
files=$(find ci .ci tests -type f -not -path 'tests/*/corpus/*' \
	-exec sh -c 'head -c 64 "$1" | head -n 1 |
		grep -aq "^#!.*\(/sh\|bash\)"' _ {} \; -print | LC_ALL=C sort)
# shellcheck disable=SC2086
shellcheck $files
rc=$?
echo "shell: $(echo "$files" | wc -l) scripts, rc $rc"
exit $rc
