#ifndef SUITES_ABSENT_H
#define SUITES_ABSENT_H

#include "base/diag.h"

/*
 * Words of the language that this version does not execute yet.  They are
 * known, so that they are refused by their name (E014) and never as a typing
 * mistake: whoever wrote `schema` did not mean `subset`.  Keys are in the key
 * tables (suites/tables.h); here is what stands elsewhere.
 */
enum absent_kind {
	ABSENT_EXTRACTOR,
	ABSENT_FILTER,
	ABSENT_PREDICATE,
	ABSENT_SUBJECT /* of `expect` */
};

/* Reports it and returns true; false: no such word, nothing is reported. */
bool absent_report(enum absent_kind kind, struct str word, struct span where,
	struct diags *ds);

/* For the manual; returns how many, at most `max`. */
size_t absent_words(enum absent_kind kind, struct str *ret, size_t max);

/* E014 for something that has another shape than one word. */
void absent_say(const char *what, struct span where, struct diags *ds);

#endif
