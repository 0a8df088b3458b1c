#include "docs/tables/names.h"

#include <stdio.h>

#include "docs/tables/mdoc.h"
#include "suites/facts.h"
#include "suites/filter_table.h"
#include "suites/function.h"
#include "suites/predicate_table.h"
#include "suites/tables.h"

enum { NAMES_MAX = 128 };

static bool write_entry(struct buf *out, enum glossary_kind kind,
	struct str name, struct err *e)
{
	const struct entry *g = glossary_find(kind, name);

	if (!g)
		return err_set(e, ERR_CONFIG,
			"docs/tables/glossary.c does not explain `%.*s`",
			STR_ARG(name));
	buf_addf(out, ".It Ic %s", g->name);
	if (kind == GLOSSARY_FUNCTION && !*g->argument)
		buf_add_z(out, "()");
	else if (kind == GLOSSARY_FUNCTION)
		buf_addf(out, " Ns Po Ar \"%s\" Pc", g->argument);
	else if (g->argument) {
		buf_add_z(out, " : Ar");
		mdoc_arg(out, g->argument);
	}
	buf_add_byte(out, '\n');
	mdoc_sentence(out, g->text);
	return true;
}

static size_t function_names(struct str *ret, size_t max)
{
	size_t n = 0;

	for (; n < max && function_at(n); n++)
		ret[n] = str_from(function_at(n)->name);
	return n;
}

static size_t filter_names(struct str *ret, size_t max)
{
	/* clang-format off */
	static const char *const names[] = {
#define X(id, name, argument, on) name,
		FILTER_MAP(X)
#undef X
	};
	/* clang-format on */
	size_t n = 0;

	for (; n < sizeof(names) / sizeof(names[0]) && n < max; n++)
		ret[n] = str_from(names[n]);
	return n;
}

bool write_names(struct buf *out, const struct manual_table *t, struct err *e)
{
	const struct named *from = t->rows;
	struct str names[NAMES_MAX];
	size_t n = from->names(names, NAMES_MAX);
	bool ok = true;

	buf_add_z(out, ".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; i < n && ok; i++)
		ok = write_entry(out, from->kind, names[i], e);
	buf_add_z(out, ".El\n");
	return ok;
}

bool write_facts(struct buf *out, const struct manual_table *t, struct err *e)
{
	const enum fact_group *group = t->rows;
	char text[256];

	(void)e;
	buf_add_z(out, ".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; fact_at(i); i++) {
		const struct fact *f = fact_at(i);

		if (f->group != *group)
			continue;
		buf_addf(out, ".It Ic %.*s\n", STR_ARG(f->name));
		snprintf(text, sizeof(text),
			f->hurl.len ? "%s; also `%.*s`" : "%s%.*s", f->help,
			STR_ARG(f->hurl));
		mdoc_sentence(out, text);
	}
	buf_add_z(out, ".El\n");
	return true;
}

const enum fact_group group_certificate = FACTS_CERTIFICATE,
		      group_tls = FACTS_TLS, group_dns = FACTS_DNS;

/* clang-format off */
const struct named
	names_subjects   = { GLOSSARY_SUBJECT, suite_subject_names },
	names_builtins   = { GLOSSARY_BUILTIN, suite_builtin_names },
	names_functions  = { GLOSSARY_FUNCTION, function_names },
	names_extractors = { GLOSSARY_EXTRACTOR, query_names },
	names_filters    = { GLOSSARY_FILTER, filter_names },
	names_predicates = { GLOSSARY_PREDICATE, predicate_names };
/* clang-format on */
