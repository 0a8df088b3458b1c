#include "docs/tables/tables.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/allow.h"
#include "base/codes.h"
#include "base/units.h"
#include "cli/command.h"
#include "detectors/detector.h"
#include "docs/tables/codes.h"
#include "docs/tables/mdoc.h"
#include "docs/tables/names.h"
#include "regions/tables.h"
#include "store/facts.h"
#include "store/record.h"
#include "suites/tables.h"

enum { SENTENCE_MAX = 2048 };

/* --- commands and options ----------------------------------------------- */

static void write_taken(struct buf *out, const struct command *c)
{
	/* clang-format off */
	static const char *const names[OPTIONS] = {
#define X(name, field, kind, metavar, words, help) [OPT_##field] = (name),
		OPTION_MAP(X)
#undef X
	};
	/* clang-format on */
	uint64_t own = c->options & ~TAKES_COMMON;
	bool first = true;

	if (!own)
		return;
	buf_add_z(out, ".Pp\nOptions:\n");
	for (int id = 0; id < OPTIONS; id++) {
		if (!(own & (1ULL << id)))
			continue;
		buf_addf(out, "%s.Fl -%s", first ? "" : " ,\n", names[id]);
		first = false;
	}
	buf_add_z(out, " .\n");
}

static bool write_commands(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	(void)t;
	(void)e;
	buf_add_z(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; command_at(i); i++) {
		const struct command *c = command_at(i);
		buf_addf(out, ".It Cm %s", c->name);
		mdoc_usage(out, c->args);
		buf_add_byte(out, '\n');
		mdoc_sentence(out, c->summary);
		buf_add_z(out, ".Pp\n");
		mdoc_help(out, c->help);
		write_taken(out, c);
	}
	buf_add_z(out, ".El\n");
	return true;
}

struct option_row {
	const char *name, *metavar, *help;
};

static bool write_options(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	/* clang-format off */
	static const struct option_row rows[] = {
#define X(name, field, kind, metavar, words, help) { name, metavar, help },
		OPTION_MAP(X)
#undef X
	};
	/* clang-format on */
	const char *last = "";

	(void)t;
	(void)e;
	buf_add_z(out, ".Bl -tag -width Ds\n");
	for (int done = 0; done < OPTIONS; done++) {
		const struct option_row *next = NULL;
		for (int i = 0; i < OPTIONS; i++)
			if (strcmp(rows[i].name, last) > 0 &&
				(!next || strcmp(rows[i].name, next->name) < 0))
				next = &rows[i];
		buf_addf(out, ".It Fl -%s", next->name);
		if (next->metavar) {
			buf_add_z(out, " Ar");
			mdoc_arg(out, next->metavar);
		}
		buf_add_byte(out, '\n');
		mdoc_sentence(out, next->help);
		last = next->name;
	}
	buf_add_z(out, ".El\n");
	return true;
}

/* --- key tables --------------------------------------------------------- */

static void add_quantity(struct buf *out, enum key_type type, double value)
{
	if (type == KEY_DURATION) {
		char text[32];
		buf_add_z(out, units_duration_text((uint64_t)value, text));
	} else if (type == KEY_SHARE) {
		buf_addf(out, "%.4g%%", 100 * value);
	} else if (type == KEY_SIZE && value >= 1 << 20) {
		buf_addf(out, "%.0fMiB", value / (1 << 20));
	} else {
		buf_addf(out, type == KEY_SIZE ? "%.0fB" : "%.0f", value);
	}
}

static void add_range(struct buf *out, const struct key *k)
{
	if (k->low == 0 && k->high == 0)
		return;
	if (k->low == k->high) {
		buf_add_z(out, " Only ");
		add_quantity(out, k->type, k->low);
	} else if (isinf(k->high)) {
		buf_add_z(out, " At least ");
		add_quantity(out, k->type, k->low);
	} else {
		buf_add_z(out, " From ");
		add_quantity(out, k->type, k->low);
		buf_add_z(out, " to ");
		add_quantity(out, k->type, k->high);
	}
	buf_add_byte(out, '.');
}

static void add_words(struct buf *out, const struct key *k)
{
	if (!k->words)
		return;
	buf_add_z(out, k->words[1] ? " One of" : " Only");
	for (size_t i = 0; k->words[i]; i++)
		buf_addf(out, "%s `%s`", i ? "," : "", k->words[i]);
	buf_add_byte(out, '.');
}

static void write_key(struct buf *out, const struct key *k)
{
	struct buf b;

	buf_addf(out, ".It Ic %s", k->name);
	if (k->type != KEY_NODE && k->type != KEY_WORD) {
		buf_add_z(out, " : Ar");
		mdoc_arg(out, key_type_name(k->type));
	}
	buf_add_byte(out, '\n');
	mdoc_sentence(out, k->help);
	buf_init(&b, SENTENCE_MAX);
	add_words(&b, k);
	add_range(&b, k);
	if (k->flags & KEY_REQUIRED)
		buf_add_z(&b, " Required.");
	else if (k->fallback)
		buf_addf(&b, " Default: %s.", k->fallback);
	if (b.len > 0)
		mdoc_text(out, b.ptr);
	buf_done(&b);
}

static bool is_gate_key(const char *name)
{
	for (const struct key *k = gate_key_table; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return true;
	return false;
}

static bool write_keys(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	const struct key *table = t->rows;
	struct buf refused;

	(void)e;
	buf_init(&refused, SENTENCE_MAX);
	buf_add_z(out, ".Bl -tag -width Ds\n");
	for (const struct key *k = table; k->name; k++) {
		/* every gate key may stand in a stage: said once */
		if (table == stage_key_table && is_gate_key(k->name))
			continue;
		if (k->help)
			write_key(out, k);
		else
			buf_addf(&refused, "%s `%s`", refused.len ? "," : "",
				k->name);
	}
	buf_add_z(out, ".El\n");
	if (refused.len > 0) {
		buf_add_z(out, ".Pp\nKnown, and refused by name in this "
			       "version:\n");
		mdoc_sentence(out, refused.ptr);
	}
	buf_done(&refused);
	return true;
}

/* --- closed sets with texts of their own -------------------------------- */

struct told {
	const char *token, *text;
};

static bool write_told(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	size_t width = 0;

	(void)e;
	for (const struct told *r = t->rows; r->token; r++)
		width = strlen(r->token) > width ? strlen(r->token) : width;
	buf_addf(out, ".Bl -tag -width %zun -compact\n", width + 2);
	for (const struct told *r = t->rows; r->token; r++) {
		if (!*r->token) /* the set's `none` */
			continue;
		buf_addf(out, ".It Li %s\n", r->token);
		mdoc_sentence(out, r->text);
	}
	buf_add_z(out, ".El\n");
	return true;
}

/* clang-format off */
static const struct told outcomes[] = {
#define X(name, token, ok, counts, text) { token, text },
	OUTCOME_MAP(X)
#undef X
	{ NULL, NULL }
};

static const struct told states[] = {
#define X(name, token, final, text) { token, text },
	DEPLOYMENT_STATE_MAP(X)
#undef X
	{ NULL, NULL }
};

static const struct told halt_rules[] = {
#define X(name, token, text) { token, text },
	HALT_RULE_MAP(X)
#undef X
	{ NULL, NULL }
};

static const struct told streams[] = {
#define X(name, token, text) { token, text },
	STREAM_MAP(X)
#undef X
	{ NULL, NULL }
};

static const struct told lacks[] = {
#define X(name, token, pending, text) { token, text },
	LACK_MAP(X)
#undef X
	{ NULL, NULL }
};

static const struct told exits[] = {
#define X(name, code, text) { #code, text },
	EXIT_MAP(X)
#undef X
	{ NULL, NULL }
};
/* clang-format on */

/* Reasons stand under the outcome that they belong to. */
static bool write_classes(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	(void)t;
	(void)e;
	buf_add_z(out, ".Bl -tag -width 12n -compact\n");
#define X(name, token, of, text)                                               \
	if (*(token))                                                          \
		buf_addf(out, ".It Li %s\n%s: %s.\n", token,                   \
			outcome_token(OUTCOME_##of), text);
	REASON_MAP(X)
#undef X
	buf_add_z(out, ".El\n");
	return true;
}

static bool write_codes(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	(void)t;
	(void)e;
	buf_add_z(out, ".Bl -tag -width 6n -compact\n");
#define X(letter, number, title)                                               \
	buf_addf(out, ".It Li %s%03d\n", #letter, number);                     \
	mdoc_sentence(out, title);
	CODE_MAP(X)
#undef X
	buf_add_z(out, ".El\n");
	return true;
}

/* --- all of them -------------------------------------------------------- */

static size_t reason_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < WHYS && n < max; n++)
		ret[n] = str_from(why_token((enum why)n));
	return n;
}

static const struct named reasons = { GLOSSARY_REASON, reason_names };

/* clang-format off */
static const struct manual_table tables[] = {
	{ "commands",       write_commands, NULL },
	{ "options",        write_options,  NULL },
	{ "exit codes",     write_told,     exits },
	{ "reasons",        write_names,    &reasons },
	{ "lint codes",     write_codes,    NULL },
	{ "explained codes", write_explained, NULL },
	{ "suite keys",     write_keys,     suite_key_table },
	{ "step keys",      write_keys,     step_key_table },
	{ "request keys",   write_keys,     request_key_table },
	{ "part keys",      write_keys,     part_key_table },
	{ "graphql keys",   write_keys,     graphql_key_table },
	{ "http keys",      write_keys,     http_key_table },
	{ "tls keys",       write_keys,     tls_key_table },
	{ "tcp keys",       write_keys,     tcp_key_table },
	{ "talk keys",      write_keys,     talk_key_table },
	{ "tls step keys",  write_keys,     tls_step_key_table },
	{ "dns keys",       write_keys,     dns_key_table },
	{ "auth keys",      write_keys,     auth_key_table },
	{ "basic keys",     write_keys,     basic_key_table },
	{ "oauth2 keys",    write_keys,     oauth2_key_table },
	{ "sigv4 keys",     write_keys,     sigv4_key_table },
	{ "retry keys",     write_keys,     retry_key_table },
	{ "poll keys",      write_keys,     poll_key_table },
	{ "group file keys", write_keys,    group_file_key_table },
	{ "group keys",     write_keys,     group_key_table },
	{ "param keys",     write_keys,     param_key_table },
	{ "secret keys",    write_keys,     secret_key_table },
	{ "record keys",    write_keys,     record_key_table },
	{ "lint keys",      write_keys,     lint_key_table },
	{ "subjects",       write_names,    &names_subjects },
	{ "values",         write_names,    &names_builtins },
	{ "functions",      write_names,    &names_functions },
	{ "extractors",     write_names,    &names_extractors },
	{ "certificate facts", write_facts, &group_certificate },
	{ "tls facts",      write_facts,    &group_tls },
	{ "dns facts",      write_facts,    &group_dns },
	{ "filters",        write_names,    &names_filters },
	{ "predicates",     write_names,    &names_predicates },
	{ "outcomes",       write_told,     outcomes },
	{ "reason classes", write_classes,  NULL },
	{ "line keys",      write_keys,     line_key_table },
	{ "served keys",    write_keys,     served_key_table },
	{ "role keys",      write_keys,     role_key_table },
	{ "stage keys",     write_keys,     stage_key_table },
	{ "requires keys",  write_keys,     requires_key_table },
	{ "gate keys",      write_keys,     gate_key_table },
	{ "window keys",    write_keys,     window_key_table },
	{ "states",         write_told,     states },
	{ "halt rules",     write_told,     halt_rules },
	{ "streams",        write_told,     streams },
	{ "lacks",          write_told,     lacks },
};
/* clang-format on */

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

_Static_assert(sizeof(tables) / sizeof(tables[0]) <= (size_t)TABLES_MAX,
	"room to count which are shown");

const struct manual_table *manual_table_at(size_t index)
{
	return index < TABLES ? &tables[index] : NULL;
}
