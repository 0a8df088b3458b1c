#include "cli/detecting.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/oom.h"
#include "cli/referee.h"
#include "store/journal.h"
#include "store/store.h"

enum { TURN_MS = 500, CONNECT_MS = 3000, RETRY_MS = 500, ID_MAX = 128 };

struct detecting {
	pthread_t thread;
	int wake; /* eventfd: stop, or a new line file */
	atomic_bool stop, ready, failed;
	pthread_mutex_t lock; /* of the two below and of `error` */
	struct arena *next_arena;
	const struct line *next_line;
	struct err error;

	/* of the thread alone */
	struct arena *arena;
	const struct line *line;
	struct store *store;
	struct journal *journal;
	struct referee *referee;
	char url[512], id[ID_MAX];
	bool lost;
};

static void on_event(enum referee_event ev, struct str text, void *owner)
{
	static const struct {
		enum log_level level;
		const char *name;
	} events[] = {
		[REFEREE_LEASE_TAKEN] = { LOG_INFO, "detector_lease_taken" },
		[REFEREE_STANDING_BY] = { LOG_INFO, "detector_standing_by" },
		[REFEREE_LEASE_LOST] = { LOG_WARN, "detector_lease_lost" },
		[REFEREE_STOPPED] = { LOG_WARN, "line_stopped" },
		[REFEREE_ACCEPTED] = { LOG_INFO, "deployment_accepted" },
		[REFEREE_REASSERTED] = { LOG_WARN, "halt_reasserted" },
		[REFEREE_ALONE] = { LOG_WARN, "halt_not_replicated" },
		[REFEREE_PLAN] = { LOG_WARN, "plan_changed_credit_restarts" },
	};
	struct detecting *d = owner;

	log_event(events[ev].level, events[ev].name, "what", text.ptr, NULL);
	if (ev == REFEREE_LEASE_TAKEN || ev == REFEREE_STANDING_BY)
		atomic_store(&d->ready, true);
}

/* Waits for a wake-up; drains it. */
static void pause_ms(struct detecting *d, int wait_ms)
{
	struct pollfd p = { .fd = d->wake, .events = POLLIN };

	poll(&p, 1, wait_ms);
}

static void take_wake(struct detecting *d)
{
	uint64_t n;

	while (read(d->wake, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

static void take_line(struct detecting *d)
{
	struct arena *old = NULL;

	pthread_mutex_lock(&d->lock);
	if (d->next_arena) {
		old = d->arena;
		d->arena = d->next_arena;
		d->line = d->next_line;
		d->next_arena = NULL;
	}
	pthread_mutex_unlock(&d->lock);
	if (!old)
		return;
	if (d->referee)
		referee_reload(d->referee, d->line);
	arena_free(old);
}

static bool referee_open(struct detecting *d, struct err *e)
{
	if (d->referee)
		return true;
	d->store = store_open(d->url, d->line->name, CONNECT_MS, e);
	if (!d->store)
		return false;
	store_interrupt(d->store, d->wake);
	struct referee_options o = { .line = d->line,
		.store = d->store,
		.journal = d->journal,
		.id = str_from(d->id) };
	d->referee = referee_new(&o);
	referee_on_event(d->referee, on_event, d);
	return true;
}

static bool turn(struct detecting *d, struct err *e)
{
	bool busy;

	if (!referee_open(d, e) || !referee_turn(d->referee, &busy, e))
		return false;
	if (d->lost) {
		log_event(LOG_INFO, "store_back", "who", "detector", NULL);
		d->lost = false;
	}
	return busy || atomic_load(&d->stop) ||
	       referee_wait(d->referee, TURN_MS, e);
}

static void *detect_main(void *owner)
{
	struct detecting *d = owner;

	while (!atomic_load(&d->stop)) {
		struct err e = { 0 };
		take_wake(d);
		take_line(d);
		if (turn(d, &e))
			continue;
		if (e.kind != ERR_STORE && e.kind != ERR_BUSY) {
			/* The journal: what can not be kept is not promised. */
			pthread_mutex_lock(&d->lock);
			d->error = e;
			pthread_mutex_unlock(&d->lock);
			atomic_store(&d->failed, true);
			break;
		}
		if (!d->lost)
			log_event(LOG_WARN, "store_lost", "who", "detector",
				"error", e.text, NULL);
		d->lost = true;
		pause_ms(d, RETRY_MS);
	}
	referee_free(d->referee);
	d->referee = NULL;
	return NULL;
}

static void detecting_free(struct detecting *d)
{
	store_free(d->store);
	journal_close(d->journal);
	arena_free(d->arena);
	arena_free(d->next_arena);
	if (d->wake >= 0)
		close(d->wake);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct detecting *detecting_start(const struct detecting_options *o,
	struct arena **a, const struct line *line, struct err *e)
{
	struct detecting *d = xcalloc(1, sizeof(*d));
	int rc;

	pthread_mutex_init(&d->lock, NULL);
	snprintf(d->url, sizeof(d->url), "%s", o->url);
	snprintf(d->id, sizeof(d->id), "%s", o->id);
	d->line = line;
	d->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->wake < 0) {
		err_sys(e, ERR_IO, "eventfd");
		goto bad;
	}
	if (o->journal) {
		d->journal = journal_open(o->journal, e);
		if (!d->journal)
			goto bad;
	}
	rc = pthread_create(&d->thread, NULL, detect_main, d);
	if (rc != 0) {
		errno = rc;
		err_sys(e, ERR_IO, "the detector's thread");
		goto bad;
	}
	d->arena = *a;
	*a = NULL;
	return d;
bad:
	detecting_free(d);
	return NULL;
}

bool detecting_ready(const struct detecting *d)
{
	return atomic_load(&d->ready);
}

bool detecting_failed(struct detecting *d, struct err *ret)
{
	if (!atomic_load(&d->failed))
		return false;
	pthread_mutex_lock(&d->lock);
	*ret = d->error;
	pthread_mutex_unlock(&d->lock);
	return true;
}

static void wake(struct detecting *d)
{
	uint64_t one = 1;

	while (write(d->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void detecting_reload(struct detecting *d, struct arena **a,
	const struct line *line)
{
	pthread_mutex_lock(&d->lock);
	arena_free(d->next_arena);
	d->next_arena = *a;
	d->next_line = line;
	*a = NULL;
	pthread_mutex_unlock(&d->lock);
	wake(d);
}

void detecting_stop(struct detecting *d)
{
	if (!d)
		return;
	atomic_store(&d->stop, true);
	wake(d);
	pthread_join(d->thread, NULL);
	detecting_free(d);
}
