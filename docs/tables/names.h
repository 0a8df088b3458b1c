#ifndef DOCS_TABLES_NAMES_H
#define DOCS_TABLES_NAMES_H

#include "docs/tables/glossary.h"
#include "docs/tables/tables.h"
#include "suites/response.h"

/* A closed set of names, each with its entry in the glossary. */
struct named {
	enum glossary_kind kind;
	size_t (*names)(struct str *ret, size_t max);
};

/* `t->rows` is a struct named. */
bool write_names(struct buf *out, const struct manual_table *t, struct err *e);

/* `t->rows` is an enum fact_group. */
bool write_facts(struct buf *out, const struct manual_table *t, struct err *e);

/* Of the suite language. */
extern const enum fact_group group_certificate, group_tls, group_dns;

extern const struct named names_subjects, names_builtins, names_functions,
	names_extractors, names_filters, names_predicates;

#endif
