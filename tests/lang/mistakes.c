#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "regions/line.h"
#include "suites/filter_table.h"
#include "suites/function.h"
#include "suites/predicate.h"
#include "suites/suite.h"
#include "suites/tables.h"

/*
 * The seeded mistakes of tests/lang/mistakes, each found at its place with its
 * code and nothing beside it; and tests/lang/good, in which there is nothing
 * to find.  tests/e2e/schema.sh asks the JSON Schema about the same files.
 */
enum { CODES_END = 1000 };

#define FOLDER "tests/lang/mistakes/"

static const struct {
	const char *word, *lines;
} prologues[] = {
	{ "@head", "version: 1\nsuite: t\nowner: o\nrunbook: r\n" },
	{ "@step", "steps:\n  - name: s\n    get: /x\n"
		   "    expect: {body: {contains: ok}}\n" },
	{ "@in", "version: 1\nsuite: t\nowner: o\nrunbook: r\n"
		 "steps:\n  - name: s\n    get: /x\n" },
	{ "@good", "    expect: {body: {contains: ok}}\n" },
	{ "@group", "version: 1\ngroups:\n  g:\n    steps:\n"
		    "      - name: s\n        get: /x\n"
		    "        expect: {body: {contains: ok}}\n" },
	{ "@line", "version: 1\nline: shop\nserved_version: {header: X-V}\n"
		   "environments: {np: {w: , e: }, prod: {w: , e: , u: }}\n" },
};

static const struct str regions[] = { STR("nonprod/west"), STR("prod/west"),
	STR("prod/eu") };
static const struct str roles[] = { STR("default"), STR("tester") };
static const struct str region_keys[] = { STR("base_url"), STR("auth_url") };

static const struct suite_world world = { .regions = regions,
	.nregions = 3,
	.roles = roles,
	.nroles = 2,
	.region_keys = region_keys,
	.nregion_keys = 2 };

struct seeded {
	struct str wanted, title; /* "E012 5:1, W104 2:8" */
	struct buf text;
};

static bool is_case(struct str line)
{
	return str_starts(line, STR("=== ")) || str_starts(line, STR("--- ")) ||
	       str_starts(line, STR("!!! "));
}

static void text_add(struct buf *text, struct str line)
{
	for (size_t i = 0; i < sizeof(prologues) / sizeof(prologues[0]); i++) {
		if (!str_eq(line, str_from(prologues[i].word)))
			continue;
		buf_add_z(text, prologues[i].lines);
		return;
	}
	buf_add(text, line);
	buf_add_byte(text, '\n');
}

/* "=== E012 5:1, E021 6:2: title" */
static void head_read(struct str line, struct seeded *ret)
{
	size_t at = 4;
	size_t end = str_find(line, STR(": "), at);

	ret->wanted = str_sub(line, at, end - at);
	ret->title = str_sub(line, end + 2, SIZE_MAX);
	buf_clear(&ret->text);
}

/* Every finding, in the order of the file. */
static struct str findings(struct arena *a, const struct diags *ds)
{
	struct buf b;

	buf_init(&b, 4096);
	for (const struct diag *d = ds->first; d; d = d->next) {
		struct place at;
		char code[8];

		if (d->level != DIAG_ERROR && d->level != DIAG_WARNING)
			continue;
		span_place(d->where, &at);
		buf_addf(&b, "%s%s %u:%u", b.len ? ", " : "",
			diag_code_text(d, code), at.line, at.column);
	}
	struct str s = arena_str(a, b.len ? buf_str(&b) : STR(""));
	buf_done(&b);
	return s;
}

typedef bool reader(struct arena *a, const struct source *src,
	struct diags *ds);

static bool suite_reads(struct arena *a, const struct source *src,
	struct diags *ds)
{
	return suite_parse(a, src, &world, ds) != NULL;
}

static bool line_reads(struct arena *a, const struct source *src,
	struct diags *ds)
{
	return line_parse(a, src, ds) != NULL;
}

/* A file of groups has no suite: it is read as one of a folder is. */
static bool groups_read(struct arena *a, const struct source *src,
	struct diags *ds)
{
	char path[] = "/tmp/andon-groups-XXXXXX.yaml";
	const char *const paths[] = { path };
	struct suite_set set;
	int fd = mkstemps(path, 5);

	cr_assert_geq(fd, 0);
	FILE *f = fdopen(fd, "w");
	fwrite(src->text.ptr, 1, src->text.len, f);
	fclose(f);
	bool ok = suite_load_all(a, paths, 1, &world, &set, ds);
	unlink(path);
	return ok;
}

static void expect_found(const struct seeded *s, reader *reads,
	bool seen[CODES_END])
{
	struct arena *a = arena_new();
	struct diags ds;
	bool errors = str_find_byte(s->wanted, 'E', 0) != SIZE_MAX;

	diags_init(&ds, a);
	bool good =
		reads(a, source_from(a, STR("t.yaml"), buf_str(&s->text)), &ds);
	diags_sort(&ds);
	struct str found = findings(a, &ds);
	if (!str_eq(found, s->wanted))
		diags_write(&ds, stderr);
	cr_expect(str_eq(found, s->wanted), "%.*s: wanted %.*s, found %.*s",
		STR_ARG(s->title), STR_ARG(s->wanted), STR_ARG(found));
	cr_expect_eq(good, !errors, "%.*s", STR_ARG(s->title));
	for (const struct diag *d = ds.first; d; d = d->next)
		seen[d->code] = true;
	arena_free(a);
}

/* How many there are. */
static size_t mistakes_run(const char *path, reader *reads,
	bool seen[CODES_END])
{
	struct arena *a = arena_new();
	struct err e = { 0 };
	const struct source *src = source_read(a, path, &e);
	struct seeded s = { .wanted = STR_NONE };
	size_t n = 0;

	cr_assert(src, "%s", e.text);
	struct str rest = src->text;
	buf_init(&s.text, 1 << 16);
	while (rest.ptr) {
		struct str line = str_cut(&rest, '\n');

		if (!is_case(line)) {
			if (rest.ptr || line.len)
				text_add(&s.text, line);
			continue;
		}
		if (s.wanted.ptr)
			expect_found(&s, reads, seen);
		head_read(line, &s);
		n++;
	}
	expect_found(&s, reads, seen);
	buf_done(&s.text);
	arena_free(a);
	return n;
}

/*
 * Codes that one file alone can not have: two suites of one name, a workflow
 * with its suites (tests/e2e/lint.sh), words of later versions
 * (suite_mistakes.c), and what an import says of another tool's file
 * (tests/e2e/import.sh).
 */
static bool elsewhere(unsigned code)
{
	return code == E14 || code == E35 || code == E48 || code == E61 ||
	       code == E81 || code == E82 || code == W113 || code == W131 ||
	       code == W132;
}

Test(mistakes, each_at_its_place_and_every_rule_at_least_once)
{
	static const unsigned codes[] = {
#define X(letter, number, title) (number),
		CODE_MAP(X)
#undef X
	};
	bool seen[CODES_END] = { false };
	size_t n = mistakes_run(FOLDER "suite.txt", suite_reads, seen);

	n += mistakes_run(FOLDER "line.txt", line_reads, seen);
	n += mistakes_run(FOLDER "groups.txt", groups_read, seen);
	cr_expect_geq(n, 120);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		cr_expect(seen[codes[i]] || elsewhere(codes[i]),
			"no mistake is seeded for code %u", codes[i]);
}

/* --- nothing to find ---------------------------------------------------- */

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static bool holds_word(struct str text, struct str word)
{
	size_t at = 0;

	while ((at = str_find(text, word, at)) != SIZE_MAX) {
		size_t end = at + word.len;

		if ((at == 0 || !is_word_byte(text.ptr[at - 1])) &&
			(end == text.len || !is_word_byte(text.ptr[end])))
			return true;
		at++;
	}
	return false;
}

static void expect_words(struct str text, const char *what,
	size_t (*names)(struct str *ret, size_t max))
{
	struct str name[200];
	size_t n = names(name, 200);

	for (size_t i = 0; i < n; i++)
		cr_expect(holds_word(text, name[i]),
			"no good suite has the %s `%.*s`", what,
			STR_ARG(name[i]));
}

static size_t filter_names_all(struct str *ret, size_t max)
{
	static const char *const names[] = {
#define X(id, name, argument, on) name,
		FILTER_MAP(X)
#undef X
	};
	size_t n = 0;

	for (; n < sizeof(names) / sizeof(names[0]) && n < max; n++)
		ret[n] = str_from(names[n]);
	return n;
}

static size_t function_names_all(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < max && function_at(n); n++)
		ret[n] = str_from(function_at(n)->name);
	return n;
}

static void expect_keys(struct str text, const struct key *table)
{
	for (; table->name; table++)
		cr_expect(!table->help ||
				  holds_word(text, str_from(table->name)),
			"no good suite has the key `%s`", table->name);
}

Test(mistakes, none_in_good_suites_that_say_everything)
{
	static const struct key *const tables[] = { suite_key_table,
		step_key_table, http_key_table, tls_key_table, retry_key_table,
		poll_key_table, request_key_table, part_key_table,
		graphql_key_table, auth_key_table, basic_key_table,
		secret_key_table, record_key_table };
	static const char *const folder = "tests/lang/good";
	struct arena *a = arena_new();
	struct suite_set set;
	struct diags ds;
	struct buf all;

	diags_init(&ds, a);
	suite_load_all(a, &folder, 1, &world, &set, &ds);
	if (ds.first)
		diags_write(&ds, stderr);
	cr_expect_null(ds.first);
	cr_expect_geq(set.count, 40);
	buf_init(&all, 1 << 20);
	for (size_t i = 0; i < set.count; i++)
		buf_add(&all, suite_source(set.file[i])->text);
	expect_words(buf_str(&all), "subject", suite_subject_names);
	expect_words(buf_str(&all), "value", suite_builtin_names);
	expect_words(buf_str(&all), "function", function_names_all);
	expect_words(buf_str(&all), "extractor", query_names);
	expect_words(buf_str(&all), "filter", filter_names_all);
	expect_words(buf_str(&all), "predicate", predicate_names);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		expect_keys(buf_str(&all), tables[i]);
	buf_done(&all);
	arena_free(a);
}
