#!/bin/sh
# andon fmt: every example has one layout, keeps its comments and findings, and
# a second run changes nothing; --check, --stdout and standard input; a file
# with mistakes is not touched.
set -u
cd "$(dirname "$0")/../.." || exit 2
andon=$(realpath "${ANDON:?the binary under test}")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
	echo "FAIL: $*" >&2
	failed=$((failed + 1))
}

comments() {
	grep -rhoE '(^|[ 	])#[^"'"'"']*$' "$1" | sed 's/^[ 	]*//' | sort
}

mkdir -p "$dir/before"
cp -r suites/examples "$dir/before/suites"
cp -r regions/examples "$dir/before/regions"
cp -r tests/lang/good "$dir/before/good"
find "$dir/before" -type f ! -name '*.yaml' ! -name '*.yml' -delete
cp -r "$dir/before" "$dir/after"
"$andon" fmt --check "$dir/after" >"$dir/list" 2>"$dir/log"
[ $? = 1 ] || fail "--check does not end with 1: $(cat "$dir/log")"
diff -r "$dir/before" "$dir/after" >/dev/null || fail "--check writes"
grep -q 'after/.*\.yaml:[0-9]' "$dir/list" || fail "--check lists nothing"
"$andon" fmt "$dir/after" >"$dir/list" 2>"$dir/log" ||
	fail "fmt ends with $?: $(cat "$dir/log")"
[ "$(comments "$dir/before")" = "$(comments "$dir/after")" ] ||
	fail "comments are not the same"
"$andon" fmt --check "$dir/after" >"$dir/list" 2>&1 ||
	fail "not stable: $(cat "$dir/list")"
for where in before after; do
	"$andon" lint --line "$dir/$where/regions/orders.yaml" \
		"$dir/$where"/suites/*.yaml 2>&1 | tail -1 >"$dir/$where.lint"
done
cmp "$dir/before.lint" "$dir/after.lint" || fail "lint reads it otherwise"

printf 'suite: a\nversion:   1\n' >"$dir/one.yaml"
printf 'version: 1\nsuite: a\n' >"$dir/want"
"$andon" fmt - <"$dir/one.yaml" | cmp - "$dir/want" || fail "standard input"
"$andon" fmt --stdout "$dir/one.yaml" | cmp - "$dir/want" || fail "--stdout"
cmp -s "$dir/one.yaml" "$dir/want" && fail "--stdout writes into the file"
printf 'a: [\n' >"$dir/bad.yaml"
"$andon" fmt "$dir/bad.yaml" "$dir/one.yaml" >"$dir/list" 2>"$dir/log"
[ $? = 2 ] || fail "a file with mistakes does not end with 2"
grep -q 'bad.yaml:1:5: error' "$dir/log" || fail "no mistake: $(cat "$dir/log")"
[ "$(cat "$dir/bad.yaml")" = 'a: [' ] || fail "a bad file was touched"
cmp "$dir/one.yaml" "$dir/want" || fail "the good one was left out"
# What would change is shown, and nothing but that.
printf 'version: 1\nsuite: a\nowner:   o # who\nrunbook: r\ntitle: t\n' \
	>"$dir/show.yaml"
cp "$dir/show.yaml" "$dir/changed.yaml"
"$andon" fmt --quiet "$dir/changed.yaml" || fail "fmt --quiet"
"$andon" fmt --check "$dir/show.yaml" >"$dir/list"
{
	echo "$dir/show.yaml:3"
	diff -u "$dir/show.yaml" "$dir/changed.yaml" | sed 1,2d
} >"$dir/want"
cmp "$dir/want" "$dir/list" || fail "--check shows $(cat "$dir/list")"
"$andon" fmt --check --quiet "$dir/show.yaml" >"$dir/list"
[ "$(cat "$dir/list")" = "$dir/show.yaml:3" ] || fail "--check --quiet"
mkdir "$dir/nothing"
for nothing in "$dir/nothing" ""; do
	# shellcheck disable=SC2086 # an empty list, too
	"$andon" fmt --check $nothing >"$dir/list" 2>"$dir/log"
	[ $? = 2 ] || fail "nothing to format does not end with 2"
done
[ "$failed" = 0 ] && echo "fmt: all good"
exit "$failed"
