#ifndef SUITES_LOAD_H
#define SUITES_LOAD_H

#include "base/allow.h"
#include "base/literal.h"
#include "suites/suite.h"
#include "suites/tables.h"

/*
 * The loader's inside; nobody outside suites/ includes this.
 *
 * One load reads one tree: a suite file as written, or with the overrides of
 * one region merged in.  Every reader reports into `ds`, goes on after a
 * mistake, and leaves its field at the default then.
 */
enum { NAME_MAX_BYTES = 64, HINTS_MAX = 100 };

struct group_files; /* group_file.c */
struct group_file;
struct using;

struct load {
	struct arena *arena;
	struct diags *ds;
	struct group_files *files;
	struct str root; /* what imports may not lead out of */
	/* what `use` looks in: the file that is read, and what it is inside */
	struct group_file *file;
	const struct using *using;
	uint32_t group_nodes; /* that groups added to the tree */
	unsigned failed;      /* errors, shown or known from another suite */
	const struct suite_world *world;
	struct allows allows;
	/* of the suite in all its variants: a step may be for one of them */
	const struct strs *roles;
	unsigned hints_left; /* looking for near names is quadratic */
};

/* parts.c */

/*
 * keys_read(), and what the language adds to it: keys that are not executed
 * yet are refused by name, and ${...} where it would not be filled in.
 */
bool map_read(struct load *l, const struct key *table,
	const struct yaml_node *map, const char *what, void *ret);
/* Is there a key that nobody knows?  What stands behind it was not read. */
bool keys_unknown(const struct load *l);
/* Text with ${...}; NULL after a mistake. */
const struct template *text_read(struct load *l, const struct yaml_node *n,
	const char *what);
/* Two keys of one map that exclude each other: the second is the mistake. */
void keys_exclude(struct load *l, const struct yaml_node *first,
	const struct yaml_node *second);
/* More than `max` entries are a mistake. */
bool count_fits(struct load *l, const struct yaml_node *n, const char *what,
	uint32_t max);
/* A hint with the nearest candidate at the diagnostic added last. */
void hint_nearest(struct load *l, struct str word, const struct str *candidates,
	size_t n);
/* [A-Za-z_][A-Za-z0-9_]*, short, and no built-in name. */
bool name_check(struct load *l, const struct yaml_node *key);

enum pairs_kind { PAIRS_HEADERS, PAIRS_COOKIES, PAIRS_FIELDS };
struct pair *pairs_read(struct load *l, const struct yaml_node *map,
	enum pairs_kind kind);
/* auth.c */
void auth_read(struct load *l, const struct yaml_node *map, struct auth *ret);
/*
 * Vars, secrets and captures whose value is wrong stay in the list with no
 * value, so that their names are known and the mistake is reported once.
 */
struct suite_var *vars_read(struct load *l, const struct yaml_node *map);
struct suite_secret *secrets_read(struct load *l, const struct yaml_node *map);
struct capture *captures_read(struct load *l, const struct yaml_node *map);

/* http_options.c */
void http_defaults(struct load *l, struct http_options *ret);
/* Reads over what *h already holds. */
void http_read(struct load *l, const struct yaml_node *map,
	struct http_options *h);
/* The same of a step, which may not say all that a suite may. */
void http_step_read(struct load *l, const struct yaml_node *map,
	struct http_options *h);
/* The keys of `http.tls`. */
void tls_read(struct load *l, const struct yaml_node *map,
	struct http_options *h);
/* `http`: of the step.  May it be asked for, and is there a base for it? */
void url_check(struct load *l, const struct yaml_node *n,
	const struct template *url, const struct http_options *http);

/* http_where.c: where connections go, and from where. */
const struct host_rule *hosts_read(struct load *l, const struct yaml_node *map,
	bool addresses, const struct host_rule *old);
struct str dns_servers_read(struct load *l, const struct strs *servers);
struct str interface_read(struct load *l, const struct yaml_node *n);
struct str pins_read(struct load *l, const struct strs *pins);

/* step.c */
struct step *steps_read(struct load *l, const struct yaml_node *list,
	const char *what, const struct http_options *http);
void step_names_check(struct load *l, const struct suite *s);
void when_read(struct load *l, const struct yaml_node *n, struct when *ret);
struct str step_name(struct load *l, struct str name,
	const struct yaml_node *map);

/* group_file.c: files of groups, each read once in a suite_load_all(). */

struct group {
	struct group *next;
	struct str name;
	struct group_file *file;
	const struct yaml_node *yaml;
};

struct import {
	struct import *next;
	struct group_file *file;
	struct span where; /* where it is asked for */
	bool used;
};

struct group_file {
	struct group_file *next; /* in the order of reading */
	struct str path;         /* as it was first written: for the hash */
	const struct source *src;
	struct group *groups; /* NULL while it is not read, or if it is wrong */
	struct import *imports;
	const struct yaml_node *imports_yaml; /* NULL: none */
	bool bad;                             /* it has mistakes */
};

struct group_files *group_files_new(struct arena *a);
void group_files_free(struct group_files *files);
struct group_file *group_files_first(const struct group_files *files);
/* True when it was not in yet: what one file has wrong is said once. */
bool group_files_seen(struct group_files *files, struct str id);

/* The files that `imports` of a suite names, and what these import. */
struct group_file *imports_read(struct load *l, const struct yaml_node *root);
/* W116 for what no variant of the suite used. */
void imports_unused_check(struct load *l, const struct group_file *file);
/* Has a tree the form of a file of groups, and not of a suite? */
bool yaml_is_group_file(const struct yaml_node *root);
/* Group and import by name; the mistake is reported. */
struct group *group_find(struct load *l, const struct yaml_node *use);

/* group.c */

/* The steps of the group that a step uses, in its place. */
struct step *group_steps(struct load *l, const struct yaml_node *map,
	const struct http_options *http);
/* All groups of a file that nobody has to use. */
void groups_check(struct load *l, const struct source *src,
	const struct yaml_node *root);

/*
 * suite_parse() with the files that are shared by all suites of a load, below
 * a root.  *ret_group: it is a file of groups; then NULL is returned, and what
 * is wrong with it was reported.
 */
const struct suite_file *suite_parse_in(struct arena *a,
	const struct source *src, struct str root, struct group_files *files,
	const struct suite_world *world, bool *ret_group, struct diags *ds);

/* body.c: the body of a step, of one kind. */
void body_read(struct load *l, const struct step_keys *keys, struct step *s);

/* probe.c: what `tcp`, `tls` and `dns` ask, and what they expect unsaid */
void probe_read(struct load *l, const struct step_keys *keys, struct step *s);
struct check *probe_checks(struct load *l, const struct step *s);
/* Does a step of this kind have what its checks and captures look at? */
void extractors_check(struct load *l, const struct step *s);

/* rows.c: one object for each run, at least one. */
const struct json *rows_read(struct load *l, const struct yaml_node *n);

/* limits.c */
void limits_check(struct load *l, const struct suite *s);
/* Does any step ask something, as each role?  STR_NONE: in some region. */
void idle_check(struct load *l, const struct suite *s, struct str region);
bool strs_hold(const struct strs *list, struct str item);
bool where_holds(const struct strs *globs, struct str region);

/* suite.c */
struct suite *suite_read(struct load *l, const struct yaml_node *root);

/* scope.c */

/* One use of a name by a step, with what it is used for. */
struct use {
	struct use *next;
	const struct template_ref *ref;
	bool in_url;   /* URL or query: seen by every proxy and log */
	bool in_check; /* of the answer */
};
struct use *step_uses(struct load *l, const struct step *s);
/* Unknown names, names used too early; warns of unused captures (W102) and
 * of secrets in URLs (W105). */
void scope_check(struct load *l, const struct suite *s);

/* same.c: regions that nobody knows, checks that compare nothing (E048) */
void same_check(struct load *l, const struct suite *s);

/* lint.c */
void lint_check(struct load *l, const struct suite *s);

/* literal.c: literals that look like secrets (W103) */
void literal_check(struct load *l, const struct yaml_node *root);

/* overrides.c */

/* `over` on `base`: maps merged, everything else replaced. */
const struct yaml_node *yaml_merge(struct arena *a,
	const struct yaml_node *base, const struct yaml_node *over);

#endif
