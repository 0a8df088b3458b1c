#!/bin/sh
# Every example of README.md is run as it stands there, against nginx with two
# ports for the two regions.  A comment above a fenced block says how:
#   <!-- file: PATH -->     the block is written to PATH
#   <!-- run: CODE -->      sh runs it; the last command ends with CODE
#   <!-- run: background until WORD -->   runs on; WORD comes on stderr
# Blocks of yaml without one are pipelines: each command in them must exist,
# and each option must be one of that command.
# usage: ANDON=build/andon tests/e2e/readme.sh
# ctest: TIMEOUT 420
set -u
cd "$(dirname "$0")/../.." || exit 2
readme=$PWD/README.md
man=$PWD/docs/andon.1
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
	echo "readme: $*"
	for log in "$dir"/*.log; do
		[ -s "$log" ] && { echo "--- $(basename "$log")"; tail -n 60 "$log"; }
	done
	exit 1
}

mkdir "$dir/bin" "$dir/work" "$dir/blocks"
ln -s "$(realpath "$andon")" "$dir/bin/andon"
PATH=$dir/bin:$PATH
unset CI
for name in $(env | sed -n 's/^\(ANDON_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

# nginx_conf VERSION-OF-WEST PORT-OF-WEST PORT-OF-EAST
nginx_conf()
{
	user=
	[ "$(id -u)" -eq 0 ] && user="user root;"
	cat <<-END
		$user
		daemon off;
		worker_processes 1;
		pid $dir/nginx.pid;
		error_log $dir/nginx.log;
		events { worker_connections 256; }
		http {
			access_log off;
			default_type application/json;
			client_body_temp_path $dir/t1;
			proxy_temp_path $dir/t2;
			fastcgi_temp_path $dir/t3;
			uwsgi_temp_path $dir/t4;
			scgi_temp_path $dir/t5;
	END
	for server in "$2 $1" "$3 1.0.0"; do
		cat <<-END
			server {
				listen 127.0.0.1:${server% *};
				add_header X-App-Version ${server#* };
				location = /catalog { return 200 '{"items": [{"id": "a1", "price": 9.5}]}'; }
				location = /items/a1 { return 200 '{"id": "a1"}'; }
				location / { return 404 '{}'; }
			}
		END
	done
	echo '}'
}

serve()
{
	ports=$(/usr/bin/python3 -c 'import socket
s = [socket.socket(), socket.socket()]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')
	west=${ports% *}
	east=${ports#* }
	nginx_conf 1.0.0 "$west" "$east" >"$dir/nginx.conf"
	nginx -p "$dir" -c "$dir/nginx.conf" >"$dir/nginx.out.log" 2>&1 &
	nginx=$!
	if curl -fsS -o "$dir/ready" --retry 60 --retry-max-time 30 \
		--retry-delay 1 --retry-all-errors \
		"http://127.0.0.1:$west/catalog" 2>"$dir/curl.log" &&
		kill -0 "$nginx" 2>/dev/null; then
		pids=$nginx
		return 0
	fi
	kill "$nginx" 2>/dev/null
	return 1
}
serve || serve || serve || die "nginx did not start"

# What the pipeline's own deployment does: prod/west serves 2.0.0 from now on.
nginx_conf 2.0.0 "$west" "$east" >"$dir/new.conf"
cat >"$dir/bin/deploy-west" <<END
#!/bin/sh
cp "$dir/new.conf" "$dir/nginx.conf"
kill -HUP $nginx
until curl -fsSI http://127.0.0.1:$west/catalog | grep -q 'Version: 2.0.0'; do
	kill -0 $nginx || exit 1
done
END
chmod +x "$dir/bin/deploy-west"

# README.md -> blocks/NN (text) and blocks/NN.how
awk -v out="$dir/blocks/" '
/^<!-- (file|run): .* -->$/ { how = substr($0, 6, length($0) - 9); next }
/^```/ && !inside {
	inside = 1
	at = sprintf("%s%02d", out, ++n)
	print how == "" ? "pipeline: " substr($0, 4) : how >(at ".how")
	close(at ".how")
	printf "" >at
	how = ""
	next
}
/^```/ { inside = 0; close(at); next }
inside { print >at }
' "$readme" || die "README.md can not be read"

cd "$dir/work" || exit 2
ran=0
checked=0

run()
{
	sh -eu "$1" >"$dir/run.log" 2>&1
	rc=$?
	[ $rc -eq "$2" ] || die "this ended with $rc, not $2:
$(cat "$1")"
	ran=$((ran + 1))
}

background()
{
	mkfifo "$dir/pipe"
	sh -eu "$1" >"$dir/pipe" 2>&1 &
	pids="$pids $!"
	exec 3<"$dir/pipe"
	seen=
	while [ -z "$seen" ] && IFS= read -r text <&3; do
		echo "$text" >>"$dir/background.log"
		case " $text " in
		*[!a-z]"$2"[!a-z]*) seen=yes ;;
		esac
	done
	[ -n "$seen" ] || die "no \`$2\` came from: $(cat "$1")"
	cat <&3 >>"$dir/background.log" &
	exec 3<&-
	ran=$((ran + 1))
}

# options FILE: every `andon COMMAND ... --option` of it
options()
{
	grep -o 'andon [a-z][^&#]*' "$1" | while read -r _ name rest; do
		"$andon" "$name" --help >"$dir/help.log" 2>&1 ||
			{ echo "no command $name"; continue; }
		for option in $(printf '%s\n' "$rest" | grep -o -e '--[a-z-]*'); do
			grep -q -e "^ *$option\>" "$dir/help.log" ||
				echo "andon $name has no $option"
		done
	done >"$dir/options.log"
	[ ! -s "$dir/options.log" ] || die "a pipeline of the page is wrong"
	checked=$((checked + 1))
}

for block in "$dir"/blocks/[0-9][0-9]; do
	how=$(cat "$block.how")
	sed -i -e "s/localhost:8081/127.0.0.1:$west/" \
		-e "s/localhost:8082/127.0.0.1:$east/" \
		-e 's/^# \.\.\. deploy to prod\/west \.\.\.$/deploy-west/' \
		-e 's/^andon up$/exec andon up/' "$block"
	case "$how" in
	"file: "*)
		mkdir -p "$(dirname "${how#file: }")"
		cp "$block" "${how#file: }"
		;;
	"run: background until "*)
		background "$block" "${how##* }"
		;;
	"run: "*)
		run "$block" "${how#run: }"
		;;
	"pipeline: yaml")
		options "$block"
		;;
	"pipeline: ")
		# a drawing
		;;
	*)
		die "a block has no mark: $how
$(cat "$block")"
		;;
	esac
done
# The commands of the table.
tick=$(printf '\140')
sed -n "s/^| \($tick""andon .*$tick\) |.*/\1/p" "$readme" |
	grep -o "${tick}[^${tick}]*${tick}" | tr -d "$tick" |
	sed 's/^\(andon \)*/andon /' >"$dir/table"
grep -q gate "$dir/table" || die "the table of commands was not found"
options "$dir/table"

# The manual: it is well-formed and has each option of each command.
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$man" >"$dir/mandoc.log" 2>&1 ||
		die "docs/andon.1 is not well-formed"
fi
"$andon" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >"$dir/commands"
grep -qx gate "$dir/commands" || die "andon --help names no commands"
while read -r name; do
	"$andon" "$name" --help
done <"$dir/commands" | sed -n 's/^  --\([a-z-]*\) .*/\1/p' | sort -u |
	while read -r option; do
		grep -q -e "^\.It Fl -$option\>" "$man" ||
			echo "docs/andon.1 has no --$option"
	done >"$dir/options.log"
while read -r name; do
	grep -q "^\.It Cm $name\>" "$man" || echo "docs/andon.1 has no $name"
done <"$dir/commands" >>"$dir/options.log"
[ ! -s "$dir/options.log" ] || die "the manual is not complete"

if [ "$ran" -lt 8 ] || [ "$checked" -lt 3 ]; then
	die "only $ran blocks ran, $checked were checked"
fi
echo "readme: $ran examples ran, $checked were checked"
