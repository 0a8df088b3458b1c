#!/bin/sh
# The JSON Schema of `andon schema`: it accepts every example and every good
# suite, and refuses each seeded mistake of tests/lang/mistakes that a schema
# can know; of the others it is shown that it does not.
# ctest: LABELS fast
set -u
cd "$(dirname "$0")/../.." || exit 2
andon=$(realpath "${ANDON:?the binary under test}")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

"$andon" schema >"$dir/suite.json" || exit 1
"$andon" schema group >"$dir/groups.json" || exit 1
"$andon" schema line >"$dir/line.json" || exit 1
"$andon" schema lines >/dev/null 2>&1
[ $? = 2 ] || {
	echo "FAIL: schema lines" >&2
	exit 1
}

/usr/bin/python3 - "$dir" <<'END'
import collections, glob, json, re, sys
import jsonschema, yaml

failed = 0


def fail(*what):
    global failed
    failed += 1
    print("FAIL:", *what, file=sys.stderr)


class Core(yaml.SafeLoader):
    """YAML 1.2, core schema: `on` and 10:30 are text."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
         "-+.0123456789"),
        ("null", "~|null|Null|NULL|", ["~", "n", "N", ""])):
    Core.add_implicit_resolver("tag:yaml.org,2002:" + tag,
                               re.compile("^(%s)$" % pattern), list(first))

HEAD = ["version: 1", "suite: t", "owner: o", "runbook: r"]
STEP = ["steps:", "  - name: s", "    get: /x"]
GOOD = ["    expect: {body: {contains: ok}}"]
GROUP = ["version: 1", "groups:", "  g:", "    steps:", "      - name: s",
         "        get: /x", "        expect: {body: {contains: ok}}"]
LINES = {"@head": HEAD, "@step": STEP + GOOD, "@in": HEAD + STEP,
         "@good": GOOD, "@group": GROUP, "@line": [
             "version: 1", "line: shop", "served_version: {header: X-V}",
             "environments: {np: {w: , e: }, prod: {w: , e: , u: }}"]}


def cases(path):
    mark = title = None
    text = []
    for line in open(path, encoding="utf-8").read().split("\n"):
        m = re.match(r"(===|---|!!!) (.*)$", line)
        if not m:
            text += LINES.get(line, [line])
            continue
        if mark:
            yield mark, title, "\n".join(text)
        mark, title, text = m[1], m[2], []
    yield mark, title, "\n".join(text)


good = 0
seen = collections.Counter()
for kind, folders in (("suite", ("suites/examples", "tests/lang/good")),
                      ("groups", ("suites/examples/common",
                                  "tests/lang/good/common",
                                  "tests/lang/mistakes")),
                      ("line", ("regions/examples",))):
    schema = json.load(open(sys.argv[1] + "/" + kind + ".json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for folder in folders:
        for path in glob.glob(folder + "/*.y*ml"):
            good += 1
            for e in validator.iter_errors(yaml.load(open(path), Core)):
                fail(path, list(e.path), e.message[:200])
    for mark, title, text in cases("tests/lang/mistakes/" + kind + ".txt"):
        seen[mark] += 1
        if mark == "!!!":
            continue
        errors = list(validator.iter_errors(yaml.load(text, Core)))
        if mark == "===" and not errors:
            fail(kind, title, "is taken")
        if mark == "---" and errors:
            fail(kind, title, "is known:", errors[0].message[:200])
if good < 40 or seen["==="] < 85:
    fail("only", good, "good files and", seen["==="], "mistakes")
print("schema: %d files taken, %d mistakes refused, %d beyond a schema, %d "
      "no YAML" % (good, seen["==="], seen["---"], seen["!!!"]))
sys.exit(failed > 0)
END
