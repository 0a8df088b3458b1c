#include <stdio.h>

#include "cli/recording.h"
#include "cli/replay.h"
#include "tests/fuzz/target.h"

/* A recording, CSV or lines of JSON, of whatever bytes: read or refused; what
 * is read is replayed. */
enum { STATE_MAX = 1 << 24, ROWS_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena *a = arena_new();
	FILE *in = n ? fmemopen((void *)bytes, n, "r") : NULL;
	const struct detector *d = detectors[0];
	struct replay_settings s;
	struct recording rec;
	struct replayed r;
	struct buf out;
	struct err e = { 0 };

	if (in && recording_from(a, in, "fuzz", &rec, &e)) {
		if (d->state_size(&rec.shape) <= STATE_MAX &&
			rec.nrows <= ROWS_MAX) {
			replay_defaults(d, &s);
			replay_run(d, &rec, &s, &r);
			buf_init(&out, 1 << 20);
			replay_say_json(&rec, &r, &out);
			replay_say_human(&rec, &r, &out);
			buf_done(&out);
			replayed_free(&r);
		}
		recording_free(&rec);
	}
	if (in)
		(void)fclose(in);
	arena_free(a);
	return 0;
}
