#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The state folder (`--state DIR`, default .andon), mode 0700.  Each part has
 * a lock of its own (flock): run and detect may share a folder, two runners
 * may not; the second is refused with ERR_BUSY and the pid of the first.
 */
enum state_part { STATE_RUNNER, STATE_DETECTOR, STATE_REDIS, STATE_PARTS };

struct state;

/* Makes the folder if it is not there. */
struct state *state_open(const char *dir, struct err *e);
void state_close(struct state *s); /* gives its locks back; NULL is fine */
bool state_lock(struct state *s, enum state_part part, struct err *e);
void state_unlock(struct state *s, enum state_part part);
const char *state_folder(const struct state *s); /* absolute */
int state_fd(const struct state *s);             /* for openat() */
/* A file of the folder: "detector.journal". Lives as long as the state. */
const char *state_path(struct state *s, const char *name);
/*
 * A name that stays the same over restarts ("runner-3f9a12"), made once and
 * kept in the folder; atomic.  At most 63 bytes.  A restart with the same name
 * takes its own lease over at once.
 */
bool state_id(struct state *s, enum state_part part, char ret[64],
	struct err *e);

#endif
