#ifndef STORE_IMPL_H
#define STORE_IMPL_H

#include "store/codec.h"
#include "store/store.h"
#include "store/tx.h"

struct read_limits {
	size_t max;
	int wait_ms;
};

struct results {
	struct result *item;
	size_t count;
};

struct judging {
	uint64_t epoch;
	const struct judgement *judgement;
	size_t njudgements;
	const struct permit *permit;
	size_t npermits;
};

struct fenced { /* bytes under a name, written by a detector */
	uint64_t epoch;
	const char *what; /* "checkpoint", "evidence" or "note" */
	struct str name, bytes;
};

/*
 * The vtable behind store.h and what both kinds of store share; used inside
 * store/ only.  Each function is the one of the same name in store.h.
 */
struct store_ops {
	void (*free)(struct store *s);
	void (*interrupt)(struct store *s, int fd);
	bool (*facts)(struct store *s, struct arena *a, struct facts *ret,
		struct err *e);
	bool (*commit)(struct store *s, const struct tx *t,
		enum commit_answer *ret, struct err *e);
	bool (*append)(struct store *s, const struct result *const *r, size_t n,
		struct err *e);
	bool (*read)(struct store *s, struct cursor *c, struct arena *a,
		struct read_limits limits, struct results *ret, struct err *e);
	bool (*wait)(struct store *s, char cursor[48],
		const struct cursor *results, int wait_ms, bool *ret_woken,
		struct err *e);
	bool (*runner_join)(struct store *s, struct str id, struct str vantage,
		bool take_over, uint64_t *ret_epoch, struct err *e);
	bool (*runner_beat)(struct store *s, const struct runner_lease *l,
		uint32_t ttl_ms, struct err *e);
	bool (*runner_leave)(struct store *s, struct str id, struct err *e);
	bool (*plan_put)(struct store *s, const struct plan_record *p,
		struct err *e);
	bool (*detector_join)(struct store *s, struct str id, uint32_t ttl_ms,
		uint64_t *ret_epoch, struct err *e);
	bool (*detector_beat)(struct store *s, struct str id, uint64_t epoch,
		uint32_t ttl_ms, bool *ret_kept, struct err *e);
	bool (*detector_leave)(struct store *s, struct str id, uint64_t epoch,
		struct err *e);
	bool (*judge)(struct store *s, const struct judging *j, bool *ret_kept,
		struct err *e);
	/* bytes STR_NONE: drop */
	bool (*fenced_put)(struct store *s, const struct fenced *f,
		bool *ret_kept, struct err *e);
	bool (*fenced_get)(struct store *s, struct arena *a,
		const struct fenced *f, struct str *ret, struct err *e);
	bool (*audit)(struct store *s, struct arena *a, size_t max,
		struct str **ret, size_t *ret_count, struct err *e);
	bool (*trim)(struct store *s, const struct cursor *regions,
		uint64_t keep_ms, struct err *e);
	bool (*replicas)(struct store *s, int timeout_ms, int *ret,
		struct err *e);
};

struct store { /* first member of both kinds */
	const struct store_ops *ops;
	struct str line;       /* owned */
	uint64_t runner_epoch; /* of the last join through this store */
};

void store_init(struct store *s, const struct store_ops *ops, struct str line);
void store_done(struct store *s);

/* How long a runner's lease holds between its join and its first beat. */
enum { RUNNER_JOIN_TTL_MS = 15000 };
/* How long a permit is kept beyond its time, so that it is seen expired. */
enum { PERMIT_KEEP_MS = 3600 * 1000 };
enum { CURSOR_BYTES = 48, REGION_NAME_MAX = 160 };

/* ---- stream ids: "milliseconds-sequence" ---- */

struct stream_id {
	uint64_t ms, seq;
};

/* "0" is 0-0.  False when it is neither form. */
bool stream_id_parse(struct str s, struct stream_id *ret);
void stream_id_format(struct stream_id id, char ret[CURSOR_BYTES]);
int stream_id_cmp(struct stream_id a, struct stream_id b);

/* Splits "env/region"; false: not of this form. */
bool region_split(struct str name, struct str *ret_env, struct str *ret_region);
/* A cursor whose ids are NULL starts at 0. */
struct str cursor_id(const struct cursor *c, size_t i);

/*
 * Entries of several streams, as one moment of the store showed them, put
 * into the order of their arrival: by millisecond, then region, then
 * sequence.
 */
struct entry {
	struct stream_id id;
	size_t stream; /* index of the region */
	struct str packed;
};

/*
 * Sorts the entries; unpacks those that came before `below_ms` and moves the
 * cursor over them.  An entry that is not understood fails the whole read:
 * skipping it could hide a failure.
 */
struct entries {
	struct entry *entry;
	size_t count;
	uint64_t below_ms; /* UINT64_MAX: all of them */
};
void entries_sort(struct entries *in);
bool entries_deliver(struct str line, struct cursor *c, struct arena *a,
	struct entries *in, struct results *ret, struct err *e);

/* ---- facts from texts ---- */

struct facts_parts;

struct facts_parts *facts_parts_new(struct arena *a);
/* `kind` is a TX kind's word, or "permit", "plan", "suspicion", "pulses". */
bool facts_part(struct facts_parts *p, struct str kind, struct str key,
	struct str text, struct err *e);
void facts_part_runner(struct facts_parts *p, const struct runner_lease *l);
/* Fills the lists of *f. */
void facts_parts_end(struct facts_parts *p, struct facts *f);

#endif
