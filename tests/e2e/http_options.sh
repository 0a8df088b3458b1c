#!/bin/sh
# `http:` options against a real server: versions of HTTP and TLS, certificates
# of both sides, pins, sockets, addresses, names.  Each case is a suite with
# the outcome that it must have; all of them are one run of `andon test`.
# ctest: LABELS fast TIMEOUT 120
# shellcheck disable=SC2016 # $remote_addr is nginx's
# shellcheck source=tests/support/scratch.sh
. "$(dirname "$0")/../support/scratch.sh"
mkdir suites logs

# --- certificates -----------------------------------------------------------

key() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
}

# signed NAME SUBJECT SAN: by the CA
signed() {
	key "$1"
	printf 'subjectAltName=%s\n' "$3" >"$1.ext"
	openssl req -new -key "$1.key" -subj "$2" |
		openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial \
			-days 2 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

pin() {
	openssl x509 -in "$1.crt" -pubkey -noout |
		openssl pkey -pubin -outform der |
		openssl dgst -sha256 -binary | openssl base64
}

key ca
openssl req -x509 -key ca.key -subj /CN=ca -days 2 -out ca.crt 2>/dev/null
signed server /CN=api.test DNS:api.test,IP:127.0.0.1,IP:127.0.0.2
signed other /CN=other.test DNS:other.test
signed client /CN=smoke DNS:smoke
key stranger
openssl req -x509 -key stranger.key -subj /CN=stranger -days 2 \
	-out stranger.crt 2>/dev/null

# --- the server -------------------------------------------------------------

ports() {
	/usr/bin/python3 -c '
import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
print(*(i.getsockname()[1] for i in s))'
}

conf() {
	say='proto=$server_protocol tls=$ssl_protocol from=$remote_addr'
	say="$say sni=\$ssl_server_name host=\$host client=\$ssl_client_s_dn"
	cat <<CONF
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log $dir/logs/error.log;
events {}
http {
access_log off;
client_body_temp_path $dir/logs;
proxy_temp_path $dir/logs;
fastcgi_temp_path $dir/logs;
uwsgi_temp_path $dir/logs;
scgi_temp_path $dir/logs;
ssl_certificate $dir/server.crt;
ssl_certificate_key $dir/server.key;
ssl_protocols TLSv1.2 TLSv1.3;
server {
	listen 127.0.0.1:$h2 ssl http2;
	location / { return 200 "$say\n"; }
}
server {
	listen 127.0.0.1:$h1 ssl;
	location / { return 200 "$say\n"; }
	location /away { return 302 https://127.0.0.1:$mtls/; }
}
server {
	listen 127.0.0.1:$mtls ssl;
	ssl_verify_client on;
	ssl_client_certificate $dir/ca.crt;
	location / { return 200 "$say\n"; }
	location /away { return 302 https://127.0.0.2:$mtls/; }
}
server {
	listen 127.0.0.2:$mtls ssl;
	ssl_verify_client optional;
	ssl_client_certificate $dir/ca.crt;
	location / { return 200 "$say\n"; }
}
server {
	listen 127.0.0.1:$h2c http2;
	location / { return 200 "$say\n"; }
}
server {
	listen 127.0.0.1:$plain;
	location / { return 200 "first $say\n"; }
}
server {
	listen 127.0.0.2:$plain;
	location / { return 200 "second $say\n"; }
}
server {
	listen 127.0.0.1:$old ssl;
	ssl_protocols TLSv1.2;
	location / { return 200 "$say\n"; }
}
server {
	listen unix:$dir/socket;
	location / { return 200 "socket $say\n"; }
}
}
CONF
}

# A port can be taken between the choice and its use: then another choice.
for _ in 1 2 3 4 5; do
	# shellcheck disable=SC2046 # six words
	set -- $(ports)
	h2=$1 h1=$2 mtls=$3 h2c=$4 plain=$5 old=$6
	conf >nginx.conf
	nginx -p "$dir" -e "$dir/logs/error.log" -c "$dir/nginx.conf" &
	server=$!
	i=0
	while [ $i -lt 200 ]; do
		curl -s -o logs/up "http://127.0.0.1:$plain/" && break 2
		kill -0 "$server" 2>/dev/null || break
		i=$((i + 1))
	done
done
kill -0 "$server" || {
	cat logs/error.log >&2
	exit 1
}

# --- the cases --------------------------------------------------------------

# c NAME OUTCOME REASON URL HTTP EXPECT
c() {
	printf '%s %s %s\n' "$1" "$2" "$3" >>wanted
	cat >"suites/$1.yaml" <<SUITE
version: 1
suite: $1
owner: o
runbook: https://r.example
http: {$5}
steps:
  - {name: ask, get: "$4", expect: {$6}}
SUITE
}

ca="ca: $dir/ca.crt"
mine="cert: $dir/client.crt, key: $dir/client.key"
local=https://127.0.0.1

c h2 pass '' "$local:$h2/" "tls: {$ca}" 'version: "2"'
c h2-wanted pass '' "$local:$h2/" "version: '2', tls: {$ca}" 'version: "2"'
c h2-refused error protocol "$local:$h1/" "version: '2', tls: {$ca}" \
	'status: 200'
c h1-wanted pass '' "$local:$h2/" "version: '1.1', tls: {$ca}" \
	'version: "1.1", body: {contains: HTTP/1.1}'
c h10-wanted pass '' "http://127.0.0.1:$plain/" "version: '1.0'" \
	'body: {contains: HTTP/1.0}'
c prior pass '' "http://127.0.0.1:$h2c/" 'version: 2-prior-knowledge' \
	'version: "2", body: {contains: HTTP/2.0}'
c prior-refused error protocol "http://127.0.0.1:$plain/" \
	'version: 2-prior-knowledge' 'status: 200'
c ca-unknown error tls "$local:$h1/" '' 'status: 200'
c ca-missing runner_error secret "$local:$h1/" "tls: {ca: $dir/none}" \
	'status: 200'
c unverified pass '' "$local:$h1/" 'tls: {verify: false}' 'status: 200'
c mtls pass '' "$local:$mtls/" "tls: {$ca, $mine}" \
	'body: {contains: client=CN=smoke}'
c mtls-nobody fail assert "$local:$mtls/" "tls: {$ca}" 'status: 200'
c mtls-stranger fail assert "$local:$mtls/" \
	"tls: {$ca, cert: $dir/stranger.crt, key: $dir/stranger.key}" \
	'status: 200'
c mtls-no-key runner_error secret "$local:$mtls/" \
	"tls: {$ca, cert: $dir/client.crt, key: $dir/none}" 'status: 200'
c mtls-stays-home pass '' "$local:$mtls/away" \
	"redirects: 1, tls: {$ca, $mine}" \
	'url: {contains: 127.0.0.2}, body: {not: {contains: CN=smoke}}'
c min error tls "$local:$old/" "tls: {$ca, min: '1.3'}" 'status: 200'
c max pass '' "$local:$h1/" "tls: {$ca, max: '1.2'}" \
	'body: {contains: TLSv1.2}'
c newest pass '' "$local:$h1/" "tls: {$ca}" 'body: {contains: TLSv1.3}'
good=$(pin server)
bad=$(pin other)
c pin pass '' "$local:$h1/" "tls: {$ca, pin: [sha256//$bad, sha256//$good]}" \
	'status: 200'
c pin-differs error tls "$local:$h1/" "tls: {$ca, pin: sha256//$bad}" \
	'status: 200'
c pin-alone pass '' "$local:$h1/" \
	"tls: {verify: false, pin: sha256//$good}" 'status: 200'
c pin-alone-differs error tls "$local:$h1/" \
	"tls: {verify: false, pin: sha256//$bad}" 'status: 200'
c server-name pass '' "$local:$h1/" "tls: {$ca, server_name: api.test}" \
	'body: {contains: sni=api.test host=127.0.0.1}'
c server-name-wrong error tls "$local:$h1/" \
	"tls: {$ca, server_name: wrong.test}" 'status: 200'
c resolve pass '' "https://api.test:$h1/" \
	"resolve: {api.test: 127.0.0.1}, tls: {$ca}" \
	'body: {contains: sni=api.test host=api.test}, ip: 127.0.0.1'
c resolve-port pass '' "http://api.test:$plain/" \
	"resolve: {'api.test:1': 127.0.0.1, 'API.test:$plain': 127.0.0.2}" \
	'body: {startsWith: second}, ip: 127.0.0.2'
c resolve-family error dns "http://api.test:$plain/" \
	'ip: "6", resolve: {api.test: 127.0.0.1}' 'status: 200'
c connect-to pass '' "https://api.test/" \
	"connect_to: {api.test: '127.0.0.1:$h1'}, tls: {$ca}" \
	'body: {contains: sni=api.test host=api.test}, ip: 127.0.0.1'
c connect-to-name pass '' "http://api.test:$plain/" \
	'connect_to: {api.test: far.test}, resolve: {far.test: 127.0.0.2}' \
	'body: {startsWith: second}, ip: 127.0.0.2'
c connect-to-other error tls "https://other.test/" \
	"connect_to: {other.test: '127.0.0.1:$h1'}, tls: {$ca}" 'status: 200'
c interface-address pass '' "http://127.0.0.1:$plain/" \
	'interface: 127.0.0.3' 'body: {contains: from=127.0.0.3}'
c interface-name pass '' "http://127.0.0.1:$plain/" 'interface: lo' \
	'body: {contains: from=127.0.0.1}'
c interface-none runner_error internal "http://127.0.0.1:$plain/" \
	'interface: none0' 'status: 200'
c family pass '' "http://localhost:$plain/" 'ip: "4"' 'ip: {isIpv4: true}'
c family-wrong error connect "http://localhost:$plain/" 'ip: "6"' 'status: 200'
c unix-socket pass '' http://api.test/ "unix_socket: $dir/socket" \
	'body: {matches: "^socket .*host=api.test"}'
c unix-socket-none error connect http://api.test/ "unix_socket: $dir/none" \
	'status: 200'
c proxy pass '' http://far.test/x "proxy: http://127.0.0.1:$plain" \
	'body: {contains: host=far.test}, ip: 127.0.0.1'
c proxy-none error connect http://far.test/x 'proxy: http://127.0.0.1:1' \
	'status: 200'

# Nothing of this may reach a request.
http_proxy=http://127.0.0.1:1 https_proxy=$http_proxy
ALL_PROXY=$http_proxy CURL_CA_BUNDLE=$dir/stranger.crt
SSL_CERT_FILE=$dir/ca.crt
export http_proxy https_proxy ALL_PROXY CURL_CA_BUNDLE SSL_CERT_FILE
"$andon" test suites --base-url "http://127.0.0.1:$plain" --format json \
	>report.json 2>errors
code=$?
[ $code -eq 1 ] || {
	cat errors >&2
	echo "FAIL: exit $code" >&2
}
/usr/bin/python3 - <<'CHECK'
import json
import os
import subprocess
import sys

runs = {r["suite"]: r for r in json.load(open("report.json"))["runs"]}
bad = 0
for line in open("wanted"):
    name, outcome, *reason = line.split()
    r = runs.pop(name, {})
    got = (r.get("outcome"), r.get("reason") or "")
    if got != (outcome, "".join(reason)):
        bad += 1
        print(f"FAIL: {name}: wanted {outcome} {reason}, got {got}: "
              f"{json.dumps(r)[:600]}", file=sys.stderr)
    # the command that repeats it comes to the same, without us
    for step in r.get("steps", []):
        if not step.get("curl") or got[0] == "runner_error":
            continue
        # curl is content with less, follows elsewhere, has no such option
        if name in ("h2-refused", "mtls-stays-home", "server-name",
                    "server-name-wrong"):
            continue
        p = subprocess.run(step["curl"], shell=True, capture_output=True,
                           env={"PATH": os.environ["PATH"]})
        status = p.stdout.split()[1:2]
        if status != ([str(step["status"]).encode()] if step["status"]
                      else []):
            bad += 1
            print(f"FAIL: {name}: {step['curl']}: {p}", file=sys.stderr)
sys.exit(1 if bad or runs else 0)
CHECK
