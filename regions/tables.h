#ifndef REGIONS_TABLES_H
#define REGIONS_TABLES_H

#include "base/keys.h"

/*
 * The key tables of the line file, for the manual and the JSON Schema; what
 * reads a file is line_parse().  As in suites/tables.h a row without help is
 * known and refused.  `stage_key_table` holds the rows of `gate_key_table`
 * too: a stage takes every gate key as its own.
 */
extern const struct key line_key_table[], served_key_table[], role_key_table[],
	gate_key_table[], stage_key_table[], requires_key_table[],
	window_key_table[];

#endif
