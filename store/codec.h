#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "store/facts.h"
#include "store/record.h"

/*
 * Records as bytes.
 *
 * Results are packed (a passing one is about 80 bytes), everything else is
 * JSON.  What is read is never trusted: lengths, types, words and sizes are
 * checked, a record that breaks one of them is refused as a whole.  Unknown
 * fields are skipped, an unknown major version is refused, so that an older
 * reader can not misread a newer writer.
 */
enum {
	RECORD_MAJOR = 1,
	RECORD_STR_MAX = 1024, /* one name in a result */
	HEAD_BYTES_MAX = 8 * 1024,
	RESULT_BYTES_MAX = 128 * 1024, /* one packed result */
	EVIDENCE_BYTES_MAX = 96 * 1024,
	EVIDENCE_ITEMS_MAX = 256, /* assertions, headers */
	RECORD_TEXT_MAX = 1 << 20,
	PLAN_TEXT_MAX = 64 << 20,
	PLAN_JOBS_MAX = 200000
};

/*
 * One packed result.  Line, environment and region are not in it: they are
 * the name of the stream; result_unpack() leaves them as they are in *ret.
 * Never fails: a name above RECORD_STR_MAX is cut, evidence that is too large
 * loses its body, then its headers, then its assertions.
 */
void result_pack(struct buf *out, const struct result *r);
bool result_unpack(struct arena *a, struct str packed, struct result *ret);
/*
 * The two halves of a packed result.  The head (runner, epoch, vantage,
 * version, deployment) is the same in most results of a stream; as the name
 * of the entry's field, Redis keeps it once for many entries.
 */
bool result_split(struct str packed, struct str *ret_head,
	struct str *ret_body);
struct str result_join(struct arena *a, struct str head, struct str body);

void evidence_write(struct buf *out, const struct evidence *e);
bool evidence_read(struct arena *a, struct str text, struct evidence *ret);

struct audit_line {
	struct str event, subject, by, reason;
	int64_t at_us;
	uint64_t rev;
};

void scope_write(struct buf *out, const struct scope_state *r);
bool scope_read(struct arena *a, struct str text, struct scope_state *ret);
void live_write(struct buf *out, const struct live *r);
bool live_read(struct arena *a, struct str text, struct live *ret);
void ci_write(struct buf *out, const struct ci_check *r);
bool ci_read(struct arena *a, struct str text, struct ci_check *ret);
void permit_write(struct buf *out, const struct permit *r);
bool permit_read(struct arena *a, struct str text, struct permit *ret);
void runner_lease_write(struct buf *out, const struct runner_lease *r);
bool runner_lease_read(struct arena *a, struct str text,
	struct runner_lease *ret);
void audit_write(struct buf *out, const struct audit_line *r);
bool audit_read(struct arena *a, struct str text, struct audit_line *ret);

/* "version|name" and "deployment|region": keys of the store's hashes. */
struct str ci_key(struct arena *a, struct str version, struct str name);
struct str judgement_key(struct arena *a, struct str deployment,
	struct str region);

#endif
