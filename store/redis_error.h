#ifndef STORE_REDIS_ERROR_H
#define STORE_REDIS_ERROR_H

#include "base/str.h"

/* What the server's refusals mean: inside store/ only. */

/* How an attempt ended. */
enum answer {
	ANSWER_OK,
	ANSWER_BROKEN,  /* connection lost: connect and send again */
	ANSWER_BUSY,    /* loading, a script runs: the same again, later */
	ANSWER_REFUSED, /* no use in trying again */
	ANSWER_LATE,    /* the deadline passed */
	ANSWER_INTERRUPTED
};

struct redis_error {
	const char *prefix; /* of the server's text */
	enum answer answer;
	const char *text;
};

/* NULL: an error that says nothing about the server as a whole. */
const struct redis_error *redis_error_of(struct str error);
/* The server's own words may be anything: what can be shown, and short. */
void redis_error_text(struct str error, char ret[81]);

#endif
