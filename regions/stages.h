#ifndef REGIONS_STAGES_H
#define REGIONS_STAGES_H

#include "regions/reader.h"

/* What stands in a stage, between stages.c and order.c. */
struct stage_keys {
	struct str stage;
	struct strs deploys, after, suites;
	const struct yaml_node *compare, *requires, *roles, *lint;
	int64_t approvals;
	int newer; /* index into its words; -1: not given */
	struct gate_settings gate;
	const struct yaml_node *node; /* the stage's mapping */
	bool broken;                  /* something in it was reported */
};

struct requires_keys {
	struct strs ci, regions;
	uint64_t fresh_ms;
};

/*
 * order.c: resolves `after`, and reports stages with the same name, that
 * wait for one another, or for a region that nothing before them deploys.
 */
void line_order_stages(struct line_reader *r, struct stage *stages,
	const struct stage_keys *keys);

/* Fills the one stage of a line without a workflow. */
void line_single_stage(struct arena *a, struct line *l, struct stage *s);

#endif
