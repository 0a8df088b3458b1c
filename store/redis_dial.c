#include "store/redis_dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/unix_path.h"

enum { HALF_OPEN_MS = 5000 /* TCP_USER_TIMEOUT */ };

int redis_ms_until(uint64_t deadline_ns)
{
	uint64_t now = clock_mono_ns(&clock_system);
	uint64_t ms;

	if (now >= deadline_ns)
		return 0;
	ms = (deadline_ns - now + 999999) / 1000000;
	return ms > 3600000 ? 3600000 : (int)ms;
}

static int dial_failed(const char *name, int sys, struct err *e)
{
	errno = sys;
	if (sys == ECONNREFUSED)
		err_set(e, ERR_STORE,
			"nothing listens at %s (connection refused): is Redis "
			"running there?",
			name);
	else if (sys == ENOENT)
		err_set(e, ERR_STORE,
			"%s does not exist: is Redis running there?", name);
	else if (sys == ETIMEDOUT)
		err_set(e, ERR_STORE,
			"%s does not answer: wrong address, or a firewall in "
			"between",
			name);
	else
		err_sys(e, ERR_STORE, "%s", name);
	return -1;
}

static bool connected_wait(int fd, uint64_t deadline_ns)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	socklen_t size = sizeof(int);
	int sys = 0;
	int got;

	do {
		got = poll(&p, 1, redis_ms_until(deadline_ns));
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		errno = ETIMEDOUT;
	if (got <= 0)
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &size) != 0)
		return false;
	errno = sys;
	return sys == 0;
}

/* -1 with errno. */
static int socket_connect(const struct sockaddr *address, socklen_t len,
	uint64_t deadline_ns)
{
	int fd = socket(address->sa_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int sys;

	if (fd < 0 || connect(fd, address, len) == 0)
		return fd;
	if ((errno == EINPROGRESS || errno == EINTR) &&
		connected_wait(fd, deadline_ns))
		return fd;
	sys = errno;
	close(fd);
	errno = sys;
	return -1;
}

static int dial_unix(const struct redis_url *u, const char *name,
	uint64_t deadline_ns, struct err *e)
{
	struct sockaddr_un address;
	int folder;
	int sys;
	int fd;

	if (!unix_address(u->path, &address, &folder, e))
		return -1;
	fd = socket_connect((const struct sockaddr *)&address, sizeof(address),
		deadline_ns);
	sys = errno;
	if (folder >= 0)
		close(folder);
	return fd >= 0 ? fd : dial_failed(name, sys, e);
}

static void tcp_options(int fd)
{
	int one = 1;
	unsigned half_open = HALF_OPEN_MS;

	/* Only comfort: without them it still works. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &half_open,
		sizeof(half_open));
}

static int dial_tcp(const struct redis_url *u, const char *name,
	uint64_t deadline_ns, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int sys = ECONNREFUSED;
	int fd = -1;
	int rc = getaddrinfo(u->host, u->port, &hints, &list);

	if (rc != 0) {
		err_set(e, ERR_STORE,
			"%s: the name of the host is not known (%s)", name,
			gai_strerror(rc));
		return -1;
	}
	for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
		fd = socket_connect(a->ai_addr, a->ai_addrlen, deadline_ns);
		if (fd < 0)
			sys = errno;
	}
	freeaddrinfo(list);
	if (fd < 0)
		return dial_failed(name, sys, e);
	tcp_options(fd);
	return fd;
}

int redis_dial(const struct redis_url *u, const char *name,
	uint64_t deadline_ns, struct err *e)
{
	return u->path[0] ? dial_unix(u, name, deadline_ns, e)
			  : dial_tcp(u, name, deadline_ns, e);
}
