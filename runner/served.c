#include "runner/served.h"

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

enum { VERSION_MAX = 200 };

struct served_fetch {
	struct arena *arena;
	struct http_session *session;
	struct http_call call;
	const struct plan *plan;
	const struct region *region;
	served_fn *fn;
	void *owner;
};

static const struct http_options options = {
	.timeout_ms = SERVED_TIMEOUT_MS,
	.connect_timeout_ms = SERVED_TIMEOUT_MS,
	.compressed = true,
	.max_body = 1048576,
	.tls = { .verify = true },
};

bool served_by_url(const struct plan *p)
{
	return p->served_path || p->served_regex;
}

void served_cancel(struct served_fetch *f)
{
	if (!f)
		return;
	http_session_free(f->session);
	arena_free(f->arena);
	free(f);
}

static struct str by_path(struct served_fetch *f)
{
	const struct json *root =
		json_parse(f->arena, f->call.response.body, NULL, NULL);
	struct jsonpath_nodes found;

	if (!root ||
		!jsonpath_eval(f->plan->served_path, root, f->arena, &found) ||
		found.count != 1 ||
		(found.node[0]->type != JSON_STRING &&
			found.node[0]->type != JSON_NUMBER))
		return STR_NONE;
	return found.node[0]->text;
}

static struct str by_regex(struct served_fetch *f)
{
	struct str groups[2] = { STR_NONE, STR_NONE };

	if (regex_match(f->plan->served_regex, f->call.response.body, groups,
		    2) != REGEX_YES)
		return STR_NONE;
	return groups[1].ptr ? groups[1] : groups[0];
}

static void on_answer(struct http_call *c, void *owner)
{
	struct served_fetch *f = owner;
	struct str version = STR_NONE;

	if (c->reason == REASON_NONE && c->response.status >= 200 &&
		c->response.status < 300)
		version = f->plan->served_path ? by_path(f) : by_regex(f);
	if (version.len > VERSION_MAX || !version.len)
		version = STR_NONE;
	f->fn(f->region, version, f->owner);
	served_cancel(f);
}

struct served_fetch *served_start(struct http *h, struct loop *l,
	const struct plan *p, const struct region *r, served_fn *fn,
	void *owner)
{
	struct served_fetch *f = xcalloc(1, sizeof(*f));
	struct str url = p->line->served.url;
	struct str base = r->base_url;

	f->arena = arena_new();
	f->session = http_session_new(h);
	f->plan = p;
	f->region = r;
	f->fn = fn;
	f->owner = owner;
	while (base.len && base.ptr[base.len - 1] == '/')
		base.len--;
	if (!str_starts(url, STR("http://")) &&
		!str_starts(url, STR("https://")))
		url = arena_printf(f->arena, "%.*s%s%.*s", STR_ARG(base),
			str_starts(url, STR("/")) ? "" : "/", STR_ARG(url));
	f->call.arena = f->arena;
	f->call.method = STR("GET");
	f->call.url = url;
	f->call.options = &options;
	f->call.deadline_ns = loop_now_ns(l) + SERVED_TIMEOUT_MS * 1000000ULL;
	f->call.done = on_answer;
	f->call.owner = f;
	http_start(f->session, &f->call);
	return f;
}
