#ifndef STORE_TX_H
#define STORE_TX_H

#include "store/facts.h"

/*
 * What a transaction is made of: inside store/ only.
 *
 * Each operation is one record under a key, as the text that both kinds of
 * store keep; so memory and Redis apply the very same list, and the guard is
 * all that a server-side script has to know.
 */
/* clang-format off */
#define TX_MAP(X)                                                             \
	/* name        word      key                  value */                \
	X(DEPLOYMENT,  "dep")   /* deployment id       JSON; none: drop */    \
	X(SCOPE,       "scope") /* scope               JSON; none: clear */   \
	X(LIVE,        "live")  /* region              JSON */                \
	X(CI,          "ci")    /* version|name        JSON; none: drop */    \
	X(JUDGEMENT,   "judge") /* deployment|region   none: drop */          \
	X(AUDIT,       "audit") /* event               JSON */

enum tx_kind {
#define X(name, word) TX_##name,
	TX_MAP(X)
#undef X
	TX_KINDS
};
/* clang-format on */

struct tx_op {
	enum tx_kind kind;
	struct str key;
	struct str value; /* STR_NONE: remove */
	int64_t final_us; /* of a deployment; 0: live */
	struct tx_op *next;
};

struct tx {
	struct arena *arena;
	uint64_t rev;   /* that the facts had */
	uint64_t epoch; /* of the detector; 0: not fenced */
	int64_t now_us; /* of the facts */
	struct tx_op *first, **last;
	size_t count;  /* all operations */
	size_t wanted; /* those that the caller asked for */
};

const char *tx_kind_word(enum tx_kind k);

/* How long a final deployment and a CI result are kept. */
#define FACTS_KEEP_US (INT64_C(30) * 24 * 3600 * 1000000)
/* Old records that one transaction takes away at most. */
enum { TX_DROPS_MAX = 64 };

#endif
