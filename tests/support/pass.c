#include "tests/support/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plan *build(struct arena *a, const struct line *l,
	const char *suite)
{
	static const struct selection all = { 0 };
	static const struct suite_world world = { .any = true };
	struct suite_set set = { .count = 1 };
	const struct suite_file *file;
	struct diags ds;
	struct err e = { 0 };
	struct plan *p = NULL;

	diags_init(&ds, a);
	file = suite_parse(a,
		source_from(a, STR("t.yaml"),
			arena_printf(a, "version: 1\nsuite: t\n%s", suite)),
		&world, &ds);
	set.file = &file;
	if (file && l)
		p = plan_build(&a, l, &set, &all, &ds, &e);
	if (p)
		return p;
	diags_write(&ds, stderr);
	fprintf(stderr, "%s\n", e.text);
	abort();
}

static void run(struct pass *p, const struct once_options *options)
{
	static const struct once_options none = { 0 };
	struct err e = { 0 };

	p->arena = arena_new();
	if (!once_run(p->plan, options ? options : &none, p->arena, &p->result,
		    &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	p->run = p->result.runs;
}

void pass_run(struct pass *p, const char *base_url, const char *suite,
	const struct once_options *options)
{
	struct arena *a = arena_new();

	memset(p, 0, sizeof(*p));
	p->plan = build(a, line_local(a, arena_str(a, str_from(base_url))),
		suite);
	run(p, options);
}

struct plan *plan_of(const char *line, const char *suite)
{
	struct arena *a = arena_new();
	struct diags ds;
	const struct line *l;

	diags_init(&ds, a);
	l = line_parse(a, source_from(a, STR("line.yaml"), str_from(line)),
		&ds);
	if (!l)
		diags_write(&ds, stderr);
	return build(a, l, suite);
}

void pass_run_line(struct pass *p, const char *line, const char *suite,
	const struct once_options *options)
{
	memset(p, 0, sizeof(*p));
	p->plan = plan_of(line, suite);
	run(p, options);
}

void pass_done(struct pass *p)
{
	arena_free(p->arena);
	plan_unref(p->plan);
}

const struct step_report *pass_step(const struct pass *p, const char *name)
{
	for (const struct step_report *s = p->run->steps; s; s = s->next)
		if (str_eq(s->name, str_from(name)))
			return s;
	fprintf(stderr, "no step %s\n", name);
	abort();
}
