#!/bin/bash
# Hurl's own integration tests, imported and run: is the verdict the same?
#
#	ANDON_HURL=FOLDER tests/e2e/hurl_corpus.sh [NAME...]
#
# FOLDER is a checkout of Hurl, or its integration/hurl; nothing of it is part
# of this project.  tests_ok must pass, tests_failed must not.  What can not be
# imported is a row of its own: it must have said so.  A test whose command
# line changes what Hurl does (a proxy, a netrc file, ...) is counted apart.
set -euo pipefail

andon=${ANDON:-build/andon}
if [[ -z ${ANDON_HURL:-} ]]; then
	echo "hurl_corpus: 0 of Hurl's own tests tried: ANDON_HURL names no folder"
	exit 0
fi
folder=$(cd "$ANDON_HURL" && pwd)
[[ -d $folder/integration/hurl ]] && folder=$folder/integration/hurl
andon=$(realpath "$andon")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$work"' EXIT

# the tests name their port
if (exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null; then
	echo "hurl_corpus: port 8000, which Hurl's tests use, is taken" >&2
	exit 1
fi
cp -R "$folder" "$work/hurl"
cd "$work/hurl"
python3 "$here/hurl_server.py" "$work/hurl" 8000 2>"$work/server.log" >&2 &
server=$!
for _ in $(seq 200); do
	(exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null && break
	read -rt 0.05 <> <(:) || true
done

# Why the verdict is another one, known and in docs/HURL.md; any other
# difference is a failure of this test.
declare -A known=(
	[tests_failed/hello_gb2312_failed]="xpath takes the charset of <meta>"
	[tests_ok/charset]="body is UTF-8 only"
	[tests_ok/compressed_option]="no brotli"
	[tests_ok/cookies]="Expires is text, as it came"
	[tests_ok/env_var]="its environment is not set here"
	[tests_ok/float]="numbers are compared exactly"
	[tests_ok/follow_redirect_option]="auth and redirects to another host"
	[tests_ok/function]="now() has milliseconds"
	[tests_ok/get_large]="timeout of 10s, slow server"
	[tests_ok/head]="a header that came twice is a list"
	[tests_ok/http_version_option]="asks a host of the internet"
	[tests_ok/ip_query]="asks a host of the internet"
	[tests_ok/limit_rate_option]="no limit of the rate"
	[tests_ok/parse_cache]="timeout of 60s, slow server"
	[tests_ok/post_json]="a variable in a JSON string is not escaped"
	[tests_ok/predicates_number]="numbers are compared exactly"
	[tests_ok/proxy_option]="its proxy is not started here"
	[tests_ok/test_repeat]="asks a host of the internet"
)

# What the command line of a test sets, as far as it is a variable.
options() {
	local script=${1%.hurl}.sh
	[[ -f $script ]] || return 0
	grep -v '^ *#' "$script" | grep -oE -- '--[a-z0-9.-]+( +[^- \\][^ \\]*)?' || true
}

declare -A count=([same]=0 [refused]=0 [differs]=0 [known]=0 [options]=0)
rows=()
row() {
	count[$1]=$((count[$1] + 1))
	rows+=("$(printf '%-8s %-52s %s' "$1" "$2" "$3")")
}

plain='variable|verbose|very-verbose|no-output|output|test|no-color|color|continue-on-error|json|error-format|report-[a-z]*|jobs|no-progress-bar|progress-bar|file-root|curl'
try() {
	local file=$1 vars=() other got=pass want=pass why
	[[ $file == tests_failed/* ]] && want=fail
	while read -r name value; do
		[[ $name == --variable ]] && vars+=(--var "${value//[\"\']/}")
	done < <(options "$file")
	other=$(options "$file" | awk '{ print $1 }' |
		grep -vE -- "^--($plain)\$" | sort -u | tr '\n' ' ') || true
	[[ -f ${file%.hurl}.sh ]] || other="a part of another test"
	if [[ -n $other ]]; then
		row options "$file" "$other"
		return
	fi
	local suite=${file%.hurl}.yaml
	if ! "$andon" import hurl "${vars[@]}" "$file" >"$suite" 2>"$work/err"; then
		why=$(grep -m1 -E 'error\[' "$work/err" | sed -E 's/^[^ ]+ error//') || true
		if [[ -z $why ]]; then
			row differs "$file" "the import failed without a word"
		elif [[ $want == fail && $why == *E082* ]]; then
			row same "$file" "$why"
		else
			row refused "$file" "$why"
		fi
		return
	fi
	HURL_name=Jennifer "$andon" test "$suite" --base-url http://127.0.0.1:8000 \
		>"$work/out" 2>&1 || got=fail
	if [[ $got == "$want" ]]; then
		row same "$file" "$got"
	elif [[ -n ${known[${file%.hurl}]:-} ]]; then
		row known "$file" "${known[${file%.hurl}]}"
	else
		row differs "$file" "$(grep -m1 -E '^ *[|│] x|error:|  [✗x] |runner' "$work/out" |
			sed 's/^ *//' || true)"
		[[ -z ${ANDON_HURL_KEEP:-} ]] || {
			cp "$suite" "$ANDON_HURL_KEEP/"
			cp "$work/out" "$ANDON_HURL_KEEP/$(basename "$suite").out"
		}
	fi
}

if (($#)); then
	files=("$@")
else
	mapfile -t files < <(printf '%s\n' tests_ok/*.hurl tests_failed/*.hurl)
fi
for file in "${files[@]}"; do
	try "$file"
done
printf '%s\n' "${rows[@]}" | LC_ALL=C sort
printf '%d tried: %d the same verdict, %d refused with a reason, ' \
	$((${#rows[@]} - count[options])) "${count[same]}" "${count[refused]}"
printf '%d differ for a known reason, %d differ; ' \
	"${count[known]}" "${count[differs]}"
printf '%d not tried, their command line does more\n' "${count[options]}"
((count[differs] == 0))
