#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/demo_regions.h"
#include "tests/support/raw_http.h"

static struct demo_region *region;
static char token[256];

static const char *ask(const char *method, const char *path, const char *more,
	const char *body)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Authorization: Bearer %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		method, path, token, more, strlen(body), body);
	return raw_ask(demo_region_port(region), text);
}

/* What stands between two texts; the test ends when it is not there. */
static void between(const char *text, const char *from, const char *to,
	char out[256])
{
	const char *a = strstr(text, from);

	cr_assert(a, "no %s in %s", from, text);
	a += strlen(from);
	const char *b = strstr(a, to);
	cr_assert(b && b - a < 256, "%s", text);
	snprintf(out, 256, "%.*s", (int)(b - a), a);
}

static bool has_status(const char *answer, int status)
{
	char want[32];

	snprintf(want, sizeof(want), "HTTP/1.1 %d ", status);
	return strncmp(answer, want, strlen(want)) == 0;
}

#define LOGIN "client_id=a&grant_type=client_credentials&client_secret=s%2b+1"
#define ORDER "{\"sku\":\"SMOKE-0001\",\"quantity\":2}"

static void setup(void)
{
	struct demo_region_options o = { .version = "1.0",
		.seed = 7,
		.client_secret = "s+ 1" };
	struct err e;

	region = demo_region_new(&o, &e);
	cr_assert(region, "%s", e.text);
	token[0] = '\0';
	between(ask("POST", "/oauth2/token", "", LOGIN), "access_token\":\"",
		"\"", token);
}

static void teardown(void)
{
	demo_region_free(region);
}

TestSuite(demo_regions, .init = setup, .fini = teardown);

Test(demo_regions, an_order_is_placed_confirmed_and_cancelled)
{
	char path[256];
	const char *a = ask("POST", "/v1/orders", "", ORDER);

	cr_expect(has_status(a, 201), "%s", a);
	cr_expect(strstr(a, "\r\nX-App-Version: 1.0\r\n"), "%s", a);
	cr_expect(strstr(a, "\"status\":\"accepted\""), "%s", a);
	cr_expect(strstr(a, "\"total\":{\"amount\":25.00"), "%s", a);
	between(a, "Location: ", "\r\n", path);
	cr_expect(strstr(ask("GET", path, "", ""), "\"accepted\""));
	cr_expect(strstr(ask("GET", path, "", ""), "\"confirmed\""));
	cr_expect(has_status(ask("DELETE", path, "", ""), 204));
	cr_expect(has_status(ask("GET", path, "", ""), 404));
}

Test(demo_regions, the_summary_is_for_testers)
{
	char path[256];

	between(ask("POST", "/v1/orders", "", ORDER), "Location: ", "\r\n",
		path);
	snprintf(path + strlen(path), 16, "/summary");
	cr_expect(has_status(ask("GET", path, "", ""), 404));
	cr_expect(strstr(ask("GET", path, "X-Feature-Role: tester\r\n", ""),
		"\"layout\":\"compact\""));
}

Test(demo_regions, nobody_gets_in_without_a_token_of_its_own)
{
	cr_expect(has_status(ask("POST", "/oauth2/token", "",
				     "grant_type=client_credentials"),
		401));
	cr_expect(has_status(ask("POST", "/oauth2/token", "",
				     "grant_type=client_credentials&"
				     "client_secret=guess"),
		401));
	token[0] ^= 1; /* another time of expiry: the signature is wrong */
	cr_expect(has_status(ask("POST", "/v1/orders", "", ORDER), 401));
	token[0] = '\0';
	cr_expect(has_status(ask("POST", "/v1/orders", "", ORDER), 401));
}

Test(demo_regions, an_order_that_makes_no_sense_is_refused)
{
	static const char *const bodies[] = { "", "{", "[]", "{\"sku\":\"a\"}",
		"{\"sku\":\"\",\"quantity\":1}",
		"{\"sku\":\"a\",\"quantity\":0}",
		"{\"sku\":\"a\",\"quantity\":1e9}" };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		cr_expect(has_status(ask("POST", "/v1/orders", "", bodies[i]),
				  422),
			"%s", bodies[i]);
}

/* One bit an order: did it fail? */
static unsigned long long failures(int n)
{
	unsigned long long bits = 0;

	for (int i = 0; i < n; i++) {
		const char *a = ask("POST", "/v1/orders", "", ORDER);
		bool failed = has_status(a, 502);
		cr_expect_eq(failed, !strstr(a, "X-App-Version"), "%s", a);
		cr_expect_eq(failed, strstr(a, "upstream connect") != NULL);
		bits = bits << 1 | failed;
	}
	return bits;
}

Test(demo_regions, orders_fail_by_share_and_seed)
{
	demo_region_set_failing(region, 0.25);
	unsigned long long first = failures(64);
	int count = __builtin_popcountll(first);

	cr_expect(count >= 8 && count <= 24, "%d of 64", count);
	cr_expect_eq(demo_region_counts(region).orders, 64);
	cr_expect_eq(demo_region_counts(region).failed_orders, count);
	cr_expect(has_status(ask("GET", "/health", "", ""), 200));
	teardown();
	setup();
	demo_region_set_failing(region, 0.25);
	cr_expect_eq(failures(64), first, "the same every time");
	demo_region_set_failing(region, 1);
	cr_expect_eq(failures(20), (1ULL << 20) - 1);
	demo_region_set_failing(region, 0);
	cr_expect_eq(failures(20), 0);
}

Test(demo_regions, the_version_is_told_and_changes)
{
	int other = 0;

	cr_expect(strstr(ask("GET", "/version", "", ""),
		"{\"version\":\"1.0\"}"));
	demo_region_set_version(region, "2.0");
	cr_expect(strstr(ask("GET", "/v1/catalog", "", ""),
		"X-App-Version: 2.0\r\n"));
	demo_region_set_half_way(region, "3.0");
	for (int i = 0; i < 10; i++)
		other += strstr(ask("GET", "/health", "", ""), ": 3.0") != NULL;
	cr_expect_eq(other, 5);
}

Test(demo_regions, a_region_can_be_down_and_slow)
{
	uint64_t from = clock_mono_ns(&clock_system);

	demo_region_set_latency(region, 30);
	demo_region_set_down(region, true);
	const char *a = ask("GET", "/health", "", "");
	cr_expect(has_status(a, 503), "%s", a);
	cr_expect(!strstr(a, "X-App-Version"), "%s", a);
	cr_expect_geq(clock_mono_ns(&clock_system) - from, 30000000);
	demo_region_set_down(region, false);
	cr_expect(has_status(ask("GET", "/health", "", ""), 200));
}

Test(demo_regions, old_orders_are_forgotten)
{
	char path[256];

	between(ask("POST", "/v1/orders", "", ORDER), "Location: ", "\r\n",
		path);
	for (int i = 0; i < DEMO_ORDERS_MAX - 1; i++)
		ask("POST", "/v1/orders", "", ORDER);
	cr_expect(has_status(ask("GET", path, "", ""), 200));
	ask("POST", "/v1/orders", "", ORDER);
	cr_expect(has_status(ask("GET", path, "", ""), 404));
}
