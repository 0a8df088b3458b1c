#include "store/codec.h"

#include <limits.h>
#include <string.h>

#include "store/fields.h"

/*
 * A packed result:
 *
 *   varint  length of the head
 *   head    u8 major version, varint enum head, epoch, then the names of
 *           who ran against what: equal in one result after the other
 *   body    varint enum have, u8 outcome, u8 reason, seq, start, the fields
 *           in the order of enum have
 *   tail    (varint tag, varint length, bytes) until the end; an unknown tag
 *           is skipped, which is how a minor version adds to it
 *
 * varint: 7 bits a byte, low first, at most 10 bytes.  A string is its length
 * and its bytes.  The start is kept relative to the epoch, which is about the
 * time when the runner started.  Runs name their deployment
 * line/stage/version/attempt; what the stream's name and `version` say already
 * is left out of it.
 */
enum head {
	HEAD_VANTAGE = 1 << 0,
	HEAD_VERSION = 1 << 1,
	HEAD_SHORT_DEPLOYMENT = 1 << 2, /* stage and attempt only */
	HEAD_DEPLOYMENT = 1 << 3,
	HEAD_KNOWN = (1 << 4) - 1
};

enum have {
	HAVE_FLAKY = 1 << 0,
	HAVE_DEGRADED = 1 << 1,
	HAVE_MAINTENANCE = 1 << 2,
	HAVE_ROW = 1 << 3,
	HAVE_ROLE = 1 << 4,
	HAVE_STATUS = 1 << 5,
	HAVE_TIMINGS = 1 << 6,
	HAVE_TRACE = 1 << 7,
	HAVE_RETRIES = 1 << 8, /* attempts is not 1 */
	HAVE_STEP = 1 << 9,
	HAVE_LATE = 1 << 10,
	HAVE_EXTRA = 1 << 11,
	HAVE_KNOWN = (1 << 12) - 1
};

enum { TAIL_EVIDENCE = 1 };

/* ---- evidence ---- */

/* clang-format off */
static const struct field assertion_fields[] = {
	{ .name = "text", .type = FIELD_STR,
	  .offset = offsetof(struct evidence_assertion, text) },
	{ .name = "expected", .type = FIELD_STR,
	  .offset = offsetof(struct evidence_assertion, expected) },
	{ .name = "actual", .type = FIELD_STR,
	  .offset = offsetof(struct evidence_assertion, actual) },
	{ .name = "ok", .type = FIELD_BOOL,
	  .offset = offsetof(struct evidence_assertion, ok) },
	{ 0 }
};

static const struct field header_fields[] = {
	{ .name = "name", .type = FIELD_STR,
	  .offset = offsetof(struct evidence_header, name) },
	{ .name = "value", .type = FIELD_STR,
	  .offset = offsetof(struct evidence_header, value) },
	{ 0 }
};

#define EVIDENCE_STR(member)                                                  \
	{ .name = #member, .type = FIELD_STR,                                 \
	  .offset = offsetof(struct evidence, member) }

static const struct field evidence_fields[] = {
	EVIDENCE_STR(method),
	EVIDENCE_STR(url),
	EVIDENCE_STR(address),
	EVIDENCE_STR(message),
	EVIDENCE_STR(place),
	EVIDENCE_STR(curl),
	EVIDENCE_STR(body),
	{ .name = "assertions", .type = FIELD_LIST,
	  .offset = offsetof(struct evidence, assertion),
	  .item = assertion_fields,
	  .item_bytes = sizeof(struct evidence_assertion),
	  .count_offset = offsetof(struct evidence, nassertions),
	  .max = EVIDENCE_ITEMS_MAX },
	{ .name = "headers", .type = FIELD_LIST,
	  .offset = offsetof(struct evidence, header),
	  .item = header_fields,
	  .item_bytes = sizeof(struct evidence_header),
	  .count_offset = offsetof(struct evidence, nheaders),
	  .max = EVIDENCE_ITEMS_MAX },
	{ 0 }
};
/* clang-format on */

void evidence_write(struct buf *out, const struct evidence *e)
{
	struct evidence cut = *e;

	if (cut.nassertions > EVIDENCE_ITEMS_MAX)
		cut.nassertions = EVIDENCE_ITEMS_MAX;
	if (cut.nheaders > EVIDENCE_ITEMS_MAX)
		cut.nheaders = EVIDENCE_ITEMS_MAX;
	fields_write(out, evidence_fields, &cut);
}

bool evidence_read(struct arena *a, struct str text, struct evidence *ret)
{
	return fields_read(a, text, evidence_fields, ret, sizeof(*ret));
}

/* What helps least goes first; message, place and curl always stay. */
static void evidence_fit(struct buf *text, const struct evidence *e)
{
	struct evidence cut = *e;

	for (int step = 0; step < 4; step++) {
		buf_clear(text);
		evidence_write(text, &cut);
		if (!text->over)
			return;
		if (step == 0)
			cut.body = STR_NONE;
		else if (step == 1)
			cut.nheaders = 0;
		else
			cut.nassertions = 0;
	}
	buf_clear(text);
	cut = (struct evidence){ .message =
					 str_sub(e->message, 0, RECORD_STR_MAX),
		.place = str_sub(e->place, 0, RECORD_STR_MAX) };
	evidence_write(text, &cut);
}

/* ---- packing ---- */

static void put_varint(struct buf *out, uint64_t v)
{
	while (v >= 0x80) {
		buf_add_byte(out, (char)(v | 0x80));
		v >>= 7;
	}
	buf_add_byte(out, (char)v);
}

static void put_str(struct buf *out, struct str s)
{
	s = str_sub(s, 0, RECORD_STR_MAX);
	put_varint(out, s.len);
	buf_add(out, s);
}

/* The stage and attempt of line/STAGE/version/ATTEMPT. */
static bool deployment_split(const struct result *r, struct str *ret_stage,
	uint64_t *ret_attempt)
{
	struct str d = r->deployment;
	size_t tail;

	if (!r->line.len || !r->version.len || !str_starts(d, r->line))
		return false;
	d = str_sub(d, r->line.len, SIZE_MAX);
	if (!str_starts(d, STR("/")))
		return false;
	d = str_sub(d, 1, SIZE_MAX);
	tail = str_find_byte(d, '/', 0);
	if (tail == SIZE_MAX)
		return false;
	*ret_stage = str_sub(d, 0, tail);
	d = str_sub(d, tail + 1, SIZE_MAX);
	if (!str_starts(d, r->version))
		return false;
	d = str_sub(d, r->version.len, SIZE_MAX);
	/* "01" would come back as "1" */
	return str_starts(d, STR("/")) && d.len > 1 && d.ptr[1] != '0' &&
	       r->line.len <= RECORD_STR_MAX &&
	       r->version.len <= RECORD_STR_MAX &&
	       ret_stage->len <= RECORD_STR_MAX &&
	       str_to_u64(str_sub(d, 1, SIZE_MAX), ret_attempt);
}

static bool has_timings(const struct result *r)
{
	return r->dns_us || r->connect_us || r->tls_us || r->ttfb_us ||
	       r->transfer_us;
}

static unsigned have_of(const struct result *r)
{
	static const uint8_t no_trace[16];
	unsigned have = 0;

	have |= r->flaky ? HAVE_FLAKY : 0;
	have |= r->degraded ? HAVE_DEGRADED : 0;
	have |= r->maintenance ? HAVE_MAINTENANCE : 0;
	have |= r->row.len ? HAVE_ROW : 0;
	have |= r->role.len ? HAVE_ROLE : 0;
	have |= r->status ? HAVE_STATUS : 0;
	have |= has_timings(r) ? HAVE_TIMINGS : 0;
	if (memcmp(r->trace_id, no_trace, sizeof(no_trace)) != 0)
		have |= HAVE_TRACE;
	have |= r->attempts != 1 ? HAVE_RETRIES : 0;
	have |= r->step.len ? HAVE_STEP : 0;
	have |= r->late_us ? HAVE_LATE : 0;
	have |= r->extra ? HAVE_EXTRA : 0;
	return have;
}

static void put_head(struct buf *out, const struct result *r)
{
	struct str stage = STR_NONE;
	uint64_t attempt = 0;
	unsigned head = 0;

	head |= r->vantage.len ? HEAD_VANTAGE : 0;
	head |= r->version.len ? HEAD_VERSION : 0;
	if (deployment_split(r, &stage, &attempt))
		head |= HEAD_SHORT_DEPLOYMENT;
	else if (r->deployment.len)
		head |= HEAD_DEPLOYMENT;
	buf_add_byte(out, RECORD_MAJOR);
	put_varint(out, head);
	put_varint(out, r->id.epoch);
	put_str(out, r->id.runner);
	if (head & HEAD_VANTAGE)
		put_str(out, r->vantage);
	if (head & HEAD_VERSION)
		put_str(out, r->version);
	if (head & HEAD_SHORT_DEPLOYMENT) {
		put_str(out, stage);
		put_varint(out, attempt);
	}
	if (head & HEAD_DEPLOYMENT)
		put_str(out, r->deployment);
}

/* Small numbers of either sign become small numbers. */
static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

/* Modulo 2^64, and so exact for any epoch. */
static uint64_t epoch_us(uint64_t epoch)
{
	return epoch * 1000000;
}

static void put_numbers(struct buf *out, const struct result *r, unsigned have)
{
	if (have & HAVE_STATUS)
		put_varint(out, r->status);
	if (have & HAVE_TIMINGS) {
		put_varint(out, r->dns_us);
		put_varint(out, r->connect_us);
		put_varint(out, r->tls_us);
		put_varint(out, r->ttfb_us);
		put_varint(out, r->transfer_us);
	}
	if (have & HAVE_TRACE)
		buf_add(out, (struct str){ (const char *)r->trace_id,
				     sizeof(r->trace_id) });
	if (have & HAVE_RETRIES)
		put_varint(out, r->attempts);
	if (have & HAVE_STEP)
		put_str(out, r->step);
	if (have & HAVE_LATE)
		put_varint(out, r->late_us);
}

void result_pack(struct buf *out, const struct result *r)
{
	unsigned have = have_of(r);
	struct buf head;

	buf_init(&head, HEAD_BYTES_MAX);
	put_head(&head, r);
	put_varint(out, head.len);
	buf_add(out, buf_str(&head));
	buf_done(&head);
	put_varint(out, have);
	buf_add_byte(out, (char)r->outcome);
	buf_add_byte(out, (char)r->reason);
	put_varint(out, r->id.seq);
	put_varint(out, zigzag((int64_t)((uint64_t)r->started_us -
					 epoch_us(r->id.epoch))));
	put_varint(out, r->took_us);
	put_str(out, r->suite);
	if (have & HAVE_ROW)
		put_str(out, r->row);
	if (have & HAVE_ROLE)
		put_str(out, r->role);
	put_numbers(out, r, have);
	if (r->evidence) {
		struct buf text;

		buf_init(&text, EVIDENCE_BYTES_MAX);
		evidence_fit(&text, r->evidence);
		put_varint(out, TAIL_EVIDENCE);
		put_varint(out, text.len);
		buf_add(out, buf_str(&text));
		buf_done(&text);
	}
}

/* ---- unpacking ---- */

/* What is left; `bad` stays set, so that callers look once at the end. */
struct unpack {
	struct str left;
	struct arena *arena;
	bool bad;
};

static struct str get_bytes(struct unpack *u, uint64_t n)
{
	struct str s;

	if (u->bad || n > u->left.len) {
		u->bad = true;
		return STR("");
	}
	s = str_sub(u->left, 0, (size_t)n);
	u->left = str_sub(u->left, (size_t)n, SIZE_MAX);
	return s;
}

static uint64_t get_varint(struct unpack *u, uint64_t max)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		struct str byte = get_bytes(u, 1);
		uint64_t bits;

		if (u->bad)
			return 0;
		bits = (unsigned char)byte.ptr[0] & 0x7f;
		if (shift == 63 && bits > 1)
			break;
		v |= bits << shift;
		if (!((unsigned char)byte.ptr[0] & 0x80)) {
			u->bad = v > max;
			return u->bad ? 0 : v;
		}
	}
	u->bad = true;
	return 0;
}

static struct str get_str(struct unpack *u)
{
	return arena_str(u->arena, get_bytes(u, get_varint(u, RECORD_STR_MAX)));
}

static void get_head(struct unpack *u, struct result *r)
{
	struct str major = get_bytes(u, 1);
	unsigned head;

	if (u->bad || major.ptr[0] != RECORD_MAJOR) {
		u->bad = true;
		return;
	}
	head = (unsigned)get_varint(u, HEAD_KNOWN);
	r->id.epoch = get_varint(u, UINT64_MAX);
	r->id.runner = get_str(u);
	r->vantage = head & HEAD_VANTAGE ? get_str(u) : STR("");
	r->version = head & HEAD_VERSION ? get_str(u) : STR("");
	r->deployment = STR("");
	if (head & HEAD_SHORT_DEPLOYMENT) {
		struct str stage = get_str(u);
		uint64_t attempt = get_varint(u, UINT64_MAX);

		r->deployment = arena_printf(u->arena, "%.*s/%.*s/%.*s/%llu",
			STR_ARG(r->line), STR_ARG(stage), STR_ARG(r->version),
			(unsigned long long)attempt);
	}
	if (head & HEAD_DEPLOYMENT)
		r->deployment = get_str(u);
	u->bad = u->bad || u->left.len != 0;
}

static uint32_t get_u32(struct unpack *u)
{
	return (uint32_t)get_varint(u, UINT32_MAX);
}

static void get_numbers(struct unpack *u, struct result *r, unsigned have)
{
	if (have & HAVE_STATUS)
		r->status = (uint16_t)get_varint(u, UINT16_MAX);
	if (have & HAVE_TIMINGS) {
		r->dns_us = get_u32(u);
		r->connect_us = get_u32(u);
		r->tls_us = get_u32(u);
		r->ttfb_us = get_u32(u);
		r->transfer_us = get_u32(u);
	}
	if (have & HAVE_TRACE) {
		struct str t = get_bytes(u, sizeof(r->trace_id));

		if (!u->bad)
			memcpy(r->trace_id, t.ptr, sizeof(r->trace_id));
	}
	r->attempts =
		have & HAVE_RETRIES ? (uint16_t)get_varint(u, UINT16_MAX) : 1;
	r->step = have & HAVE_STEP ? get_str(u) : STR("");
	if (have & HAVE_LATE)
		r->late_us = get_u32(u);
}

static void get_tail(struct unpack *u, struct result *r)
{
	while (!u->bad && u->left.len) {
		uint64_t tag = get_varint(u, UINT64_MAX);
		uint64_t len = get_varint(u, RESULT_BYTES_MAX);
		struct str bytes = get_bytes(u, len);
		struct evidence *e;

		if (u->bad || tag != TAIL_EVIDENCE)
			continue;
		e = ARENA_NEW(u->arena, struct evidence);
		if (!evidence_read(u->arena, bytes, e))
			u->bad = true;
		r->evidence = e;
	}
}

/*
 * A newer writer may know finer reasons.  What a reason that we do not know
 * means is still said by its outcome.
 */
static enum reason reason_known(enum outcome o, unsigned reason)
{
	if (reason < REASONS)
		return (enum reason)reason;
	switch (o) {
	case OUTCOME_FAIL:
		return REASON_ASSERT;
	case OUTCOME_ERROR:
		return REASON_PROTOCOL;
	case OUTCOME_RUNNER_ERROR:
		return REASON_INTERNAL;
	default:
		return REASON_NONE;
	}
}

static void get_body(struct unpack *u, struct result *r)
{
	unsigned have = (unsigned)get_varint(u, HAVE_KNOWN);
	unsigned reason;
	int64_t since;

	r->outcome = (enum outcome)get_varint(u, OUTCOMES - 1);
	reason = (unsigned)get_varint(u, 127);
	r->reason = reason_known(r->outcome, reason);
	r->flaky = have & HAVE_FLAKY;
	r->degraded = have & HAVE_DEGRADED;
	r->maintenance = have & HAVE_MAINTENANCE;
	r->extra = have & HAVE_EXTRA;
	r->id.seq = get_varint(u, UINT64_MAX);
	since = unzigzag(get_varint(u, UINT64_MAX));
	r->started_us = (int64_t)((uint64_t)since + epoch_us(r->id.epoch));
	/* so that no sum or difference of times can overflow */
	u->bad = u->bad || r->started_us < 0 || r->started_us > INT64_MAX / 4;
	r->took_us = get_u32(u);
	r->suite = get_str(u);
	r->row = have & HAVE_ROW ? get_str(u) : STR("");
	r->role = have & HAVE_ROLE ? get_str(u) : STR("");
	get_numbers(u, r, have);
	get_tail(u, r);
}

bool result_unpack(struct arena *a, struct str packed, struct result *ret)
{
	struct unpack u = { packed, a, packed.len > RESULT_BYTES_MAX };
	struct result r = { .line = ret->line,
		.env = ret->env,
		.region = ret->region };
	struct unpack head = { STR(""), a, false };

	head.left = get_bytes(&u, get_varint(&u, HEAD_BYTES_MAX));
	get_head(&head, &r);
	if (u.bad || head.bad)
		return false;
	get_body(&u, &r);
	if (u.bad)
		return false;
	*ret = r;
	return true;
}

bool result_split(struct str packed, struct str *ret_head, struct str *ret_body)
{
	struct unpack u = { packed, NULL, false };
	struct str head = get_bytes(&u, get_varint(&u, HEAD_BYTES_MAX));

	if (u.bad)
		return false;
	*ret_head = head;
	*ret_body = u.left;
	return true;
}

struct str result_join(struct arena *a, struct str head, struct str body)
{
	struct str packed;
	struct buf out;

	buf_init(&out, (size_t)RESULT_BYTES_MAX * 2);
	put_varint(&out, head.len);
	buf_add(&out, head);
	buf_add(&out, body);
	packed = arena_str(a, buf_str(&out));
	buf_done(&out);
	return packed;
}
