#include "cli/verb.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"

enum { TRIES = 32, WAIT_TURN_MS = 1000 };

static const struct {
	int code;
	const char *answer;
} results[] = {
	[VERB_DONE] = { EXIT_PASS, "ok" },
	[VERB_QUEUED] = { EXIT_UNDECIDED, "undecided" },
	[VERB_HELD] = { EXIT_HELD, "held" },
	[VERB_UNKNOWN] = { EXIT_UNDECIDED, "undecided" },
	[VERB_USAGE] = { EXIT_USAGE, "usage" },
};

/* Once: read, decide, commit.  A conflict is tried again. */
static bool verb_try(struct store *s, const struct verb_call *c, verb_fn *fn,
	struct arena *a, struct verb_answer *ret, struct err *e)
{
	enum commit_answer done = COMMIT_CONFLICT;

	for (int i = 0; i < TRIES && done != COMMIT_DONE; i++) {
		struct facts f;
		if (!store_facts(s, a, &f, e))
			return false;
		*ret = fn(&f, c, a);
		if (!ret->tx || tx_empty(ret->tx))
			return true;
		if (!store_commit(s, ret->tx, &done, e))
			return false;
	}
	if (done != COMMIT_DONE)
		return err_set(e, ERR_STORE, "too many writers at once");
	return true;
}

static void say_json(struct buf *out, const struct verb_call *c,
	const struct verb_answer *v)
{
	buf_addf(out, "{\"answer\":\"%s\",\"ok\":%s,\"code\":%d,\"line\":",
		results[v->result].answer,
		v->result == VERB_DONE ? "true" : "false",
		results[v->result].code);
	buf_add_json(out, c->line->name);
	buf_add_z(out, ",\"stage\":");
	if (c->request.stage)
		buf_add_json(out, c->request.stage->name);
	else
		buf_add_z(out, "null");
	buf_add_z(out, ",\"version\":");
	if (c->request.version.len)
		buf_add_json(out, c->request.version);
	else
		buf_add_z(out, "null");
	buf_add_z(out, ",\"deployment\":");
	if (v->deployment.len) {
		buf_add_json(out, v->deployment);
		buf_addf(out, ",\"state\":\"%s\"",
			deployment_state_token(v->state));
	} else {
		buf_add_z(out, "null,\"state\":null");
	}
	struct buf reason;
	buf_init(&reason, 4096);
	buf_addf(&reason, "%s: %.*s", why_token(v->why), STR_ARG(v->text));
	buf_add_z(out, ",\"reason\":");
	buf_add_json(out, buf_str(&reason));
	buf_done(&reason);
	buf_add_z(out, "}\n");
}

static int say(const struct options *o, const struct verb_call *c,
	const struct verb_answer *v)
{
	struct buf out;

	if (v->result == VERB_USAGE && o->format != FORMAT_JSON)
		return output_usage(c->command, "%.*s", STR_ARG(v->text));
	buf_init(&out, 65536);
	if (o->format == FORMAT_JSON) {
		say_json(&out, c, v);
	} else {
		if (v->result != VERB_DONE)
			buf_addf(&out, "%s (%s): ", results[v->result].answer,
				why_token(v->why));
		buf_add_visible(&out, v->text);
		buf_add_byte(&out, '\n');
	}
	output_buf(&out, stdout);
	buf_done(&out);
	return results[v->result].code;
}

int verb_commit(const struct options *o, const struct verb_call *c, verb_fn *fn)
{
	uint64_t deadline_ns =
		clock_mono_ns(&clock_system) + o->wait_ms * 1000000ULL;
	struct arena *a = arena_new();
	struct store *s = NULL;
	struct verb_answer v = { 0 };
	struct err e = { 0 };
	char cursor[48] = "$";
	bool woken;
	int code;

	bool ok = open_store(o, c->line, &s, &e) &&
		  store_wait(s, cursor, NULL, 0, &woken, &e);
	while (ok) {
		arena_reset(a);
		ok = verb_try(s, c, fn, a, &v, &e);
		if (!ok || v.result != VERB_QUEUED ||
			clock_mono_ns(&clock_system) >= deadline_ns)
			break;
		ok = store_wait(s, cursor, NULL, WAIT_TURN_MS, &woken, &e);
	}
	code = ok ? say(o, c, &v) : output_err(c->command, &e);
	store_free(s);
	arena_free(a);
	return code;
}
