#ifndef SUITES_FACTS_H
#define SUITES_FACTS_H

#include <stddef.h>

#include "base/json.h"
#include "base/str.h"
#include "suites/query.h"
#include "suites/response.h"

/*
 * Facts: what is known of an answer beside its own bytes.  A response carries
 * one object for each group that there is; here is which members it may have
 * and in which unit each is compared.
 *
 * Those of a certificate have two names: the language's own and Hurl's.
 */
struct fact {
	struct str name, hurl; /* hurl: empty where it has none */
	const char *help;      /* for the manual */
	enum fact_group group;
	enum unit unit;
};

/* By either name; NULL: no such fact. */
const struct fact *fact_find(enum fact_group group, struct str name);
/* Both kinds of names; returns how many, at most `max`. */
size_t fact_names(enum fact_group group, struct str *ret, size_t max);
const struct fact *fact_at(size_t index); /* NULL behind the last one */
/* Missing, with the reason, where the answer has no such fact. */
struct value fact_value(const struct fact *f, const struct response *r);

enum { FACT_NAMES_MAX = 40 };

#endif
