#ifndef SUITES_SCALAR_H
#define SUITES_SCALAR_H

#include <stddef.h>

#include "base/diag.h"
#include "base/yaml.h"

/*
 * Where bytes `at .. at + len` of a scalar's text stand in its file.
 *
 * Exact when the scalar is written without escapes or folding, and when the
 * piece itself is found in the source; the whole scalar otherwise.
 */
struct span scalar_span(const struct yaml_node *n, size_t at, size_t len);

#endif
