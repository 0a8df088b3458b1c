#include <criterion/criterion.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/redact.h"

/* Bytes that each encoding treats in its own way. */
static const struct str secret = STR("p\"ss/w+rd %x\\\xc3\xa9&Z9");

static struct arena *arena;
static struct redact *set;
static struct buf text;

static void setup(void)
{
	arena = arena_new();
	set = redact_new(arena, NULL);
	cr_assert(redact_add(set, STR("pw"), secret));
	buf_init(&text, 4096);
}

static void teardown(void)
{
	buf_done(&text);
	arena_free(arena);
}

TestSuite(redact, .init = setup, .fini = teardown);

static void expect(const char *want)
{
	struct str got = redact_str(set, arena, buf_str(&text));

	cr_assert(str_eq(got, str_from(want)), "%.*s", STR_ARG(got));
}

Test(redact, as_it_is)
{
	buf_add(&text, STR("a "));
	buf_add(&text, secret);
	buf_add(&text, secret);
	buf_add(&text, STR(" b"));
	expect("a [pw][pw] b");
}

Test(redact, base64_at_each_alignment_in_both_alphabets)
{
	for (int url = 0; url < 2; url++)
		for (size_t before = 0; before < 6; before++) {
			char head[8] = "abcdef";
			struct buf plain;

			buf_init(&plain, 256);
			buf_add(&plain, (struct str){ head, before });
			buf_add(&plain, secret);
			buf_add(&plain, STR(":tail"));
			buf_clear(&text);
			buf_add_base64(&text, buf_str(&plain), url);
			buf_done(&plain);
			cr_assert(redact_holds(set, buf_str(&text)),
				"alphabet %d, %zu bytes before", url, before);
		}
}

Test(redact, inside_basic_credentials_in_a_header)
{
	struct buf pair;

	buf_init(&pair, 256);
	buf_add(&pair, STR("user:"));
	buf_add(&pair, secret);
	buf_add(&text, STR("Authorization: Basic "));
	buf_add_base64(&text, buf_str(&pair), false);
	cr_assert(redact_holds(set, buf_str(&text)));
	/* and that header once more in a URL */
	buf_clear(&pair);
	buf_add_percent(&pair, buf_str(&text));
	cr_assert(redact_holds(set, buf_str(&pair)));
	buf_done(&pair);
}

Test(redact, percent_encoded_in_either_case)
{
	buf_add_percent(&text, secret);
	expect("[pw]");
	for (size_t i = 0; i < text.len; i++)
		if (i > 1 &&
			(text.ptr[i - 1] == '%' || text.ptr[i - 2] == '%') &&
			text.ptr[i] >= 'A' && text.ptr[i] <= 'F')
			text.ptr[i] += 'a' - 'A';
	expect("[pw]");
	buf_clear(&text);
	buf_add_z(&text, "q=p%22ss/w%2Brd+%25x%5C%c3%A9%26Z9&b=1");
	expect("q=[pw]&b=1");
}

Test(redact, json_escaped)
{
	buf_add_json(&text, secret);
	expect("\"[pw]\"");
	buf_clear(&text);
	buf_add_z(&text, "p\\u0022ss\\/w+rd %x\\\\\\u00e9\\u0026Z9");
	expect("[pw]");
}

Test(redact, one_byte_missing_is_not_the_secret)
{
	buf_add(&text, str_sub(secret, 0, secret.len - 1));
	cr_assert(!redact_holds(set, buf_str(&text)));
}

Test(redact, the_longest_wins_and_parents_count)
{
	struct redact *run = redact_new(arena, set);

	cr_assert(redact_add(run, STR("short"), STR("abcdef")));
	cr_assert(redact_add(run, STR("long"), STR("abcdefgh")));
	buf_add_z(&text, "abcdefghi abcdefg ");
	buf_add(&text, secret);
	cr_assert(str_eq(redact_str(run, arena, buf_str(&text)),
		STR("[long]i [short]g [pw]")));
}

Test(redact, short_ones_are_refused)
{
	cr_assert(!redact_add(set, STR("s"), STR("12345")));
	cr_assert(!redact_holds(set, STR("12345")));
}

Test(redact, a_shell_word_repeats_it_without_telling_it)
{
	redact_add(set, STR("api-key"), STR("s3cr3t-key"));
	redact_shell(set, STR("X-Key: it's s3cr3t-key!"), &text);
	cr_assert_str_eq(text.ptr, "'X-Key: it'\\''s '\"$API_KEY\"'!'");
	buf_clear(&text);
	redact_shell(set, STR("http://a/b?c=1"), &text);
	cr_assert_str_eq(text.ptr, "'http://a/b?c=1'");
}

/* A body in JSON is shown as a string, and that in a report in JSON. */
Test(redact, quoted_as_json_again_and_again)
{
	struct buf quoted;

	buf_init(&quoted, 4096);
	buf_add(&text, secret);
	for (int depth = 1; depth <= 4; depth++) {
		buf_clear(&quoted);
		buf_add_json(&quoted, buf_str(&text));
		buf_clear(&text);
		buf_add(&text, buf_str(&quoted));
		cr_assert(redact_holds(set, buf_str(&text)), "%d times: %s",
			depth, text.ptr);
	}
	buf_clear(&text);
	buf_add_z(&text, "p\\\\\\\"ss\\\\/w\\\\u002Brd %x\\\\\\\\"
			 "\\\\u00e9&Z9");
	expect("[pw]");
	/* the inner JSON left \xc3\xa9 alone, the outer one did not */
	buf_clear(&text);
	buf_add_z(&text, "p\\\\\\\"ss/w+rd %x\\\\\\\\\\u00e9&Z9");
	expect("[pw]");
	buf_done(&quoted);
}

static struct str head(size_t most)
{
	return redact_head(set, arena, buf_str(&text), most);
}

Test(redact, a_head_ends_with_no_half_of_a_secret)
{
	buf_add_z(&text, "1234");
	buf_add(&text, secret);
	buf_add_z(&text, "5678");
	cr_assert(str_eq(head(3), STR("123")));
	cr_assert(str_eq(head(4), STR("1234")));
	for (size_t most = 5; most <= 8; most++)
		cr_assert(str_eq(head(most), STR("1234[pw]")), "%zu", most);
	cr_assert(str_eq(head(9), STR("1234[pw]5")));
	cr_assert(str_eq(head(SIZE_MAX), STR("1234[pw]5678")));
}
