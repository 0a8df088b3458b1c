#include "cli/output.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_colour(const struct options *o, FILE *to)
{
	const char *no = getenv("NO_COLOR");
	const char *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(to)) && !(term && strcmp(term, "dumb") == 0);
}

bool output_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int output_err(const char *command, const struct err *e)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_addf(&b, "andon %s: ", command);
	buf_add_visible(&b, str_from(e->text));
	buf_add_byte(&b, '\n');
	output_buf(&b, stderr);
	buf_done(&b);
	return err_exit_code(e);
}

int output_usage(const char *command, const char *fmt, ...)
{
	struct buf text;
	struct buf line;
	va_list ap;

	buf_init(&text, 2048);
	buf_init(&line, 8192);
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	buf_addf(&line, "andon %s: ", command);
	buf_add_visible(&line, buf_str(&text));
	buf_addf(&line, "\ntry: andon %s --help\n", command);
	output_buf(&line, stderr);
	buf_done(&line);
	buf_done(&text);
	return 2;
}

int output_diags(struct diags *ds, bool strict, FILE *to)
{
	diags_sort(ds);
	diags_write(ds, to);
	if (ds->errors > 0)
		return 2;
	return strict && ds->warnings > 0 ? 2 : 0;
}

bool output_buf(struct buf *b, FILE *to)
{
	bool ok = true;

	if (b->len > 0)
		ok = fwrite(b->ptr, 1, b->len, to) == b->len;
	ok = fflush(to) == 0 && ok;
	buf_clear(b);
	return ok;
}
