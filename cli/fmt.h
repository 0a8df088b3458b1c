#ifndef CLI_FMT_H
#define CLI_FMT_H

#include "base/yaml_layout.h"

/* The order of keys in a suite, a file of groups or a line file. */
const struct yaml_order *fmt_orders(const struct yaml_node *root);

#endif
