/*
 * The bytes of a checkpoint: every state comes back, and nothing else is taken
 * for one.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "detectors/sparse.h"

enum { WORDS = 64, BYTES = 8 * WORDS };

static struct buf out;
static unsigned char back[BYTES];

static void setup(void)
{
	buf_init(&out, 1 << 16);
	memset(back, 0xa5, sizeof(back));
}

static void teardown(void)
{
	buf_done(&out);
}

TestSuite(sparse, .init = setup, .fini = teardown);

static void comes_back(const unsigned char *bytes, size_t n)
{
	buf_clear(&out);
	memset(back, 0xa5, sizeof(back));
	sparse_write(&out, bytes, n);
	cr_assert(sparse_read(buf_str(&out), back, n));
	cr_assert_arr_eq(back, bytes, n);
	if (n < BYTES)
		cr_assert_eq(back[n], 0xa5, "written behind the end");
}

Test(sparse, any_pattern_of_zeros_comes_back)
{
	unsigned char bytes[BYTES];

	for (unsigned pattern = 0; pattern < 1u << 10; pattern++) {
		memset(bytes, 0, sizeof(bytes));
		for (unsigned w = 0; w < 10; w++)
			if (pattern >> w & 1)
				bytes[8 * w + pattern % 8] =
					(unsigned char)(w + 1);
		comes_back(bytes, 80);
	}
	comes_back(bytes, 0);
}

Test(sparse, zeros_cost_next_to_nothing)
{
	unsigned char bytes[BYTES] = { 0 };

	sparse_write(&out, bytes, BYTES);
	cr_assert_eq(out.len, 8);
	bytes[100] = 1;
	comes_back(bytes, BYTES);
	cr_assert_leq(out.len, 32);
	memset(bytes, 7, BYTES);
	comes_back(bytes, BYTES);
	cr_assert_eq(out.len, BYTES + 8);
}

Test(sparse, what_is_not_of_this_size_is_refused)
{
	unsigned char bytes[BYTES];
	char bad[BYTES + 8];

	for (int i = 0; i < BYTES; i++)
		bytes[i] = (unsigned char)(i % 5 > 2);
	sparse_write(&out, bytes, BYTES);
	cr_assert_not(sparse_read(buf_str(&out), back, BYTES - 8));
	cr_assert_not(sparse_read(buf_str(&out), back, 0));
	for (size_t n = 0; n < out.len; n++)
		cr_assert_not(
			sparse_read(str_sub(buf_str(&out), 0, n), back, BYTES));
	memset(bad, 0xff, sizeof(bad));
	cr_assert_not(
		sparse_read((struct str){ bad, sizeof(bad) }, back, BYTES));
	cr_assert_not(sparse_read(STR(""), back, BYTES));
}
