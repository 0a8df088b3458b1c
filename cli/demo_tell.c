#include "cli/demo_tell.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "cli/output.h"

enum { TEXT_MAX = 65536, TITLE_COLUMNS = 76 };

#define BOLD  "\x1b[1m"
#define DIM   "\x1b[2m"
#define GREEN "\x1b[32m"
#define RED   "\x1b[31m"
#define CYAN  "\x1b[36m"
#define PLAIN "\x1b[0m"

static void colour(const struct demo_tell *t, struct buf *b, const char *code)
{
	if (t->colour)
		buf_add_z(b, code);
}

static void say(struct demo_tell *t, struct buf *b)
{
	if (!t->silent && !output_buf(b, stdout))
		t->lost = true;
	buf_done(b);
}

void demo_tell_title(struct demo_tell *t, const char *text)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_add_byte(&b, '\n');
	colour(t, &b, BOLD);
	buf_addf(&b, "%s ", text);
	colour(t, &b, PLAIN);
	colour(t, &b, DIM);
	for (size_t i = strlen(text) + 1; i < TITLE_COLUMNS; i++)
		buf_add_z(&b, t->utf8 ? "\xe2\x94\x80" : "-");
	colour(t, &b, PLAIN);
	buf_add_byte(&b, '\n');
	say(t, &b);
}

void demo_tell_text(struct demo_tell *t, const char *text)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_add_byte(&b, '\n');
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");
		buf_addf(&b, "%s%.*s\n", n ? "  " : "", (int)n, p);
		p += p[n] ? n + 1 : n;
	}
	say(t, &b);
}

void demo_tell_event(struct demo_tell *t, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, TEXT_MAX);
	colour(t, &b, CYAN);
	buf_addf(&b, "     %s ", t->utf8 ? "\xe2\x86\x92" : "->");
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	colour(t, &b, PLAIN);
	buf_add_byte(&b, '\n');
	say(t, &b);
}

void demo_command_write(struct buf *out, const char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		bool quoted = strpbrk(argv[i], " ;&|<>()$`\"\\*?'") != NULL;
		buf_addf(out, "%s%s%s%s", i ? " " : "", quoted ? "\"" : "",
			argv[i], quoted ? "\"" : "");
	}
}

void demo_tell_command(struct demo_tell *t, const char *const *argv)
{
	struct buf b;
	unsigned s = (unsigned)((clock_mono_ns(&clock_system) - t->start_ns) /
				1000000000);

	buf_init(&b, TEXT_MAX);
	colour(t, &b, DIM);
	buf_addf(&b, "%2u:%02u ", s / 60, s % 60);
	colour(t, &b, PLAIN);
	colour(t, &b, GREEN);
	buf_add_z(&b, "$ ");
	colour(t, &b, PLAIN);
	colour(t, &b, BOLD);
	demo_command_write(&b, argv);
	colour(t, &b, PLAIN);
	buf_add_byte(&b, '\n');
	say(t, &b);
}

void demo_tell_answer(struct demo_tell *t, bool good, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, TEXT_MAX);
	colour(t, &b, good ? GREEN : RED);
	if (good)
		buf_addf(&b, "     %s ", t->utf8 ? "\xe2\x9c\x93" : "+");
	else
		buf_addf(&b, "     %s ", t->utf8 ? "\xe2\x9c\x97" : "x");
	colour(t, &b, PLAIN);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	buf_add_byte(&b, '\n');
	say(t, &b);
}
