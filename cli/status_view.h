#ifndef CLI_STATUS_VIEW_H
#define CLI_STATUS_VIEW_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "regions/line.h"
#include "store/facts.h"

/*
 * The line as `andon status` shows it: pure, facts in, text out.
 */
/* clang-format off */
#define LINE_STATE_MAP(X)                                                     \
	/* name    token      code; the worst of all scopes is the line's */  \
	X(OPEN,    "open",    0)                                              \
	X(FROZEN,  "frozen",  5)                                              \
	X(HALTED,  "halted",  5) /* a person pulled the cord */               \
	X(STOPPED, "stopped", 5) /* a verdict did */

enum line_state {
#define X(name, token, code) LINE_##name,
	LINE_STATE_MAP(X)
#undef X
	LINE_STATES
};
/* clang-format on */

const char *line_state_token(enum line_state s);
int line_state_code(enum line_state s);
enum line_state line_state_of(const struct facts *f, const struct line *l);

struct view_style {
	bool colour, utf8;
};

void status_text(struct buf *out, const struct facts *f, const struct line *l,
	const struct view_style *style, struct arena *a);
void status_json(struct buf *out, const struct facts *f, const struct line *l,
	struct arena *a);

#endif
