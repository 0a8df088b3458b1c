#include "base/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/oom.h"

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	size_t capacity, head, length;
	bool closed;
	int fd; /* -1: nobody asked for it */
	void *item[];
};

struct queue *queue_new(size_t capacity)
{
	struct queue *q;
	pthread_condattr_t attr;

	assert(capacity && capacity < SIZE_MAX / sizeof(q->item[0]) / 2);
	q = xcalloc(1, sizeof(*q) + capacity * sizeof(q->item[0]));
	q->capacity = capacity;
	q->fd = -1;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->filled, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	assert(!q->length);
	if (q->fd >= 0)
		close(q->fd);
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* The descriptor counts 1 while there are items and 0 while there are none. */
static void fd_set_readable(const struct queue *q, bool readable)
{
	uint64_t one = 1;
	ssize_t n;

	if (q->fd < 0)
		return;
	n = readable ? write(q->fd, &one, sizeof(one))
		     : read(q->fd, &one, sizeof(one));
	assert(n == sizeof(one));
}

static void *take(struct queue *q)
{
	void *item;

	if (!q->length)
		return NULL;
	item = q->item[q->head];
	q->head = (q->head + 1) % q->capacity;
	if (!--q->length)
		fd_set_readable(q, false);
	return item;
}

bool queue_send(struct queue *q, void *item)
{
	bool ok;

	assert(item);
	pthread_mutex_lock(&q->lock);
	ok = !q->closed && q->length < q->capacity;
	if (ok) {
		q->item[(q->head + q->length) % q->capacity] = item;
		if (!q->length++)
			fd_set_readable(q, true);
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	return ok;
}

void *queue_receive(struct queue *q)
{
	void *item;

	pthread_mutex_lock(&q->lock);
	item = take(q);
	pthread_mutex_unlock(&q->lock);
	return item;
}

static struct timespec deadline(int wait_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

void *queue_wait(struct queue *q, int wait_ms)
{
	struct timespec until = deadline(wait_ms > 0 ? wait_ms : 0);
	int late = 0;
	void *item;

	pthread_mutex_lock(&q->lock);
	while (!q->length && !q->closed && !late) {
		if (wait_ms < 0)
			pthread_cond_wait(&q->filled, &q->lock);
		else
			late = pthread_cond_timedwait(&q->filled, &q->lock,
				&until);
	}
	item = take(q);
	pthread_mutex_unlock(&q->lock);
	return item;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

bool queue_closed(const struct queue *q)
{
	struct queue *w = (struct queue *)q; /* the lock only */
	bool closed;

	pthread_mutex_lock(&w->lock);
	closed = w->closed;
	pthread_mutex_unlock(&w->lock);
	return closed;
}

size_t queue_length(const struct queue *q)
{
	struct queue *w = (struct queue *)q; /* the lock only */
	size_t length;

	pthread_mutex_lock(&w->lock);
	length = w->length;
	pthread_mutex_unlock(&w->lock);
	return length;
}

int queue_fd(struct queue *q)
{
	int fd;

	pthread_mutex_lock(&q->lock);
	if (q->fd < 0)
		q->fd = eventfd(q->length ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = q->fd;
	pthread_mutex_unlock(&q->lock);
	return fd;
}
