/*
 * andon gate: waits for the verdict and says it as an exit code.  The answer
 * itself is gate/answer.c; here is only the waiting, on the store's events.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"
#include "gate/answer.h"
#include "gate/transition.h"

enum {
	TURN_MS = 1000,         /* looks again at least so often */
	HEARTBEAT_MS = 30000,   /* one line in a log that is no terminal */
	STALE_GRACE_MS = 30000, /* a detector may be restarted in this time */
	REGISTER_TRIES = 8
};

struct gating {
	struct options *o;
	const struct line *line;
	struct question q;
	struct store *store;
	struct arena *arena; /* of one look */
	struct arena *kept;  /* of the last answer */
	struct answer answer;
	int signals; /* a signalfd */
	uint64_t start_ns, deadline_ns, beat_ns, stale_ns;
	char cursor[48];
	struct buf shown;
};

static uint64_t now_ns(void)
{
	return clock_mono_ns(&clock_system);
}

/* A stage that deploys nothing is registered by its gate. */
static bool register_gate(struct gating *g, struct facts *f, struct err *e)
{
	enum commit_answer done;
	struct deploy_request r = { .stage = g->q.stage,
		.version = g->q.version,
		.change = str_from(g->o->change) };

	if (g->q.stage->ndeploys > 0)
		return true;
	open_by(g->o, false, &r.by);
	for (int i = 0; i < REGISTER_TRIES; i++) {
		struct verb_answer v = gate_register(f, &r, g->arena);
		if (!v.tx || tx_empty(v.tx))
			return true;
		if (!store_commit(g->store, v.tx, &done, e) ||
			!store_facts(g->store, g->arena, f, e))
			return false;
		if (done == COMMIT_DONE)
			return true;
	}
	return err_set(e, ERR_STORE, "too many writers at once");
}

static bool look(struct gating *g, struct err *e)
{
	struct facts f;

	if (!g->store && !open_store(g->o, g->line, &g->store, e))
		return false;
	store_interrupt(g->store, g->signals);
	bool woken;
	if (strcmp(g->cursor, "$") == 0 &&
		!store_wait(g->store, g->cursor, NULL, 0, &woken, e))
		return false;
	arena_reset(g->arena);
	if (!store_facts(g->store, g->arena, &f, e) || !register_gate(g, &f, e))
		return false;
	gate_answer(&f, g->line, &g->q, g->arena, &g->answer);
	return true;
}

/* The answer that can be given now: of the store, or that there is none.
 * False: no store can be meant by that URL, and no retry will mend it. */
static bool answer_now(struct gating *g)
{
	struct err e = { 0 };

	if (look(g, &e))
		return true;
	if (e.kind == ERR_CONFIG) {
		output_err("gate", &e);
		return false;
	}
	arena_reset(g->arena);
	gate_unreachable(g->line, &g->q, arena_str(g->arena, str_from(e.text)),
		&g->answer);
	return true;
}

/* A detector that is restarted deserves a moment; one that stays away is an
 * answer. */
static bool stale_for_long(struct gating *g)
{
	if (g->answer.why != WHY_DETECTOR_STALE) {
		g->stale_ns = 0;
		return false;
	}
	if (g->stale_ns == 0)
		g->stale_ns = now_ns();
	return now_ns() - g->stale_ns >= STALE_GRACE_MS * 1000000ULL;
}

/* Of the terminal: a line that wraps could not be written over. */
static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 79;
	return size.ws_col - 1U;
}

/* The first code points of a text that fit. */
static struct str first_columns(struct str text)
{
	size_t at = 0;
	uint32_t point;

	for (size_t n = columns(); n > 0 && at < text.len; n--)
		at += str_decode(text, at, &point);
	return str_sub(text, 0, at);
}

static void show_progress(struct gating *g, bool tty)
{
	struct answer_style style = { .colour = false,
		.utf8 = output_utf8(),
		.waited_ms = (now_ns() - g->start_ns) / 1000000 };
	struct buf line;

	if (g->o->quiet)
		return;
	buf_init(&line, 4096);
	answer_write_progress(&line, &g->answer, &style);
	if (tty) {
		fprintf(stderr, "\r\x1b[K%.*s",
			STR_ARG(first_columns(buf_str(&line))));
		fflush(stderr);
	} else if (now_ns() >= g->beat_ns) {
		fprintf(stderr, "%.*s\n", (int)line.len, line.ptr);
		g->beat_ns = now_ns() + HEARTBEAT_MS * 1000000ULL;
	}
	buf_done(&line);
}

/* 0, or the signal that came. */
static int signal_pending(const struct gating *g)
{
	struct signalfd_siginfo si;

	if (read(g->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return 0;
	return (int)si.ssi_signo;
}

static void wait_turn(struct gating *g)
{
	uint64_t now = now_ns();
	uint64_t left_ms = (g->deadline_ns - now) / 1000000 + 1;
	int wait_ms = left_ms < TURN_MS ? (int)left_ms : TURN_MS;
	struct err e = { 0 };
	bool woken;

	if (g->answer.why == WHY_STORE_UNREACHABLE || !g->store ||
		!store_wait(g->store, g->cursor, NULL, wait_ms, &woken, &e)) {
		struct pollfd p = { .fd = g->signals, .events = POLLIN };
		/* A place in a lost store is no place in the next one. */
		memcpy(g->cursor, "$", 2);
		poll(&p, 1, wait_ms < 200 ? wait_ms : 200);
	}
}

static int gate_wait(struct gating *g)
{
	bool tty = isatty(STDERR_FILENO);
	int signo;

	for (;;) {
		if (!answer_now(g))
			return EXIT_USAGE;
		if (g->answer.settled || now_ns() >= g->deadline_ns ||
			stale_for_long(g))
			break;
		show_progress(g, tty);
		wait_turn(g);
		signo = signal_pending(g);
		if (signo) {
			if (tty)
				fprintf(stderr, "\n");
			fprintf(stderr,
				"andon gate: interrupted; nothing was passed, "
				"the same command waits on\n");
			return 128 + signo;
		}
	}
	if (tty && !g->o->quiet)
		fprintf(stderr, "\r\x1b[K");
	return g->answer.code;
}

static void audit_allowed(struct gating *g)
{
	struct err e = { 0 };
	enum commit_answer done = COMMIT_CONFLICT;
	struct facts f;
	struct str by;

	if (!g->answer.allowed || !g->store)
		return;
	fprintf(stderr,
		"andon gate: warning: undecided (%s) was allowed by "
		"the caller; this is not a pass\n",
		why_token(g->answer.why));
	open_by(g->o, false, &by);
	for (int i = 0; i < REGISTER_TRIES && done == COMMIT_CONFLICT; i++) {
		if (!store_facts(g->store, g->kept, &f, &e))
			break;
		struct tx *tx = tx_new(g->kept, &f);
		tx_audit(tx, "allow_undecided",
			g->answer.deployment ? g->answer.deployment->id
					     : g->q.version,
			by, str_from(why_token(g->answer.why)));
		if (!store_commit(g->store, tx, &done, &e))
			break;
	}
	if (done != COMMIT_DONE) {
		/* What can not be written down is not allowed. */
		output_err("gate", &e);
		gate_unreachable(g->line, &g->q,
			STR("the audit record of --allow could not be "
			    "written"),
			&g->answer);
	}
}

static int gate_say(struct gating *g)
{
	struct answer_style style = { .colour = output_colour(g->o, stdout),
		.utf8 = output_utf8(),
		.waited_ms = (now_ns() - g->start_ns) / 1000000 };

	audit_allowed(g);
	if (g->o->format == FORMAT_JSON) {
		answer_write_json(&g->shown, &g->answer);
		buf_add_byte(&g->shown, '\n');
	} else {
		answer_write_text(&g->shown, &g->answer, &style);
	}
	output_buf(&g->shown, stdout);
	return g->answer.code;
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int gate_run(struct options *o)
{
	struct gating g = { .o = o, .cursor = "$" };
	struct arena *files = arena_new();
	int code;

	if (o->args.count != 1 || !o->version) {
		code = output_usage("gate", "give one STAGE and --version V");
		goto out;
	}
	code = open_line(o, "gate", files, &g.line);
	if (code == 0)
		code = open_stage("gate", g.line, o->args.item[0], &g.q.stage);
	if (code != 0)
		goto out;
	g.q.version = str_from(o->version);
	g.q.allow_undecided = o->allow >= 0;
	g.signals = signals_open();
	g.start_ns = now_ns();
	g.deadline_ns = g.start_ns + o->wait_ms * 1000000ULL;
	g.arena = arena_new();
	g.kept = arena_new();
	buf_init(&g.shown, 1 << 20);
	code = gate_wait(&g);
	if (code < 128 && code != EXIT_USAGE)
		code = gate_say(&g);
	buf_done(&g.shown);
	store_free(g.store);
	arena_free(g.kept);
	arena_free(g.arena);
	close(g.signals);
out:
	arena_free(files);
	return code;
}

const struct command command_gate = {
	.name = "gate",
	.args = "STAGE --version V",
	.summary = "the verdict of a deployment as an exit code",
	.help = "Answers whether VERSION may leave STAGE: proceed (0) only on "
		"fresh, positive,\ncountable evidence.  Without --wait it "
		"answers once; with it, it waits for the\nverdict and wakes "
		"when there is one.\n\n"
		"  andon gate canary --version 9f3c2ab --wait 30m\n\n"
		"--format json prints exactly one object on stdout, at the "
		"end.",
	.options = TAKES_COMMON | TAKES_LINE | TAKES(version) | TAKES(wait_ms) |
		   TAKES(allow) | TAKES(change) | TAKES(by),
	.run = gate_run,
};
