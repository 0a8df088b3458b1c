/*
 * Simulated regions for the end-to-end tests, driven over stdin.
 *
 *	test_regions NAME...
 *
 * Prints `NAME=PORT` for each region and `ready`, one a line.  Every command
 * is answered with one line, `ok` or `error: WHAT`, when it is in force:
 *
 *	NAME version V     what it serves
 *	NAME half V        every second answer is of V; without V: ends it
 *	NAME fail SHARE    of the orders, 0 to 1
 *	NAME latency MS
 *	NAME down 0|1      503 for everything
 *	NAME count         answers `ok REQUESTS ORDERS FAILED`
 *	NAME stop          closes its port
 *
 * Ends at the end of stdin, so it never outlives the script that holds the
 * other end.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/demo_regions.h"

enum { REGIONS_MAX = 8, LINE_MAX_BYTES = 256 };

struct named {
	const char *name;
	struct demo_region *region; /* NULL: stopped */
};

static bool obey(struct named *n, const char *verb, const char *value)
{
	struct demo_region *d = n->region;

	if (strcmp(verb, "version") == 0 && value) {
		demo_region_set_version(d, value);
	} else if (strcmp(verb, "half") == 0) {
		demo_region_set_half_way(d, value);
	} else if (strcmp(verb, "fail") == 0 && value) {
		demo_region_set_failing(d, strtod(value, NULL));
	} else if (strcmp(verb, "latency") == 0 && value) {
		demo_region_set_latency(d, strtoull(value, NULL, 10));
	} else if (strcmp(verb, "down") == 0 && value) {
		demo_region_set_down(d, strcmp(value, "0") != 0);
	} else if (strcmp(verb, "stop") == 0) {
		demo_region_free(d);
		n->region = NULL;
	} else {
		return false;
	}
	return true;
}

static void answer(struct named *all, size_t count, const char *line)
{
	char name[64] = "";
	char verb[16] = "";
	char value[64] = "";
	int words = sscanf(line, "%63s %15s %63s", name, verb, value);
	struct named *n = NULL;

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].name, name) == 0 && all[i].region)
			n = &all[i];
	if (!n || words < 2) {
		printf("error: no such region\n");
	} else if (strcmp(verb, "count") == 0) {
		struct demo_counts c = demo_region_counts(n->region);
		printf("ok %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", c.requests,
			c.orders, c.failed_orders);
	} else if (obey(n, verb, words > 2 ? value : NULL)) {
		printf("ok\n");
	} else {
		printf("error: no such command\n");
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct named all[REGIONS_MAX];
	size_t count = 0;
	char line[LINE_MAX_BYTES];
	struct err e = { 0 };

	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc && count < REGIONS_MAX; i++) {
		struct demo_region_options o = { .version = "v1",
			.seed = (uint64_t)i };
		struct demo_region *d = demo_region_new(&o, &e);
		if (!d) {
			fprintf(stderr, "test_regions: %s\n", e.text);
			return 1;
		}
		all[count++] = (struct named){ argv[i], d };
		printf("%s=%u\n", argv[i], (unsigned)demo_region_port(d));
	}
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		answer(all, count, line);
	for (size_t i = 0; i < count; i++)
		demo_region_free(all[i].region);
	return 0;
}
