#!/bin/sh
# The suite language against servers that nobody here wrote: the suite
# httpbin.yaml against Debian's python3-httpbin behind Debian's nginx passes,
# and each kind of assertion is seen to fail when its expectation is changed.
# usage: ANDON=build/andon tests/e2e/httpbin.sh
# ctest: TIMEOUT 300
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
andon=${ANDON:?the binary}
dir=$(mktemp -d) || exit 2
pids=

cleanup()
{
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	for pid in $pids; do
		wait "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die()
{
	echo "httpbin: $*"
	for log in "$dir"/*.log; do
		[ -s "$log" ] && { echo "--- $(basename "$log")"; tail -n 40 "$log"; }
	done
	exit 1
}

for tool in nginx gunicorn curl; do
	command -v $tool >/dev/null || die "$tool is missing: ci/deps"
done

# httpbin on a unix socket
/usr/bin/gunicorn --bind "unix:$dir/httpbin.sock" --workers 1 --threads 8 \
	--log-level warning httpbin:app >"$dir/gunicorn.log" 2>&1 &
pids=$!

# nginx_start PORT: false when the port is taken
nginx_start()
{
	user=
	[ "$(id -u)" -eq 0 ] && user="user root;"
	cat >"$dir/nginx.conf" <<-END
		$user
		daemon off;
		worker_processes 1;
		pid $dir/nginx.pid;
		error_log $dir/nginx.log;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $dir/t1;
			proxy_temp_path $dir/t2;
			fastcgi_temp_path $dir/t3;
			uwsgi_temp_path $dir/t4;
			scgi_temp_path $dir/t5;
			server {
				listen 127.0.0.1:$1;
				location / {
					proxy_pass http://unix:$dir/httpbin.sock;
					proxy_http_version 1.1;
					proxy_set_header Host \$http_host;
					proxy_set_header Connection "";
				}
			}
		}
	END
	nginx -p "$dir" -c "$dir/nginx.conf" >"$dir/nginx.out.log" 2>&1 &
	nginx=$!
	# answers 200 as soon as both are up
	if curl -fsS -o "$dir/ready" --retry 150 --retry-delay 1 \
		--retry-max-time 60 --retry-all-errors \
		"http://127.0.0.1:$1/uuid" 2>"$dir/curl.log" &&
		kill -0 "$nginx" 2>/dev/null; then
		pids="$pids $nginx"
		return 0
	fi
	kill "$nginx" 2>/dev/null
	return 1
}

url=
for _ in 1 2 3; do
	port=$(/usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	if nginx_start "$port"; then
		url=http://127.0.0.1:$port
		break
	fi
done
[ -n "$url" ] || die "the servers did not start"

# A secret: it goes out, and stands in no report as it is or in Basic's base64.
export HTTPBIN_PASSWORD=Zw3rgnAse_77
basic=$(printf 'ann:%s' "$HTTPBIN_PASSWORD" | base64)

# --- as it is: every step passes ---------------------------------------------
"$andon" test "$here/httpbin.yaml" --base-url "$url" --format json \
	>"$dir/good.json" 2>"$dir/good.log"
rc=$?
[ $rc -eq 0 ] || {
	"$andon" test "$here/httpbin.yaml" --base-url "$url"
	die "the suite ended with $rc, not 0"
}

# --- each expectation changed ------------------------------------------------
# kind|sed on the marked line|how the assertion that must fail begins
cat >"$dir/changes" <<'END'
status|s/200/201/|status == 201
version|s/1\.1/1.0/|version
header|s/utf-8/latin1/|header Content-Type
header-matches|s/nginx/apache/|header Server matches
header-exists|s/X-Powered-By/Date/|header Date not exists
body-contains|s/Herman/Hermann/|body contains
body-matches|s/Herman/Hermann/|body matches
body-not|s/Internal Server Error/Melville/|body not
size|s/3KiB, 4KiB/1KiB, 2KiB/|size between
duration|s/10s/0ms/|duration <
timing|s/10s/0ms/|timing ttfb
ip|s/127.0.0.1/127.0.0.2/|ip ==
redirects|s/0/1/|redirects count
status-class|s/2xx/3xx/|status
capture-regex|s/Moby-Dick/Moby/|$.args.title
capture-header|s/3741/3742/|$.args.length
json-list|s/b c/c b/|$.args.list
json-text|s/"42"/42/|$.args.sum
json-starts|s/127/128/|$.headers.Host
trace|s/00-/01-/|$.headers.Traceparent
url|s/Herman/Hermann/|url contains
json-equals|s/9.95/9.951/|$.json ==
json-between|s/1, 3/3, 4/|$.json.quantity between
json-near|s/0\.1/0.01/|$.json.price near
json-list-predicates|s/count: 2/count: 3/|$.json.tags count
json-each|s/a-z/a-d/|$.json.tags[*] each
json-null|s/isNull/isString/|$.json.note isString
json-missing|s/false/true/|$.json.missing exists
json-in|s/A-1/A-0/|$.json.sku in
json-subset|s/blue/green/|$["json"] subset
json-descendant|s/2/3/|$..quantity
json-filter|s/'blue'/'pink'/|$.json.tags[?
json-semantic|s/null/0/|$.data json
capture-json|s/A-1/A-2/|$.json.of
json-length|s/2/3/|$.json.tags length
utf8|s/🌍/🌎/|$.data
json-object|s/"7"/"8"/|$.args
size-zero|s/0B/1B/|size ==
options|s/POST/PATCHY/|header Allow contains
status-list|s/405, 200/404/|status
form|s/a+b/a b/|$.form
own-header|s/of our own/of yours/|$.headers["X-Trace-Of"]
user-agent|s/A-1/A-2/|$["user-agent"]
no-redirect|s/302/200/|status
location|s/cookies/biscuits/|header Location
cookie|s/tok-/tik-/|cookie session startsWith
cookie-attribute|s,: /,: /x,|cookie session[Path]
cookie-jar|s/session}"/session}x"/|$.cookies.session
own-cookie|s/green/blue/|$.cookies.colour
redirects-count|s/3/2/|redirects count
url-end|s,/get,/got,|url endsWith
encoding|s/gzip/br/|header Content-Encoding
json-true|s/true/false/|$.gzipped
json-boolean|s/equals: true/equals: false/|$.deflated
no-encoding|s/Content-Encoding/Content-Type/|header Content-Type not exists
any-of|s/exists: false/exists: true/;s/identity/gzip/;s/Accept-Encoding/No-Such/|$.headers["No-Such"]
basic|s/ann/bob/|$
status-401|s/401/403/|status
ignore-case|s/BASIC/DIGEST/|header WWW-Authenticate
bearer|s/"\${token}"/none/|$.token
status-in|s/401, 403/403/|status
status-4xx|s/4xx/5xx/|status
header-url|s/isUrl/isUuid/|header x-more-info
status-range|s/504/503/|status <
duration-gte|s/300ms/9s/|duration >=
filter-split|s/3/4/|three documents
filter-jsonpath|s/2/3/|the last is number 2
utf8-query|s/"\${greeting}"/x/|$.args.hello
uuid|s/isUuid/isJwt/|$.uuid isJwt
capture-path|s/\${id}/\${sku}/|$.url
body-equals|s/cord/chord/|body ==
bytes|s/64"/65"/|bytes
sha256|s/19db/19dc/|hash
size-equals|s/26B/27B/|size
status-206|s/206/200/|status
content-range|s/2-4/2-5/|header Content-Range
etag|s/ETag: abc/ETag: abd/|header ETag
semver|s/isSemver/isIpv4/|header X-Semver
date|s/within: 1h/before: 2000-01-01/|header X-Date before
header-twice|s/b/c/|header X-One
size-image|s/8090/8091/|size
png|s/8950/8951/|it is a png
poll|s/0-7/x/|$.uuid matches
END
mkdir "$dir/copies"
marked=$(grep -c '#! [a-z0-9-]*$' "$here/httpbin.yaml")
changes=$(wc -l <"$dir/changes")
[ "$marked" -eq "$changes" ] ||
	die "$marked expectations are marked, $changes are changed"
while IFS='|' read -r kind change _; do
	sed -e "/#! $kind\$/{$change
	}" -e "s/^suite: httpbin\$/suite: httpbin-$kind/" -e 's/for: 9s/for: 1s/' \
		"$here/httpbin.yaml" >"$dir/copies/$kind.yaml"
done <"$dir/changes"
"$andon" test "$dir/copies" --base-url "$url" --concurrency 6 --format json \
	>"$dir/bad.json" 2>"$dir/bad.log"
rc=$?
[ $rc -eq 1 ] || die "with each expectation changed: ended with $rc, not 1"

if grep -F -e "$HTTPBIN_PASSWORD" -e "$basic" "$dir"/good.* "$dir"/bad.*; then
	die "the secret stands in a report"
fi

/usr/bin/python3 - "$dir" <<'END' || die "see above"
import json, os, sys
where = sys.argv[1]
def load(name):
    with open(os.path.join(where, name), encoding="utf-8") as f:
        return json.load(f)
def failed(run):
    return [(s["name"], a) for s in run["steps"]
            for a in s.get("assertions", []) if not a["ok"]]
wrong = []
good = load("good.json")
steps = good["runs"][0]["steps"]
held = sum(len(s.get("assertions", [])) for s in steps)
if good["code"] != 0 or len(good["runs"]) != 1 or len(steps) < 25:
    wrong.append("good: code %s, %d steps" % (good["code"], len(steps)))
if any(s["status"] == 0 for s in steps) or failed(good["runs"][0]):
    wrong.append("good: a step without an answer or with a failure")
bad = {r["suite"]: r for r in load("bad.json")["runs"]}
with open(os.path.join(where, "changes"), encoding="utf-8") as f:
    changes = [line.rstrip("\n").split("|", 2) for line in f]
for kind, change, begins in changes:
    run = bad.get("httpbin-" + kind)
    if run is None:
        wrong.append("%s: did not run" % kind)
        continue
    found = failed(run)
    if run["outcome"] != "fail" or len(found) != 1:
        wrong.append("%s: %s, %d assertions failed: %s" % (kind,
            run["outcome"], len(found), [a["text"] for _, a in found]))
    elif not found[0][1]["text"].startswith(begins):
        wrong.append("%s: `%s` failed, not `%s`" % (kind,
            found[0][1]["text"], begins))
if len(bad) != len(changes):
    wrong.append("%d runs for %d changes" % (len(bad), len(changes)))
for line in wrong:
    print("httpbin:", line)
print("httpbin: %d steps, %d assertions hold; %d changed, %d wrong" %
      (len(steps), held, len(changes), len(wrong)))
sys.exit(1 if wrong else 0)
END
