#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct err *e, const char *fmt, va_list ap)
{
	/* made beside it first: an argument may be e->text itself */
	char text[sizeof(e->text)];

	vsnprintf(text, sizeof(text), fmt, ap);
	memcpy(e->text, text, sizeof(text));
}

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	e->kind = kind;
	e->sys = 0;
	return false;
}

bool err_sys(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	int sys = errno;
	char room[128];
	const char *why;
	size_t len;
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	why = strerror_r(sys, room, sizeof(room));
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", why);
	e->kind = kind;
	e->sys = sys;
	return false;
}

bool err_in(struct err *e, const char *fmt, ...)
{
	char text[2 * sizeof(e->text)];
	size_t len;
	va_list ap;

	if (!e)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(e->text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, ": %s", e->text);
	text[sizeof(e->text) - 1] = '\0';
	memcpy(e->text, text, sizeof(e->text));
	return false;
}

int err_exit_code(const struct err *e)
{
	static const int codes[] = {
#define X(name, exit_code, words) [ERR_##name] = (exit_code),
		ERR_MAP(X)
#undef X
	};

	return codes[e->kind];
}
