#ifndef CLI_RECORDING_IMPL_H
#define CLI_RECORDING_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/recording.h"

/* What the readers of recordings share; inside cli/recording*.c only. */
#define RECORDING_DAY_MS  86400000LL
#define RECORDING_TIME_MS (400 * RECORDING_DAY_MS) /* of a deploy */

struct reader {
	struct recording *rec;
	struct arena *arena;
	FILE *in;
	char *line;
	size_t line_cap, cap; /* of the line, of the rows */
	uint32_t at;          /* line number */
	struct err *e;
};

/* False, with the file and the line in front of the text. */
__attribute__((format(printf, 2, 3))) bool recording_wrong(struct reader *rd,
	const char *fmt, ...);
/* One line without its end; *ret_end at the end of the file. */
bool recording_line(struct reader *rd, struct str *ret, bool *ret_end);
/* A number of the head, within [low, high]. */
bool recording_number(struct reader *rd, const struct json *o, const char *key,
	const double range[2], double *ret);
/* Place for one more row; NULL: there are too many. */
struct recorded *recording_row(struct reader *rd);
/* A latency in ms; one that can not be is counted and unknown. */
uint32_t recording_latency(struct reader *rd, double ms);

/* recording_lines.c: the rest of a file whose first line is `o`. */
bool recording_lines(struct reader *rd, const struct json *o);

#endif
