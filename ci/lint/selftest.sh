#!/bin/sh
# A lint that never bites is worse than none: plants one flaw of each kind in
# a tree of its own and fails when a lint lets it pass, or blames what is fine.
# usage: ci/lint/selftest.sh
here=$(cd "$(dirname "$0")" && pwd) || exit 2
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
bad=0
n=0

# expect LINT RC TEXT: runs it on the tree
expect()
{
	n=$((n + 1))
	out=$("$here/$1.sh" "$tree" 2>&1)
	rc=$?
	if [ $rc -ne "$2" ] || ! printf '%s' "$out" | grep -qF "$3"; then
		echo "selftest: $1 gave $rc, not $2 with \"$3\":"
		printf '%s\n' "$out"
		bad=$((bad + 1))
	fi
}

# plant FILE: a tree with this file alone; its text comes from stdin
plant()
{
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/$(dirname "$1")"
	cat >"$tree/$1"
}

layer()
{
	printf '#include %s\n' "$2" | plant "$1"
	expect layers "$3" "$4"
}

rm -rf "${tree:?}"/*
expect layers 2 'nothing to look at'
expect banned 2 'nothing to look at'
layer suites/a.c '"base/str.h"' 0 '0 wrong'
layer suites/a.c '"store/record.h"' 1 'suites/ may not use store/'
layer runner/a.c '"detectors/detector.h"' 1 'may not use detectors/'
layer base/a.c '"cli/cli.h"' 1 'may not use cli/'
layer base/a.c '"str.h"' 1 'write the whole path'
layer store/a.c '"base/log.h"' 1 'store/ never logs'
layer gate/a.c '"base/log.h"' 0 '0 wrong'
layer detectors/median.c '"store/results.h"' 1 'touch the store'
layer detectors/median.c '"store/record.h"' 0 '0 wrong'
layer detectors/watch.c '"store/results.h"' 0 '0 wrong'
layer runner/http.c '<curl/curl.h>' 0 '0 wrong'
layer runner/run.c '<curl/multi.h>' 1 'belongs to runner/http.c'
layer store/tls.c '<openssl/ssl.h>' 0 '0 wrong'
layer store/redis.c '<openssl/ssl.h>' 1 'belongs to base/crypto.c'
layer runner/body.c '<zlib.h>' 0 '0 wrong'
layer store/codec.c '<zlib.h>' 1 'belongs to runner/'
layer base/a.c '<jansson.h>' 1 'neither libc nor'
layer base/a.c '<sys/epoll.h>' 0 '0 wrong'

echo 'int f(void) { return atoi ("1"); }' | plant base/a.c
expect banned 1 'atoi(): can not fail'
echo 'int f(void) { return xatoi(1) + a->gets(2) + b.system(3); }' |
	plant base/a.c
expect banned 0 '0 wrong'
printf '/* strcpy( */ // system(\nchar *s = "\\"gets(";\n/*\nsleep(1)\n*/\n' |
	plant base/a.c
expect banned 0 '0 wrong'
printf '/* a */ void f(void) { /* b\n */ usleep(1); }\n' | plant cli/a.c
expect banned 1 'cli/a.c:2: usleep()'
echo 'void *f(void) { return malloc(1); }' | plant base/oom.c
expect banned 0 '0 wrong'
echo 'void *f(void) { return malloc(1); }' | plant base/buf.c
expect banned 1 'malloc(): use base/oom.h'
echo 'int a; /* TODO: more */' | plant base/a.c
expect banned 1 'unfinished work'
echo 'int a; /* \uXXXX */' | plant base/a.c
expect banned 0 '0 wrong'

yes '' | head -n 700 | plant base/a.c
expect size 0 '0 above'
yes '' | head -n 701 | plant base/a.c
expect size 1 'base/a.c: 701 lines'

echo "selftest: $n cases, $bad wrong"
[ $bad -eq 0 ]
