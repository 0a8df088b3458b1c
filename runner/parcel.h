#ifndef RUNNER_PARCEL_H
#define RUNNER_PARCEL_H

#include "store/record.h"

/*
 * A result on its way from a worker to the sink: one block of memory with all
 * its texts, so that a long backlog costs what it holds and no more.
 */
struct parcel {
	struct parcel *next;
	struct result result; /* points into this block */
};

struct parcel *parcel_new(const struct result *r);
void parcel_free(struct parcel *p);

#endif
