#include "cli/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/command.h"

static const char *const words_allow[] = { "undecided", NULL };
static const char *const words_lane[] = { "ordinary", "fix", "rollback", NULL };
static const char *const words_format[] = { "human", "json", "github", "sarif",
	NULL };
static const char *const words_color[] = { "auto", "always", "never", NULL };

enum {
	OPTION_WORDS_MAX = 8,
	OPTION_NAME_MAX = 256, /* of a version, a person, a change */
	OPTION_TEXT_MAX = 4096
};
/* So that no deadline made of it can overflow. */
#define OPTION_DURATION_MAX_MS (UINT64_C(365) * 24 * 3600 * 1000)

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset;
	const char *metavar;
	const char *const *words;
	const char *help;
};

/* clang-format off */
static const struct option table[OPTIONS] = {
#define X(name, field, kind, metavar, words, help) [OPT_##field] = \
	{name, OPTION_##kind, offsetof(struct options, field), metavar, words, help},
	OPTION_MAP(X)
#undef X
};
/* clang-format on */

/* One place an option came from, for the message. */
struct origin {
	char text[80];
};

static bool list_add(struct list *l, const char *item, struct err *e)
{
	if (l->count == OPTIONS_LIST_MAX)
		return err_set(e, ERR_USAGE, "more than %d values",
			OPTIONS_LIST_MAX);
	l->item[l->count++] = item;
	return true;
}

/* "a, b, c" of the first `max` words. */
static const char *words_text(const char *const *words, int max, char out[80])
{
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < max && words[i] && len < 79; i++)
		len += (size_t)snprintf(out + len, 80 - len, "%s%s",
			i ? ", " : "", words[i]);
	return out;
}

static bool set_word(const struct option *op, int *field, const char *value,
	const struct origin *from, struct err *e)
{
	char text[80];

	for (int i = 0; op->words[i]; i++)
		if (strcmp(op->words[i], value) == 0) {
			*field = i;
			return true;
		}
	return err_set(e, ERR_USAGE, "%s: `%s` is not one of %s", from->text,
		value, words_text(op->words, OPTION_WORDS_MAX, text));
}

/* Some ways to show a result make sense for some commands only. */
static bool format_fits(const struct options *o, const struct command *c,
	struct err *e)
{
	int max = c->formats ? c->formats : FORMAT_JSON + 1;
	char text[80];

	if (o->format < max)
		return true;
	return err_set(e, ERR_USAGE, "--format: `%s` is not one of %s",
		words_format[o->format], words_text(words_format, max, text));
}

/* Names go into keys, records and one line of many texts. */
static bool is_name(enum option_id id)
{
	return id == OPT_version || id == OPT_change || id == OPT_by ||
	       id == OPT_name || id == OPT_fixes || id == OPT_id;
}

static bool text_fits(enum option_id id, struct str value,
	const struct origin *from, struct err *e)
{
	size_t most = is_name(id) ? OPTION_NAME_MAX : OPTION_TEXT_MAX;

	if (value.len == 0)
		return err_set(e, ERR_USAGE, "%s is empty", from->text);
	if (value.len > most)
		return err_set(e, ERR_USAGE, "%s is longer than %zu bytes",
			from->text, most);
	/* The name of a file may be any bytes. */
	if ((is_name(id) || id == OPT_reason || id == OPT_cause) &&
		!str_is_utf8(value))
		return err_set(e, ERR_USAGE, "%s is not UTF-8", from->text);
	for (size_t i = 0; is_name(id) && i < value.len; i++)
		if ((unsigned char)value.ptr[i] < ' ' || value.ptr[i] == 0x7f)
			return err_set(e, ERR_USAGE,
				"%s holds a control character", from->text);
	return true;
}

static bool set_value(struct options *o, enum option_id id, const char *value,
	const struct origin *from, struct err *e)
{
	const struct option *op = &table[id];
	void *field = (char *)o + op->offset;
	bool ok = true;

	switch (op->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		break;
	case OPTION_TEXT:
		if (!text_fits(id, str_from(value), from, e))
			return false;
		*(const char **)field = value;
		break;
	case OPTION_LIST:
		ok = list_add(field, value, e);
		break;
	case OPTION_WORD:
		ok = set_word(op, field, value, from, e);
		break;
	case OPTION_DURATION:
		if (!units_duration_ms(str_from(value), field))
			return err_set(e, ERR_USAGE,
				"%s: `%s` is not a duration such as 30s or 5m",
				from->text, value);
		if (*(uint64_t *)field > OPTION_DURATION_MAX_MS)
			return err_set(e, ERR_USAGE,
				"%s: `%s` is more than 365d", from->text,
				value);
		break;
	case OPTION_COUNT:
		if (!str_to_u64(str_from(value), field))
			return err_set(e, ERR_USAGE, "%s: `%s` is not a number",
				from->text, value);
		break;
	}
	o->given[id] = true;
	return ok;
}

static const char *env_name(const struct option *op, char out[40])
{
	size_t n = 6;

	memcpy(out, "ANDON_", 6);
	for (const char *p = op->name; *p && n < 39; p++)
		out[n++] = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
	out[n] = '\0';
	return out;
}

/* White space parts the items of a list; each is cut in a copy that lives as
 * long as the process, as argv does. */
static bool env_list(struct options *o, enum option_id id, const char *value,
	const struct origin *from, struct err *e)
{
	static char copies[8192];
	static size_t used;
	size_t len = strlen(value) + 1;

	if (used + len > sizeof(copies))
		return err_set(e, ERR_USAGE, "%s is too long", from->text);
	char *p = memcpy(copies + used, value, len);
	used += len;
	while (*p) {
		char *end = p + strcspn(p, " \t\n");
		bool last = *end == '\0';
		*end = '\0';
		if (end > p && !set_value(o, id, p, from, e))
			return false;
		if (last)
			break;
		p = end + 1;
	}
	return true;
}

static bool env_read(struct options *o, const struct command *c, struct err *e)
{
	char name[40];

	for (int id = 0; id < OPTIONS; id++) {
		struct origin from;
		const char *value = getenv(env_name(&table[id], name));
		if (!(c->options & (1ULL << id)) || id == OPT_help || !value ||
			!*value || strcmp(value, "0") == 0)
			continue;
		snprintf(from.text, sizeof(from.text), "%s", name);
		bool ok = table[id].kind == OPTION_LIST
				  ? env_list(o, (enum option_id)id, value,
					    &from, e)
				  : set_value(o, (enum option_id)id, value,
					    &from, e);
		if (!ok)
			return false;
	}
	return true;
}

static bool unknown_option(const struct command *c, struct str name,
	struct err *e)
{
	struct str names[OPTIONS];
	size_t n = 0;

	for (int id = 0; id < OPTIONS; id++)
		if (c->options & (1ULL << id))
			names[n++] = str_from(table[id].name);
	size_t near = str_nearest(name, names, n);
	if (near == SIZE_MAX)
		return err_set(e, ERR_USAGE, "unknown option `--%.*s`",
			STR_ARG(name));
	return err_set(e, ERR_USAGE,
		"unknown option `--%.*s`; did you mean `--%.*s`?",
		STR_ARG(name), STR_ARG(names[near]));
}

static bool option_find(const struct command *c, struct str name,
	enum option_id *ret, struct err *e)
{
	for (int id = 0; id < OPTIONS; id++)
		if ((c->options & (1ULL << id)) &&
			str_eq(str_from(table[id].name), name)) {
			*ret = (enum option_id)id;
			return true;
		}
	return unknown_option(c, name, e);
}

/* One `--name`, `--name VALUE` or `--name=VALUE`; moves *at behind it. */
static bool option_read(struct options *o, const struct command *c, int argc,
	char **argv, int *at, struct err *e)
{
	const char *word = argv[*at] + 2;
	const char *eq = strchr(word, '=');
	struct str name =
		eq ? (struct str){ word, (size_t)(eq - word) } : str_from(word);
	const char *value = eq ? eq + 1 : NULL;
	enum option_id id = 0;
	struct origin from;

	if (!option_find(c, name, &id, e))
		return false;
	snprintf(from.text, sizeof(from.text), "--%s", table[id].name);
	(*at)++;
	if (table[id].kind == OPTION_FLAG) {
		if (value)
			return err_set(e, ERR_USAGE, "%s takes no value",
				from.text);
	} else if (!value) {
		if (*at == argc)
			return err_set(e, ERR_USAGE, "%s needs a value: %s",
				from.text, table[id].metavar);
		value = argv[(*at)++];
	}
	return set_value(o, id, value, &from, e);
}

bool options_parse(struct options *o, const struct command *c, int argc,
	char **argv, struct err *e)
{
	static const struct list none;
	bool only_args = false;

	*o = (struct options){ .allow = -1, .command = c };
	if (!env_read(o, c, e))
		return false;
	/* A list on the command line replaces the one of the environment. */
	for (int id = 0; id < OPTIONS; id++)
		for (int i = 0; table[id].kind == OPTION_LIST && i < argc; i++)
			if (strncmp(argv[i], "--", 2) == 0 &&
				strncmp(argv[i] + 2, table[id].name,
					strlen(table[id].name)) == 0)
				*(struct list *)(void *)((char *)o +
							 table[id].offset) =
					none;
	for (int i = 0; i < argc;) {
		if (!only_args && strcmp(argv[i], "--") == 0) {
			only_args = true;
			i++;
		} else if (!only_args && strncmp(argv[i], "--", 2) == 0) {
			if (!option_read(o, c, argc, argv, &i, e))
				return false;
		} else if (!only_args && argv[i][0] == '-' && argv[i][1]) {
			if (strcmp(argv[i], "-h") != 0)
				return err_set(e, ERR_USAGE,
					"unknown option `%s`", argv[i]);
			o->help = true;
			i++;
		} else if (!list_add(&o->args, argv[i++], e)) {
			return false;
		}
	}
	return format_fits(o, c, e);
}

void options_help(const struct command *c, FILE *out)
{
	for (int id = 0; id < OPTIONS; id++) {
		const struct option *op = &table[id];
		char left[48];
		if (!(c->options & (1ULL << id)))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", op->name,
			op->metavar ? " " : "", op->metavar ? op->metavar : "");
		fprintf(out, "  %-28s %s\n", left, op->help);
	}
}
