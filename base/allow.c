#include "base/allow.h"

#include "base/codes.h"

struct allow {
	struct allow *next;
	unsigned code;
	struct span holds; /* the bytes it holds for */
	struct span where; /* the entry itself */
	bool needed;
};

/* clang-format off */
const struct key lint_key_table[] = {
	{ "allow", KEY_STRS, KEY_REQUIRED, KEY(struct lint_keys, allow),
		.help = "codes of warnings, W104" },
	{ .name = NULL }
};
/* clang-format on */

/* 0: no warning has this code. */
static unsigned warning_code(struct str text)
{
	static const struct {
		char letter;
		unsigned code;
	} codes[] = {
#define X(letter_, number_, title_) { #letter_[0], number_ },
		CODE_MAP(X)
#undef X
	};
	uint64_t number;

	if (text.len != 4 || text.ptr[0] != 'W' ||
		!str_to_u64(str_sub(text, 1, 3), &number))
		return 0;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].letter == 'W' && codes[i].code == number)
			return codes[i].code;
	}
	return 0;
}

static bool is_read(const struct allows *all, struct span where)
{
	const struct allow *a = all->first;

	while (a && (a->where.src != where.src || a->where.at != where.at))
		a = a->next;
	return a != NULL;
}

static void entry_read(struct allows *all, const struct yaml_node *n,
	struct span holds, struct diags *ds)
{
	unsigned code = warning_code(n->text);
	struct allow *a;

	if (!code) {
		diag_add(ds, DIAG_ERROR, E24, n->where,
			"`%.*s` is not the code of a warning",
			STR_ARG(str_sub(n->text, 0, 80)));
		if (n->text.len && n->text.ptr[0] == 'E')
			diag_hint(ds, "an error can not be allowed");
		return;
	}
	if (is_read(all, n->where))
		return;
	a = ARENA_NEW(all->arena, struct allow);
	a->code = code;
	a->holds = holds;
	a->where = n->where;
	a->next = all->first;
	all->first = a;
}

void allow_read(struct allows *all, const struct yaml_node *lint,
	const struct yaml_node *holder, struct diags *ds)
{
	struct lint_keys keys = { 0 };

	if (!lint ||
		!keys_read(lint_key_table, lint, "lint", &keys, all->arena, ds))
		return;
	for (size_t i = 0; i < keys.allow.count; i++)
		entry_read(all, keys.allow.node[i], yaml_extent(holder), ds);
}

/* Does it stand there, or in what is taken in there? */
static bool stands_in(struct span where, struct span holds)
{
	for (; where.src; where = where.src->taken) {
		if (where.src == holds.src && where.at >= holds.at &&
			where.at <= holds.end)
			return true;
	}
	return false;
}

bool allow_holds(const struct allows *all, const struct diag *d)
{
	bool held = false;

	if (d->level != DIAG_WARNING)
		return false;
	for (struct allow *a = all->first; a; a = a->next) {
		if (a->code != d->code || !stands_in(d->where, a->holds))
			continue;
		a->needed = true;
		held = true;
	}
	return held;
}

void allow_filter(const struct allows *all, const struct diags *from,
	struct diags *to)
{
	unsigned errors = 0;
	bool keep = false;

	for (const struct diag *d = from->first; d; d = d->next) {
		if (d->level == DIAG_ERROR || d->level == DIAG_WARNING)
			keep = !allow_holds(all, d);
		errors += d->level == DIAG_ERROR;
		if (keep)
			diag_copy(to, d);
	}
	/* Beyond what a list keeps they are only counted, but they count. */
	to->errors += from->errors - errors;
	to->dropped += from->errors - errors;
}

void allow_check(const struct allows *all, struct diags *ds)
{
	for (const struct allow *a = all->first; a; a = a->next) {
		struct diag d = { .level = DIAG_WARNING, .code = W115 };

		d.where = a->where;
		if (a->needed || a->code == W115 || allow_holds(all, &d))
			continue;
		/* what several files take in, another one may need */
		if (a->where.src && a->where.src->taken.src)
			continue;
		diag_add(ds, DIAG_WARNING, W115, a->where,
			"W%03u is allowed here, but nothing gives it", a->code);
		diag_hint(ds, "take it out");
	}
}
