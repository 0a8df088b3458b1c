#ifndef TESTS_SUPPORT_ORDERS_H
#define TESTS_SUPPORT_ORDERS_H

#include "store/store.h"
#include "store/tx.h"

/*
 * Records of a line called "orders" with the regions prod/west and prod/east,
 * for tests of the store.  A call that fails ends the test with its reason.
 */
#define ORDERS_NOW_US (INT64_C(1000000) * 1764000000)

struct facts facts_of(struct store *s, struct arena *a);
enum commit_answer commit(struct store *s, const struct tx *t);
struct deployment a_deployment(const char *id, const char *version);

struct result a_result(const char *region, uint64_t seq);
/* One by one. */
void append(struct store *s, const char *region, uint64_t from, uint64_t to);
/* Both regions, from their beginning. */
struct cursor a_cursor(struct arena *a);

#endif
