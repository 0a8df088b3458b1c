/*
 * The server's threads, for ThreadSanitizer: clients ask, some replies are
 * delayed, settings change meanwhile, and it stops under load.  Exits 0 when
 * every request was counted once.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/demo_regions.h"
#include "tests/support/raw_http.h"

enum { CLIENTS = 4, EACH = 50, LEFT_WAITING = 8 };

#define GET "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static pthread_barrier_t barrier;

/* An answer is not kept: raw_hear() has one buffer for all. */
static void ask(uint16_t port)
{
	char bytes[512];
	int fd = raw_dial(port);

	raw_say(fd, GET);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	close(fd);
}

static void *ask_all(void *arg)
{
	struct demo_region *d = arg;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < EACH; i++) {
		ask(demo_region_port(d));
		demo_region_set_latency(d, i % 3);
		demo_region_set_version(d, i % 2 ? "1" : "2");
		demo_region_set_half_way(d, i % 5 ? NULL : "3");
		demo_region_set_down(d, i % 7 == 0);
	}
	return NULL;
}

int main(void)
{
	struct demo_region_options o = { .version = "1" };
	struct err e;
	pthread_t client[CLIENTS];
	int waiting[LEFT_WAITING];
	struct demo_region *d = demo_region_new(&o, &e);

	if (!d) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	pthread_barrier_init(&barrier, NULL, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&client[i], NULL, ask_all, d);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(client[i], NULL);
	uint64_t requests = demo_region_counts(d).requests;
	demo_region_set_latency(d, 60000);
	for (int i = 0; i < LEFT_WAITING; i++) {
		waiting[i] = raw_dial(demo_region_port(d));
		raw_say(waiting[i], GET);
	}
	demo_region_free(d);
	for (int i = 0; i < LEFT_WAITING; i++)
		close(waiting[i]);
	pthread_barrier_destroy(&barrier);
	if (requests == CLIENTS * EACH)
		return 0;
	fprintf(stderr, "%llu requests\n", (unsigned long long)requests);
	return 1;
}
