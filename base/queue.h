#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bounded queue of pointers between threads: many senders, one receiver.
 *
 * A message moves ownership: after queue_send() returned true the sender must
 * not touch the item.  A full queue refuses; that is the back-pressure.
 */
struct queue;

struct queue *queue_new(size_t capacity);
void queue_free(struct queue *q);             /* must be empty */
bool queue_send(struct queue *q, void *item); /* false: full or closed */
void *queue_receive(struct queue *q);         /* NULL: empty now */
/*
 * Waits up to wait_ms (-1: no limit) for an item.  NULL: none came, or closed
 * and empty.
 */
void *queue_wait(struct queue *q, int wait_ms);
void queue_close(struct queue *q); /* senders are refused from now on */
bool queue_closed(const struct queue *q);
size_t queue_length(const struct queue *q);

/*
 * An event descriptor for the receiver's loop, made by the first call and
 * owned by the queue: readable exactly while there are items (level, not
 * edge; never read or written by the caller).  Closing does not show on it.
 * -1 with errno: no descriptor left.
 */
int queue_fd(struct queue *q);

#endif
