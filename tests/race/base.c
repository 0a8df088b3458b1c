/*
 * What base shares between threads, for ThreadSanitizer: senders into a queue
 * whose descriptor a loop waits on, wakes and a stop from outside, and the
 * log.  Exits 0 when every message came once and in its sender's order.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/queue.h"

enum { SENDERS = 4, EACH = 2000 };

struct message {
	int sender, number;
};

static struct queue *queue;
static struct loop *loop;
static pthread_barrier_t barrier;
static struct message messages[SENDERS][EACH];
static int next_number[SENDERS];
static int received;
static int disorder;
static int wakes;

static void *send_all(void *arg)
{
	struct message *mine = arg;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < EACH; i++) {
		while (!queue_send(queue, &mine[i]))
			sched_yield();
		if (i % 500 == 0)
			log_event(LOG_DEBUG, "race", "at", "sender", NULL);
		loop_wake(loop);
	}
	return NULL;
}

static void on_queue(struct loop *l, int fd, int events, void *owner)
{
	struct message *m;

	(void)fd;
	(void)events;
	(void)owner;
	while ((m = queue_receive(queue))) {
		if (m->number != next_number[m->sender]++)
			disorder++;
		if (++received == SENDERS * EACH)
			loop_stop(l);
	}
}

static void on_wake(struct loop *l, void *owner)
{
	(void)l;
	(void)owner;
	wakes++;
}

static void *run_loop(void *arg)
{
	struct err e;

	(void)arg;
	pthread_barrier_wait(&barrier);
	if (!loop_fd(loop, queue_fd(queue), LOOP_READ, on_queue, NULL) ||
		!loop_run(loop, &e))
		disorder++;
	return NULL;
}

int main(void)
{
	pthread_t sender[SENDERS];
	pthread_t receiver;

	log_init(LOG_DEBUG, false);
	queue = queue_new(32);
	loop = loop_new(&clock_system, NULL);
	loop_on_wake(loop, on_wake, NULL);
	pthread_barrier_init(&barrier, NULL, SENDERS + 1);
	pthread_create(&receiver, NULL, run_loop, NULL);
	for (int i = 0; i < SENDERS; i++) {
		for (int j = 0; j < EACH; j++)
			messages[i][j] = (struct message){ i, j };
		pthread_create(&sender[i], NULL, send_all, messages[i]);
	}
	for (int i = 0; i < SENDERS; i++)
		pthread_join(sender[i], NULL);
	pthread_join(receiver, NULL);
	loop_free(loop);
	queue_free(queue);
	pthread_barrier_destroy(&barrier);
	printf("%d of %d messages, %d out of order, %d wakes\n", received,
		SENDERS * EACH, disorder, wakes);
	return received == SENDERS * EACH && !disorder ? 0 : 1;
}
