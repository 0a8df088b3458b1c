#ifndef SUITES_ABSENT_H
#define SUITES_ABSENT_H

#include "base/diag.h"

/*
 * What the language knows and this version does not execute yet is refused by
 * its name (E014), and never as a typing mistake: whoever wrote it did not
 * mean the nearest other word.  Keys without help in suites/tables.c are such.
 */
void absent_say(const char *what, struct span where, struct diags *ds);

#endif
