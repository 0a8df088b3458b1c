/*
 * From the failing response to the exit of a waiting `andon gate`.
 *
 *	ANDON=build/andon bench_latency
 *
 * Twenty lines, each with its own `andon up` (a stop holds every other gate of
 * its line): a canary of one check every five seconds is soaking, and a gate
 * waits for it.  Then the canaries go down one after the other.  The runs of
 * a canary are five seconds apart, so the newest of its failures before the
 * gate ended is the one that completed the evidence.  Measured, on one clock:
 *
 *	whole    the end of that run, as its record says (the response has been
 *		 read and judged) -> the gate process was reaped
 *	decide   the same -> the time of the stop, which is the store's clock
 *		 when the deciding turn of the detector began
 *	answer   from there -> the gate process was reaped
 *
 * In between are: record to Redis, detector, journal of the halt (fsync),
 * transition, the gate's wake-up, its look and its exit.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "cli/demo_regions.h"
#include "store/private_redis.h"
#include "store/store.h"

enum { TRIES = 20, EVERY_S = 5, RESULTS_MAX = 100000 };

extern char **environ;

struct attempt {
	struct demo_region *canary;
	pid_t up, gate;
	int code;
	int64_t gone_us; /* when the gate was reaped */
	int64_t whole_us, decide_us, answer_us;
};

static struct attempt tries[TRIES];
static struct demo_region *control;
static const char *andon;

static void die(const char *what)
{
	fprintf(stderr, "bench_latency: %s\n", what);
	kill(0, SIGTERM);
	exit(1);
}

/* A process with its standard output and error in a file. */
static pid_t spawn(const char *log, const char *const *argv)
{
	posix_spawn_file_actions_t files;
	const char *args[16] = { andon };
	pid_t pid;

	for (size_t i = 0; argv[i]; i++)
		args[i + 1] = argv[i];
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log,
		O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
	if (posix_spawn(&pid, andon, &files, NULL,
		    (char *const *)(uintptr_t)args, environ) != 0)
		die("the binary does not start: set ANDON");
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

static void run(const char *const *argv)
{
	int status;

	if (waitpid(spawn("run.log", argv), &status, 0) < 0 || status != 0)
		die("a command failed: see run.log");
}

static void pause_ms(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* Which line the next commands are for. */
static void choose(int i)
{
	char name[32];

	snprintf(name, sizeof(name), "line%d.yaml", i);
	setenv("ANDON_LINE", name, 1);
	snprintf(name, sizeof(name), "state%d", i);
	setenv("ANDON_STATE", name, 1);
}

static void write_files(int i)
{
	char name[32];
	FILE *f;

	snprintf(name, sizeof(name), "line%d.yaml", i);
	f = fopen(name, "w");
	if (!f)
		die("no line file");
	fprintf(f,
		"version: 1\nline: bench\nserved_version: {header: "
		"X-App-Version}\nenvironments:\n  prod:\n"
		"    control: {base_url: \"%s\"}\n"
		"    canary: {base_url: \"%s\"}\n"
		"gate: {warmup: 1s, soak: 30m, observations: 1}\n"
		"workflow:\n  - {stage: canary, deploys: prod/canary}\n",
		demo_region_url(control), demo_region_url(tries[i].canary));
	fclose(f);
	f = fopen("suite.yaml", "w");
	if (!f)
		die("no suite");
	fprintf(f,
		"version: 1\nsuite: health\nowner: bench\nrunbook: "
		"https://example.com\nevery: %ds\nsteps:\n"
		"  - {name: alive, get: /healthz}\n",
		EVERY_S);
	fclose(f);
}

static void wait_ready(const char *log)
{
	char text[65536];

	for (int i = 0; i < 300; i++) {
		FILE *f = fopen(log, "r");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
		text[n] = '\0';
		if (f)
			fclose(f);
		if (strstr(text, "\nready\n") || strncmp(text, "ready", 5) == 0)
			return;
		pause_ms(100);
	}
	die("andon up is not ready: see up.log");
}

static void start_up(int i)
{
	char log[32];

	write_files(i);
	choose(i);
	snprintf(log, sizeof(log), "up%d.log", i);
	tries[i].up =
		spawn(log, (const char *const[]){ "up", "suite.yaml", NULL });
	wait_ready(log);
}

static void begin(int i)
{
	char log[32];

	choose(i);
	snprintf(log, sizeof(log), "gate%d.log", i);
	run((const char *const[]){ "deploy", "start", "canary", "--version",
		"v2", NULL });
	demo_region_set_version(tries[i].canary, "v2");
	run((const char *const[]){ "deploy", "done", "canary", "--version",
		"v2", NULL });
	tries[i].gate =
		spawn(log, (const char *const[]){ "gate", "canary", "--version",
				   "v2", "--wait", "10m", NULL });
}

static int reap(void)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);
	int64_t now_us = clock_wall_us(&clock_system);

	for (int i = 0; i < TRIES; i++) {
		if (tries[i].gate != pid)
			continue;
		tries[i].gone_us = now_us;
		tries[i].code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		return 1;
	}
	die("andon up has ended: see up.log");
	return 0;
}

/* The end of the newest failure in the canary before `until`. */
static int64_t failed_us(struct store *s, struct arena *a, int64_t until_us)
{
	struct str region = STR("prod/canary"), id = STR("0");
	struct cursor c = { .region = &region, .id = &id, .count = 1 };
	struct result *r;
	struct err e = { 0 };
	size_t n;
	int64_t newest_us = 0;

	if (!store_read(s, &c, a, RESULTS_MAX, 0, &r, &n, &e))
		die(e.text);
	for (size_t k = 0; k < n; k++)
		if (r[k].outcome != OUTCOME_PASS &&
			result_end_us(&r[k]) <= until_us)
			newest_us = result_end_us(&r[k]);
	return newest_us;
}

static void look_back(int i)
{
	char url[512], state[32];
	struct err e = { 0 };
	struct arena *a = arena_new();
	struct facts f;
	struct store *s = NULL;

	snprintf(state, sizeof(state), "state%d", i);
	if (state_redis_url(state, 1000, url, sizeof(url), &e))
		s = store_open(url, STR("bench"), 3000, &e);
	if (!s || !store_facts(s, a, &f, &e))
		die(e.text);
	const struct deployment *d =
		facts_deployment(&f, STR("bench/canary/v2/1"));
	if (!d || d->state != DEPLOYMENT_STOPPED || tries[i].code != 1)
		die("a gate ended, but not with a stop");
	int64_t at_us = failed_us(s, a, d->final_us);
	tries[i].whole_us = tries[i].gone_us - at_us;
	tries[i].decide_us = d->final_us - at_us;
	tries[i].answer_us = tries[i].gone_us - d->final_us;
	store_free(s);
	arena_free(a);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void show(const char *what, size_t offset)
{
	int64_t us[TRIES];

	for (int i = 0; i < TRIES; i++)
		us[i] = *(const int64_t *)((const char *)&tries[i] + offset);
	qsort(us, TRIES, sizeof(us[0]), by_size);
	printf("%-7s median %7.1f ms   least %7.1f   most %7.1f   (%d tries)\n",
		what, (double)(us[TRIES / 2 - 1] + us[TRIES / 2]) / 2000,
		(double)us[0] / 1000, (double)us[TRIES - 1] / 1000, TRIES);
}

int main(void)
{
	char folder[] = "/tmp/bench_latency.XXXXXX";
	struct demo_region_options o = { .version = "v1" };
	struct err e = { 0 };
	int status;

	andon = getenv("ANDON");
	if (!andon || !(andon = realpath(andon, NULL)) || !mkdtemp(folder) ||
		chdir(folder) != 0)
		die("set ANDON to the binary");
	setpgid(0, 0);
	signal(SIGTERM, SIG_IGN); /* die() is for the others */
	control = demo_region_new(&o, &e);
	for (int i = 0; i < TRIES; i++)
		tries[i].canary = demo_region_new(&o, &e);
	if (!control || !tries[TRIES - 1].canary)
		die(e.text);
	for (int i = 0; i < TRIES; i++)
		start_up(i);
	for (int i = 0; i < TRIES; i++)
		begin(i);
	pause_ms(4000 * EVERY_S); /* past the warmup of each */
	for (int i = 0; i < TRIES; i++) {
		demo_region_set_down(tries[i].canary, true);
		pause_ms(500);
	}
	for (int ended = 0; ended < TRIES;)
		ended += reap();
	for (int i = 0; i < TRIES; i++) {
		look_back(i);
		kill(tries[i].up, SIGTERM);
		waitpid(tries[i].up, &status, 0);
	}
	show("whole", offsetof(struct attempt, whole_us));
	show("decide", offsetof(struct attempt, decide_us));
	show("answer", offsetof(struct attempt, answer_us));
	for (int i = 0; i < TRIES; i++)
		demo_region_free(tries[i].canary);
	demo_region_free(control);
	printf("logs in %s\n", folder);
	return 0;
}
