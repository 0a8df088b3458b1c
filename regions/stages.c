#include "regions/stages.h"
#include "base/codes.h"
#include "regions/reader.h"

/* clang-format off */
static const char *const newer_words[] = { "supersede", "queue", NULL };

const struct key stage_key_table[] = {
	{ "stage", KEY_ID, KEY_REQUIRED, KEY(struct stage_keys, stage),
		.help = "the name that `andon gate` takes" },
	{ "deploys", KEY_STRS, 0, KEY(struct stage_keys, deploys),
		.fallback = "[]", .help = "region globs; empty: a gate only" },
	{ "compare", KEY_NODE, 0, KEY(struct stage_keys, compare),
		.fallback = "the other regions of the environment; without "
		"any the region's own past",
		.help = "control regions" },
	{ "after", KEY_STRS, 0, KEY(struct stage_keys, after),
		.fallback = "the stage before it",
		.help = "stages that must be accepted with the same change" },
	{ "requires", KEY_MAP, 0, KEY(struct stage_keys, requires),
		.fallback = "{}", .help = "more that must be true" },
	{ "approvals", KEY_INT, 0, KEY(struct stage_keys, approvals), 0, 20,
		.fallback = "0", .help = "persons needed" },
	{ "suites", KEY_STRS, 0, KEY(struct stage_keys, suites),
		.fallback = "all with gate: block",
		.help = "tags or names that count here" },
	{ "newer", KEY_WORD, 0, KEY(struct stage_keys, newer),
		.words = newer_words,
		.fallback = "queue in production, else supersede",
		.help = "what a newer version does to a live one" },
	{ "lint", KEY_MAP, 0, KEY(struct stage_keys, lint),
		.help = "{allow: [W113]}" },
	/* cohorts: known, and refused by stage_check() */
	{ "roles", KEY_NODE, 0, KEY(struct stage_keys, roles) },
	GATE_ROWS(KEY(struct stage_keys, gate)),
	{ 0 }
};

const struct key requires_key_table[] = {
	{ "ci", KEY_STRS, 0, KEY(struct requires_keys, ci),
		.fallback = "[]", .help = "checks posted by the pipeline" },
	{ "regions", KEY_STRS, 0, KEY(struct requires_keys, regions),
		.fallback = "[]",
		.help = "region globs accepted with this version" },
	{ "fresh", KEY_DURATION, 0, KEY(struct requires_keys, fresh_ms),
		MS_SECOND, 30 * MS_DAY, .fallback = "any age",
		.help = "how old their acceptance may be" },
	{ 0 }
};
/* clang-format on */

static bool has(const struct region_set *set, const struct region *g)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->item[i] == g)
			return true;
	return false;
}

static bool shares_env(const struct region_set *set, const struct region *g)
{
	for (size_t i = 0; i < set->count; i++)
		if (str_eq(set->item[i]->env, g->env))
			return true;
	return false;
}

/* Where a mistake of a whole stage is shown: under its name. */
static struct span stage_span(const struct yaml_node *n)
{
	const struct yaml_node *name = yaml_get(n, "stage");

	return name ? name->where : n->where;
}

/* The other regions of the environments that the stage deploys in. */
static void compare_default(struct line_reader *r, struct stage *s,
	const struct region_set *deploys)
{
	const struct line *l = r->line;
	const struct region *first = s->ndeploys ? s->deploys[0] : NULL;
	bool several = false;

	s->control = CONTROL_PAST;
	s->compare = ARENA_ARRAY(r->arena, l->nregions, const struct region *);
	for (size_t i = 0; i < l->nregions; i++) {
		const struct region *g = &l->regions[i];
		if (!has(deploys, g) && shares_env(deploys, g))
			s->compare[s->ncompare++] = g;
	}
	if (s->ncompare == 0)
		return;
	s->control = CONTROL_REGIONS;
	for (size_t i = 0; i < s->ndeploys; i++)
		several |= !str_eq(s->deploys[i]->env, first->env);
	if (!several)
		return;
	diag_add(r->ds, DIAG_ERROR, E11, s->where,
		"stage `%.*s` deploys in several environments: what is its "
		"control?",
		STR_ARG(s->name));
	diag_hint(r->ds, "name the control regions in `compare`");
}

static void compare_regions(struct line_reader *r, struct stage *s,
	const struct strs *globs, const struct region_set *deploys)
{
	struct region_set set = regions_resolve(r, globs);

	s->control = CONTROL_REGIONS;
	s->compare = set.item;
	for (size_t i = 0; i < set.count; i++)
		if (!has(deploys, set.item[i]))
			s->compare[s->ncompare++] = set.item[i];
	/* a glob may take in the canary, a name must not */
	for (size_t i = 0; i < globs->count; i++) {
		const struct region *g = line_region(r->line, globs->item[i]);
		if (!g || !has(deploys, g))
			continue;
		diag_add(r->ds, DIAG_WARNING, W114, globs->node[i]->where,
			"`%.*s` is deployed by this stage and is no control",
			STR_ARG(g->full));
	}
	if (set.count > 0 && s->ncompare == 0) {
		diag_add(r->ds, DIAG_ERROR, E55, globs->node[0]->where,
			"no control is left: the stage deploys all of them");
		diag_hint(r->ds, "without `compare` it is judged against the "
				 "environment or its own past");
	}
}

struct compare_keys {
	struct str role;
};

static void compare_role(struct line_reader *r, struct stage *s,
	const struct yaml_node *map)
{
	/* clang-format off */
	static const struct key table[] = {
		{ "role", KEY_STR, KEY_REQUIRED, KEY(struct compare_keys, role),
			.help = "the role to compare with" },
		{ 0 }
	};
	/* clang-format on */
	struct compare_keys k = { 0 };

	s->control = CONTROL_ROLE;
	if (!keys_read(table, map, "compare", &k, r->arena, r->ds))
		return;
	s->compare_role = k.role;
	if (!line_role(r->line, k.role)) {
		struct str names[LINE_ROLES_MAX + 1];
		for (size_t i = 0; i < r->line->nroles; i++)
			names[i] = r->line->roles[i].name;
		key_unknown(yaml_get(map, "role"), E52, "role", names,
			r->line->nroles, r->ds);
	}
	diag_add(r->ds, DIAG_ERROR, E14, map->where,
		"a role as control is not available in this version");
	diag_hint(r->ds, "name control regions instead");
}

struct compare_list {
	struct strs regions;
};

static void compare_read(struct line_reader *r, struct stage *s,
	const struct stage_keys *k, const struct region_set *deploys)
{
	/* clang-format off */
	static const struct key table[] = {
		{ "compare", KEY_STRS, 0, KEY(struct compare_list, regions) },
		{ 0 }
	};
	/* clang-format on */
	struct compare_list list = { 0 };

	if (!k->compare) {
		compare_default(r, s, deploys);
		return;
	}
	if (k->compare->kind == YAML_MAP) {
		compare_role(r, s, k->compare);
		return;
	}
	if (k->deploys.count == 0 && !k->broken) {
		diag_add(r->ds, DIAG_ERROR, E13, k->compare->key->where,
			"`compare` without `deploys`: nothing is judged here");
		return;
	}
	/* the stage's own mapping again, for this one key and its message */
	struct yaml_node one = *k->compare;
	struct yaml_node map = { .kind = YAML_MAP,
		.count = 1,
		.where = k->compare->where,
		.first = &one };
	one.next = NULL;
	if (!keys_read(table, &map, "stage", &list, r->arena, r->ds))
		return;
	if (list.regions.count == 0) {
		diag_add(r->ds, DIAG_ERROR, E23, k->compare->where,
			"`compare` names no region");
		diag_hint(r->ds, "leave it out for the default");
		return;
	}
	compare_regions(r, s, &list.regions, deploys);
}

static void requires_read(struct line_reader *r, struct stage *s,
	const struct yaml_node *map)
{
	struct requires_keys k = { 0 };

	if (!map)
		return;
	keys_read(requires_key_table, map, "requires", &k, r->arena, r->ds);
	struct region_set set = regions_resolve(r, &k.regions);
	s->requires.ci = k.ci;
	s->requires.regions = set.item;
	s->requires.nregions = set.count;
	s->requires.fresh_ms = k.fresh_ms;
	for (size_t i = 0; i < k.ci.count; i++)
		if (k.ci.item[i].len == 0)
			diag_add(r->ds, DIAG_ERROR, E21, k.ci.node[i]->where,
				"the name of a CI check is empty");
	if (k.fresh_ms && set.count == 0 && k.regions.count == 0) {
		diag_add(r->ds, DIAG_ERROR, E13, yaml_get(map, "fresh")->where,
			"`fresh` without `regions`");
		diag_hint(r->ds, "it says how old their acceptance may be");
	}
}

/* Settings that contradict one another, or the law. */
static void stage_check(struct line_reader *r, const struct stage *s,
	const struct stage_keys *k, const struct yaml_node *node)
{
	const struct gate_settings *g = &s->gate;
	const struct yaml_node *wait = yaml_get(node, "max_wait");
	bool asks = s->nafter || s->requires.ci.count || s->requires.nregions ||
		    s->approvals || k->after.count;

	if (g->max_wait_ms && g->warmup_ms + g->soak_ms > g->max_wait_ms)
		diag_add(r->ds, DIAG_ERROR, E55, wait ? wait->where : s->where,
			"stage `%.*s` can never pass: warmup and soak are "
			"longer than max_wait",
			STR_ARG(s->name));
	if (k->deploys.count == 0 && !asks && !k->broken) {
		diag_add(r->ds, DIAG_ERROR, E55, s->where,
			"stage `%.*s` deploys nothing and requires nothing",
			STR_ARG(s->name));
		diag_hint(r->ds, "there is no evidence that it could pass on");
	}
	if (k->roles) {
		diag_add(r->ds, DIAG_ERROR, E14, k->roles->key->where,
			"cohort stages are not available in this version");
		diag_hint(r->ds, "a stage judges all roles of its suites");
	}
}

/* Its own keys; what refers to other stages comes when all have names. */
static void stage_read(struct line_reader *r, struct stage *s,
	struct stage_keys *k, const struct yaml_node *node,
	const struct gate_settings *defaults)
{
	unsigned before = r->ds->errors;

	k->node = node;
	k->newer = -1;
	k->gate = *defaults;
	k->broken =
		!keys_read(stage_key_table, node, "stage", k, r->arena, r->ds);
	allow_read(&r->line->allows, k->lint, node, r->ds);
	s->name = k->stage.ptr ? k->stage : STR("");
	s->where = stage_span(node);

	struct region_set deploys = regions_resolve(r, &k->deploys);
	s->deploys = deploys.item;
	s->ndeploys = deploys.count;
	s->approvals = k->approvals;
	s->suites = k->suites;
	s->newer = k->newer < 0 ? NEWER_DEFAULT : NEWER_SUPERSEDE + k->newer;
	s->gate = k->gate;
	/* the line's `expires` is meant for its accept gates */
	if (s->ndeploys && !yaml_get(node, "expires"))
		s->gate.expires_ms = 0;
	compare_read(r, s, k, &deploys);
	requires_read(r, s, k->requires);
	k->broken = r->ds->errors != before;
}

/* `andon gate` without a workflow: everything is one stage. */
static void single_stage(struct line_reader *r, const struct yaml_node *gate,
	const struct gate_settings *defaults)
{
	struct stage *s = ARENA_NEW(r->arena, struct stage);
	struct line *l = r->line;

	line_single_stage(r->arena, l, s);
	s->gate = *defaults;
	s->gate.expires_ms = 0;
	if (s->gate.max_wait_ms &&
		s->gate.warmup_ms + s->gate.soak_ms > s->gate.max_wait_ms)
		diag_add(r->ds, DIAG_ERROR, E55,
			yaml_get(gate, "max_wait")->where,
			"the line can never pass: warmup and soak are longer "
			"than max_wait");
}

void line_single_stage(struct arena *a, struct line *l, struct stage *s)
{
	s->name = STR("deploy");
	s->control = CONTROL_PAST;
	s->gate = gate_settings_default;
	s->deploys = ARENA_ARRAY(a, l->nregions, const struct region *);
	for (size_t i = 0; i < l->nregions; i++)
		s->deploys[s->ndeploys++] = &l->regions[i];
	l->stages = s;
	l->nstages = 1;
}

void line_read_workflow(struct line_reader *r, const struct yaml_node *gate,
	const struct yaml_node *workflow)
{
	struct gate_settings defaults = gate_settings_default;
	size_t n = 0;

	if (gate)
		keys_read(gate_key_table, gate, "gate", &defaults, r->arena,
			r->ds);
	if (!workflow) {
		single_stage(r, gate, &defaults);
		return;
	}
	if (workflow->count == 0) {
		diag_add(r->ds, DIAG_ERROR, E23, workflow->where,
			"`workflow` has no stage");
		diag_hint(r->ds, "leave it out for the one stage `deploy`");
		return;
	}
	if (workflow->count > LINE_STAGES_MAX)
		diag_add(r->ds, DIAG_ERROR, E23, workflow->where,
			"more than %d stages", LINE_STAGES_MAX);
	struct stage *stages =
		ARENA_ARRAY(r->arena, LINE_STAGES_MAX, struct stage);
	struct stage_keys *keys =
		ARENA_ARRAY(r->arena, LINE_STAGES_MAX, struct stage_keys);
	for (const struct yaml_node *node = workflow->first;
		node && n < LINE_STAGES_MAX; node = node->next, n++)
		stage_read(r, &stages[n], &keys[n], node, &defaults);
	r->line->stages = stages;
	r->line->nstages = n;
	line_order_stages(r, stages, keys);
	for (size_t i = 0; i < n; i++)
		stage_check(r, &stages[i], &keys[i], keys[i].node);
}
