#include "cli/recording.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"
#include "cli/recording_impl.h"

#define COLUMNS    "t_ms,check,region,ok,lat_ms"
#define ROWS_FIRST 4096

bool recording_wrong(struct reader *rd, const char *fmt, ...)
{
	va_list ap;
	struct str text;

	va_start(ap, fmt);
	text = arena_vprintf(rd->arena, fmt, ap);
	va_end(ap);
	return err_set(rd->e, ERR_CONFIG, "%.*s:%u: %.*s",
		STR_ARG(rd->rec->path), rd->at, STR_ARG(text));
}

bool recording_line(struct reader *rd, struct str *ret, bool *ret_end)
{
	ssize_t n;

	errno = 0;
	n = getline(&rd->line, &rd->line_cap, rd->in);
	rd->at++;
	*ret_end = n < 0;
	if (n < 0)
		return ferror(rd->in) ? err_sys(rd->e, ERR_CONFIG, "%.*s",
						STR_ARG(rd->rec->path))
				      : true;
	if (n > RECORDING_LINE_MAX)
		return recording_wrong(rd, "a line of more than %d bytes",
			RECORDING_LINE_MAX);
	*ret = (struct str){ rd->line, (size_t)n };
	if (str_ends(*ret, STR("\n")))
		ret->len--;
	if (str_ends(*ret, STR("\r")))
		ret->len--;
	if (memchr(ret->ptr, 0, ret->len))
		return recording_wrong(rd, "a NUL byte");
	return true;
}

bool recording_number(struct reader *rd, const struct json *o, const char *key,
	const double range[2], double *ret)
{
	const struct json *j = json_get(o, str_from(key));

	if (!j || j->type != JSON_NUMBER)
		return recording_wrong(rd, "`%s` must be a number", key);
	*ret = json_get_double(o, key, NAN);
	if (!(*ret >= range[0] && *ret <= range[1]))
		return recording_wrong(rd, "`%s` must be between %g and %g",
			key, range[0], range[1]);
	return true;
}

/* NULL in *ret when it is not given; else one text for each check. */
static bool head_names(struct reader *rd, const struct json *o, const char *key,
	const struct str **ret)
{
	const struct json *j = json_get(o, str_from(key));
	struct str *name;

	*ret = NULL;
	if (!j || j->type == JSON_NULL)
		return true;
	if (j->type != JSON_ARRAY || j->count != rd->rec->shape.nchecks)
		return recording_wrong(rd,
			"`%s` must be null or a list of %u names", key,
			rd->rec->shape.nchecks);
	name = ARENA_ARRAY(rd->arena, j->count, struct str);
	*ret = name;
	for (const struct json *n = j->first; n; n = n->next) {
		if (n->type != JSON_STRING)
			return recording_wrong(rd, "`%s` must hold names", key);
		*name++ = n->text;
	}
	return true;
}

static bool head_intervals(struct reader *rd, const struct json *o)
{
	const struct json *j = json_get(o, STR("interval_s"));
	uint32_t n = rd->rec->shape.nchecks;
	uint32_t *ms = ARENA_ARRAY(rd->arena, n, uint32_t);
	const struct json *one;

	if (!j || (j->type != JSON_NUMBER && j->type != JSON_ARRAY) ||
		(j->type == JSON_ARRAY && j->count != n))
		return recording_wrong(rd,
			"`interval_s` must be a number, or a list of %u", n);
	one = j->type == JSON_ARRAY ? j->first : j;
	for (uint32_t c = 0; c < n; c++) {
		double s = NAN;

		if (one->type == JSON_NUMBER)
			str_to_double(one->text, &s);
		if (!(s >= .001 && s <= 86400))
			return recording_wrong(rd,
				"`interval_s` must be between 0.001 "
				"and 86400");
		ms[c] = (uint32_t)(s * 1000 + .5);
		if (j->type == JSON_ARRAY)
			one = one->next;
	}
	rd->rec->shape.interval_ms = ms;
	return true;
}

/* Groups are numbered by the order of their names. */
static bool head_groups(struct reader *rd, const struct json *o)
{
	uint32_t n = rd->rec->shape.nchecks;
	const struct str *name;
	struct str *sorted;
	uint16_t *group;
	uint32_t ngroups = 0;

	if (!head_names(rd, o, "groups", &name))
		return false;
	if (!name)
		return true;
	sorted = ARENA_ARRAY(rd->arena, n, struct str);
	group = ARENA_ARRAY(rd->arena, n, uint16_t);
	for (uint32_t c = 0; c < n; c++) {
		uint32_t at = 0;

		while (at < ngroups && str_cmp(sorted[at], name[c]) < 0)
			at++;
		if (at < ngroups && str_eq(sorted[at], name[c]))
			continue;
		if (ngroups == UINT16_MAX)
			return recording_wrong(rd, "more than %d groups",
				UINT16_MAX - 1);
		memmove(&sorted[at + 1], &sorted[at],
			(ngroups - at) * sizeof(*sorted));
		sorted[at] = name[c];
		ngroups++;
	}
	for (uint32_t c = 0; c < n; c++)
		while (!str_eq(sorted[group[c]], name[c]))
			group[c]++;
	rd->rec->shape.group = ngroups > 1 ? group : NULL;
	return true;
}

static bool head_fields(struct reader *rd, const struct json *o)
{
	static const double checks[] = { 1, DETECTOR_MAX_CHECKS };
	static const double controls[] = { 0, DETECTOR_MAX_REGIONS - 1 };
	static const double history[] = { 0, 400 * 86400.0 };
	static const double soak[] = { 1, 400 * 86400.0 };
	struct recording *rec = rd->rec;
	double nchecks = 0;
	double ncontrols = 0;
	double history_s = 0;
	double soak_s = 0;

	if (!recording_number(rd, o, "checks", checks, &nchecks) ||
		!recording_number(rd, o, "baselines", controls, &ncontrols) ||
		!recording_number(rd, o, "history_s", history, &history_s) ||
		!recording_number(rd, o, "soak_s", soak, &soak_s))
		return false;
	if (nchecks != floor(nchecks) || ncontrols != floor(ncontrols))
		return recording_wrong(rd,
			"`checks` and `baselines` are whole numbers");
	rec->id = json_get_str(o, "id");
	rec->shape.nchecks = (uint32_t)nchecks;
	rec->shape.nregions = (uint16_t)(ncontrols + 1);
	rec->shape.soak_ms = (uint64_t)(soak_s * 1000);
	rec->history_us = (int64_t)(history_s * 1e6);
	return head_intervals(rd, o) && head_groups(rd, o) &&
	       head_names(rd, o, "check_names", &rec->check_name);
}

static const struct json *head_json(struct reader *rd, struct str line,
	size_t from)
{
	struct json_error je;
	const struct json *o =
		json_parse(rd->arena, str_sub(line, from, line.len), NULL, &je);

	if (!o)
		recording_wrong(rd, "column %zu: not JSON: %s",
			je.at + from + 1, je.text);
	return o;
}

static bool row_int(struct reader *rd, struct str text, const char *what,
	const int64_t range[2], int64_t *ret)
{
	if (!str_to_i64(text, ret))
		return recording_wrong(rd, "`%s` is not a whole number", what);
	if (*ret < range[0] || *ret > range[1])
		return recording_wrong(rd,
			"%s %lld is not between %lld and %lld", what,
			(long long)*ret, (long long)range[0],
			(long long)range[1]);
	return true;
}

uint32_t recording_latency(struct reader *rd, double ms)
{
	if (ms >= 0 && ms <= RECORDING_LATENCY_MAX_S * 1000.0)
		return (uint32_t)(ms * 1000 + .5);
	rd->rec->bad_latencies++;
	return 0;
}

/* What can not be a latency is counted; what is no number is a mistake. */
static bool row_latency(struct reader *rd, struct str text, uint32_t *ret_us)
{
	double ms = 0;

	*ret_us = 0;
	if (text.len == 0)
		return true;
	if (str_eq_nocase(text, STR("nan")) ||
		str_eq_nocase(text, STR("inf")) ||
		str_eq_nocase(text, STR("-inf"))) {
		rd->rec->bad_latencies++;
		return true;
	}
	if (!str_to_double(text, &ms))
		return recording_wrong(rd,
			"`lat_ms` is neither empty nor a number");
	*ret_us = recording_latency(rd, ms);
	return true;
}

static bool row_read(struct reader *rd, struct str line, struct recorded *ret)
{
	const struct stage_shape *shape = &rd->rec->shape;
	const int64_t times[] = { -RECORDING_TIME_MS, RECORDING_TIME_MS };
	const int64_t checks[] = { 0, shape->nchecks - 1 };
	const int64_t regions[] = { 0, shape->nregions - 1 };
	static const int64_t oks[] = { 0, 1 };
	struct str field[5];
	int64_t t_ms;
	int64_t check;
	int64_t region;
	int64_t ok;

	for (int i = 0; i < 4; i++) {
		size_t comma = str_find_byte(line, ',', 0);

		if (comma == SIZE_MAX)
			return recording_wrong(rd,
				"a row has 5 fields: " COLUMNS);
		field[i] = str_sub(line, 0, comma);
		line = str_sub(line, comma + 1, line.len);
	}
	field[4] = line;
	if (!row_int(rd, field[0], "t_ms", times, &t_ms) ||
		!row_int(rd, field[1], "check", checks, &check) ||
		!row_int(rd, field[2], "region", regions, &region) ||
		!row_int(rd, field[3], "ok", oks, &ok) ||
		!row_latency(rd, field[4], &ret->took_us))
		return false;
	ret->at_us = t_ms * 1000;
	ret->check = (uint32_t)check;
	ret->region = (uint16_t)region;
	ret->failed = !ok;
	ret->line = rd->at;
	ret->duplicate = false;
	return true;
}

struct recorded *recording_row(struct reader *rd)
{
	struct recording *rec = rd->rec;

	if (rec->nrows == RECORDING_ROWS_MAX) {
		recording_wrong(rd, "more than %d rows", RECORDING_ROWS_MAX);
		return NULL;
	}
	if (rec->nrows == rd->cap) {
		rd->cap = rd->cap ? rd->cap * 2 : ROWS_FIRST;
		rec->row = xrealloc(rec->row, rd->cap * sizeof(*rec->row));
	}
	return &rec->row[rec->nrows];
}

static bool rows_read(struct reader *rd)
{
	struct str line = STR("");
	bool end;

	for (;;) {
		struct recorded *row;

		if (!recording_line(rd, &line, &end))
			return false;
		if (end)
			return true;
		row = recording_row(rd);
		if (!row || !row_read(rd, line, row))
			return false;
		rd->rec->nrows++;
	}
}

static int same_run(const struct recorded *a, const struct recorded *b)
{
	if (a->check != b->check)
		return a->check < b->check ? -1 : 1;
	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (a->at_us != b->at_us)
		return a->at_us < b->at_us ? -1 : 1;
	return 0;
}

static int by_run(const void *a, const void *b)
{
	const struct recorded *const *ra = a;
	const struct recorded *const *rb = b;
	int order = same_run(*ra, *rb);

	return order ? order : (*ra < *rb ? -1 : 1);
}

/* A result that was delivered twice is one result. */
static bool duplicates_mark(struct reader *rd)
{
	struct recording *rec = rd->rec;
	struct recorded **at =
		xmalloc((rec->nrows + 1) * sizeof(struct recorded *));
	const struct recorded *first = NULL;
	bool ok = true;

	for (size_t i = 0; i < rec->nrows; i++)
		at[i] = &rec->row[i];
	qsort(at, rec->nrows, sizeof(struct recorded *), by_run);
	for (size_t i = 0; ok && i < rec->nrows; i++) {
		if (!first || same_run(first, at[i]) != 0) {
			first = at[i];
			continue;
		}
		at[i]->duplicate = true;
		rec->duplicates++;
		if (first->failed != at[i]->failed) {
			rd->at = at[i]->line;
			ok = recording_wrong(rd,
				"the result of line %u again, but it "
				"says otherwise",
				first->line);
		}
	}
	free(at);
	return ok;
}

/* CSV behind a comment of JSON, or lines of JSON. */
static bool body_read(struct reader *rd)
{
	struct str line = STR("");
	const struct json *o;
	bool end;

	if (!recording_line(rd, &line, &end))
		return false;
	if (!end && str_starts(line, STR("{"))) {
		o = head_json(rd, line, 0);
		return o && recording_lines(rd, o);
	}
	if (end || !str_starts(line, STR("# {")))
		return recording_wrong(rd,
			"not a recording: its first line must be `# {...}`, "
			"or `{...}` before lines of JSON");
	o = head_json(rd, line, 2);
	if (!o || !head_fields(rd, o) || !recording_line(rd, &line, &end))
		return false;
	if (end || !str_eq(line, STR(COLUMNS)))
		return recording_wrong(rd,
			"the second line must be `" COLUMNS "`");
	return rows_read(rd);
}

static struct str base_name(struct str path)
{
	size_t from = 0;

	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '/')
			from = i + 1;
	return str_sub(path, from, path.len);
}

bool recording_from(struct arena *a, FILE *in, const char *name,
	struct recording *ret, struct err *e)
{
	struct reader rd = { .rec = ret, .arena = a, .in = in, .e = e };
	bool ok;

	*ret = (struct recording){ .path = str_from(name) };
	ok = body_read(&rd) && duplicates_mark(&rd);
	free(rd.line);
	if (ok && ret->id.len == 0)
		ret->id = base_name(ret->path);
	if (!ok)
		recording_free(ret);
	return ok;
}

bool recording_read(struct arena *a, const char *path, struct recording *ret,
	struct err *e)
{
	FILE *in;
	bool ok;

	if (strcmp(path, "-") == 0)
		return recording_from(a, stdin, "stdin", ret, e);
	in = fopen(path, "re");
	if (!in)
		return err_sys(e, ERR_CONFIG, "%s", path);
	ok = recording_from(a, in, path, ret, e);
	(void)fclose(in);
	return ok;
}

void recording_free(struct recording *r)
{
	free(r->row);
	r->row = NULL;
	r->nrows = 0;
}
