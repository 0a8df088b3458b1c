#include "store/redis.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/oom.h"
#include "store/redis_dial.h"
#include "store/redis_error.h"

/*
 * hiredis 0.14 calls abort() when it is out of memory.  So do we in effect
 * (base/oom.h ends the process), hence nothing is done about it; replies are
 * not made by hiredis at all but by the functions below, into an arena.
 */
enum {
	BACKOFF_FIRST_MS = 20,
	BACKOFF_MAX_MS = 1000,
	LOADING_PAUSE_MS = 100,
	REFUSED_PAUSE_MS = 5000,
	COMMANDS_BYTES_MAX = 256 << 20
};

struct parse { /* where the reader puts its reply */
	struct arena *arena;
	size_t elements;
	bool too_large;
};

struct redis {
	struct redis_url url;
	char name[REDIS_NAME_BYTES]; /* for messages */
	int timeout_ms;
	bool any; /* an unfit server will do */
	int fd;   /* -1: not connected */
	int interrupt_fd;
	redisReader *reader;
	struct parse parse;
	size_t fed; /* bytes since the last whole reply */
	struct buf out;
	uint64_t refused_until_ns; /* no attempt before it */
	struct err refusal;
};

static uint64_t now_ns(void)
{
	return clock_mono_ns(&clock_system);
}

static uint64_t deadline_after(int ms)
{
	return now_ns() + (uint64_t)(ms > 0 ? ms : 0) * 1000000;
}

/* ---- replies ---- */

static struct redis_reply *reply_new(const redisReadTask *task,
	enum redis_type type)
{
	struct parse *p = task->privdata;
	struct redis_reply *r;

	if (++p->elements > REDIS_ELEMENTS_MAX) {
		p->too_large = true;
		return NULL;
	}
	r = ARENA_NEW(p->arena, struct redis_reply);
	r->type = type;
	if (task->parent) {
		struct redis_reply *up = task->parent->obj;

		up->element[task->idx] = r;
	}
	return r;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): hiredis calls it */
static void *reply_text(const redisReadTask *task, char *bytes, size_t len)
{
	struct parse *p = task->privdata;
	struct redis_reply *r = reply_new(task,
		task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT);

	if (r)
		r->text = arena_str(p->arena, (struct str){ bytes, len });
	return r;
}

#if HIREDIS_MAJOR >= 1
static void *reply_array(const redisReadTask *task, size_t count)
#else
static void *reply_array(const redisReadTask *task, int count)
#endif
{
	struct parse *p = task->privdata;
	struct redis_reply *r;

	if ((uint64_t)count > REDIS_ELEMENTS_MAX) {
		p->too_large = true;
		return NULL;
	}
	r = reply_new(task, REDIS_ARRAY);
	if (r) {
		r->count = (size_t)count;
		r->element =
			ARENA_ARRAY(p->arena, r->count, struct redis_reply *);
	}
	return r;
}

static void *reply_integer(const redisReadTask *task, long long value)
{
	struct redis_reply *r = reply_new(task, REDIS_INTEGER);

	if (r)
		r->integer = value;
	return r;
}

static void *reply_nil(const redisReadTask *task)
{
	return reply_new(task, REDIS_NIL);
}

static void reply_free(void *reply)
{
	(void)reply; /* the arena's */
}

/* Doubles and booleans are RESP3, which is never asked for: refused. */
static redisReplyObjectFunctions reply_functions = {
	.createString = reply_text,
	.createArray = reply_array,
	.createInteger = reply_integer,
	.createNil = reply_nil,
	.freeObject = reply_free,
};

bool redis_parse(struct arena *a, struct str bytes, struct redis_reply **ret)
{
	struct parse p = { .arena = a };
	redisReader *reader = redisReaderCreateWithFunctions(&reply_functions);
	void *got = NULL;
	bool ok;

	reader->privdata = &p;
	ok = redisReaderFeed(reader, bytes.ptr, bytes.len) == REDIS_OK &&
	     redisReaderGetReply(reader, &got) == REDIS_OK && got;
	if (ok)
		*ret = got;
	redisReaderFree(reader);
	return ok;
}

bool redis_explain(const struct redis *r, struct str error, struct err *e)
{
	const struct redis_error *x = redis_error_of(error);
	char text[81];

	redis_error_text(error, text);
	if (!x)
		return err_set(e, ERR_STORE, "%s answered: %s", r->name, text);
	if (str_starts(error, STR("NOPERM")))
		return err_set(e, ERR_STORE, "%.60s %s (%s)", r->name, x->text,
			text);
	return err_set(e, ERR_STORE, "%s %s", r->name, x->text);
}

/* ---- connection ---- */

static void redis_close(struct redis *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	if (r->reader)
		redisReaderFree(r->reader);
	r->reader = NULL;
}

static void reader_start(struct redis *r)
{
	r->reader = redisReaderCreateWithFunctions(&reply_functions);
	r->reader->privdata = &r->parse;
	r->fed = 0;
}

/*
 * Waits for the socket.  With `interruptible`, the interrupt descriptor or a
 * signal ends it.
 */
static enum answer socket_wait(struct redis *r, short events,
	uint64_t deadline_ns, bool interruptible)
{
	struct pollfd fds[2] = { { r->fd, events, 0 },
		{ r->interrupt_fd, POLLIN, 0 } };
	nfds_t n = interruptible && r->interrupt_fd >= 0 ? 2 : 1;
	int got;

	for (;;) {
		int left = redis_ms_until(deadline_ns);

		got = poll(fds, n, left);
		if (got < 0 && errno == EINTR && !interruptible)
			continue;
		if (got < 0)
			return errno == EINTR ? ANSWER_INTERRUPTED
					      : ANSWER_BROKEN;
		if (fds[0].revents)
			return ANSWER_OK;
		if (n > 1 && fds[1].revents)
			return ANSWER_INTERRUPTED;
		if (left == 0)
			return ANSWER_LATE;
	}
}

/*
 * A pause between two attempts; false: interrupted, or no time is left for
 * another one, so that the error stays the one that was seen.
 */
static bool pause_ms(struct redis *r, int ms, uint64_t deadline_ns)
{
	struct pollfd fd = { r->interrupt_fd, POLLIN, 0 };
	int left = redis_ms_until(deadline_ns);

	if (left <= ms)
		return false;
	return poll(&fd, fd.fd >= 0, ms) == 0;
}

/* ---- one exchange ---- */

static enum answer bytes_send(struct redis *r, size_t *at)
{
	while (*at < r->out.len) {
		ssize_t n = send(r->fd, r->out.ptr + *at, r->out.len - *at,
			MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ANSWER_OK : ANSWER_BROKEN;
		*at += (size_t)n;
	}
	return ANSWER_OK;
}

static enum answer garbage(struct redis *r, const char *what, struct err *e)
{
	err_set(e, ERR_STORE,
		"%s does not speak the Redis protocol (%s): is it another "
		"service's address?",
		r->name, what);
	return ANSWER_REFUSED;
}

/* Takes the replies that are whole. */
static enum answer replies_take(struct redis *r, struct redis_reply **ret,
	size_t n, size_t *got, struct err *e)
{
	while (*got < n) {
		void *reply = NULL;

		if (redisReaderGetReply(r->reader, &reply) != REDIS_OK)
			return garbage(r,
				r->parse.too_large ? "reply too large"
						   : r->reader->errstr,
				e);
		if (!reply)
			break;
		ret[(*got)++] = reply;
		r->parse.elements = 0;
		r->fed = 0;
	}
	return ANSWER_OK;
}

static enum answer bytes_receive(struct redis *r, struct err *e)
{
	char bytes[16 * 1024];
	ssize_t n = recv(r->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ANSWER_OK;
	if (n <= 0)
		return ANSWER_BROKEN;
	r->fed += (size_t)n;
	if (r->fed > REDIS_REPLY_BYTES_MAX)
		return garbage(r, "reply too large", e);
	if (redisReaderFeed(r->reader, bytes, (size_t)n) != REDIS_OK)
		return garbage(r, r->reader->errstr, e);
	return ANSWER_OK;
}

struct exchange {
	struct arena *arena;
	struct redis_reply **reply;
	size_t count;
	uint64_t deadline_ns;
	bool interruptible;
};

/* Sends r->out and takes the replies; anything but OK closes. */
static enum answer exchange(struct redis *r, const struct exchange *x,
	struct err *e)
{
	enum answer a = ANSWER_OK;
	size_t sent = 0;
	size_t got = 0;

	r->parse = (struct parse){ .arena = x->arena };
	while (a == ANSWER_OK && got < x->count) {
		short events = POLLIN;

		a = bytes_send(r, &sent);
		if (sent < r->out.len)
			events |= POLLOUT;
		if (a == ANSWER_OK)
			a = socket_wait(r, events, x->deadline_ns,
				x->interruptible);
		if (a == ANSWER_OK)
			a = bytes_receive(r, e);
		if (a == ANSWER_OK)
			a = replies_take(r, x->reply, x->count, &got, e);
	}
	if (a != ANSWER_OK)
		redis_close(r);
	if (a == ANSWER_BROKEN)
		err_set(e, ERR_STORE, "%s closed the connection", r->name);
	if (a == ANSWER_LATE)
		err_set(e, ERR_STORE,
			"%s does not answer in time: it is slow, stopped, or "
			"cut off",
			r->name);
	return a;
}

static void command_format(struct buf *out, const struct str *argv, size_t argc)
{
	const char **text = xmalloc(argc * sizeof(*text));
	size_t *len = xmalloc(argc * sizeof(*len));
	char *bytes = NULL;
	int n;

	for (size_t i = 0; i < argc; i++) {
		text[i] = argv[i].ptr ? argv[i].ptr : "";
		len[i] = argv[i].len;
	}
	n = (int)redisFormatCommandArgv(&bytes, (int)argc, text, len);
	if (n < 0)
		oom_die(0);
	buf_add(out, (struct str){ bytes, (size_t)n });
	free(bytes);
	free(text);
	free(len);
}

/* ---- handshake ---- */

static bool text_has(const struct redis_reply *r, const char *what)
{
	return r->type == REDIS_TEXT &&
	       str_find(r->text, str_from(what), 0) != SIZE_MAX;
}

/* Is this a server that may be trusted with a halt? */
static enum answer fitness(struct redis *r, const struct redis_reply *role,
	const struct redis_reply *memory, struct err *e)
{
	if (r->any)
		return ANSWER_OK;
	if (role->type == REDIS_ARRAY && role->count > 0 &&
		text_has(role->element[0], "slave")) {
		redis_explain(r, STR("READONLY"), e);
		return ANSWER_REFUSED;
	}
	if (text_has(memory, "maxmemory_policy:allkeys-") &&
		!text_has(memory, "maxmemory:0\r\n")) {
		err_set(e, ERR_STORE,
			"%s may evict any key (maxmemory-policy allkeys-*): a "
			"halt could vanish; set it to noeviction",
			r->name);
		return ANSWER_REFUSED;
	}
	return ANSWER_OK;
}

static enum answer errors_look(struct redis *r, struct redis_reply **reply,
	size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct redis_error *x;

		if (!reply[i] || reply[i]->type != REDIS_ERROR)
			continue;
		x = redis_error_of(reply[i]->text);
		if (!x)
			continue;
		redis_explain(r, reply[i]->text, e);
		return x->answer;
	}
	return ANSWER_OK;
}

static enum answer handshake(struct redis *r, uint64_t deadline_ns,
	struct err *e)
{
	struct arena *a = arena_new();
	struct redis_reply *reply[5] = { NULL };
	struct exchange x = { a, reply, 0, deadline_ns, false };
	char db[16];
	struct str auth[] = { STR("AUTH"), str_from(r->url.user),
		str_from(r->url.password) };
	struct str chosen[] = { STR("SELECT"), STR_NONE };
	struct str ping[] = { STR("PING") };
	struct str role[] = { STR("ROLE") };
	struct str memory[] = { STR("INFO"), STR("memory") };
	struct buf kept = r->out;
	enum answer answer;

	buf_init(&r->out, COMMANDS_BYTES_MAX);
	if (r->url.password[0]) {
		if (!r->url.user[0])
			auth[1] = auth[2];
		command_format(&r->out, auth, r->url.user[0] ? 3 : 2);
		x.count++;
	}
	if (r->url.db) {
		snprintf(db, sizeof(db), "%u", r->url.db);
		chosen[1] = str_from(db);
		command_format(&r->out, chosen, 2);
		x.count++;
	}
	command_format(&r->out, ping, 1);
	command_format(&r->out, role, 1);
	command_format(&r->out, memory, 2);
	x.count += 3;
	answer = exchange(r, &x, e);
	/* exchange() that is OK has filled every reply */
	assert(answer != ANSWER_OK || (reply[0] && reply[x.count - 1]));
	buf_done(&r->out);
	r->out = kept;
	/* ROLE and INFO may be forbidden: then nothing is known, and fine. */
	if (answer == ANSWER_OK)
		answer = errors_look(r, reply, x.count - 2, e);
	if (answer == ANSWER_OK)
		answer = fitness(r, reply[x.count - 2], reply[x.count - 1], e);
	if (answer == ANSWER_OK && r->url.db && reply[x.count - 4] &&
		reply[x.count - 4]->type == REDIS_ERROR) {
		redis_explain(r, reply[x.count - 4]->text, e);
		answer = ANSWER_REFUSED;
	}
	if (answer != ANSWER_OK)
		redis_close(r);
	arena_free(a);
	return answer;
}

/* One attempt; ANSWER_BROKEN: nobody there, ANSWER_BUSY: not yet. */
static enum answer connect_once(struct redis *r, uint64_t deadline_ns,
	struct err *e)
{
	enum answer answer;

	if (r->refused_until_ns > now_ns()) {
		if (e)
			*e = r->refusal;
		return ANSWER_REFUSED;
	}
	r->fd = redis_dial(&r->url, r->name, deadline_ns, e);
	if (r->fd < 0)
		return ANSWER_BROKEN;
	reader_start(r);
	answer = handshake(r, deadline_ns, e);
	if (answer == ANSWER_REFUSED &&
		e) { /* with nobody to tell, ask again */
		r->refused_until_ns = deadline_after(REFUSED_PAUSE_MS);
		r->refusal = *e;
	}
	return answer;
}

/* ---- calls ---- */

/* Until the deadline: connects where needed, sends, takes. */
static enum answer attempts(struct redis *r, const struct exchange *x,
	struct err *e)
{
	int backoff = BACKOFF_FIRST_MS;
	enum answer a;

	for (;;) {
		a = r->fd >= 0 ? ANSWER_OK : connect_once(r, x->deadline_ns, e);
		if (a == ANSWER_OK)
			a = exchange(r, x, e);
		if (a == ANSWER_OK)
			a = errors_look(r, x->reply, x->count, e);
		if (a == ANSWER_REFUSED || a == ANSWER_OK || a == ANSWER_LATE ||
			a == ANSWER_INTERRUPTED)
			return a;
		if (!pause_ms(r, a == ANSWER_BUSY ? LOADING_PAUSE_MS : backoff,
			    x->deadline_ns))
			return a;
		if (backoff < BACKOFF_MAX_MS)
			backoff *= 2;
	}
}

bool redis_pipeline(struct redis *r, struct arena *a,
	const struct redis_command *command, size_t n, struct redis_reply **ret,
	struct err *e)
{
	struct exchange x = { a, ret, n, deadline_after(r->timeout_ms), false };

	buf_clear(&r->out);
	for (size_t i = 0; i < n; i++)
		command_format(&r->out, command[i].argv, command[i].argc);
	if (r->out.over)
		return err_set(e, ERR_STORE, "more than %d MiB for one call",
			COMMANDS_BYTES_MAX >> 20);
	return attempts(r, &x, e) == ANSWER_OK;
}

bool redis_wait(struct redis *r, struct arena *a,
	const struct redis_command *command, int wait_ms,
	struct redis_reply **ret, struct err *e)
{
	struct redis_reply *reply = NULL;
	struct exchange x = { a, &reply, 1,
		deadline_after(wait_ms + r->timeout_ms), true };
	enum answer answer;

	buf_clear(&r->out);
	command_format(&r->out, command->argv, command->argc);
	answer = attempts(r, &x, e);
	if (answer != ANSWER_OK && answer != ANSWER_INTERRUPTED)
		return false;
	if (answer == ANSWER_INTERRUPTED)
		reply = NULL;
	if (reply && reply->type == REDIS_ERROR)
		return redis_explain(r, reply->text, e);
	*ret = reply;
	return true;
}

bool redis_call(struct redis *r, struct arena *a, const struct str *argv,
	size_t argc, struct redis_reply **ret, struct err *e)
{
	struct redis_command command = { argv, argc };
	struct redis_reply *reply = NULL;

	if (!redis_pipeline(r, a, &command, 1, &reply, e))
		return false;
	assert(reply);
	if (reply->type == REDIS_ERROR)
		return redis_explain(r, reply->text, e);
	*ret = reply;
	return true;
}

void redis_interrupt(struct redis *r, int fd)
{
	r->interrupt_fd = fd;
}

static struct redis *open_with(const char *url, int timeout_ms, bool any,
	struct err *e)
{
	struct redis *r = xcalloc(1, sizeof(*r));
	uint64_t deadline_ns = deadline_after(timeout_ms);
	enum answer a = ANSWER_REFUSED;

	r->fd = -1;
	r->interrupt_fd = -1;
	r->timeout_ms = timeout_ms;
	r->any = any;
	buf_init(&r->out, COMMANDS_BYTES_MAX);
	if (redis_url_parse(str_from(url), &r->url, e)) {
		redis_url_name(&r->url, r->name);
		do {
			a = connect_once(r, deadline_ns, e);
		} while (a == ANSWER_BUSY &&
			 pause_ms(r, LOADING_PAUSE_MS, deadline_ns));
	}
	if (a == ANSWER_OK)
		return r;
	redis_free(r);
	return NULL;
}

struct redis *redis_open(const char *url, int timeout_ms, struct err *e)
{
	return open_with(url, timeout_ms, false, e);
}

struct redis *redis_open_any(const char *url, int timeout_ms, struct err *e)
{
	return open_with(url, timeout_ms, true, e);
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	redis_close(r);
	buf_done(&r->out);
	explicit_bzero(&r->url, sizeof(r->url));
	free(r);
}
