#ifndef SUITES_JSON_COPY_H
#define SUITES_JSON_COPY_H

#include <stddef.h>

#include "base/json.h"

enum { JSON_COPY_NODES_MAX = 200000 };

/*
 * A deep copy without a parent: a node has room for one parent only, so a
 * value that goes into a new array or object is copied.  Text is shared.
 * Takes the number of nodes from *budget; NULL when it does not suffice.
 */
struct json *json_copy(struct arena *a, const struct json *j, size_t *budget);

#endif
