#include "base/queue.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

Test(queue, full_refuses_and_order_is_kept)
{
	struct queue *q = queue_new(3);
	char item[4];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			cr_assert(queue_send(q, &item[i]));
		cr_assert_not(queue_send(q, &item[3]));
		cr_assert_eq(queue_length(q), 3);
		cr_assert_eq(queue_receive(q), &item[0]);
		cr_assert(queue_send(q, &item[3]));
		for (int i = 1; i < 4; i++)
			cr_assert_eq(queue_receive(q), &item[i]);
		cr_assert_null(queue_receive(q));
	}
	queue_free(q);
	queue_free(NULL);
}

Test(queue, closed_gives_what_is_left_and_takes_nothing)
{
	struct queue *q = queue_new(3);
	int item;

	cr_assert(queue_send(q, &item));
	cr_assert_not(queue_closed(q));
	queue_close(q);
	cr_assert(queue_closed(q));
	cr_assert_not(queue_send(q, &item));
	cr_assert_eq(queue_wait(q, -1), &item);
	cr_assert_null(queue_wait(q, -1), "closed and empty does not wait");
	queue_free(q);
}

Test(queue, the_descriptor_is_readable_while_there_are_items)
{
	struct queue *q = queue_new(3);
	int item, fd;

	cr_assert(queue_send(q, &item));
	fd = queue_fd(q);
	cr_assert_eq(queue_fd(q), fd);
	cr_assert(readable(fd), "an item that was there before");
	cr_assert(queue_send(q, &item));
	queue_receive(q);
	cr_assert(readable(fd), "one is left");
	queue_receive(q);
	cr_assert_not(readable(fd));
	cr_assert_null(queue_receive(q));
	cr_assert(queue_send(q, &item));
	cr_assert(readable(fd));
	cr_assert_eq(queue_wait(q, 0), &item);
	cr_assert_not(readable(fd));
	queue_free(q);
}

enum { SENDERS = 4, EACH = 5000 };

static struct queue *shared;
static pthread_barrier_t barrier;
static struct message {
	int sender, number;
} messages[SENDERS][EACH];

static void *sender(void *arg)
{
	struct message *mine = arg;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < EACH; i++) {
		while (!queue_send(shared, &mine[i]))
			sched_yield();
	}
	return NULL;
}

Test(queue, nothing_is_lost_doubled_or_reordered_between_threads)
{
	pthread_t thread[SENDERS];
	int next[SENDERS] = { 0 };

	shared = queue_new(16);
	pthread_barrier_init(&barrier, NULL, SENDERS + 1);
	for (int i = 0; i < SENDERS; i++) {
		for (int j = 0; j < EACH; j++)
			messages[i][j] = (struct message){ i, j };
		pthread_create(&thread[i], NULL, sender, messages[i]);
	}
	pthread_barrier_wait(&barrier);
	for (int n = 0; n < SENDERS * EACH; n++) {
		struct message *m = queue_wait(shared, -1);

		cr_assert_eq(m->number, next[m->sender]++);
	}
	for (int i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	cr_assert_null(queue_receive(shared));
	queue_free(shared);
	pthread_barrier_destroy(&barrier);
}

static void *closer(void *arg)
{
	pthread_barrier_wait(&barrier);
	queue_close(arg);
	return NULL;
}

Test(queue, close_ends_a_wait_without_limit)
{
	struct queue *q = queue_new(1);
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, closer, q);
	pthread_barrier_wait(&barrier);
	cr_assert_null(queue_wait(q, -1));
	pthread_join(thread, NULL);
	queue_free(q);
	pthread_barrier_destroy(&barrier);
}
