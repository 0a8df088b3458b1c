#include "cli/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "store/private_redis.h"

enum { PRIVATE_WAIT_MS = 5000, CONNECT_MS = 3000 };

const char *open_state_dir(const struct options *o)
{
	return o->state ? o->state : ".andon";
}

int open_line(const struct options *o, const char *command, struct arena *a,
	const struct line **ret)
{
	struct diags ds;
	const struct line *l;

	(void)command;
	diags_init(&ds, a);
	l = line_load(a, o->line, &ds);
	if (!l)
		return output_diags(&ds, false, stderr);
	*ret = l;
	return 0;
}

bool open_store(const struct options *o, const struct line *l,
	struct store **ret, struct err *e)
{
	char url[512];
	const char *use = o->redis;

	if (!use) {
		if (!state_redis_url(open_state_dir(o), PRIVATE_WAIT_MS, url,
			    sizeof(url), e))
			return false;
		use = url;
	}
	struct store *s = store_open(use, l->name, CONNECT_MS, e);
	if (!s)
		return false;
	*ret = s;
	return true;
}

int open_stage(const char *command, const struct line *l, const char *name,
	const struct stage **ret)
{
	const struct stage *s = line_stage(l, str_from(name));
	struct str near;

	if (s) {
		*ret = s;
		return 0;
	}
	near = line_stage_near(l, str_from(name));
	if (near.len)
		return output_usage(command,
			"no stage `%s` in line %.*s; did you mean `%.*s`?",
			name, STR_ARG(l->name), STR_ARG(near));
	struct buf names;
	buf_init(&names, 1024);
	for (size_t i = 0; i < l->nstages; i++)
		buf_addf(&names, "%s%.*s", i ? ", " : "",
			STR_ARG(l->stages[i].name));
	int code =
		output_usage(command, "no stage `%s` in line %.*s; it has %s",
			name, STR_ARG(l->name), names.len ? names.ptr : "none");
	buf_done(&names);
	return code;
}

static bool stage_deploys(const struct stage *s, const struct region *r)
{
	for (size_t i = 0; i < s->ndeploys; i++)
		if (s->deploys[i] == r)
			return true;
	return false;
}

/* The region of this name that the stage deploys; NULL: it was told why not. */
static const struct region *open_region(const char *command,
	const struct line *l, const struct stage *s, struct str name)
{
	const struct region *r = line_region(l, name);
	struct str near = line_region_near(l, name);

	if (r && stage_deploys(s, r))
		return r;
	if (r)
		output_usage(command, "stage %.*s does not deploy %.*s",
			STR_ARG(s->name), STR_ARG(name));
	else if (near.len)
		output_usage(command,
			"no region `%.*s` in line %.*s; did you mean `%.*s`?",
			STR_ARG(name), STR_ARG(l->name), STR_ARG(near));
	else
		output_usage(command, "no region `%.*s` in line %.*s",
			STR_ARG(name), STR_ARG(l->name));
	return NULL;
}

int open_regions(const char *command, const struct line *l,
	const struct list *names, struct arena *a, struct deploy_request *r)
{
	const struct region **region =
		ARENA_ARRAY(a, names->count + 1, const struct region *);

	for (size_t i = 0; i < names->count; i++) {
		region[i] = open_region(command, l, r->stage,
			str_from(names->item[i]));
		if (!region[i])
			return EXIT_USAGE;
	}
	r->region = region;
	r->nregions = names->count;
	return 0;
}

bool open_by(const struct options *o, bool person, struct str *ret)
{
	const char *ci = getenv("CI");
	const char *user = getenv("USER");
	bool in_ci = ci && *ci && strcmp(ci, "false") != 0;

	if (o->by) {
		*ret = str_from(o->by);
		return true;
	}
	if (person && (in_ci || !user || !*user))
		return false;
	*ret = str_from(user && *user ? user : "pipeline");
	return true;
}
