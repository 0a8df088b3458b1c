#ifndef GATE_LATENCY_H
#define GATE_LATENCY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/facts.h"

/*
 * What a judgement says of latency, the same for the gate's answer, `andon
 * why` and `andon replay`.  Pure.
 */

/* Slow answers stopped it, or are what most speaks against it now. */
bool latency_leads(const struct judgement *j);

/*
 * "check orders/default answers more slowly in prod/west than in its controls":
 * the check that most of it is of, or all of them together; and the same with
 * the numbers behind it.  Without a full stop.
 */
struct str latency_what(const struct judgement *j, struct arena *a);
struct str latency_sentence(const struct judgement *j, struct arena *a);

/*
 * Lines `LABEL TEXT`, each begun with `indent` spaces; the texts begin at
 * column indent + 10.
 */
void latency_write_text(struct buf *out, const struct judgement *j,
	unsigned indent);
/* Members `,"latency":[...],"latency_unjudged":N`. */
void latency_write_json(struct buf *out, const struct judgement *j);

#endif
