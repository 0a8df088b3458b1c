#include "runner/resolve.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/oom.h"

enum { TRY_MS = 1000, TRIES = 4, HOST_MAX = 255, KEPT_MAX = 4096 };

struct resolve_wait {
	struct resolve_wait *next, **self;
	resolve_fn *fn;
	void *owner;
	bool *gone; /* set when it is answered while resolve() still runs */
};

/* One name that is asked for, or kept. */
struct name {
	struct resolver *resolver;
	struct resolve_wait *waiting;
	struct resolve_answer answer;
	uint64_t until_ns;
	bool asking;
	char key[HOST_MAX + 4];
};

struct resolver {
	struct loop *loop;
	ares_channel channel;
	struct map *names;
	struct loop_timer timer;
	size_t pending;
	bool ending;
};

static void on_fd(struct loop *l, int fd, int events, void *owner);
static void timer_set(struct resolver *r);

static void on_timer(struct loop *l, void *owner)
{
	struct resolver *r = owner;

	(void)l;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	timer_set(r);
}

static void timer_set(struct resolver *r)
{
	struct timeval tv;

	if (!r->pending || !ares_timeout(r->channel, NULL, &tv)) {
		loop_timer_cancel(r->loop, &r->timer);
		return;
	}
	loop_timer_arm(r->loop, &r->timer,
		loop_now_ns(r->loop) + (uint64_t)tv.tv_sec * 1000000000 +
			(uint64_t)tv.tv_usec * 1000 + 1000000,
		on_timer, r);
}

static void on_fd(struct loop *l, int fd, int events, void *owner)
{
	struct resolver *r = owner;

	(void)l;
	ares_process_fd(r->channel,
		events & (LOOP_READ | LOOP_ERROR) ? fd : ARES_SOCKET_BAD,
		events & (LOOP_WRITE | LOOP_ERROR) ? fd : ARES_SOCKET_BAD);
	timer_set(r);
}

static void on_socket(void *owner, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = owner;

	loop_fd(r->loop, fd,
		(readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0), on_fd,
		r);
}

struct resolver *resolver_new(struct loop *l, const char *servers,
	struct err *e)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	struct ares_options options = {
		.timeout = TRY_MS,
		.tries = TRIES,
		.lookups = (char[]){ "fb" },
		.sock_state_cb = on_socket,
		.sock_state_cb_data = r,
	};
	int rc;

	r->loop = l;
	rc = ares_library_init(ARES_LIB_INIT_ALL);
	if (rc == ARES_SUCCESS)
		rc = ares_init_options(&r->channel, &options,
			ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
				ARES_OPT_SOCK_STATE_CB);
	if (rc == ARES_SUCCESS && servers)
		rc = ares_set_servers_ports_csv(r->channel, servers);
	if (rc != ARES_SUCCESS) {
		err_set(e, ERR_IO, "name resolver: %s", ares_strerror(rc));
		if (r->channel)
			ares_destroy(r->channel);
		free(r);
		return NULL;
	}
	r->names = map_new();
	return r;
}

void resolver_free(struct resolver *r)
{
	size_t at = 0;
	struct str key;
	void *name;

	if (!r)
		return;
	r->ending = true;
	ares_destroy(r->channel);
	loop_timer_cancel(r->loop, &r->timer);
	while (map_each(r->names, &at, &key, &name))
		free(name);
	map_free(r->names);
	free(r);
}

/* Whose trouble is it?  What the name's own servers say is the target's. */
static enum resolve_state state_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return RESOLVE_OK;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
	case ARES_EBADNAME:
		return RESOLVE_NO_NAME;
	case ARES_EFORMERR:
	case ARES_ESERVFAIL:
	case ARES_ENOTIMP:
	case ARES_EREFUSED:
	case ARES_EBADRESP:
	case ARES_ETIMEOUT:
		return RESOLVE_FAILED;
	default: /* no server reached, no memory, no file, cancelled */
		return RESOLVE_OURS;
	}
}

static void answer_add(struct resolve_answer *a, int family, const void *addr)
{
	if (a->count == RESOLVE_ADDRESSES)
		a->more = true;
	else if (inet_ntop(family, addr, a->address[a->count],
			 sizeof(a->address[0])))
		a->count++;
}

static void name_answer(struct name *n)
{
	struct resolve_answer answer = n->answer;

	while (n->waiting) {
		struct resolve_wait *w = n->waiting;

		n->waiting = w->next;
		if (w->next)
			w->next->self = &n->waiting;
		if (w->gone)
			*w->gone = true;
		w->fn(&answer, w->owner);
		free(w);
	}
}

static void on_answer(void *owner, int status, int timeouts,
	struct ares_addrinfo *found)
{
	struct name *n = owner;
	struct resolver *r = n->resolver;
	struct resolve_answer *a = &n->answer;

	(void)timeouts;
	if (r->ending) {
		ares_freeaddrinfo(found);
		return;
	}
	r->pending--;
	n->asking = false;
	memset(a, 0, sizeof(*a));
	a->state = state_of(status);
	a->why = ares_strerror(status);
	for (const struct ares_addrinfo_node *i = found ? found->nodes : NULL;
		i; i = i->ai_next) {
		if (i->ai_family == AF_INET)
			answer_add(a, AF_INET,
				&((struct sockaddr_in *)(void *)i->ai_addr)
					 ->sin_addr);
		else if (i->ai_family == AF_INET6)
			answer_add(a, AF_INET6,
				&((struct sockaddr_in6 *)(void *)i->ai_addr)
					 ->sin6_addr);
	}
	if (found)
		ares_freeaddrinfo(found);
	if (a->state == RESOLVE_OK && !a->count) {
		a->state = RESOLVE_NO_NAME;
		a->why = "the name has no address";
	}
	n->until_ns =
		a->state == RESOLVE_OK
			? loop_now_ns(r->loop) + RESOLVE_KEEP_MS * 1000000ULL
			: 0;
	name_answer(n);
}

static bool numeric(struct str host, struct resolve_answer *ret)
{
	char text[HOST_MAX + 1];
	struct in6_addr six;
	struct in_addr four;

	if (host.len >= sizeof(text))
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		answer_add(ret, AF_INET, &four);
	else if (inet_pton(AF_INET6, text, &six) == 1)
		answer_add(ret, AF_INET6, &six);
	else if (strchr(text, ':') && host.len < sizeof(ret->address[0]))
		/* fe80::1%eth0: as it is, never a part of it */
		memcpy(ret->address[ret->count++], text, host.len + 1);
	return ret->count > 0;
}

static bool localhost(struct str host, struct resolve_answer *ret,
	enum resolve_family family)
{
	if (!str_eq_nocase(host, STR("localhost")) &&
		!(host.len > 10 &&
			str_eq_nocase(str_sub(host, host.len - 10, 10),
				STR(".localhost"))))
		return false;
	if (family != RESOLVE_6)
		answer_add(ret, AF_INET,
			&(struct in_addr){ htonl(INADDR_LOOPBACK) });
	if (family != RESOLVE_4)
		answer_add(ret, AF_INET6, &in6addr_loopback);
	return true;
}

/* Room for one more: what is neither asked for nor fresh goes. */
static void names_sweep(struct resolver *r)
{
	uint64_t now = loop_now_ns(r->loop);
	struct map *kept;
	struct str key;
	void *value;
	size_t at = 0;

	if (map_count(r->names) < KEPT_MAX)
		return;
	kept = map_new();
	while (map_each(r->names, &at, &key, &value)) {
		struct name *n = value;

		if (n->asking || n->until_ns > now)
			map_set(kept, key, n);
		else
			free(n);
	}
	map_free(r->names);
	r->names = kept;
}

static struct name *name_of(struct resolver *r, struct str host,
	enum resolve_family family)
{
	char key[HOST_MAX + 4];
	struct name *n;
	int len;

	len = snprintf(key, sizeof(key), "%d/%.*s", (int)family, STR_ARG(host));
	n = map_get(r->names, (struct str){ key, (size_t)len });
	if (n)
		return n;
	names_sweep(r);
	n = xcalloc(1, sizeof(*n));
	n->resolver = r;
	memcpy(n->key, key, sizeof(key));
	map_set(r->names, (struct str){ key, (size_t)len }, n);
	return n;
}

static void ask(struct name *n, enum resolve_family family)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct ares_addrinfo_hints hints = {
		.ai_family = families[family],
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NOSORT,
	};
	struct resolver *r = n->resolver;

	n->asking = true;
	r->pending++;
	/* may answer before it returns */
	ares_getaddrinfo(r->channel, n->key + 2, NULL, &hints, on_answer, n);
	timer_set(r);
}

struct resolve_wait *resolve(struct resolver *r, struct str host,
	enum resolve_family family, resolve_fn *fn, void *owner)
{
	struct resolve_answer now = { .state = RESOLVE_OK };
	struct resolve_wait *w;
	struct name *n;
	bool gone = false;

	if (numeric(host, &now) || localhost(host, &now, family)) {
		fn(&now, owner);
		return NULL;
	}
	if (!host.len || host.len > HOST_MAX) {
		now.state = RESOLVE_NO_NAME;
		now.why = "not a name";
		fn(&now, owner);
		return NULL;
	}
	n = name_of(r, host, family);
	if (!n->asking && n->until_ns > loop_now_ns(r->loop)) {
		now = n->answer;
		fn(&now, owner);
		return NULL;
	}
	if (!n->asking && r->pending >= RESOLVE_PENDING) {
		now.state = RESOLVE_OURS;
		now.why = "too many names are being asked for";
		fn(&now, owner);
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->fn = fn;
	w->owner = owner;
	w->next = n->waiting;
	w->self = &n->waiting;
	if (w->next)
		w->next->self = &w->next;
	n->waiting = w;
	if (n->asking)
		return w;
	w->gone = &gone;
	ask(n, family);
	if (gone)
		return NULL;
	w->gone = NULL;
	return w;
}

void resolve_cancel(struct resolve_wait *w)
{
	if (!w)
		return;
	*w->self = w->next;
	if (w->next)
		w->next->self = w->self;
	free(w);
}
