#ifndef DOCS_TABLES_GLOSSARY_H
#define DOCS_TABLES_GLOSSARY_H

#include "base/err.h"
#include "base/str.h"

/*
 * What the names of the suite language and of the answers mean, for those
 * tables of the code that hold no help of their own.  A name without an entry
 * and an entry without a name are both mistakes: the manual is not written.
 */
enum glossary_kind {
	GLOSSARY_SUBJECT,   /* a key of `expect` */
	GLOSSARY_BUILTIN,   /* ${NAME} */
	GLOSSARY_FUNCTION,  /* ${NAME()} */
	GLOSSARY_EXTRACTOR, /* of `checks` and `capture` */
	GLOSSARY_FILTER,
	GLOSSARY_PREDICATE,
	GLOSSARY_REASON /* of an answer: enum why */
};

struct entry {
	enum glossary_kind kind;
	const char *name;
	const char *argument; /* as it is written; NULL: none */
	const char *text;
};

/* NULL: there is no such entry.  Remembers that it was asked for. */
const struct entry *glossary_find(enum glossary_kind kind, struct str name);
/* False, with its name, when an entry was never asked for. */
bool glossary_used(struct err *e);

#endif
