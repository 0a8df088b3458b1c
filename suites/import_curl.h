#ifndef SUITES_IMPORT_CURL_H
#define SUITES_IMPORT_CURL_H

#include <stdbool.h>

#include "base/str.h"

/* Inside of suites/: the flags of curl that an import knows. */
enum flag_how {
	FLAG_METHOD,
	FLAG_URL,
	FLAG_HEADER,
	FLAG_DATA,        /* @file and line breaks as curl does it */
	FLAG_DATA_RAW,    /* `@` is no file */
	FLAG_DATA_BINARY, /* as it is */
	FLAG_DATA_ENCODE,
	FLAG_JSON,
	FLAG_FORM,
	FLAG_FORM_TEXT,
	FLAG_USER,
	FLAG_COOKIE,
	FLAG_AGENT,
	FLAG_REFERER,
	FLAG_INSECURE,
	FLAG_FOLLOW,
	FLAG_HOPS,
	FLAG_TRUSTED,
	FLAG_COMPRESSED,
	FLAG_HTTP,    /* text for http.`key` */
	FLAG_TLS,     /* text for http.tls.`key` */
	FLAG_SECONDS, /* a time for http.`key` */
	FLAG_WORD,    /* http.`key` becomes `value` */
	FLAG_GET,
	FLAG_HEAD,
	FLAG_RETRY,
	FLAG_RETRY_ALL,
	FLAG_RETRY_DELAY,
	FLAG_BEARER,
	FLAG_DIGEST,
	FLAG_SIGV4,
	FLAG_INSTEAD,   /* HOST:PORT:... in the map http.`key` */
	FLAG_HTTP_LIST, /* with commas, for http.`key` */
	FLAG_PUT_FILE,
	FLAG_QUIET,      /* no part of the request */
	FLAG_QUIET_WORD, /* the same, with a value */
	FLAG_REFUSED,    /* nothing in Andon does it */
	FLAG_REFUSED_WORD
};

struct flag {
	char letter; /* 0: none */
	const char *name;
	enum flag_how how;
	const char *key, *value;
};

/* By its long name, or, if not NUL, by its letter; NULL: not known. */
const struct flag *curl_flag_find(struct str name, char letter);
bool curl_flag_takes(enum flag_how how); /* a value? */

#endif
