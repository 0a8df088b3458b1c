#include "cli/fmt_diff.h"

/* Changes with so many lines between them share a hunk. */
enum { NEAR = 2 * DIFF_CONTEXT };

struct side {
	struct str *line; /* with its end of line */
	bool *changed;
	size_t n;
};

/* --- lines ---------------------------------------------------------------- */

static void side_read(struct arena *a, struct str text, struct side *ret)
{
	size_t most = 1;

	for (size_t i = 0; i < text.len; i++)
		most += text.ptr[i] == '\n';
	ret->line = ARENA_ARRAY(a, most, struct str);
	ret->changed = ARENA_ARRAY(a, most, bool);
	ret->n = 0;
	while (text.len > 0) {
		size_t end = str_find_byte(text, '\n', 0);
		size_t len = end == SIZE_MAX ? text.len : end + 1;

		ret->line[ret->n++] = str_sub(text, 0, len);
		text = str_sub(text, len, SIZE_MAX);
	}
}

/* --- the shortest script of edits ------------------------------------------
 */

/*
 * E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986),
 * section 4: after d edits the furthest line of `before` on the diagonal k (of
 * before minus after) is reach[d * d + k + d], k from -d to d.
 */
struct script {
	const struct side *before, *after;
	size_t skip;          /* lines that both begin with */
	long nbefore, nafter; /* between those and what both end with */
	long *reach;
};

static long *reach_at(const struct script *s, long d, long k)
{
	return &s->reach[d * d + k + d];
}

static bool from_above(const struct script *s, long d, long k)
{
	return k == -d || (k != d && *reach_at(s, d - 1, k - 1) <
					     *reach_at(s, d - 1, k + 1));
}

static long furthest(const struct script *s, long d, long k)
{
	long x = 0;

	if (d > 0)
		x = from_above(s, d, k) ? *reach_at(s, d - 1, k + 1)
					: *reach_at(s, d - 1, k - 1) + 1;
	while (x < s->nbefore && x - k < s->nafter &&
		str_eq(s->before->line[s->skip + (size_t)x],
			s->after->line[s->skip + (size_t)(x - k)]))
		x++;
	return x;
}

/* How many edits it takes; -1: more than DIFF_EDITS_MAX. */
static long script_find(struct script *s)
{
	for (long d = 0; d <= DIFF_EDITS_MAX; d++)
		for (long k = -d; k <= d; k += 2) {
			long x = furthest(s, d, k);

			*reach_at(s, d, k) = x;
			if (x >= s->nbefore && x - k >= s->nafter)
				return d;
		}
	return -1;
}

/* Back from the end, edit by edit. */
static void script_mark(const struct script *s, long d)
{
	long k = s->nbefore - s->nafter;

	for (; d > 0; d--) {
		bool added = from_above(s, d, k);
		long x = *reach_at(s, d - 1, added ? k + 1 : k - 1);

		k += added ? 1 : -1;
		if (added)
			s->after->changed[s->skip + (size_t)(x - k)] = true;
		else
			s->before->changed[s->skip + (size_t)x] = true;
	}
}

static void sides_compare(struct arena *a, struct side *before,
	struct side *after)
{
	size_t least = before->n < after->n ? before->n : after->n;
	struct script s = { .before = before, .after = after };
	size_t tail = 0;

	while (s.skip < least &&
		str_eq(before->line[s.skip], after->line[s.skip]))
		s.skip++;
	while (tail < least - s.skip &&
		str_eq(before->line[before->n - 1 - tail],
			after->line[after->n - 1 - tail]))
		tail++;
	s.nbefore = (long)(before->n - s.skip - tail);
	s.nafter = (long)(after->n - s.skip - tail);
	s.reach = ARENA_ARRAY(a,
		(size_t)(DIFF_EDITS_MAX + 1) * (DIFF_EDITS_MAX + 1), long);
	long edits = script_find(&s);
	if (edits >= 0) {
		script_mark(&s, edits);
		return;
	}
	for (long i = 0; i < s.nbefore; i++)
		before->changed[s.skip + (size_t)i] = true;
	for (long i = 0; i < s.nafter; i++)
		after->changed[s.skip + (size_t)i] = true;
}

/* --- hunks -----------------------------------------------------------------
 */

struct hunk { /* from each of the texts, in lines from 0 */
	size_t before, after, nbefore, nafter;
};

static bool is_changed(const struct side *s, size_t at)
{
	return at < s->n && s->changed[at];
}

/* Over what is the same, at most `most` lines; how many it were. */
static size_t same_skip(const struct side *before, const struct side *after,
	size_t at[2], size_t most)
{
	size_t n = 0;

	for (; n < most && at[0] < before->n && !is_changed(before, at[0]) &&
		!is_changed(after, at[1]);
		n++) {
		at[0]++;
		at[1]++;
	}
	return n;
}

static void changed_skip(const struct side *before, const struct side *after,
	size_t at[2])
{
	while (is_changed(before, at[0]))
		at[0]++;
	while (is_changed(after, at[1]))
		at[1]++;
}

/* The next one from `at` on, which moves behind it; false: there is none. */
static bool hunk_next(const struct side *before, const struct side *after,
	size_t at[2], struct hunk *ret)
{
	size_t same = same_skip(before, after, at, SIZE_MAX);
	size_t lead = same < DIFF_CONTEXT ? same : DIFF_CONTEXT;

	if (at[0] == before->n && at[1] == after->n)
		return false;
	ret->before = at[0] - lead;
	ret->after = at[1] - lead;
	for (;;) {
		changed_skip(before, after, at);
		size_t end[2] = { at[0], at[1] };
		same = same_skip(before, after, end, NEAR);
		bool more =
			is_changed(before, end[0]) || is_changed(after, end[1]);
		if (!more && same > DIFF_CONTEXT)
			same = DIFF_CONTEXT;
		at[0] += same;
		at[1] += same;
		if (!more)
			break;
	}
	ret->nbefore = at[0] - ret->before;
	ret->nafter = at[1] - ret->after;
	return true;
}

struct writing {
	struct buf *out;
	size_t lines, left_out;
};

static void line_write(struct writing *w, char mark, struct str line)
{
	bool ended = str_ends(line, STR("\n"));

	if (w->lines++ >= DIFF_LINES_MAX) {
		w->left_out++;
		return;
	}
	buf_add_byte(w->out, mark);
	buf_add_visible(w->out, str_sub(line, 0, line.len - ended));
	buf_add_z(w->out, ended ? "\n" : "\n\\ No newline at end of file\n");
}

/* As diff counts: from 1, and the line before where there is none. */
static void range_write(struct buf *out, char mark, size_t from, size_t n)
{
	buf_addf(out, " %c%zu", mark, n ? from + 1 : from);
	if (n != 1)
		buf_addf(out, ",%zu", n);
}

static void hunk_write(struct writing *w, const struct side *before,
	const struct side *after, const struct hunk *h)
{
	size_t b = h->before;
	size_t a = h->after;

	if (w->lines < DIFF_LINES_MAX) {
		buf_add_z(w->out, "@@");
		range_write(w->out, '-', h->before, h->nbefore);
		range_write(w->out, '+', h->after, h->nafter);
		buf_add_z(w->out, " @@\n");
	}
	while (b < h->before + h->nbefore || a < h->after + h->nafter) {
		if (is_changed(before, b)) {
			line_write(w, '-', before->line[b++]);
		} else if (is_changed(after, a)) {
			line_write(w, '+', after->line[a++]);
		} else {
			line_write(w, ' ', before->line[b++]);
			a++;
		}
	}
}

void diff_write(struct arena *a, struct str before, struct str after,
	struct buf *out)
{
	struct writing w = { .out = out };
	size_t at[2] = { 0, 0 };
	struct side sides[2];
	struct hunk h;

	side_read(a, before, &sides[0]);
	side_read(a, after, &sides[1]);
	sides_compare(a, &sides[0], &sides[1]);
	while (hunk_next(&sides[0], &sides[1], at, &h))
		hunk_write(&w, &sides[0], &sides[1], &h);
	if (w.left_out)
		buf_addf(out, "... %zu more lines\n", w.left_out);
}
