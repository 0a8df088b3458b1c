#include "runner/decode.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/oom.h"

enum { PIECE = 16384 };

/* inflateInit2(): 15 bits of window, + 16: gzip; negative: no wrapping */
enum { WINDOW_ZLIB = 15, WINDOW_GZIP = 15 + 16, WINDOW_RAW = -15 };

struct decoder {
	z_stream z;
	enum coding coding;
	bool started, ended;
	unsigned char held; /* first byte of a deflate stream */
	bool holds;
};

struct decoder *decoder_new(enum coding coding)
{
	struct decoder *d = xcalloc(1, sizeof(*d));

	d->coding = coding;
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	if (d->started)
		inflateEnd(&d->z);
	free(d);
}

bool decoder_whole(const struct decoder *d)
{
	return d->ended;
}

static bool start(struct decoder *d, int window)
{
	d->started = inflateInit2(&d->z, window) == Z_OK;
	return d->started;
}

static enum decode_result inflate_all(struct decoder *d, struct str in,
	struct buf *out)
{
	unsigned char piece[PIECE];

	d->z.next_in = (const unsigned char *)in.ptr;
	d->z.avail_in = (unsigned)in.len;
	for (;;) {
		int rc;

		if (d->ended && d->z.avail_in) {
			/* gzip members may follow one another (RFC 1952) */
			if (d->coding != CODING_GZIP ||
				inflateReset(&d->z) != Z_OK)
				return DECODE_BROKEN;
			d->ended = false;
		}
		d->z.next_out = piece;
		d->z.avail_out = sizeof(piece);
		rc = inflate(&d->z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return DECODE_BROKEN;
		if (!buf_add(out, (struct str){ (const char *)piece,
					  sizeof(piece) - d->z.avail_out }))
			return DECODE_TOO_LARGE;
		d->ended = rc == Z_STREAM_END;
		if (!d->z.avail_in && d->z.avail_out)
			return DECODE_OK;
	}
}

/* Two bytes tell zlib-wrapped from raw deflate (RFC 1950, section 2.2). */
static enum decode_result deflate_start(struct decoder *d, struct str *in,
	struct buf *out)
{
	unsigned char two[2];
	bool wrapped;

	if (!d->holds) {
		d->held = (unsigned char)in->ptr[0];
		d->holds = true;
		*in = str_sub(*in, 1, in->len - 1);
		if (!in->len)
			return DECODE_OK;
	}
	two[0] = d->held;
	two[1] = (unsigned char)in->ptr[0];
	wrapped = (two[0] & 0x0f) == 8 && (two[0] * 256 + two[1]) % 31 == 0;
	if (!start(d, wrapped ? WINDOW_ZLIB : WINDOW_RAW))
		return DECODE_BROKEN;
	return inflate_all(d, (struct str){ (const char *)two, 1 }, out);
}

enum decode_result decoder_feed(struct decoder *d, struct str in,
	struct buf *out)
{
	enum decode_result result;

	if (!in.len)
		return DECODE_OK;
	if (!d->started && d->coding == CODING_DEFLATE) {
		result = deflate_start(d, &in, out);
		if (result != DECODE_OK || !in.len)
			return result;
	} else if (!d->started && !start(d, WINDOW_GZIP)) {
		return DECODE_BROKEN;
	}
	return inflate_all(d, in, out);
}
