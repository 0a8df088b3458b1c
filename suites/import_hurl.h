#ifndef SUITES_IMPORT_HURL_H
#define SUITES_IMPORT_HURL_H

#include "base/keys.h"
#include "suites/import_parts.h"

/* What suites/import_hurl*.c share; nobody else includes this. */

/* A capture of the entry that is read: its asserts may look at it. */
struct hurl_own {
	struct hurl_own *next;
	struct str name;
	const struct json *query, *filters; /* filters: NULL for none */
	bool odd;        /* bytes or a time: no value of Andon's is like it */
	struct str seen; /* by what name checks see it; STR_NONE: none does */
};

struct hurl {
	struct importer im;
	struct str s;
	size_t at;
	bool bad;          /* a syntax error: the rest can not be read */
	struct strs known; /* names that earlier entries have set */
	struct strs texts; /* those of them that are text for certain */
	struct json *set;  /* those whose value is known here, by name */
	struct hurl_own *own;
	struct json *step;   /* of the entry */
	struct json *checks; /* of the entry */
	struct str user;     /* option `user`, as a template */
	bool asserts;        /* in the response part of an entry */
	bool capturing;      /* in a line of [Captures] */
	struct strs looked;  /* at names, by what checks the answer */
	struct str aws;      /* option `aws-sigv4` */
	bool skip, location, has_body, digest;
	int64_t repeat, retries, redirects; /* redirects: -1 not said */
	uint64_t delay_ms, retry_every_ms;
	uint64_t slow_ms;  /* of all entries: what may take longer */
	size_t path_as_is; /* where it is asked for, plus 1; 0: nowhere */
};

/* --- import_hurl_text.c: the letters --- */

char hurl_peek(const struct hurl *h);
bool hurl_ahead(const struct hurl *h, const char *z);
bool hurl_take(struct hurl *h, const char *z);
/* A word that ends where no more letters or digits follow. */
bool hurl_word(struct hurl *h, const char *z);
void hurl_spaces(struct hurl *h);
/* White space, comments and empty lines. */
void hurl_gap(struct hurl *h);
/* Spaces, a comment, the end of the line; else a syntax error. */
bool hurl_eol(struct hurl *h);
struct span hurl_span(const struct hurl *h, size_t from);
/* Reports the first mistake, and sets `bad`. */
void hurl_mistake(struct hurl *h, const char *what);
/* The same; false, as what found it has to return. */
static inline bool hurl_bad(struct hurl *h, const char *what)
{
	hurl_mistake(h, what);
	return false;
}

/*
 * Text with {{...}}, as a template of Andon.  `plain` is set when all that has
 * to be filled in is known here; then `raw` holds the text itself.
 */
struct hurl_text {
	struct str text, raw;
	bool plain, lone; /* lone: exactly one {{name}} */
};

enum hurl_quote {
	HURL_KEY,    /* up to `:` */
	HURL_VALUE,  /* up to the end of the line or a comment */
	HURL_QUOTED, /* "..." */
	HURL_TICKED, /* `...` */
	HURL_FILE    /* up to `;` */
};
bool hurl_text(struct hurl *h, enum hurl_quote quote, struct hurl_text *ret);
/* What stands between ``` and ```, after the line of its kind. */
bool hurl_fenced(struct hurl *h, bool escape, bool variables,
	struct hurl_text *ret);
/*
 * `{{...}}`, which is next: adds `${...}`; `json`: as a JSON value.  What it
 * stands for, or STR_NONE when that is not known here.
 */
bool hurl_placeholder(struct hurl *h, bool json, struct buf *out,
	struct str *ret_known);
/* From here on the name has this value; JSON_NULL: one that is not known. */
void hurl_set(struct hurl *h, struct str name, const struct json *value);
/* A name as Andon may have it: built-in names get a prefix. */
struct str hurl_name(struct hurl *h, struct str name);
/* `/.../` or a quoted string; false: reported. */
bool hurl_regex(struct hurl *h, struct str *ret);
/* As text, whatever the type of a variable that it is made of. */
struct str hurl_as_text(struct hurl *h, const struct hurl_text *t);
void hurl_remember(struct hurl *h, struct strs *list, struct str name);
/*
 * A name is captured once more by one request: the last counts, and the first,
 * which must find a value too, gets another name in `map`.
 */
void hurl_second(struct hurl *h, struct json *map, struct str name);
bool hurl_knows(const struct strs *list, struct str name);
/* The text must have nothing to be filled in; else it is reported. */
void hurl_plain(struct hurl *h, const struct hurl_text *t, size_t from,
	const char *what);

/* --- import_hurl_body.c --- */

enum hurl_body_kind {
	HURL_BODY_TEXT, /* a template */
	HURL_BODY_BYTES,
	HURL_BODY_FILE
};

struct hurl_body {
	enum hurl_body_kind kind;
	struct str text;  /* TEXT: a template; BYTES; FILE: a path */
	const char *type; /* the Content-Type that Hurl sends; NULL: none */
};
/* Is one next? */
bool hurl_body_ahead(const struct hurl *h);
bool hurl_body(struct hurl *h, struct hurl_body *ret);
/* base64,...; hex,...; or file,...; */
bool hurl_bytes_ahead(const struct hurl *h);
bool hurl_bytes(struct hurl *h, struct hurl_body *ret);
/* The check that the answer's body is exactly that. */
void hurl_body_check(struct hurl *h, const struct hurl_body *b, size_t from);

/* --- import_hurl_check.c --- */

/* One line of [Asserts] or [Captures], behind its name. */
bool hurl_assert(struct hurl *h);
bool hurl_capture(struct hurl *h);

/* --- import_hurl_options.c --- */

bool hurl_option(struct hurl *h);
/* What must wait until all of the entry was read: user, delay, repeat. */
void hurl_options_end(struct hurl *h);

#endif
