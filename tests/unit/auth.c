/*
 * Digest against the examples of RFC 7616 and 2617, signatures against AWS's
 * published test suite.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "runner/digest.h"
#include "runner/sigv4.h"

static struct str header_of(struct arena *a, const char *text)
{
	return arena_str(a, str_from(text));
}

static bool read_one(struct arena *a, const char *value,
	struct digest_challenge *ret)
{
	struct response_header *h = ARENA_NEW(a, struct response_header);

	h->name = STR("www-authenticate");
	h->value = header_of(a, value);
	return digest_read(h, a, ret);
}

#define MUFASA "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "

Test(digest, the_examples_of_the_standards)
{
	static const struct {
		const char *challenge, *user, *password, *cnonce, *response;
	} cases[] = {
		{ "Digest " MUFASA "algorithm=MD5, "
		  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
		  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
			"Mufasa", "Circle of Life",
			"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			"8ca523f5e9506fed4657c9700eebdbec" },
		{ "Digest " MUFASA "algorithm=SHA-256, "
		  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
		  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
			"Mufasa", "Circle of Life",
			"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf"
			"8db5856cb6c1" },
		{ "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\","
		  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\","
		  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
			"Mufasa", "Circle Of Life", "0a4f113b",
			"6629fae49393a05397450978507c4ef1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct digest_challenge c;
		struct digest_request q = { .user = str_from(cases[i].user),
			.password = str_from(cases[i].password),
			.method = STR("GET"),
			.uri = STR("/dir/index.html"),
			.cnonce = str_from(cases[i].cnonce),
			.count = 1 };
		struct str want =
			arena_printf(a, "response=\"%s\"", cases[i].response);

		cr_assert(read_one(a, cases[i].challenge, &c));
		struct str got = digest_answer(&c, &q, a);
		cr_expect_neq(str_find(got, want, 0), SIZE_MAX, "%.*s",
			STR_ARG(got));
		arena_free(a);
	}
}

Test(digest, the_strongest_challenge_of_many_is_answered)
{
	struct arena *a = arena_new();
	struct digest_challenge c;

	cr_assert(read_one(a,
		"Negotiate YII=, Basic realm=\"b, Digest nonce=x\", "
		"Digest realm=\"one\", nonce=\"n1\", algorithm=MD5, "
		"Digest realm=\"a \\\"q\\\"\", nonce=n2, algorithm=SHA-256, "
		"stale=TRUE, Digest realm=\"x\", nonce=n3, "
		"algorithm=SHA-512-256",
		&c));
	cr_expect_eq(c.hash, DIGEST_SHA256);
	cr_expect(str_eq(c.realm, STR("a \"q\"")));
	cr_expect(str_eq(c.nonce, STR("n2")));
	cr_expect(c.stale && !c.opaque.ptr && c.qop == DIGEST_NO_QOP);
	arena_free(a);
}

Test(digest, what_can_not_be_answered_is_not)
{
	static const char *const cases[] = { "", "Basic realm=x", "Digest",
		"Digest realm=x", "Digest nonce=x",
		"Digest realm=\"x\", nonce=",
		"Digest realm=x, nonce=y, qop=\"auth-conf\"",
		"Digest realm=x, nonce=y, algorithm=SHA-512-256",
		"Digest realm=\"x, nonce=\\", "=, ,=\"", "realm=x, nonce=y" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct digest_challenge c;

		cr_expect_not(read_one(a, cases[i], &c), "%s", cases[i]);
		arena_free(a);
	}
}

/* --- AWS --- */

#define TOKEN                                                                  \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW"  \
	"LWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd"  \
	"QrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU"  \
	"9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz"  \
	"+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static struct response_header *one_header(struct arena *a, const char *name,
	const char *value, struct response_header *next)
{
	struct response_header *h = ARENA_NEW(a, struct response_header);

	h->name = str_from(name);
	h->value = str_from(value);
	h->next = next;
	return h;
}

static void expect_signature(struct str got, const char *want, const char *name)
{
	cr_expect(str_ends(got, str_from(want)), "%s: %.*s", name,
		STR_ARG(got));
}

Test(sigv4, the_vectors_of_aws)
{
	static const struct {
		const char *name, *method, *path, *query, *type, *body, *token,
			*signature;
	} cases[] = {
		{ "get-vanilla", "GET", "/", NULL, NULL, NULL, NULL,
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aa"
			"e1d763fbf31" },
		{ "post-vanilla", "POST", "/", NULL, NULL, NULL, NULL,
			"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68"
			"e92efbe5d6b" },
		{ "get-vanilla-query-order-key-case", "GET", "/",
			"Param2=value2&Param1=value1", NULL, NULL, NULL,
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219"
			"ec94cdf2500" },
		{ "get-vanilla-query-order-value", "GET", "/",
			"Param1=value2&Param1=value1", NULL, NULL, NULL,
			"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c6048615"
			"7bd471c4694" },
		{ "get-unreserved", "GET",
			"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
			"mnopqrstuvwxyz",
			NULL, NULL, NULL, NULL,
			"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52"
			"a65bbf5f24f" },
		{ "get-slashes", "GET", "//example//", NULL, NULL, NULL, NULL,
			"9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe8465"
			"70885f57e84" },
		{ "post-x-www-form-urlencoded", "POST", "/", NULL,
			"application/x-www-form-urlencoded", "Param1=value1",
			NULL,
			"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d19"
			"6a0fe09473a" },
		{ "post-sts-header-before", "POST", "/", NULL, NULL, NULL,
			TOKEN,
			"85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c6453"
			"3a82be05ead" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct sigv4 k = { STR("us-east-1"), STR("service"),
			STR("AKIDEXAMPLE"),
			STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
			cases[i].token ? str_from(cases[i].token) : STR_NONE };
		struct sigv4_request q = { .method = str_from(cases[i].method),
			.path = str_from(cases[i].path),
			.wall_us = 1440938160000000,
			.headers = one_header(a, "User-Agent", "x", NULL) };

		q.headers = one_header(a, "Host", "example.amazonaws.com",
			q.headers);
		if (cases[i].query)
			q.query = str_from(cases[i].query);
		if (cases[i].body)
			q.body = str_from(cases[i].body);
		if (cases[i].type)
			q.headers = one_header(a, "Content-Type", cases[i].type,
				q.headers);
		expect_signature(sigv4_sign(&k, &q, a), cases[i].signature,
			cases[i].name);
		arena_free(a);
	}
}

/* From the documentation of S3: "GET Object". */
Test(sigv4, s3_signs_the_hash_of_the_body)
{
	struct arena *a = arena_new();
	struct sigv4 k = { STR("us-east-1"), STR("s3"),
		STR("AKIAIOSFODNN7EXAMPLE"),
		STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), STR_NONE };
	struct sigv4_request q = { .method = STR("GET"),
		.path = STR("/test.txt"),
		.wall_us = 1369353600000000,
		.headers = one_header(a, "Range", "bytes=0-9", NULL) };

	q.headers = one_header(a, "Host", "examplebucket.s3.amazonaws.com",
		q.headers);
	expect_signature(sigv4_sign(&k, &q, a),
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb"
		"41",
		"s3");
	arena_free(a);
}
