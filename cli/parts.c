#include "cli/parts.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/detecting.h"
#include "cli/load.h"
#include "cli/open.h"
#include "cli/output.h"
#include "runner/runner.h"
#include "store/private_redis.h"
#include "store/state.h"

enum {
	TICK_MS = 100,
	CONNECT_MS = 3000,
	TRIM_EVERY_MS = 60000,
	KEEP_MS = 6 * 3600 * 1000,
	ID_MAX = 48, /* bytes of --id */
	IDS_BYTES = 64
};

struct parts {
	struct options *o;
	const char *command;
	unsigned which;
	struct state *state;
	struct private_redis *redis;
	struct detecting *detecting;
	struct runner *runner;
	struct loop *loop;
	struct loop_timer tick;
	struct arena *arena;        /* of the line that it started with */
	struct arena *newest_arena; /* of a reloaded one */
	const struct line *line;    /* the newest */
	struct str line_name;
	char url[512], runner_id[IDS_BYTES], detector_id[IDS_BYTES];
	atomic_bool runner_ready;
	bool said_ready, draining;
	int signo; /* that ended it */
	int code;  /* when it ended by itself */
	uint64_t trimmed_ns;
};

/* ------- the runner's events, in its sink thread ------- */

static struct store *runner_store(void *owner, struct err *e)
{
	struct parts *p = owner;

	return store_open(p->url, p->line_name, CONNECT_MS, e);
}

static void runner_event(enum runner_event ev, const char *text, void *owner)
{
	struct parts *p = owner;
	enum log_level level = LOG_INFO;

	if (ev == RUNNER_STORE_LOST || ev == RUNNER_DROPPED ||
		ev == RUNNER_REFUSED || ev == RUNNER_TROUBLE)
		level = LOG_WARN;
	log_event(level, runner_event_token(ev), "text", text ? text : "",
		NULL);
	if (ev == RUNNER_READY) {
		atomic_store(&p->runner_ready, true);
		loop_wake(p->loop);
	}
}

/* ------- start ------- */

static bool start_store(struct parts *p, struct err *e)
{
	const char *use = p->o->redis;

	if (!use && (p->which & PART_REDIS)) {
		if (!state_lock(p->state, STATE_REDIS, e))
			return false;
		p->redis = private_redis_start(p->state, e);
		if (!p->redis)
			return false;
		use = private_redis_url(p->redis);
	}
	if (use && strlen(use) >= sizeof(p->url))
		return err_set(e, ERR_CONFIG,
			"redis URL: longer than %zu bytes", sizeof(p->url) - 1);
	if (use) {
		snprintf(p->url, sizeof(p->url), "%s", use);
		return true;
	}
	return state_redis_url(open_state_dir(p->o), CONNECT_MS + 2000, p->url,
		sizeof(p->url), e);
}

/*
 * --id is the name; the end of the state folder's own id stays behind it.  Two
 * hosts that were given one name do not take the lease from each other then,
 * and what is started again in its folder is the same as before.
 */
static void id_name(const struct options *o, char id[static IDS_BYTES])
{
	char own[IDS_BYTES];
	const char *end;

	if (!o->id || !*id)
		return;
	memcpy(own, id, sizeof(own));
	end = strrchr(own, '-');
	snprintf(id, IDS_BYTES, "%.*s%s", ID_MAX, o->id, end ? end : "");
}

static bool start_state(struct parts *p, struct err *e)
{
	p->state = state_open(open_state_dir(p->o), e);
	if (!p->state)
		return false;
	if ((p->which & PART_RUNNER) &&
		(!state_lock(p->state, STATE_RUNNER, e) ||
			!state_id(p->state, STATE_RUNNER, p->runner_id, e)))
		return false;
	if ((p->which & PART_DETECTOR) &&
		(!state_lock(p->state, STATE_DETECTOR, e) ||
			!state_id(p->state, STATE_DETECTOR, p->detector_id, e)))
		return false;
	if (p->o->id && strlen(p->o->id) > ID_MAX)
		return err_set(e, ERR_USAGE, "--id is longer than %d bytes",
			ID_MAX);
	id_name(p->o, p->runner_id);
	id_name(p->o, p->detector_id);
	return true;
}

/* The line file again, in an arena that can be given away. */
static bool line_again(const struct parts *p, struct arena *a,
	const struct line **ret, struct err *e)
{
	struct diags ds;

	diags_init(&ds, a);
	*ret = line_load(a, p->o->line, &ds);
	if (*ret)
		return true;
	return err_set(e, ERR_CONFIG,
		"the line file has changed while it was read");
}

static bool start_detector(struct parts *p, struct err *e)
{
	struct arena *a = arena_new();
	const struct line *line;
	struct detecting_options d = { .url = p->url,
		.journal = state_path(p->state, "detector.journal"),
		.id = p->detector_id,
		.quiet = p->o->quiet };
	bool ok = true;

	if (p->which & PART_DETECTOR) {
		ok = line_again(p, a, &line, e);
		if (ok)
			p->detecting = detecting_start(&d, &a, line, e);
		ok = p->detecting != NULL;
	}
	arena_free(a);
	return ok;
}

static bool start_runner(struct parts *p, struct plan **plan, struct err *e)
{
	struct runner_options r = { .id = str_from(p->runner_id),
		.take_over = true,
		.threads = (unsigned)p->o->threads,
		.grace_ms = (uint32_t)p->o->grace_ms,
		.seed = p->o->seed,
		.open_store = runner_store,
		.on_event = runner_event,
		.owner = p };

	if (!(p->which & PART_RUNNER))
		return true;
	p->runner = runner_new(&r, plan, e);
	return p->runner && runner_start(p->runner, e);
}

/* ------- reload ------- */

/* The first mistake, as the log names it: no warning refuses anything. */
static void log_refused(const struct diags *ds, const struct err *e)
{
	const struct diag *d = ds->first;
	struct place at = { 0 };
	struct buf where;

	while (d && d->level != DIAG_ERROR)
		d = d->next;
	buf_init(&where, 1024);
	if (d && d->where.src) {
		span_place(d->where, &at);
		buf_add(&where, d->where.src->name);
		if (span_has_place(d->where))
			buf_addf(&where, ":%u:%u", at.line, at.column);
	}
	log_event(LOG_ERROR, "reload_refused", "at",
		where.len ? where.ptr : "-", "error", d ? d->text.ptr : e->text,
		NULL);
	buf_done(&where);
}

static bool name_stays(const struct parts *p, const struct line *l)
{
	if (str_eq(l->name, p->line_name))
		return true;
	log_event(LOG_ERROR, "reload_refused", "error",
		"the line's name has changed; start again", NULL);
	return false;
}

/* The line of the main thread: what is trimmed. */
static void reload_line(struct parts *p)
{
	struct arena *a = arena_new();
	const struct line *l;
	struct err e = { 0 };

	if (!line_again(p, a, &l, &e)) {
		arena_free(a);
		return;
	}
	arena_free(p->newest_arena);
	p->newest_arena = a;
	p->line = l;
}

static void reload_detector(struct parts *p)
{
	struct arena *a = arena_new();
	struct diags ds;
	struct err e = { 0 };

	diags_init(&ds, a);
	const struct line *l = line_load(a, p->o->line, &ds);
	if (!l) {
		log_refused(&ds, &e);
	} else if (name_stays(p, l)) {
		detecting_reload(p->detecting, &a, l);
		reload_line(p);
	}
	arena_free(a);
}

static void reload(struct parts *p)
{
	struct loaded l;
	struct err e = { 0 };
	struct plan *plan;

	if (!(p->which & PART_RUNNER)) {
		reload_detector(p);
		return;
	}
	load_files(p->o, &p->o->args, &l);
	plan = load_plan(p->o, &l, &e);
	if (plan && !name_stays(p, plan->line)) {
		plan_unref(plan);
	} else if (plan) {
		runner_reload(p->runner, &plan);
		if (p->detecting)
			reload_detector(p);
	} else {
		log_refused(&l.ds, &e);
	}
	load_done(&l);
}

/* ------- the main thread's loop ------- */

static void drain(struct parts *p, int signo)
{
	if (p->draining) { /* a second signal: now */
		if (p->runner)
			runner_stop(p->runner);
		return;
	}
	p->draining = true;
	p->signo = signo;
	if (!p->o->quiet)
		log_event(LOG_INFO, "draining", NULL);
	if (p->runner)
		runner_drain(p->runner);
}

static void on_signal(struct loop *l, int signo, void *owner)
{
	(void)l;
	if (signo == SIGHUP)
		reload(owner);
	else
		drain(owner, signo);
}

static void say_ready(struct parts *p)
{
	if (p->said_ready || (p->runner && !atomic_load(&p->runner_ready)) ||
		(p->detecting && !detecting_ready(p->detecting)))
		return;
	p->said_ready = true;
	fprintf(stderr, "ready\n");
	fflush(stderr);
}

static void failed(struct parts *p, const struct err *e)
{
	if (p->code == 0)
		p->code = output_err(p->command, e);
	drain(p, 0);
}

static void trim(struct parts *p)
{
	struct arena *a;
	struct store *s;
	struct err e = { 0 };
	uint64_t now = loop_now_ns(p->loop);
	uint64_t keep_ms = p->o->keep_ms ? p->o->keep_ms : KEEP_MS;

	if (!(p->which & PART_DETECTOR) ||
		now - p->trimmed_ns < TRIM_EVERY_MS * 1000000ULL)
		return;
	p->trimmed_ns = now;
	a = arena_new();
	s = store_open(p->url, p->line_name, CONNECT_MS, &e);
	if (s) {
		struct cursor c = { .count = p->line->nregions };
		c.region = ARENA_ARRAY(a, c.count, struct str);
		for (size_t i = 0; i < c.count; i++)
			c.region[i] = p->line->regions[i].full;
		if (!store_trim(s, &c, keep_ms, &e))
			log_event(LOG_WARN, "trim_failed", "error", e.text,
				NULL);
	}
	store_free(s);
	arena_free(a);
}

static void on_tick(struct loop *l, void *owner)
{
	struct parts *p = owner;
	struct err e = { 0 };

	say_ready(p);
	if (p->runner && runner_failed(p->runner, &e))
		failed(p, &e);
	if (p->detecting && detecting_failed(p->detecting, &e))
		failed(p, &e);
	if (p->redis && private_redis_fd(p->redis) < 0) {
		err_set(&e, ERR_STORE, "the private redis-server has ended");
		failed(p, &e);
	}
	trim(p);
	if (p->draining && (!p->runner || runner_wait(p->runner, 0))) {
		loop_stop(l);
		return;
	}
	loop_timer_arm(l, &p->tick, loop_now_ns(l) + TICK_MS * 1000000ULL,
		on_tick, p);
}

static bool serve(struct parts *p, struct err *e)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGHUP };

	p->loop = loop_new(&clock_system, e);
	return p->loop && loop_signals(p->loop, signos, 3, on_signal, p, e);
}

/* The detector ends after the runner, so that the last results are judged;
 * the store last. */
static void parts_done(struct parts *p)
{
	runner_free(p->runner);
	detecting_stop(p->detecting);
	private_redis_stop(p->redis);
	state_close(p->state);
	loop_free(p->loop);
	arena_free(p->newest_arena);
	arena_free(p->arena);
}

static int exit_code(const struct parts *p)
{
	if (p->code)
		return p->code;
	return p->signo == SIGINT ? EXIT_SIGINT : EXIT_PASS;
}

int parts_run(struct options *o, const char *command, unsigned which)
{
	struct parts p = { .o = o, .command = command, .which = which };
	struct plan *plan = NULL;
	struct err e = { 0 };
	int code;

	p.arena = arena_new();
	code = open_line(o, command, p.arena, &p.line);
	if (code == 0 && (which & PART_RUNNER))
		code = load_for_run(o, command, &o->args, &plan);
	if (code != 0)
		goto out;
	p.line_name = p.line->name;
	/* Signals are blocked before the first thread is made. */
	if (serve(&p, &e) && start_state(&p, &e) && start_store(&p, &e) &&
		start_detector(&p, &e) && start_runner(&p, &plan, &e)) {
		loop_timer_arm(p.loop, &p.tick, 0, on_tick, &p);
		loop_run(p.loop, &e);
	}
	if (e.kind != ERR_NONE)
		code = output_err(command, &e);
out:
	parts_done(&p);
	plan_unref(plan);
	return code ? code : exit_code(&p);
}
