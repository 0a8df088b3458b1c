#ifndef GATE_ANSWER_H
#define GATE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "regions/line.h"
#include "store/facts.h"

/*
 * The gate's answer: a pure function of (facts, line, question).  One shape
 * for the command, the API and the facades; WORKFLOW.md section 2 orders the
 * judgement and fixes the exit codes.
 */
/* clang-format off */
#define ANSWER_MAP(X)                        \
	/* name        token          code */ \
	X(PROCEED,     "proceed",     0)      \
	X(STOP,        "stop",        1)      \
	X(UNDECIDED,   "undecided",   3)      \
	X(UNAVAILABLE, "unavailable", 4)      \
	X(HELD,        "held",        5)      \
	X(SUPERSEDED,  "superseded",  6)

enum answer_kind {
#define X(name, token, code) ANSWER_##name,
	ANSWER_MAP(X)
#undef X
	ANSWERS
};
/* clang-format on */

const char *answer_token(enum answer_kind k);
int answer_code(enum answer_kind k);

struct answer {
	enum answer_kind kind;
	int code; /* exit code; 0 with `allowed` under --allow undecided */
	bool allowed;
	/*
	 * Nothing but time, data or an approval can change it: a waiting gate
	 * ends now.  False: worth waiting for until the deadline.
	 */
	bool settled;
	enum why why;
	struct str text; /* the sentence behind `why` */
	struct str line, stage, version;
	const struct deployment *deployment;      /* NULL: not registered */
	const struct judgement *const *judgement; /* one per region */
	size_t njudgements;
	struct str config;
	uint64_t rev;
	int64_t now_us;
};

struct question {
	const struct stage *stage;
	struct str version;
	bool allow_undecided;
};

void gate_answer(const struct facts *f, const struct line *l,
	const struct question *q, struct arena *a, struct answer *ret);

/* The answer when the store can not be read: 4, not settled. */
void gate_unreachable(const struct line *l, const struct question *q,
	struct str text, struct answer *ret);

/* The JSON object of WORKFLOW.md section 2, without a newline. */
void answer_write_json(struct buf *out, const struct answer *a);

/* A few lines for people (OPERATOR.md), with or without colour. */
struct answer_style {
	bool colour, utf8;
	uint64_t waited_ms;
};
void answer_write_text(struct buf *out, const struct answer *a,
	const struct answer_style *style);
/* One line for the progress display: "soaking  210 of 600 s credited ...". */
void answer_write_progress(struct buf *out, const struct answer *a,
	const struct answer_style *style);

#endif
