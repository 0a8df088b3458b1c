#include "runner/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

enum { TRY_MS = 1000, TRIES = 4, NAME_MAX_BYTES = 255, EDNS_BYTES = 1232 };

struct dns {
	struct loop *loop;
	ares_channel channel;
	struct loop_timer timer;
	dns_fn *fn;
	void *owner;
	bool ended;
};

static void timer_set(struct dns *d);
static void dns_free(struct dns *d);

/* c-ares may still be on the stack when it answers: freed behind it. */
static void after(struct dns *d)
{
	if (d->ended)
		dns_free(d);
	else
		timer_set(d);
}

static void on_timer(struct loop *l, void *owner)
{
	struct dns *d = owner;

	(void)l;
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	after(d);
}

static void timer_set(struct dns *d)
{
	struct timeval tv;

	if (!ares_timeout(d->channel, NULL, &tv))
		return;
	loop_timer_arm(d->loop, &d->timer,
		loop_now_ns(d->loop) + (uint64_t)tv.tv_sec * 1000000000 +
			(uint64_t)tv.tv_usec * 1000 + 1000000,
		on_timer, d);
}

static void on_fd(struct loop *l, int fd, int events, void *owner)
{
	struct dns *d = owner;

	(void)l;
	ares_process_fd(d->channel,
		events & (LOOP_READ | LOOP_ERROR) ? fd : ARES_SOCKET_BAD,
		events & (LOOP_WRITE | LOOP_ERROR) ? fd : ARES_SOCKET_BAD);
	after(d);
}

static void on_socket(void *owner, ares_socket_t fd, int readable, int writable)
{
	struct dns *d = owner;

	loop_fd(d->loop, fd,
		(readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0), on_fd,
		d);
}

static void dns_free(struct dns *d)
{
	d->ended = true;
	ares_destroy(d->channel);
	loop_timer_cancel(d->loop, &d->timer);
	free(d);
}

static enum dns_end end_of(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
	case ARES_EBADRESP:
		return DNS_SILENT;
	case ARES_ECONNREFUSED: /* says c-ares of every socket that failed */
		return DNS_UNREACHED;
	default:
		return DNS_OURS;
	}
}

/* NOLINTBEGIN(readability-non-const-parameter): the type of c-ares */
static void on_answer(void *owner, int status, int timeouts,
	unsigned char *bytes, int len)
/* NOLINTEND(readability-non-const-parameter) */
{
	struct dns *d = owner;
	struct str answer = { (const char *)bytes, len > 0 ? (size_t)len : 0 };

	(void)timeouts;
	if (d->ended)
		return; /* cancelled */
	d->ended = true;
	if (bytes && len > 0)
		d->fn(DNS_ANSWERED, answer, "", d->owner);
	else
		d->fn(end_of(status), STR_NONE, ares_strerror(status),
			d->owner);
}

static bool channel_new(struct dns *d, const struct dns_ask *ask, int *ret)
{
	struct ares_options options = {
		/* answers of every code are told, and no name is completed */
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH |
			 ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
			 (ask->over_tcp ? ARES_FLAG_USEVC : 0),
		.timeout = TRY_MS,
		.tries = TRIES,
		.ednspsz = EDNS_BYTES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = d,
	};

	*ret = ares_library_init(ARES_LIB_INIT_ALL);
	if (*ret == ARES_SUCCESS)
		*ret = ares_init_options(&d->channel, &options,
			ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
				ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB);
	if (*ret == ARES_SUCCESS && ask->servers)
		*ret = ares_set_servers_ports_csv(d->channel, ask->servers);
	return *ret == ARES_SUCCESS;
}

struct dns *dns_start(struct loop *l, const struct dns_ask *ask, dns_fn *fn,
	void *owner)
{
	struct dns *d = xcalloc(1, sizeof(*d));
	char name[NAME_MAX_BYTES + 1];
	unsigned char *query = NULL;
	int len = 0;
	int rc = ARES_EBADNAME;

	d->loop = l;
	d->fn = fn;
	d->owner = owner;
	if (ask->name.len && ask->name.len < sizeof(name) &&
		!memchr(ask->name.ptr, '\0', ask->name.len)) {
		memcpy(name, ask->name.ptr, ask->name.len);
		name[ask->name.len] = '\0';
		rc = ares_create_query(name, C_IN, ask->type, 0, ask->recursion,
			&query, &len, EDNS_BYTES);
	}
	if (rc != ARES_SUCCESS || !channel_new(d, ask, &rc)) {
		fn(DNS_OURS, STR_NONE, ares_strerror(rc), owner);
		ares_free_string(query);
		if (d->channel)
			ares_destroy(d->channel);
		free(d);
		return NULL;
	}
	ares_send(d->channel, query, len, on_answer, d);
	ares_free_string(query);
	if (d->ended) {
		dns_free(d);
		return NULL;
	}
	timer_set(d);
	return d;
}

void dns_cancel(struct dns *d)
{
	if (!d)
		return;
	if (d->ended) /* from its own answer: freed when c-ares is back */
		return;
	dns_free(d);
}
