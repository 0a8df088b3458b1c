#include "base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

static int out[2];
static int saved_stderr;
static char text[65536];

static void start(void)
{
	cr_assert_eq(pipe(out), 0);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	saved_stderr = dup(STDERR_FILENO);
	dup2(out[1], STDERR_FILENO);
	log_init(LOG_INFO, false);
}

static void end(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	log_set_filter(NULL);
}

TestSuite(log, .init = start, .fini = end, .timeout = 30);

/* What was written since the last call, without "time=... ". */
static const char *written(void)
{
	ssize_t n = read(out[0], text, sizeof(text) - 1);
	char *space;

	text[n > 0 ? n : 0] = '\0';
	space = strchr(text, ' ');
	return space ? space + 1 : text;
}

Test(log, one_line_of_pairs)
{
	log_event(LOG_WARN, "reload_refused", "file", "a/b.yaml", "why",
		"no such file", "empty", "", NULL);
	cr_assert_str_eq(written(),
		"level=warn event=reload_refused file=a/b.yaml "
		"why=\"no such file\" empty=\"\"\n");
	cr_assert_eq(text[4], '=');
	cr_assert_eq(text[5 + 23], 'Z', "RFC 3339 with milliseconds");
}

Test(log, nothing_from_outside_can_forge_a_line)
{
	log_event(LOG_ERROR, "x", "v", "a\nlevel=info \x1b[2J \"q\" \\n \xff",
		"bidi", "\xe2\x80\xae", "k v=", "w", NULL);
	cr_assert_str_eq(written(),
		"level=error event=x v=\"a\\x0Alevel=info \\x1B[2J "
		"\\\"q\\\" \\\\n \\xFF\" bidi=\"\\u{202E}\" k_v_=w\n");
	cr_assert_eq(strchr(text, '\n')[1], '\0');
}

Test(log, levels)
{
	log_event(LOG_DEBUG, "x", NULL);
	cr_assert_str_eq(written(), "");
	log_init(LOG_DEBUG, false);
	log_event(LOG_DEBUG, "x", NULL);
	cr_assert_str_eq(written(), "level=debug event=x\n");
	log_init(LOG_DEBUG, true);
	log_event(LOG_WARN, "x", NULL);
	cr_assert_str_eq(written(), "");
	log_event(LOG_ERROR, "x", NULL);
	cr_assert_str_eq(written(), "level=error event=x\n");
}

Test(log, a_long_value_is_cut_and_a_long_line_says_so)
{
	char value[3001];
	const char *line;

	memset(value, 'a', 3000);
	value[3000] = '\0';
	log_event(LOG_INFO, "x", "v", value, "after", "it", NULL);
	line = written();
	cr_assert_not_null(strstr(line, "aaa...\" after=it\n"));
	cr_assert_lt(strlen(line), LOG_VALUE_MAX + 100);
	memset(value, '\n', 3000);
	log_event(LOG_INFO, "x", "v", value, NULL);
	line = written();
	cr_assert_str_eq(line, "level=info event=x cut=true\n");
	memset(value, 'b', 3000);
	log_event(LOG_INFO, "x", "1", value, "2", value, "3", value, "4", value,
		"5", value, NULL);
	line = written();
	cr_assert_not_null(strstr(line, " 3=\"b"));
	cr_assert_not_null(strstr(line, "\" cut=true\n"));
	cr_assert_leq(strlen(text), LOG_LINE_MAX);
}

Test(log, a_full_pipe_costs_lines_and_never_time)
{
	uint64_t lost = log_dropped();
	int n = 0;

	/* .timeout is the judge: a blocking write would hang here */
	while (log_dropped() == lost && n < 100000) {
		log_event(LOG_INFO, "flood", "v", "0123456789", NULL);
		n++;
	}
	cr_assert_eq(log_dropped(), lost + 1);
	log_event(LOG_INFO, "flood", NULL);
	cr_assert_eq(log_dropped(), lost + 2);
	while (read(out[0], text, sizeof(text)) > 0)
		;
	errno = EDOM;
	log_event(LOG_INFO, "after", NULL);
	cr_assert_eq(errno, EDOM);
	cr_assert_str_eq(written(), "level=info event=after\n");
}

Test(log, a_reader_that_went_away_is_no_signal)
{
	uint64_t lost = log_dropped();

	close(out[0]);
	log_event(LOG_INFO, "x", NULL);
	cr_assert_eq(log_dropped(), lost + 1);
}

static void redact(struct buf *line)
{
	size_t at = str_find(buf_str(line), STR("hunter2"), 0);

	if (at != SIZE_MAX)
		memset(line->ptr + at, '*', 7);
}

Test(log, the_filter_sees_every_line)
{
	log_set_filter(redact);
	log_event(LOG_INFO, "x", "password", "is hunter2", NULL);
	cr_assert_str_eq(written(),
		"level=info event=x password=\"is *******\"\n");
}
