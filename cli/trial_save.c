/*
 * The checkpoint of a trial: everything that was fed, and where the reader is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/oom.h"
#include "cli/trial_impl.h"

enum { SAVED_MAGIC = 0x32525432 }; /* "2TR2" */

static void save_part(struct buf *out, struct str part)
{
	uint64_t n = part.len;

	buf_add(out, (struct str){ (const char *)&n, sizeof(n) });
	buf_add(out, part);
}

static bool load_part(struct str *rest, struct str *ret)
{
	uint64_t n;

	if (rest->len < sizeof(n))
		return false;
	memcpy(&n, rest->ptr, sizeof(n));
	if (n > rest->len - sizeof(n))
		return false;
	*ret = str_sub(*rest, sizeof(n), (size_t)n);
	*rest = str_sub(*rest, sizeof(n) + (size_t)n, rest->len);
	return true;
}

void trial_save(const struct trial *t, struct buf *out)
{
	struct buf part;
	uint64_t head[2] = { SAVED_MAGIC, (uint64_t)t->credit_from_us };

	buf_init(&part, out->max);
	save_part(out, (struct str){ (const char *)head, sizeof(head) });
	save_part(out, t->shape);
	save_part(out, t->reads);
	save_part(out,
		(struct str){ t->credit_state, credit_size(&t->credit_shape) });
	watch_save(t->watch, &part);
	save_part(out, buf_str(&part));
	buf_clear(&part);
	feed_save(t->feed, &part);
	save_part(out, buf_str(&part));
	for (size_t i = 0; i < t->cursor.count; i++)
		save_part(out, t->cursor.id[i]);
	out->over |= part.over;
	buf_done(&part);
	/* Bits that rot in a store must not become a verdict. */
	uint8_t digest[SHA256_BYTES];
	crypto_sha256(buf_str(out), digest);
	buf_add(out, (struct str){ (const char *)digest, sizeof(digest) });
}

/* The parts without their digest; false: it does not fit them. */
static bool saved_check(struct str saved, struct str *ret)
{
	uint8_t digest[SHA256_BYTES];

	if (saved.len < sizeof(digest))
		return false;
	*ret = str_sub(saved, 0, saved.len - sizeof(digest));
	crypto_sha256(*ret, digest);
	return memcmp(digest, ret->ptr + ret->len, sizeof(digest)) == 0;
}

/* The parts of a checkpoint, before any of them is believed. */
struct saved {
	struct str head, shape, reads, credit, watch, feed;
	struct str id[LINE_REGIONS_MAX];
};

static bool saved_split(const struct trial *t, struct str text,
	struct saved *ret)
{
	if (!load_part(&text, &ret->head) || !load_part(&text, &ret->shape) ||
		!load_part(&text, &ret->reads) ||
		!load_part(&text, &ret->credit) ||
		!load_part(&text, &ret->watch) || !load_part(&text, &ret->feed))
		return false;
	for (size_t i = 0; i < t->cursor.count; i++)
		if (!load_part(&text, &ret->id[i]) ||
			ret->id[i].len >= sizeof(t->id_text[i]))
			return false;
	return text.len == 0;
}

bool trial_load(struct trial *t, struct str saved)
{
	struct saved p;
	uint64_t head[2];
	void *state;

	if (!saved_check(saved, &saved) || !saved_split(t, saved, &p) ||
		p.head.len != sizeof(head) || !str_eq(p.shape, t->shape) ||
		!str_eq(p.reads, t->reads) ||
		p.credit.len != credit_size(&t->credit_shape))
		return false;
	memcpy(head, p.head.ptr, sizeof(head));
	if (head[0] != SAVED_MAGIC)
		return false;
	state = xmalloc(p.credit.len);
	memcpy(state, p.credit.ptr, p.credit.len);
	struct credit *credit =
		credit_resume(state, p.credit.len, &t->credit_shape);
	struct watch *watch = watch_load(&t->spec, p.watch);
	struct feed *feed = feed_load(p.feed);
	if (!credit || !watch || !feed) {
		watch_free(watch);
		feed_free(feed);
		free(state);
		return false;
	}
	watch_free(t->watch);
	feed_free(t->feed);
	free(t->credit_state);
	t->watch = watch;
	t->feed = feed;
	t->credit_state = state;
	t->credit = credit;
	t->credit_from_us = (int64_t)head[1];
	for (size_t i = 0; i < t->cursor.count; i++) {
		memcpy(t->id_text[i], p.id[i].ptr, p.id[i].len);
		t->cursor.id[i] = (struct str){ t->id_text[i], p.id[i].len };
	}
	t->placed = true;
	return true;
}
