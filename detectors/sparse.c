#include "detectors/sparse.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/*
 * Runs, each of a head and its words: so many words of zeros, then so many as
 * they are.
 */
#define WORD sizeof(uint64_t)

struct run {
	uint32_t zeros, words;
};

static bool is_zero(const char *bytes, size_t word)
{
	static const char zero[WORD];

	return memcmp(bytes + word * WORD, zero, WORD) == 0;
}

void sparse_write(struct buf *out, const void *bytes, size_t n)
{
	const char *from = bytes;
	size_t end = n / WORD;
	size_t at = 0;

	assert(n % WORD == 0 && end <= UINT32_MAX);
	while (at < end) {
		struct run run = { 0 };
		size_t first;

		while (at < end && is_zero(from, at))
			at++, run.zeros++;
		first = at;
		/* a single zero costs no more than a head */
		while (at < end &&
			!(is_zero(from, at) &&
				(at + 1 == end || is_zero(from, at + 1))))
			at++, run.words++;
		buf_add(out, (struct str){ (const char *)&run, sizeof(run) });
		buf_add(out,
			(struct str){ from + first * WORD, run.words * WORD });
	}
}

bool sparse_read(struct str packed, void *ret, size_t n)
{
	char *to = ret;
	size_t left = n;

	while (packed.len >= sizeof(struct run)) {
		struct run run;
		size_t zeros;
		size_t words;

		memcpy(&run, packed.ptr, sizeof(run));
		packed = str_sub(packed, sizeof(run), packed.len);
		zeros = run.zeros * WORD;
		words = run.words * WORD;
		if (zeros > left || words > left - zeros || words > packed.len)
			return false;
		memset(to, 0, zeros);
		memcpy(to + zeros, packed.ptr, words);
		to += zeros + words;
		left -= zeros + words;
		packed = str_sub(packed, words, packed.len);
	}
	return left == 0 && packed.len == 0;
}
