#include "runner/plan.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/codes.h"
#include "base/crypto.h"
#include "runner/plan_parts.h"

enum { JOBS_MAX = 1000000, SECOND_NS = 1000000000 };

/* What plan_build() carries around. */
struct builder {
	struct arena *arena;
	struct plan *plan;
	const struct selection *sel;
	struct diags *ds;
	struct job *job;
	size_t cap;
	const struct plan_role **role; /* as in the line */
};

static bool any_glob(const struct region *r, const char *const *globs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (region_matches(r, str_from(globs[i])))
			return true;
	return n == 0;
}

static bool suite_where(const struct suite *s, const struct region *r)
{
	for (size_t i = 0; i < s->where_globs.count; i++)
		if (region_matches(r, s->where_globs.item[i]))
			return true;
	return s->where_globs.count == 0;
}

static bool suite_tagged(const struct suite *s, const struct selection *sel)
{
	for (size_t i = 0; i < sel->ntags; i++)
		for (size_t j = 0; j < s->tags.count; j++)
			if (str_eq(s->tags.item[j], str_from(sel->tags[i])))
				return true;
	return sel->ntags == 0;
}

uint64_t job_phase_ns(uint64_t check_hash, uint64_t offset_hash,
	uint64_t every_ns, uint64_t *ret_offset_ns)
{
	uint64_t most = every_ns / 10 < SECOND_NS ? every_ns / 10 : SECOND_NS;
	uint64_t offset = most ? offset_hash % most : 0;

	if (ret_offset_ns)
		*ret_offset_ns = offset;
	return (check_hash % every_ns + offset) % every_ns;
}

/* The column `name` where it tells all rows apart, else the row's number. */
static struct str row_name(struct arena *a, const struct json *rows,
	const struct json *row)
{
	struct str name = json_get_str(row, "name");
	unsigned number = 1;

	if (rows->count <= 1 && !row->count)
		return STR("");
	for (const struct json *i = rows->first; i && name.len; i = i->next)
		if (i != row && str_eq(json_get_str(i, "name"), name))
			name = STR_NONE;
	if (name.len && str_find_byte(name, '/', 0) == SIZE_MAX)
		return name;
	for (const struct json *i = rows->first; i && i != row; i = i->next)
		number++;
	return arena_printf(a, "%u", number);
}

static void job_add(struct builder *b, struct job *j)
{
	struct str where = j->region->full;

	if (b->plan->njobs == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		struct job *more = ARENA_ARRAY(b->arena, cap, struct job);

		if (b->cap)
			memcpy(more, b->job, b->cap * sizeof(*more));
		b->job = more;
		b->cap = cap;
	}
	j->check = arena_printf(b->arena, "%.*s/%.*s/%.*s",
		STR_ARG(j->suite->name), STR_ARG(j->role->name),
		STR_ARG(j->row_name));
	j->check_hash = hash64(j->check);
	j->every_ns = j->suite->every_ms * 1000000;
	j->times_failing = 1;
	if (j->suite->every_failing_ms)
		j->times_failing = (uint32_t)(j->suite->every_ms /
					      j->suite->every_failing_ms);
	j->phase_ns = job_phase_ns(j->check_hash, hash64(where), j->every_ns,
		&j->offset_ns);
	j->block = !j->suite->observe;
	b->job[b->plan->njobs++] = *j;
}

/* Jobs of one suite in one region. */
static void suite_add(struct builder *b, const struct suite *s,
	const struct region *r, struct job j)
{
	const struct line *l = b->plan->line;

	j.suite = s;
	j.region = r;

	for (const struct suite_secret *i = s->secrets; i; i = i->next)
		j.nsecrets++;
	for (size_t i = 0; i < l->nroles; i++) {
		bool asked = s->roles.count == 0 && i == 0;

		for (size_t k = 0; k < s->roles.count; k++)
			if (str_eq(s->roles.item[k], l->roles[i].name))
				asked = true;
		if (!asked || !b->role[i])
			continue;
		j.role = b->role[i];
		for (j.row = s->rows->first; j.row; j.row = j.row->next) {
			if (b->plan->njobs >= JOBS_MAX)
				return;
			j.row_name = row_name(b->arena, s->rows, j.row);
			job_add(b, &j);
		}
	}
}

static void file_add(struct builder *b, const struct suite_file *f)
{
	const struct line *l = b->plan->line;
	const struct suite *last = NULL;
	struct job j = { 0 };

	for (size_t i = 0; i < l->nregions; i++) {
		const struct region *r = &l->regions[i];
		const struct suite *s = suite_for(f, r->env, r->name);

		if (!any_glob(r, b->sel->where, b->sel->nwhere) ||
			!suite_where(s, r) || !suite_tagged(s, b->sel))
			continue;
		if (s != last)
			j.secrets = plan_secrets_read(b->arena, s, &j.redact,
				b->ds);
		last = s;
		suite_add(b, s, r, j);
	}
}

/* --var name=value */
static bool vars_read(struct builder *b, struct err *e)
{
	struct pair **last = &b->plan->vars;

	for (size_t i = 0; i < b->sel->nvars; i++) {
		struct str rest =
			arena_str(b->arena, str_from(b->sel->vars[i]));
		struct str name = str_cut(&rest, '=');
		struct pair *p;

		if (!name.len || !rest.ptr)
			return err_set(e, ERR_USAGE,
				"--var %s: must be NAME=VALUE",
				b->sel->vars[i]);
		p = ARENA_NEW(b->arena, struct pair);
		p->name = name;
		p->value = template_literal(b->arena, rest);
		*last = p;
		last = &p->next;
	}
	return true;
}

static void served_read(struct builder *b)
{
	const struct served_version *v = &b->plan->line->served;
	struct jsonpath_error bad;
	char why[160];
	size_t at;

	if (v->kind == SERVED_JSONPATH) {
		b->plan->served_path =
			jsonpath_parse(b->arena, v->expression, &bad);
		if (!b->plan->served_path)
			diag_add(b->ds, DIAG_ERROR, E41, v->where,
				"served_version: %s at %zu", bad.text, bad.at);
	}
	if (v->kind == SERVED_REGEX) {
		b->plan->served_regex = regex_new_in(b->arena, v->expression,
			false, why, sizeof(why), &at);
		if (!b->plan->served_regex)
			diag_add(b->ds, DIAG_ERROR, E42, v->where,
				"served_version: %s at %zu", why, at);
	}
}

static void plan_hash(struct plan *p, const struct suite_set *suites)
{
	struct sha256 *h = sha256_new();
	struct buf line;

	assert(p->job);
	buf_init(&line, SIZE_MAX / 4);
	for (size_t i = 0; i < p->njobs; i++) {
		const struct job *j = &p->job[i];

		buf_clear(&line);
		buf_addf(&line, "%.*s|%.*s|%" PRIu64 "|%" PRIu64 "|%u|%d|",
			STR_ARG(j->region->full), STR_ARG(j->check),
			j->suite->every_ms, j->suite->timeout_ms,
			j->times_failing, j->block);
		for (size_t k = 0; k < j->suite->tags.count; k++)
			buf_addf(&line, "%.*s,",
				STR_ARG(j->suite->tags.item[k]));
		buf_add_byte(&line, '\n');
		sha256_add(h, buf_str(&line));
	}
	sha256_free(h, p->hash);
	h = sha256_new();
	sha256_add(h, str_from(p->line->hash));
	sha256_add(h, str_from(suites->hash));
	sha256_free(h, p->config);
	buf_done(&line);
}

/* What was asked for, and what there is. */
static void selection_empty(const struct line *l,
	const struct suite_set *suites, const struct selection *sel,
	struct err *e)
{
	for (size_t i = 0; i < sel->nwhere; i++) {
		struct str near = line_region_near(l, str_from(sel->where[i]));
		bool any = false;

		for (size_t k = 0; k < l->nregions; k++)
			any |= region_matches(&l->regions[k],
				str_from(sel->where[i]));
		if (any)
			continue;
		err_set(e, ERR_USAGE,
			"nothing to run: no region matches --where %s%s%.*s%s",
			sel->where[i], near.len ? "; did you mean `" : "",
			STR_ARG(near), near.len ? "`?" : "");
		return;
	}
	err_set(e, ERR_USAGE,
		"nothing to run: %zu suites, %zu regions, and none fits "
		"%zu --where, %zu --tag and the suites' own `where` and "
		"`roles`",
		suites->count, l->nregions, sel->nwhere, sel->ntags);
}

struct plan *plan_build(struct arena **a, const struct line *line,
	const struct suite_set *suites, const struct selection *sel,
	struct diags *ds, struct err *e)
{
	struct plan *p = ARENA_NEW(*a, struct plan);
	struct builder b = { .arena = *a, .plan = p, .sel = sel, .ds = ds };
	unsigned before = ds->errors;

	p->line = line;
	p->tags = ARENA_ARRAY(*a, sel->ntags + 1, const char *);
	for (size_t i = 0; i < sel->ntags; i++)
		p->tags[p->ntags++] = arena_str(*a, str_from(sel->tags[i])).ptr;
	b.role = ARENA_ARRAY(*a, line->nroles, const struct plan_role *);
	for (size_t i = 0; i < line->nroles; i++)
		b.role[i] = plan_role_read(*a, &line->roles[i], ds);
	if (!vars_read(&b, e))
		return NULL;
	served_read(&b);
	for (size_t i = 0; i < suites->count; i++)
		file_add(&b, suites->file[i]);
	if (ds->errors != before) {
		err_set(e, ERR_CONFIG, "the files have mistakes");
		return NULL;
	}
	if (!p->njobs) {
		selection_empty(line, suites, sel, e);
		return NULL;
	}
	if (p->njobs >= JOBS_MAX) {
		err_set(e, ERR_CONFIG, "more than %d jobs", JOBS_MAX - 1);
		return NULL;
	}
	p->job = b.job;
	p->whole = sel->nwhere == 0;
	plan_hash(p, suites);
	p->arena = *a;
	p->refs = 1;
	*a = NULL;
	return p;
}

struct plan *plan_ref(struct plan *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void plan_unref(struct plan *p)
{
	if (p && __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) == 0)
		arena_free(p->arena);
}

struct plan_record plan_record(const struct plan *p, struct arena *a,
	struct str runner, int64_t now_us)
{
	struct plan_record r = {
		.hash = str_from(p->hash),
		.config = str_from(p->config),
		.runner = runner,
		.at_us = now_us,
		.njobs = p->njobs,
	};

	r.job = ARENA_ARRAY(a, p->njobs, struct plan_job);
	for (size_t i = 0; i < p->njobs; i++) {
		const struct job *j = &p->job[i];

		r.job[i] = (struct plan_job){
			.suite = j->suite->name,
			.role = j->role->name,
			.row = j->row_name,
			.region = j->region->full,
			.every_ms = j->suite->every_ms,
			.timeout_ms = j->suite->timeout_ms,
			.every_failing_ms =
				j->times_failing > 1
					? j->suite->every_ms / j->times_failing
					: 0,
			.block = j->block,
			.tag = j->suite->tags.item,
			.ntags = j->suite->tags.count,
		};
	}
	return r;
}
