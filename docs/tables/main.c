/*
 * Writes the generated tables into the pages of the manual, in place.
 *
 *	andon_manual [--check] PAGE...
 *
 * A page holds `.\" BEGIN GENERATED name` and `.\" END GENERATED`; what stands
 * between the two is replaced.  --check changes nothing and ends with 1 when
 * a page is not what the code says.  Every table must stand in a page.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/yaml.h"
#include "docs/tables/glossary.h"
#include "docs/tables/tables.h"

enum { PAGE_BYTES_MAX = 4 << 20, EXIT_DRIFT = 1, EXIT_BROKEN = 2 };

static const char begin_mark[] = ".\\\" BEGIN GENERATED ";
static const char end_mark[] = ".\\\" END GENERATED";

struct writing {
	const char *page;
	bool check;
	bool shown[TABLES_MAX];
	unsigned stale;
};

static const struct manual_table *table_find(struct writing *w, struct str name)
{
	for (size_t i = 0; manual_table_at(i); i++) {
		if (!str_eq(str_from(manual_table_at(i)->name), name))
			continue;
		w->shown[i] = true;
		return manual_table_at(i);
	}
	return NULL;
}

/* What stands up to the end mark; false: there is none. */
static bool cut_old(struct str *rest, struct str *ret)
{
	struct str all = *rest;

	while (rest->ptr) {
		struct str line = str_cut(rest, '\n');
		if (!str_eq(line, str_from(end_mark)))
			continue;
		*ret = (struct str){ all.ptr, (size_t)(line.ptr - all.ptr) };
		return true;
	}
	return false;
}

static bool splice(struct writing *w, struct str name, struct str *rest,
	struct buf *out, struct err *e)
{
	const struct manual_table *t = table_find(w, name);
	struct buf made;
	struct str old;

	if (!t)
		return err_set(e, ERR_CONFIG, "%s: no table `%.*s`", w->page,
			STR_ARG(name));
	if (!cut_old(rest, &old))
		return err_set(e, ERR_CONFIG, "%s: `%.*s` has no end", w->page,
			STR_ARG(name));
	buf_init(&made, TABLE_BYTES_MAX);
	bool ok = t->write(&made, t, e);
	if (ok && !str_eq(buf_str(&made), old)) {
		w->stale++;
		fprintf(stderr, "%s: `%s` %s\n", w->page, t->name,
			w->check ? "is not what the code says; build the "
				   "target `docs`"
				 : "is new");
	}
	if (ok)
		buf_add(out, buf_str(&made));
	buf_addf(out, "%s\n", end_mark);
	buf_done(&made);
	return ok;
}

static bool page_make(struct writing *w, struct str text, struct buf *out,
	struct err *e)
{
	struct str rest = text;

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		buf_add(out, line);
		buf_add_byte(out, '\n');
		if (!str_starts(line, str_from(begin_mark)))
			continue;
		struct str name = str_sub(line, sizeof(begin_mark) - 1, 80);
		if (!splice(w, name, &rest, out, e))
			return false;
	}
	return !out->over || err_set(e, ERR_CONFIG, "%s is too long", w->page);
}

static bool page_save(const char *path, const struct buf *out, struct err *e)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return err_sys(e, ERR_IO, "%s", path);
	bool ok = fwrite(out->ptr, 1, out->len, f) == out->len;
	ok = fclose(f) == 0 && ok;
	return ok || err_sys(e, ERR_IO, "%s", path);
}

static bool page_write(struct writing *w, struct err *e)
{
	struct arena *a = arena_new();
	const struct source *src = source_read(a, w->page, e);
	struct buf out;

	buf_init(&out, PAGE_BYTES_MAX);
	bool ok = src && page_make(w, src->text, &out, e);
	if (ok && !w->check && !str_eq(buf_str(&out), src->text))
		ok = page_save(w->page, &out, e);
	buf_done(&out);
	arena_free(a);
	return ok;
}

/* Every table stands somewhere, and every entry of the glossary in one. */
static bool all_shown(const struct writing *w, struct err *e)
{
	for (size_t i = 0; manual_table_at(i); i++)
		if (!w->shown[i])
			return err_set(e, ERR_CONFIG, "no page shows `%s`",
				manual_table_at(i)->name);
	return glossary_used(e);
}

int main(int argc, char **argv)
{
	struct writing w = { .check = argc > 1 &&
				      strcmp(argv[1], "--check") == 0 };
	struct err e = { 0 };
	int at = w.check ? 2 : 1;

	if (at >= argc) {
		fprintf(stderr, "usage: andon_manual [--check] PAGE...\n");
		return EXIT_BROKEN;
	}
	bool ok = true;
	for (; at < argc && ok; at++) {
		w.page = argv[at];
		ok = page_write(&w, &e);
	}
	if (!ok || !all_shown(&w, &e)) {
		fprintf(stderr, "manual: %s\n", e.text);
		return EXIT_BROKEN;
	}
	return w.check && w.stale ? EXIT_DRIFT : 0;
}
