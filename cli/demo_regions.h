#ifndef CLI_DEMO_REGIONS_H
#define CLI_DEMO_REGIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A simulated region: a small orders service on loopback, for `andon demo`
 * and the tests.  Real HTTP, real sockets; only its faults are made.
 *
 *	POST   /oauth2/token             form client credentials -> access_token
 *	POST   /v1/orders                bearer, {sku, quantity} -> 201,
 *Location GET    /v1/orders/ID             accepted, from the second look
 *confirmed GET    /v1/orders/ID/summary     for X-Feature-Role: tester only
 *	DELETE /v1/orders/ID             204
 *	GET    /v1/catalog, /health, /healthz, /version
 *
 * Every answer of the service names its version in X-App-Version; what the
 * simulated proxy answers in its place (502, 503) names none.  Its state is
 * bounded: the last DEMO_ORDERS_MAX orders; an older one is 404.
 *
 * Settings may be changed by any thread while it serves, and hold for the
 * requests that come afterwards.
 */
enum { DEMO_ORDERS_MAX = 1000, DEMO_VERSION_MAX = 64 };

struct demo_region;

struct demo_region_options {
	const char *version;
	uint16_t port;             /* 0: any that is free */
	uint64_t seed;             /* which orders fail: the same every time */
	const char *client_secret; /* NULL: any that is not empty */
};

struct demo_region *demo_region_new(const struct demo_region_options *o,
	struct err *e);
void demo_region_free(struct demo_region *d); /* NULL is fine */
uint16_t demo_region_port(const struct demo_region *d);
/* "http://127.0.0.1:PORT" */
const char *demo_region_url(const struct demo_region *d);

void demo_region_set_version(struct demo_region *d, const char *version);
/* A rollout that got stuck: every second answer names `other`; NULL ends it. */
void demo_region_set_half_way(struct demo_region *d, const char *other);
/* The share of `POST /v1/orders` that the proxy answers with 502. */
void demo_region_set_failing(struct demo_region *d, double share);
void demo_region_set_latency(struct demo_region *d, uint64_t ms);
void demo_region_set_down(struct demo_region *d, bool down); /* 503 for all */

struct demo_counts {
	uint64_t requests, orders, failed_orders;
};
struct demo_counts demo_region_counts(const struct demo_region *d);

#endif
