#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

enum {
	CUT_ROOM = 16,                 /* " cut=true" and the newline */
	LINE_ROOM = 2 * LOG_LINE_MAX,  /* a filter may let it grow */
	PAIR_ROOM = 16 * LOG_VALUE_MAX /* a byte takes at most ten */
};

static _Atomic int least_level = LOG_INFO;
static atomic_ullong dropped;
static void (*_Atomic line_filter)(struct buf *line);
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static bool torn; /* the last line has no end; under write_lock */

void log_init(enum log_level least, bool quiet)
{
	atomic_store(&least_level, quiet ? LOG_ERROR : least);
}

uint64_t log_dropped(void)
{
	return atomic_load(&dropped);
}

void log_set_filter(void (*filter)(struct buf *line))
{
	atomic_store(&line_filter, filter);
}

static const char *level_word(enum log_level level)
{
	static const char *const words[] = {
		[LOG_DEBUG] = "debug",
		[LOG_INFO] = "info",
		[LOG_WARN] = "warn",
		[LOG_ERROR] = "error",
	};

	return words[level];
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
	       c == '/' || c == ':' || c == '+' || c == '@' || c == '%' ||
	       c == ',';
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_word(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

static void add_quoted(struct buf *b, struct str s, bool cut)
{
	uint32_t point;
	size_t n;

	buf_add_byte(b, '"');
	for (size_t at = 0; at < s.len; at += n) {
		n = str_decode(s, at, &point);
		if (point == '"' || point == '\\')
			buf_add_byte(b, '\\');
		buf_add_visible(b, str_sub(s, at, n));
	}
	buf_add_z(b, cut ? "...\"" : "\"");
}

/* Not in the middle of a code point. */
static struct str value_cut(struct str s)
{
	size_t len = LOG_VALUE_MAX;

	if (s.len <= LOG_VALUE_MAX)
		return s;
	while (len > LOG_VALUE_MAX - 4 &&
		((unsigned char)s.ptr[len] & 0xc0) == 0x80)
		len--;
	return str_sub(s, 0, len);
}

static void add_pair(struct buf *b, const char *key, struct str value)
{
	struct str shown = value_cut(value);

	buf_add_byte(b, ' ');
	for (; *key; key++) {
		if (is_word(*key))
			buf_add_byte(b, *key);
		else
			buf_add_byte(b, '_');
	}
	buf_add_byte(b, '=');
	if (is_plain(shown) && shown.len == value.len)
		buf_add(b, shown);
	else
		add_quoted(b, shown, shown.len < value.len);
}

/* Under write_lock.  True: all of it went out. */
static bool write_line(struct str line)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	/*
	 * A pipe says POLLOUT only with room for PIPE_BUF bytes, which is all
	 * that a line has: the write does not block even without O_NONBLOCK.
	 */
	if (poll(&p, 1, 0) != 1 || p.revents != POLLOUT)
		return false;
	if (torn && write(STDERR_FILENO, "\n", 1) != 1)
		return false;
	torn = false;
	n = write(STDERR_FILENO, line.ptr, line.len);
	if (n > 0 && (size_t)n < line.len)
		torn = true;
	return n == (ssize_t)line.len;
}

static void finish(struct buf *line)
{
	void (*filter)(struct buf *) = atomic_load(&line_filter);

	if (filter)
		filter(line);
	/* a filter that lets a line grow may cost its end, never the engine */
	if (line->over || line->len > LOG_LINE_MAX - 1) {
		line->over = false;
		if (line->len > LOG_LINE_MAX - 1)
			line->len = LOG_LINE_MAX - 1;
	}
	buf_add_byte(line, '\n');
	pthread_mutex_lock(&write_lock);
	if (!write_line(buf_str(line)))
		atomic_fetch_add(&dropped, 1);
	pthread_mutex_unlock(&write_lock);
}

void log_event(enum log_level level, const char *event, ...)
{
	int saved = errno;
	struct buf line;
	struct buf pair;
	char now[32];
	const char *key;
	va_list ap;

	if ((int)level < atomic_load(&least_level))
		return;
	buf_init(&line, LINE_ROOM);
	buf_init(&pair, PAIR_ROOM);
	buf_addf(&line, "time=%s level=%s",
		units_rfc3339(clock_wall_us(&clock_system), now),
		level_word(level));
	add_pair(&line, "event", str_from(event));
	va_start(ap, event);
	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		buf_clear(&pair);
		add_pair(&pair, key, str_from(value ? value : "-"));
		if (line.len + pair.len > LOG_LINE_MAX - CUT_ROOM) {
			buf_add_z(&line, " cut=true");
			break;
		}
		buf_add(&line, buf_str(&pair));
	}
	va_end(ap);
	finish(&line);
	buf_done(&pair);
	buf_done(&line);
	errno = saved;
}
