/*
 * The required cases of draft 2020-12 in JSON-Schema-Test-Suite, as Debian
 * packages them (libtest-json-schema-acceptance-perl) or from a folder given
 * by ANDON_SCHEMA_SUITE that holds `tests` and `remotes`.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/yaml.h"
#include "suites/check.h"
#include "suites/schema.h"

static const char packaged[] = "/usr/share/perl5/auto/share/dist/"
			       "Test-JSON-Schema-Acceptance";

static const char *folder(void)
{
	const char *given = getenv("ANDON_SCHEMA_SUITE");

	return given && *given ? given : packaged;
}

static const struct json *file_read(struct arena *a, struct str path)
{
	struct err e = { 0 };
	const struct source *s = source_read(a, path.ptr, &e);

	return s ? json_parse(a, s->text, NULL, NULL) : NULL;
}

/* What the suite serves at http://localhost:1234/. */
static const struct json *load(void *owner, struct arena *a, struct str uri)
{
	struct str host = STR("http://localhost:1234/");

	(void)owner;
	if (!str_starts(uri, host))
		return NULL;
	uri = str_sub(uri, host.len, uri.len);
	return file_read(a,
		arena_printf(a, "%s/remotes/%.*s", folder(), STR_ARG(uri)));
}

struct tally {
	unsigned groups, cases, wrong;
};

static void run_group(struct arena *a, const char *file,
	const struct json *group, struct tally *t)
{
	static const struct schema_loader loader = { load, NULL };
	struct schema_fault *faults = NULL;
	const struct schema *s = schema_compile(a,
		json_get(group, STR("schema")), &loader, &faults);
	const struct json *c = json_get(group, STR("tests"))->first;

	t->groups++;
	if (!s) {
		fprintf(stderr, "%s: %.*s: %.*s\n", file,
			STR_ARG(json_get_str(group, "description")),
			STR_ARG(faults->text));
		t->wrong += json_get(group, STR("tests"))->count;
		t->cases += json_get(group, STR("tests"))->count;
		return;
	}
	for (; c; c = c->next) {
		bool want = json_get_bool(c, "valid", false);
		struct str why;
		enum schema_result is = schema_validate(s,
			json_get(c, STR("data")), a, NULL, &why);
		t->cases++;
		if (is == (want ? SCHEMA_HOLDS : SCHEMA_FAILS))
			continue;
		t->wrong++;
		fprintf(stderr, "%s: %.*s: %.*s: %d %.*s\n", file,
			STR_ARG(json_get_str(group, "description")),
			STR_ARG(json_get_str(c, "description")), (int)is,
			STR_ARG(why));
	}
}

Test(json_schema, holds_all_required_cases_of_draft_2020_12)
{
	struct arena *a = arena_new();
	struct str where = arena_printf(a, "%s/tests/draft2020-12", folder());
	struct tally t = { 0 };
	DIR *dir = opendir(where.ptr);

	if (!dir && !getenv("CI")) {
		arena_free(a);
		cr_skip_test("no JSON-Schema-Test-Suite");
	}
	cr_assert(dir, "%s is not there", where.ptr);
	for (struct dirent *d; (d = readdir(dir));) {
		struct str name = str_from(d->d_name);
		if (!str_ends(name, STR(".json")))
			continue;
		const struct json *groups = file_read(a,
			arena_printf(a, "%s/%s", where.ptr, d->d_name));
		cr_assert(groups, "%s", d->d_name);
		for (const struct json *g = groups->first; g; g = g->next)
			run_group(a, d->d_name, g, &t);
	}
	closedir(dir);
	fprintf(stderr, "json schema: %u cases in %u groups, %u wrong\n",
		t.cases, t.groups, t.wrong);
	cr_assert_geq(t.cases, 1100);
	cr_assert_eq(t.wrong, 0);
	arena_free(a);
}

/* --- what it says ------------------------------------------------------- */

static enum schema_result validate(struct arena *a, const char *schema,
	const char *value, struct str *ret_why)
{
	struct schema_fault *faults = NULL;
	const struct schema *s = schema_compile(a,
		json_parse(a, str_from(schema), NULL, NULL), NULL, &faults);

	cr_assert(s, "%.*s", STR_ARG(faults ? faults->text : STR_NONE));
	return schema_validate(s, json_parse(a, str_from(value), NULL, NULL), a,
		NULL, ret_why);
}

Test(json_schema, shows_every_miss_with_its_path)
{
	struct arena *a = arena_new();
	struct str why;

	cr_assert_eq(validate(a,
			     "{\"required\":[\"id\"],\"properties\":{\"lines\":"
			     "{\"items\":{\"type\":\"integer\",\"maximum\":9}},"
			     "\"note\":false}}",
			     "{\"lines\":[1,\"x\",12],\"note\":1}", &why),
		SCHEMA_FAILS);
	cr_assert(str_eq(why,
			  STR("$ required: `id` is missing; $.lines[1] type: "
			      "\"x\" (string) is string, expected "
			      "\"integer\" (string); $.lines[2] maximum: 12, "
			      "expected <= 9; $.note false: nothing may stand "
			      "here")) ||
			  str_find(why,
				  STR("$.lines[2] maximum: 12, expected "
				      "<= 9"),
				  0) != SIZE_MAX,
		"%.*s", STR_ARG(why));
	cr_assert(str_find(why, STR("$ required: `id` is missing"), 0) == 0,
		"%.*s", STR_ARG(why));
	arena_free(a);
}

Test(json_schema, numbers_are_exact)
{
	struct arena *a = arena_new();
	struct str why;

	cr_expect_eq(validate(a, "{\"multipleOf\":0.01}", "19.99", &why),
		SCHEMA_HOLDS);
	cr_expect_eq(validate(a, "{\"multipleOf\":0.01}", "19.995", &why),
		SCHEMA_FAILS);
	cr_expect_eq(validate(a, "{\"maximum\":9007199254740992}",
			     "9007199254740993", &why),
		SCHEMA_FAILS);
	cr_expect_eq(validate(a, "{\"type\":\"integer\"}", "1.50e1", &why),
		SCHEMA_HOLDS);
	arena_free(a);
}

Test(json_schema, a_schema_without_an_end_is_our_trouble)
{
	struct arena *a = arena_new();
	struct str why;

	cr_expect_eq(validate(a, "{\"$ref\":\"#\"}", "1", &why), SCHEMA_OVER);
	cr_expect_eq(validate(a, "{\"not\":{\"$ref\":\"#\"}}", "1", &why),
		SCHEMA_OVER);
	arena_free(a);
}

static void expect_diag(const char *schema, const char *want_place,
	const char *want)
{
	struct arena *a = arena_new();
	struct str text =
		arena_printf(a, "- {jsonpath: $, schema: %s}\n", schema);
	struct diags ds;
	struct place place;
	char out[8];

	diags_init(&ds, a);
	const struct yaml_node *n =
		yaml_parse(a, source_from(a, STR("t.yaml"), text), &ds);
	cr_assert(n);
	check_parse_list(a, n, &ds);
	cr_assert(ds.first, "%s", schema);
	span_place(ds.first->where, &place);
	struct str got = arena_printf(a, "%u:%s", place.column,
		diag_code_text(ds.first, out));
	cr_expect(str_eq(got, str_from(want_place)), "%s: %.*s", schema,
		STR_ARG(got));
	cr_expect(str_find(ds.first->text, str_from(want), 0) != SIZE_MAX,
		"%.*s", STR_ARG(ds.first->text));
	arena_free(a);
}

Test(json_schema, a_wrong_schema_is_refused_with_its_place)
{
	expect_diag("{type: integr}", "32:E047", "a type or a list of types");
	expect_diag("{properties: {a: {minimum: '1'}}}", "52:E047",
		"$.properties.a.minimum");
	expect_diag("{items: {pattern: '('}}", "43:E047", "does not compile");
	expect_diag("{$ref: 'https://example.com/a.json'}", "32:E047",
		"leads nowhere");
	expect_diag("{$schema: 'http://json-schema.org/draft-07/schema#'}",
		"35:E047", "only https://json-schema.org/draft/2020-12");
	expect_diag("{}", "25:E047", "holds for anything");
	expect_diag("{type: object, requird: [a]}", "40:W202",
		"did you mean `required`?");
}

/* Draft 2020-12, validation, 7.2.1: an annotation by default. */
Test(json_schema, format_fails_nothing_and_says_so)
{
	static const char *const formats[] = { "email", "uuid", "date-time",
		"ipv4", "uri", "regex", "no-such-format" };
	struct arena *a = arena_new();
	struct str why;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		cr_expect_eq(validate(a,
				     arena_printf(a, "{\"format\":\"%s\"}",
					     formats[i])
					     .ptr,
				     "\"none of these [\"", &why),
			SCHEMA_HOLDS, "%s", formats[i]);
	arena_free(a);
	expect_diag("{properties: {id: {format: uuid}}, format: x}", "60:W203",
		"at $.format: `format: x` is an "
		"annotation and asserts nothing");
	expect_diag("{format: 1}", "34:E047", "wants text");
	/* a property of that name is none, and the metaschema's are not ours */
	expect_diag("{properties: {format: {type: strin}}}", "54:E047",
		"a type");
	expect_diag("{$ref: 'https://json-schema.org/draft/2020-12/schema', "
		    "requird: [a]}",
		"80:W202", "did you mean");
}

/* --- in a file ---------------------------------------------------------- */

/* The code of the first mistake; "pass" or "fail" where there is none. */
static const char *outcome_beside(struct arena *a, const char *folder_name,
	const char *file)
{
	struct response r = { .arena = a,
		.status = 200,
		.body = STR("{\"id\": 1}") };
	struct str text =
		arena_printf(a, "- {body: , schema: {file: %s}}\n", file);
	static char out[8];
	struct diags ds;
	struct vars v;

	diags_init(&ds, a);
	vars_init(&v, a, 1);
	const struct yaml_node *n = yaml_parse(a,
		source_from(a, arena_printf(a, "%s/t.yaml", folder_name), text),
		&ds);
	struct check *c = check_parse_list(a, n, &ds);
	if (ds.first)
		return diag_code_text(ds.first, out);
	return check_eval_all(c, &r, &v, a)->ok ? "pass" : "fail";
}

Test(json_schema, stands_in_a_file_beside_the_suite_and_nowhere_else)
{
	static const struct {
		const char *name, *text, *want;
	} files[] = {
		{ "good.json", "{\"required\":[\"id\"]}", "pass" },
		{ "strict.json", "{\"required\":[\"no\"]}", "fail" },
		{ "wrong.json", "{\"required\":\"id\"}", "E047" },
		{ "text.json", "required: [id]", "E047" },
	};
	char name[] = "/tmp/andon-schema-XXXXXX";
	struct arena *a = arena_new();

	cr_assert(mkdtemp(name));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct str path = arena_printf(a, "%s/%s", name, files[i].name);
		FILE *f = fopen(path.ptr, "w");
		cr_assert(f);
		fputs(files[i].text, f);
		fclose(f);
		cr_expect_str_eq(outcome_beside(a, name, files[i].name),
			files[i].want, "%s", files[i].name);
		unlink(path.ptr);
	}
	cr_expect_str_eq(outcome_beside(a, name, "../etc/hostname"), "E006");
	cr_expect_str_eq(outcome_beside(a, name, "none.json"), "E006");
	rmdir(name);
	arena_free(a);
}
