#ifndef STORE_REDIS_FACTS_H
#define STORE_REDIS_FACTS_H

#include "base/arena.h"
#include "base/err.h"
#include "store/facts.h"
#include "store/redis.h"

/* The answer of SCRIPT_FACTS as facts, copied into the arena. */
bool redis_facts_read(struct arena *a, const struct redis_reply *reply,
	struct facts *f, struct err *e);

#endif
