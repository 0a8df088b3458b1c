/*
 * Runs the tests that Criterion's macros declare, each in a fork of the
 * process that has loaded everything already.
 *
 * Criterion's own runner starts the program anew for every test, which under
 * AddressSanitizer costs a quarter of a second of CPU each; and it passes a
 * test whose process ends badly after its last assertion, so that a leak is
 * printed and nobody sees it.  Here a leak fails, and so does a test that
 * asserts nothing.  This file answers for libcriterion: what the macros call,
 * and main().
 *
 * usage: test_X [--list] [--filter PATTERN] [--verbose]
 * Exit code: 0 when a test passed and none failed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/oom.h"

enum {
	TESTS_MAX = 512,
	/* exit codes of a test's process, beside 0 and what it asks for */
	EXIT_SKIPPED = 113,
	EXIT_FAILED = 114
};

/* The sections where the macros leave their records; TestSuite is optional. */
extern struct criterion_test *__start_cr_tst[] __attribute__((weak));
extern struct criterion_test *__stop_cr_tst[] __attribute__((weak));
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

/* LeakSanitizer's, where it is linked. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct criterion_options criterion_options;

/* What the test's process did, for its parent too; in shared memory. */
static struct traces {
	atomic_uint asserted;
	atomic_bool ended; /* the test's function returned */
} * traces;

/* Of the test's process. */
static const struct criterion_test *mine;
static const struct criterion_suite *my_suite;
static atomic_bool failed;
static bool tearing;

/* ---- what the macros call ---- */

int cr_asprintf(char **strp, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(strp, fmt, ap);
	va_end(ap);
	if (n < 0)
		oom_die(0);
	return n;
}

void cr_asprintf_free(char *buf)
{
	free(buf);
}

char *cr_translate_assert_msg(int msg_index, ...)
{
	char *ret = NULL;
	va_list ap;

	va_start(ap, msg_index);
	const char *what = va_arg(ap, const char *);
	switch (msg_index) {
	case CRITERION_ASSERT_MSG_FAIL:
		cr_asprintf(&ret, "failed");
		break;
	case CRITERION_ASSERT_MSG_EXPR_AS_STRINGS_FALSE: {
		const char *a = va_arg(ap, const char *);
		const char *b = va_arg(ap, const char *);

		cr_asprintf(&ret, "not true: %s\n\tleft:  %s\n\tright: %s",
			what, a ? a : "(null)", b ? b : "(null)");
		break;
	}
	case CRITERION_ASSERT_MSG_IS_NULL:
		cr_asprintf(&ret, "null: %s", what);
		break;
	case CRITERION_ASSERT_MSG_IS_NOT_NULL:
		cr_asprintf(&ret, "not null: %s", what);
		break;
	default:
		cr_asprintf(&ret, "not true: %s", what);
	}
	va_end(ap);
	return ret;
}

void cri_asserts_passed_incr(void)
{
	atomic_fetch_add_explicit(&traces->asserted, 1, memory_order_relaxed);
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
	if (!stats->passed)
		fprintf(stderr, "%s:%u: %s/%s: %s\n", stats->file, stats->line,
			mine->category, mine->name, stats->message);
}

void criterion_continue_test(void)
{
	failed = true;
}

void criterion_internal_test_setup(void)
{
	if (my_suite && my_suite->data->init)
		my_suite->data->init();
	if (mine->data->init)
		mine->data->init();
}

void criterion_internal_test_main(void (*fn)(void))
{
	fn();
}

void criterion_internal_test_teardown(void)
{
	tearing = true;
	if (mine->data->fini)
		mine->data->fini();
	if (my_suite && my_suite->data->fini)
		my_suite->data->fini();
}

/* Ends the process; what was given up half-way is no leak. */
static _Noreturn void leave(int code)
{
	if (!tearing)
		criterion_internal_test_teardown();
	fflush(NULL);
	_exit(code);
}

void criterion_abort_test(void)
{
	failed = true;
	leave(EXIT_FAILED);
}

void criterion_skip_test(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "%s/%s skipped: ", mine->category, mine->name);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	leave(failed ? EXIT_FAILED : EXIT_SKIPPED);
}

/* ---- the runner ---- */

struct tally {
	unsigned passed, failed, skipped;
};

static const struct criterion_suite *suite_of(const struct criterion_test *t)
{
	if (!__start_cr_sts)
		return NULL;
	for (struct criterion_suite **s = __start_cr_sts; s < __stop_cr_sts;
		s++)
		if (*s && strcmp((*s)->name, t->category) == 0)
			return *s;
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct criterion_test *x = *(struct criterion_test *const *)a;
	const struct criterion_test *y = *(struct criterion_test *const *)b;
	int order = strcmp(x->category, y->category);

	return order ? order : strcmp(x->name, y->name);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The test's own process, to its end; leaks are looked for in exit(). */
static _Noreturn void child(const struct criterion_test *t, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	mine = t;
	my_suite = suite_of(t);
	t->test();
	if (failed)
		leave(EXIT_FAILED);
	traces->ended = true;
	fflush(NULL); /* LeakSanitizer would end the process before this */
	exit(0);
}

/* Waits for the end of `pid`; false: it took too long and was killed. */
static bool await(pid_t pid, double timeout_s, int *ret_status)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t until_ms = now_ms() + (uint64_t)(timeout_s * 1000);
	bool in_time = true;

	while (timeout_s > 0 && fd >= 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t at_ms = now_ms();
		int left_ms = at_ms < until_ms ? (int)(until_ms - at_ms) : 0;
		int n = poll(&p, 1, left_ms);

		if (n > 0)
			break;
		if (n == 0) {
			in_time = false;
			kill(pid, SIGKILL);
			break;
		}
	}
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
	return in_time;
}

/* Why a process that ended with `status` is no pass; NULL: it is one. */
static const char *fault_of(const struct criterion_test *t, int status,
	char *buf, size_t cap)
{
	int asked = t->data->exit_code;

	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) == t->data->signal)
			return NULL;
		snprintf(buf, cap, "ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
		return buf;
	}
	int code = WEXITSTATUS(status);
	if (t->data->signal)
		return "did not end by the signal that it waits for";
	if (code == asked && asked)
		return NULL;
	if (code == 0 && !traces->ended)
		return "ended in the middle, by exit(0)";
	if (code == 0 && traces->asserted == 0)
		return "asserts nothing";
	if (code == 0 && !asked)
		return NULL;
	if (code == EXIT_FAILED)
		return "an assertion does not hold";
	if (traces->ended && !asked)
		return "leaks, or goes wrong in exit()";
	snprintf(buf, cap, "exit code %d, not %d", code, asked);
	return buf;
}

static void run(const struct criterion_test *t, bool verbose, struct tally *sum)
{
	const struct criterion_suite *s = suite_of(t);
	double timeout_s = t->data->timeout;
	uint64_t from_ms = now_ms();
	pid_t parent = getpid();
	char buf[96];
	int status = 0;

	if (t->data->disabled || (s && s->data->disabled)) {
		sum->skipped++;
		return;
	}
	if (timeout_s <= 0 && s)
		timeout_s = s->data->timeout;
	traces->asserted = 0;
	traces->ended = false;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		child(t, parent);
	const char *fault = "fork() failed";
	if (pid > 0)
		fault = await(pid, timeout_s, &status)
				? fault_of(t, status, buf, sizeof(buf))
				: "took too long";
	bool skipped = fault && pid > 0 && WIFEXITED(status) &&
		       WEXITSTATUS(status) == EXIT_SKIPPED;
	if (skipped)
		sum->skipped++;
	else if (fault)
		sum->failed++;
	else
		sum->passed++;
	if (verbose || (fault && !skipped))
		fprintf(stderr, "%s %s/%s (%u ms)%s%s\n",
			skipped ? "skip"
			: fault ? "FAIL"
				: "pass",
			t->category, t->name, (unsigned)(now_ms() - from_ms),
			fault && !skipped ? ": " : "",
			fault && !skipped ? fault : "");
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [--list] [--filter PATTERN] [--verbose]\n",
		program);
	return 2;
}

int main(int argc, char **argv)
{
	static struct criterion_test *tests[TESTS_MAX];
	struct tally sum = { 0 };
	const char *filter = NULL;
	bool list = false, verbose = false;
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--list") == 0)
			list = true;
		else if (strcmp(argv[i], "--verbose") == 0)
			verbose = true;
		else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
			filter = argv[++i];
		else
			return usage(argv[0]);
	}
	for (struct criterion_test **t = __start_cr_tst; t && t < __stop_cr_tst;
		t++) {
		if (!*t || (filter && fnmatch(filter, (*t)->data->identifier_,
					      0) != 0))
			continue;
		if (n == TESTS_MAX) {
			fprintf(stderr, "more than %d tests in one program\n",
				TESTS_MAX);
			return 1;
		}
		tests[n++] = *t;
	}
	traces = mmap(NULL, sizeof(*traces), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (traces == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	/*
	 * LeakSanitizer reads all static memory, its own too, which is 12 MB
	 * and 3,000 page faults; forks of a process that did it once find
	 * the pages mapped.
	 */
	if (__lsan_do_recoverable_leak_check && !list)
		__lsan_do_recoverable_leak_check();
	qsort(tests, n, sizeof(tests[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		if (list)
			printf("%s/%s\n", tests[i]->category, tests[i]->name);
		else
			run(tests[i], verbose, &sum);
	}
	if (list)
		return n ? 0 : 1;
	fprintf(stderr, "%u passed, %u failed, %u skipped\n", sum.passed,
		sum.failed, sum.skipped);
	return sum.failed || !sum.passed ? 1 : 0;
}
