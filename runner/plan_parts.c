#include "runner/plan_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"

/* --- roles --- */

static const struct template *text_of(struct arena *a,
	const struct yaml_node *n, const char *what, const struct role *r,
	struct diags *ds)
{
	if (n && n->kind == YAML_SCALAR)
		/* cppcheck takes `template` for a word of C++ */
		/* cppcheck-suppress CastIntegerToAddressAtReturn */
		return template_parse(a, n, ds);
	diag_add(ds, DIAG_ERROR, E21, n ? n->where : r->where,
		"`%s` of role `%.*s` must be text", what, STR_ARG(r->name));
	return NULL;
}

static struct pair *pairs_read(struct arena *a, const struct role_pair *from,
	const char *what, const struct role *r, struct diags *ds)
{
	struct pair *first = NULL;
	struct pair **last = &first;

	for (; from; from = from->next) {
		struct pair *p = ARENA_NEW(a, struct pair);

		p->name = from->name;
		p->value = text_of(a, from->value, what, r, ds);
		if (!p->value)
			continue;
		p->where = from->value->where;
		*last = p;
		last = &p->next;
	}
	return first;
}

static struct suite_var *vars_of(struct arena *a, const struct role *r,
	struct diags *ds)
{
	struct suite_var *first = NULL;
	struct suite_var **last = &first;

	if (r->vars->kind != YAML_MAP) {
		diag_add(ds, DIAG_ERROR, E21, r->vars->where,
			"`vars` must be a mapping");
		return NULL;
	}
	for (const struct yaml_node *n = r->vars->first; n; n = n->next) {
		struct suite_var *v = ARENA_NEW(a, struct suite_var);

		v->name = n->key->text;
		v->value = template_tree_parse(a, n, ds);
		v->where = n->where;
		*last = v;
		last = &v->next;
	}
	return first;
}

struct plan_role *plan_role_read(struct arena *a, const struct role *r,
	struct diags *ds)
{
	struct plan_role *p = ARENA_NEW(a, struct plan_role);
	unsigned before = ds->errors;

	p->name = r->name;
	p->headers = pairs_read(a, r->headers, "headers", r, ds);
	p->query = pairs_read(a, r->query, "query", r, ds);
	p->cookies = pairs_read(a, r->cookies, "cookies", r, ds);
	if (r->auth)
		auth_parse(a, r->auth, &p->auth, ds);
	if (r->vars)
		p->vars = vars_of(a, r, ds);
	return ds->errors == before ? p : NULL;
}

/* --- secrets --- */

static struct str read_file(struct arena *a, struct str path,
	struct str *ret_why)
{
	char *bytes = arena_alloc(a, SECRET_MAX + 2);
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		*ret_why = arena_printf(a, "file %s: %s", path.ptr,
			strerrordesc_np(errno));
	} else if (!S_ISREG(st.st_mode)) {
		*ret_why = arena_printf(a, "file %s: not a regular file",
			path.ptr);
	} else {
		while (len <= SECRET_MAX &&
			(n = read(fd, bytes + len, SECRET_MAX + 1 - len)) > 0)
			len += (size_t)n;
		if (n < 0)
			*ret_why = arena_printf(a, "file %s: %s", path.ptr,
				strerrordesc_np(errno));
	}
	if (fd >= 0)
		close(fd);
	if (ret_why->ptr)
		return STR_NONE;
	/* what an editor puts at the end of a file is not the secret */
	while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	return (struct str){ bytes, len };
}

static struct str read_env(struct arena *a, struct str name,
	struct str *ret_why)
{
	/* nothing in this process writes the environment after the start */
	const char *value =
		getenv(name.ptr); /* NOLINT(concurrency-mt-unsafe) */

	if (value)
		return arena_str(a, str_from(value));
	*ret_why =
		arena_printf(a, "environment variable %s is not set", name.ptr);
	return STR_NONE;
}

static void secret_read(struct arena *a, const struct suite_secret *from,
	struct plan_secret *to, struct diags *ds)
{
	struct str path = from->file.len ? from->file : from->env;

	path = arena_str(a, path);
	to->name = from->name;
	to->value = from->file.len ? read_file(a, path, &to->why)
				   : read_env(a, path, &to->why);
	if (!to->value.ptr && from->optional) {
		to->value = STR("");
		return;
	}
	if (to->value.ptr && to->value.len < SECRET_MIN &&
		!(from->optional && !to->value.len))
		diag_add(ds, DIAG_ERROR, E35, from->where,
			"secret `%.*s` has %zu bytes: below %d it can not be "
			"kept out of outputs",
			STR_ARG(from->name), to->value.len, SECRET_MIN);
	if (to->value.len > SECRET_MAX)
		diag_add(ds, DIAG_ERROR, E35, from->where,
			"secret `%.*s` is longer than %d bytes",
			STR_ARG(from->name), SECRET_MAX);
}

const struct plan_secret *plan_secrets_read(struct arena *a,
	const struct suite *s, const struct redact **ret_redact,
	struct diags *ds)
{
	struct redact *redact = redact_new(a, NULL);
	struct plan_secret *all;
	size_t n = 0;

	*ret_redact = redact;
	for (const struct suite_secret *i = s->secrets; i; i = i->next)
		n++;
	all = ARENA_ARRAY(a, n + 1, struct plan_secret);
	n = 0;
	for (const struct suite_secret *i = s->secrets; i; i = i->next) {
		secret_read(a, i, &all[n], ds);
		if (all[n].value.len)
			redact_add(redact, all[n].name, all[n].value);
		n++;
	}
	return all;
}
