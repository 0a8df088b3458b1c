#!/bin/bash
# What is said about each code is true: its example gives that code and no
# other, the mended form gives nothing, and where a warning is said to be
# allowed, `lint: {allow: [CODE]}` allows it.  Every code of base/codes.h is
# explained, in the report for code scanning too.
set -euo pipefail
cd "$(dirname "$0")/../.."
andon=$(realpath "${ANDON:?the binary under test}")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
ln -s "$andon" "$dir/bin/andon"
PATH=$dir/bin:$PATH
for name in $(env | sed -n 's/^\(ANDON_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

# Two hundred short processes: what leaks is found by the tests beside.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

bad() {
	echo "codes: $1" >&2
	exit 1
}

codes=$(sed -nE 's/^\tX\((E|W), *([0-9]+),.*/\1 \2/p' base/codes.h |
	while read -r letter number; do
		printf '%s%03d\n' "$letter" "$number"
	done)
[[ $(wc -w <<<"$codes") -ge 60 ]] || bad "only these codes: $codes"

# Whom it is shown to: a person, who may mistype it, and a machine.
andon lint --explain w104 >"$dir/out" || bad "w104 ends with $?"
for text in 'warning W104: nothing asserted' '^Why: ' '^Mend: ' \
	'^    -  *expect: {status: 200}$' 'lint: {allow: \[W104\]}'; do
	grep -q -- "$text" "$dir/out" || bad "W104 does not say: $text"
done
andon lint --explain E112 >"$dir/out" 2>"$dir/err" && bad "E112 is none"
if [[ -s $dir/out ]] || ! grep -q 'did you mean .E012.?' "$dir/err"; then
	bad "E112: $(cat "$dir/err")"
fi
rc=0
andon lint --explain nothing 2>"$dir/err" || rc=$?
[[ $rc == 2 ]] || bad "an unknown code ends with $rc"
rc=0
andon lint --explain E012 --format sarif 2>"$dir/err" || rc=$?
[[ $rc == 2 ]] || bad "--explain as sarif ends with $rc"

printf 'version: 1\n' >"$dir/one.yaml"
andon lint --format sarif "$dir/one.yaml" >"$dir/sarif" || true

# shellcheck disable=SC2086
/usr/bin/python3 - "$dir" $codes <<'END' || bad "see above"
import concurrent.futures, json, os, re, subprocess, sys

top, codes = sys.argv[1], sys.argv[2:]
FOUND = re.compile(r"\b(?:error|warning)\[([EW][0-9]{3})\]")
rules = {r["id"]: r for r in json.load(
    open(top + "/sarif"))["runs"][0]["tool"]["driver"]["rules"]}


def found(code, how, files, command):
    """The codes that come out, once each, and how it ended."""
    at = "%s/%s-%s" % (top, code, how)
    for name, text in files:
        path = os.path.join(at, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    run = subprocess.run(command, shell=True, cwd=at, text=True,
                         capture_output=True)
    out = run.stdout + run.stderr
    return sorted(set(FOUND.findall(out))), run.returncode, out


def check(code):
    x = json.loads(subprocess.check_output(
        ["andon", "lint", "--explain", code, "--format", "json"]))
    wrong = [(f["name"], f["wrong"]) for f in x["files"]]
    if x["code"] != code or not wrong:
        return ["explained as " + x["code"]]
    bad = []
    got, rc, out = found(code, "wrong", wrong, x["command"])
    if got != [code]:
        bad += ["the example gives %s\n%s" % (got, out)]
    if code[0] == "E" and rc != 2:
        bad += ["the example ends with %d" % rc]
    if "mended" in x["files"][0]:
        mended = [(f["name"], f["mended"]) for f in x["files"]]
        if mended == wrong:
            bad += ["the mended form is the wrong one"]
        got, rc, out = found(code, "mended", mended, x["command"])
        if got or x["command"].startswith("andon lint") and rc != 0:
            bad += ["the mended form gives %s, %d\n%s" % (got, rc, out)]
    if x["allowable"]:
        # in the file that it is found in, which is the first one
        (name, text), *rest = wrong
        key = "lint: {allow: [%s]}\n" % code
        allowed = [(name, text + key)] + rest
        got, rc, out = found(code, "allowed", allowed,
                             x["command"] + " --strict")
        if got or rc:
            bad += ["allowed it gives %s, %d\n%s" % (got, rc, out)]
    help = rules[code]["help"]
    for text in (x["about"], x["why"], x["mend"], x["example"]):
        if text not in help["text"] or text not in help["markdown"]:
            bad += ["the report for code scanning lacks: " + text]
    return bad


failed = 0
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for code, bad in zip(codes, pool.map(check, codes)):
        for what in bad:
            print("%s: %s" % (code, what), file=sys.stderr)
            failed += 1
if sorted(rules) != sorted(codes):
    print("codes of the report:", sorted(rules), file=sys.stderr)
    failed += 1
print("codes: %d explained, each example tried" % len(codes))
sys.exit(failed > 0)
END
