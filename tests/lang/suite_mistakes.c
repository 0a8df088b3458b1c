#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "suites/suite.h"

/*
 * What the loader says about a wrong suite: each mistake at its line and
 * column with its code, all of them in one run, and nothing about a good one.
 */
static const struct str regions[] = { STR("nonprod/west"), STR("prod/west"),
	STR("prod/eu") };
static const struct str roles[] = { STR("default"), STR("tester") };
static const struct str region_keys[] = { STR("base_url"), STR("auth_url") };

static const struct suite_world world = { .regions = regions,
	.nregions = 3,
	.roles = roles,
	.nroles = 2,
	.region_keys = region_keys,
	.nregion_keys = 2 };
static const struct suite_world nowhere = { .any = true };

struct loaded {
	struct arena *arena;
	struct diags ds;
	const struct suite_file *file;
};

static void load(struct loaded *ret, const char *text,
	const struct suite_world *w)
{
	ret->arena = arena_new();
	diags_init(&ret->ds, ret->arena);
	ret->file = suite_parse(ret->arena,
		source_from(ret->arena, STR("t.yaml"), str_from(text)), w,
		&ret->ds);
}

static void unload(struct loaded *l)
{
	arena_free(l->arena);
}

/* "E012 3:5, W104 2:8": every finding, in the order of the file. */
static void findings(const struct loaded *l, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (const struct diag *d = l->ds.first; d && n < size; d = d->next) {
		struct place at;
		char code[8];

		if (d->level != DIAG_ERROR && d->level != DIAG_WARNING)
			continue;
		span_place(d->where, &at);
		n += (size_t)snprintf(ret + n, size - n, "%s%s %u:%u",
			n ? ", " : "", diag_code_text(d, code), at.line,
			at.column);
	}
}

static void expect_findings(const char *text, const char *wanted,
	const struct suite_world *w)
{
	struct loaded l;
	char found[4096];
	bool errors = strchr(wanted, 'E') != NULL;

	load(&l, text, w);
	findings(&l, found, sizeof(found));
	if (strcmp(found, wanted) != 0)
		diags_write(&l.ds, stderr);
	cr_expect(strcmp(found, wanted) == 0, "wanted %s\nfound  %s\nin:\n%s",
		wanted, found, text);
	cr_expect_eq(l.file == NULL, errors);
	unload(&l);
}

/* Four lines in front of every snippet; what follows starts at line 5. */
#define HEAD                                                                   \
	"version: 1\n"                                                         \
	"suite: t\n"                                                           \
	"owner: o\n"                                                           \
	"runbook: r\n"
/* One good step, for snippets about the suite. */
#define STEP                                                                   \
	"steps:\n"                                                             \
	"  - name: s\n"                                                        \
	"    get: /x\n"                                                        \
	"    expect: {body: {contains: ok}}\n"
/* For snippets inside a step; what follows starts at line 8. */
#define IN_STEP                                                                \
	HEAD "steps:\n"                                                        \
	     "  - name: s\n"                                                   \
	     "    get: /x\n"
#define GOOD_EXPECT "    expect: {body: {contains: ok}}\n"

struct mistake {
	const char *text;
	const char *wanted;
};

static void expect_all(const struct mistake *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_findings(list[i].text, list[i].wanted, &world);
}

#define ALL(list) expect_all(list, sizeof(list) / sizeof((list)[0]))

Test(suite_mistakes, keys_and_values_of_a_suite)
{
	static const struct mistake list[] = {
		{ "- a\n", "E021 1:1" },
		{ "suite: t\nowner: o\nrunbook: r\n" STEP, "E011 1:1" },
		{ "version: 2\nsuite: t\nowner: o\nrunbook: r\n" STEP,
			"E023 1:10" },
		{ HEAD "stepz: 1\n" STEP, "E012 5:1" },
		{ HEAD "every: 30\n" STEP, "E022 5:8" },
		{ HEAD "every: 1ms\n" STEP, "E023 5:8" },
		{ HEAD "every: 30s\nevery_failing: 31s\n" STEP, "E023 6:16" },
		{ HEAD "jitter: 2m\n" STEP, "E023 5:9" },
		{ HEAD "jitter: 130%\n" STEP, "E022 5:9" },
		{ HEAD "gate: blok\n" STEP, "E024 5:7" },
		{ HEAD "tags: {a: b}\n" STEP, "E021 5:7" },
		{ HEAD "title: all of ${region}\n" STEP, "E033 5:8" },
		{ HEAD "imports: [a.yaml]\n" STEP, "E006 5:11" },
		{ HEAD "rows: rows.csv\n" STEP, "E006 5:7" },
		{ HEAD "rows: [{a: 1}, 2]\n" STEP, "E021 5:16" },
		{ HEAD "rows: [{a: [\"${region}\"]}]\n" STEP, "E033 5:13" },
		{ HEAD "rows: []\n" STEP, "E021 5:7" },
		{ HEAD "links: {a: [b]}\n" STEP, "E021 5:12" },
		{ HEAD "steps: []\n", "E011 5:8" },
		{ HEAD "steps: x\n", "E021 5:8" },
		{ HEAD "suite: u\n" STEP, "E004 5:1" },
		{ HEAD "record: {body: sometimes}\n" STEP, "E024 5:16" },
		{ HEAD "lint: {allow: [W999]}\n" STEP, "E024 5:16" },
		{ HEAD "lint: {allow: [E012]}\n" STEP, "E024 5:16" },
	};

	ALL(list);
}

Test(suite_mistakes, secrets_and_variables)
{
	static const struct mistake list[] = {
		{ HEAD "secrets: {a: {}}\n" STEP, "E011 5:11" },
		{ HEAD "secrets: {a: {env: A, file: b}}\n" STEP, "E013 5:23" },
		{ HEAD "secrets: {a-b: {env: A}}\n" STEP, "E021 5:11" },
		{ HEAD "vars: {region: x}\n" STEP, "E025 5:8" },
		{ HEAD "secrets: {a: {env: A}}\nvars: {a: x}\n" STEP,
			"E025 5:11" },
		{ HEAD "vars: {a: \"${b}\", b: 1}\n" STEP, "E032 5:12" },
		{ HEAD "vars: {a: \"${step}\"}\n" STEP, "E031 5:12" },
		{ HEAD "vars: {a: \"${env.HOME}\"}\n" STEP, "E031 5:12" },
		{ HEAD "vars: {a: \"${regio}\"}\n" STEP, "E031 5:12" },
		{ HEAD "vars: {a: \"${region.bas_url}\"}\n" STEP, "E031 5:12" },
		{ HEAD "vars: {a: \"${row.x}\"}\n" STEP, "E031 5:12" },
		{ HEAD "rows: [{x: 1}, {y: 2}]\nvars: {a: \"${row.x}\"}\n" STEP,
			"E031 6:12" },
		{ HEAD "vars: {a: \"${uuidd()}\"}\n" STEP, "E034 5:14" },
		{ HEAD "vars: {a: \"${region\"}\n" STEP, "E033 5:12" },
	};

	ALL(list);
}

Test(suite_mistakes, steps)
{
	static const struct mistake list[] = {
		{ HEAD "steps:\n  - get: /x\n" GOOD_EXPECT, "E011 6:5" },
		{ HEAD "steps:\n  - name: s\n" GOOD_EXPECT, "E011 6:11" },
		{ HEAD "steps:\n  - text\n", "E021 6:5" },
		{ IN_STEP "    post: /y\n" GOOD_EXPECT, "E013 8:5" },
		{ IN_STEP "    wait: 1s\n" GOOD_EXPECT, "E013 8:5" },
		{ IN_STEP "    form: {a: b}\n    json: {}\n" GOOD_EXPECT,
			"E013 8:5" },
		{ IN_STEP "    use: login\n", "E013 7:5" },
		{ IN_STEP "    tcp: a:1\n" GOOD_EXPECT, "E013 8:5" },
		{ IN_STEP "    multipart: {}\n" GOOD_EXPECT, "E011 8:16" },
		{ IN_STEP "    body_file: a\n" GOOD_EXPECT, "E006 8:16" },
		{ IN_STEP "    auth: {digest: {}}\n" GOOD_EXPECT, "E011 8:20" },
		{ IN_STEP "    auth: {bearer: a, oauth2: {}}\n" GOOD_EXPECT,
			"W103 8:20, E013 8:23" },
		{ IN_STEP "    auth: {}\n" GOOD_EXPECT, "E011 8:11" },
		{ IN_STEP "    auth: {oauth2: {token_url: /t, client_id: a, "
			  "client_secret: \"${region}\", scopes: [a "
			  "b]}}\n" GOOD_EXPECT,
			"E044 8:32, E021 8:87" },
		{ IN_STEP "    auth: {aws_sigv4: {region: a, service: b, "
			  "access_key: c}}\n" GOOD_EXPECT,
			"E011 8:23" },
		{ IN_STEP "    auth: {basic: {user: "
			  "\"${region}\"}}\n" GOOD_EXPECT,
			"E011 8:19" },
		{ IN_STEP "    http: {resolve: {a.b: c.d}}\n" GOOD_EXPECT,
			"E021 8:27" },
		{ IN_STEP "    http: {resolve: {'a:99999': "
			  "1.1.1.1}}\n" GOOD_EXPECT,
			"E021 8:22" },
		{ IN_STEP "    http: {resolve: {a: []}}\n" GOOD_EXPECT,
			"E021 8:25" },
		{ IN_STEP "    http: {connect_to: {a: 'b c'}}\n" GOOD_EXPECT,
			"E021 8:28" },
		{ IN_STEP "    http: {dns_servers: [ns.x.org]}\n" GOOD_EXPECT,
			"E021 8:26" },
		{ IN_STEP "    http: {addresses: each}\n" GOOD_EXPECT,
			"E021 8:12" },
		{ HEAD "http: {addresses: each, proxy: 'http://p'}\n" STEP,
			"E013 5:7" },
		{ IN_STEP "    http: {interface: a/b}\n" GOOD_EXPECT,
			"E021 8:23" },
		{ IN_STEP "    http: {tls: {pin: x}}\n" GOOD_EXPECT,
			"E021 8:23" },
		{ IN_STEP "    http: {connection: pool}\n" GOOD_EXPECT,
			"E021 8:24" },
		{ HEAD "http: {addresses: each, connection: pool}\n" STEP,
			"E013 5:7, W117 5:37" },
		{ IN_STEP "    http: {base_url: x.com}\n" GOOD_EXPECT,
			"E044 8:22" },
		{ IN_STEP "    headers: {\"a b\": c}\n" GOOD_EXPECT,
			"E021 8:15" },
		{ IN_STEP "    headers: {Aa: c, aA: d}\n" GOOD_EXPECT,
			"E025 8:22" },
		{ IN_STEP "    headers: {A: \"b\\nc\"}\n" GOOD_EXPECT,
			"E021 8:18" },
		{ IN_STEP "    retry: {times: 1, on: [6xx]}\n" GOOD_EXPECT,
			"E024 8:28" },
		{ IN_STEP "    retry: {times: 101}\n" GOOD_EXPECT,
			"E023 8:20" },
		{ IN_STEP "    poll: {every: 9s, for: 8s}\n" GOOD_EXPECT,
			"E023 8:19" },
		{ IN_STEP "    when: {a: 1, b: 2}\n" GOOD_EXPECT, "E021 8:11" },
		{ IN_STEP "    when: ordr\n" GOOD_EXPECT, "E031 8:11" },
		{ IN_STEP "    roles: [admin]\n" GOOD_EXPECT, "E052 8:13" },
		{ IN_STEP "    where: [prd]\n" GOOD_EXPECT, "E051 8:13" },
		{ HEAD "steps:\n  - {name: s, request: {method: get, "
		       "url: /x}, expect: {body: ok}}\n",
			"E024 6:33" },
		{ HEAD "steps:\n  - {name: s, get: 'ftp://x', "
		       "expect: {body: ok}}\n",
			"E044 6:20" },
		{ HEAD "steps:\n  - {name: s, get: 'a b', "
		       "expect: {body: ok}}\n",
			"E044 6:20" },
		{ HEAD "steps:\n  - {name: s, get: orders, "
		       "expect: {body: ok}}\n",
			"E044 6:20" },
		{ HEAD "steps:\n  - {name: w, wait: 1s, expect: "
		       "{status: 200}}\n",
			"E013 6:25" },
		{ HEAD "roles: [testr]\n" STEP, "E052 5:9" },
		{ HEAD "where: prod/uk\n" STEP, "E051 5:8" },
		{ HEAD STEP "  - {name: s, get: /y}\n", "E025 9:12" },
	};

	ALL(list);
}

Test(suite_mistakes, what_is_asserted_and_captured)
{
	static const struct mistake list[] = {
		{ IN_STEP "    expect: {boddy: x}\n", "E012 8:14" },
		{ IN_STEP "    expect: {json: {$.a[: 1}}\n", "E002 8:21" },
		{ IN_STEP "    expect: {json: {\"$.a[\": 1}}\n", "E041 8:26" },
		{ IN_STEP "    expect: {body: {matches: \"(\"}}\n",
			"E042 8:32" },
		{ IN_STEP "    expect: {body: {contians: x}}\n", "E043 8:21" },
		{ IN_STEP "    expect: {cert: {expires: {gt: 14d}}}\n",
			"E024 8:21" },
		{ IN_STEP "    expect: {cert: {expires_in: {gt: 14}}}\n",
			"E022 8:38" },
		{ IN_STEP "    expect: {tls: {version: {is: 1}}}\n",
			"E043 8:30" },
		{ IN_STEP "    expect: {body: {sameAs: prod/eux}}\n",
			"E051 8:29" },
		{ IN_STEP "    expect: {body: {sameAs: yesterday}}\n",
			"E024 8:29" },
		{ IN_STEP "    expect: {body: {sameAs: {region: prod/eu, "
			  "max_age: 1}}}\n",
			"E022 8:56" },
		{ IN_STEP "    expect: {body: {not: {sameAs: baseline}}}\n",
			"E048 8:27" },
		{ IN_STEP "    expect: {body: {allOf: [{sameAs: previous}]}}\n",
			"E048 8:30" },
		{ IN_STEP "    poll: {every: 1s, for: 5s, fail_when: "
			  "{body: {sameAs: previous}}}\n",
			"E048 8:59" },
		{ IN_STEP "    checks: [{certificate: Subjekt, equals: x}]\n",
			"E024 8:28" },
		{ IN_STEP "    capture: {a: {tls: versions}}\n", "E024 8:24" },
		{ IN_STEP "    expect: {json: {$: {json: {equals: 1, "
			  "ignore: ['a']}}}}\n",
			"E041 8:53" },
		{ IN_STEP "    expect: {json: {$: {json: {equals: 1, "
			  "anyOrder: x}}}}\n",
			"E021 8:53" },
		{ IN_STEP "    expect: {json: {$: {expires_in: 14d}}}\n",
			"E021 8:37" },
		{ IN_STEP "    capture: {a: {body: , filter: nope}}\n",
			"W102 8:15, E043 8:35" },
		{ IN_STEP "    checks: [{header: A}]\n", "E011 8:14" },
		{ IN_STEP "    capture: {a: {heder: A}}\n", "E043 8:19" },
		{ IN_STEP "    capture: {step: $.a}\n", "E025 8:15" },
		{ IN_STEP "    expect: {json: {$.id: \"${order}\"}}\n",
			"E031 8:28" },
		/* a check may, what is sent can not */
		{ IN_STEP "    query: {a: \"${order}\"}\n"
			  "    capture: {order: $.id}\n",
			"E032 8:17" },
		{ IN_STEP "    query: {a: \"${order}\"}\n" GOOD_EXPECT
			  "  - name: later\n    get: /y\n"
			  "    capture: {order: $.id}\n",
			"E032 8:17" },
	};

	ALL(list);
}

Test(suite_mistakes, a_capture_that_never_reaches_its_user)
{
	/* For role default this would be skipped without a word. */
	expect_findings(HEAD "roles: [default, tester]\n"
			     "steps:\n"
			     "  - {name: a, get: /a, roles: tester, "
			     "capture: {x: $.x}}\n"
			     "  - {name: b, get: \"/${x}\"}\n",
		"E032 8:22", &world);
	expect_findings(HEAD "roles: [default, tester]\n"
			     "steps:\n"
			     "  - {name: a, get: /a, roles: tester, "
			     "capture: {x: $.x}}\n"
			     "  - {name: b, get: \"/${x}\", roles: tester}\n"
			     "  - {name: c, get: \"/${x}\", when: x}\n"
			     "  - {name: d, get: /d}\n"
			     "cleanup:\n"
			     "  - {name: e, get: \"/${x}\"}\n",
		"", &world);
}

Test(suite_mistakes, overrides_at_their_own_place_and_once)
{
	static const struct mistake list[] = {
		{ HEAD "overrides: {prd: {every: 90s}}\n" STEP, "E051 5:13" },
		{ HEAD "overrides: {prod/uk: {every: 90s}}\n" STEP,
			"E051 5:13" },
		{ HEAD "overrides: {prod: 1}\n" STEP, "E021 5:19" },
		{ HEAD "overrides: {prod: {suite: u}}\n" STEP, "E012 5:20" },
		{ HEAD "overrides: {prod: {evry: 9s}}\n" STEP, "E012 5:20" },
		{ HEAD "overrides:\n  prod: {every: 9}\n"
		       "  prod/eu: {timeout: 5}\n" STEP,
			"E022 6:17, E022 7:22" },
		{ HEAD "overrides: {prod: {vars: {a: \"${b}\"}}}\n"
		       "vars: {b: \"${c}\"}\n" STEP,
			"E031 6:12" },
		{ HEAD "overrides: {prod: {steps: [{name: a, get: /a, "
		       "expect: {body: ok}, where: nonprod}]}}\n" STEP,
			"E051 2:8" },
	};

	ALL(list);
}

Test(suite_mistakes, warnings)
{
	static const struct mistake list[] = {
		{ IN_STEP "    expect: {status: 200}\n", "W104 2:8" },
		{ IN_STEP, "W104 2:8" },
		{ IN_STEP "    warn: {duration: {lt: 1s}}\n", "W104 2:8" },
		{ IN_STEP "    capture: {a: $.a}\n", "W102 8:15" },
		{ HEAD "vars: {a: Bearer abcdefgh12}\n" STEP, "W103 5:11" },
		{ HEAD "vars: {a: AKIAIOSFODNN7EXAMPLE}\n" STEP, "W103 5:11" },
		{ HEAD "vars: {a: \"-----BEGIN RSA PRIVATE KEY\"}\n" STEP,
			"W103 5:11" },
		{ HEAD "vars: {a: x9Kf2LmQ8vRt4WzYb7Nc}\n" STEP, "W103 5:11" },
		{ IN_STEP "    auth: {basic: {user: u, password: "
			  "hunter2}}\n" GOOD_EXPECT,
			"W103 8:39" },
		{ HEAD "secrets: {k: {env: K}}\nsteps:\n"
		       "  - {name: a, get: \"/x?k=${k}\", "
		       "expect: {body: ok}}\n",
			"W105 7:26" },
		{ HEAD "secrets: {k: {env: K}}\nvars: {v: \"a${k}\"}\nsteps:\n"
		       "  - {name: a, get: /x, query: {q: \"${v}\"}, "
		       "expect: {body: ok}}\n",
			"W105 8:36" },
		{ IN_STEP "    http: {base_url: "
			  "'https://u:p@x.com'}\n" GOOD_EXPECT,
			"W105 8:22" },
		{ HEAD "steps: [{name: a, get: '/x?a=b&api_key=4711', "
		       "expect: {body: ok}}]\n",
			"W105 5:24" },
		{ HEAD "steps: [{name: a, get: '/x?token=${region}', "
		       "expect: {body: ok}}]\n",
			"" },
		{ HEAD "steps:\n  - {name: a, post: /x, "
		       "expect: {status: 201, body: ok}}\n",
			"W106 6:12" },
		{ HEAD "steps:\n  - {name: a, post: /x, retry: {times: 1}, "
		       "expect: {body: ok}}\n",
			"W107 6:32" },
		{ IN_STEP "    poll: {for: 70s}\n" GOOD_EXPECT,
			"W109 2:8, W108 8:17" },
		{ HEAD "timeout: 9s\n" STEP, "W109 5:10" },
		{ HEAD "every: 20s\ntimeout: 30s\n" STEP, "W110 6:10" },
		{ HEAD "http: {tls: {verify: false}}\n" STEP, "W111 5:22" },
		{ HEAD "http: {connection: pool}\n" STEP, "W117 5:20" },
		{ HEAD "gate: observe\nhttp: {connection: pool}\n" STEP, "" },
		{ "version: 1\nsuite: t\n" STEP, "W112 2:8" },
		{ "version: 1\nsuite: t\nowner: o\ngate: block\n" STEP,
			"W112 4:7" },
		{ "version: 1\nsuite: t\ngate: observe\n" STEP, "" },
		{ IN_STEP "    expect: {body: {matches: \"(a+)+$\"}}\n",
			"W201 8:30" },
	};

	ALL(list);
}

Test(suite_mistakes, a_warning_can_be_allowed_where_it_stands)
{
	static const struct mistake list[] = {
		{ HEAD "lint: {allow: [W104]}\nsteps:\n"
		       "  - {name: a, get: /x}\n",
			"" },
		{ HEAD "steps:\n"
		       "  - {name: a, get: /x, capture: {a: $.a}, "
		       "lint: {allow: [W102]}}\n"
		       "  - {name: b, get: /x, capture: {b: $.a}}\n",
			"W102 7:34" },
		{ IN_STEP "    lint: {allow: [W201]}\n"
			  "    expect: {body: {matches: \"(a+)+$\"}}\n",
			"" },
		/* what is not needed is told, and may be allowed itself */
		{ HEAD "lint: {allow: [W104, W201]}\n" STEP,
			"W115 5:16, W115 5:22" },
		{ HEAD "lint: {allow: [W104, W115]}\n" STEP, "" },
		{ HEAD "lint: {allow: [W115]}\n" STEP, "" },
		/* needed by one of the overrides */
		{ HEAD "lint: {allow: [W109]}\n"
		       "overrides: {prod: {timeout: 9s}}\n" STEP,
			"" },
		/* not told beside an error: what is wrong was not read */
		{ HEAD "lint: {allow: [W104]}\nstepz: 1\n" STEP, "E012 6:1" },
	};

	ALL(list);
}

Test(suite_mistakes, without_a_line_file)
{
	expect_findings(HEAD "roles: [any]\nwhere: prod/*\n"
			     "overrides: {prod: {every: 70s}}\n" STEP,
		"", &nowhere);
	expect_findings(HEAD "http: {base_url: \"${region.base_url}\"}\n"
			     "vars: {a: \"${region}${env}\"}\n" STEP,
		"", &nowhere);
	expect_findings(HEAD "vars: {a: \"${region.auth_url}\"}\n" STEP,
		"E031 5:12", &nowhere);
}

Test(suite_mistakes, a_region_without_base_url)
{
	struct suite_world w = world;

	w.nregion_keys = 0;
	expect_findings(HEAD STEP, "E044 7:10", &w);
	expect_findings(HEAD "http: {base_url: 'https://x.com'}\n" STEP, "",
		&w);
}

/* Issue 3: twenty mistakes, one run, each at its place. */
Test(suite_mistakes, twenty_at_once)
{
	static const char text[] =
		"version: 1\n"                                   /*  1 */
		"suite: Orders\n"                                /*  2 */
		"ownr: me\n"                                     /*  3 */
		"gate: stop\n"                                   /*  4 */
		"every: 30\n"                                    /*  5 */
		"timeout: 2 parsecs\n"                           /*  6 */
		"roles: [default, tster]\n"                      /*  7 */
		"where: [prod/wst]\n"                            /*  8 */
		"vars: {sku: \"${skuu}\"}\n"                     /*  9 */
		"secrets: {key: {}}\n"                           /* 10 */
		"http: {redirects: -1, ip: 5, resolve: []}\n"    /* 11 */
		"overrides: {prod: {jitter: x}}\n"               /* 12 */
		"steps:\n"                                       /* 13 */
		"  - name: one\n"                                /* 14 */
		"    get: ftp://x\n"                             /* 15 */
		"    post: /y\n"                                 /* 16 */
		"    expect: {status: 200, json: {\"$[\": 1}}\n" /* 17 */
		"  - name: one\n"                                /* 18 */
		"    patch: /y\n"                                /* 19 */
		"    capture: {id: $.id}\n"                      /* 20 */
		"  - name: two\n"                                /* 21 */
		"    get: /v1/${idd}\n"                          /* 22 */
		"    expect: {body: {matches: '['}}\n"           /* 23 */
		"    retry: {on: sometimes}\n";                  /* 24 */

	expect_findings(text,
		"E021 2:8, E012 3:1, E024 4:7, E022 5:8, E022 6:10, "
		"E052 7:18, E051 8:9, E031 9:14, E011 10:11, E023 11:19, "
		"E024 11:27, E021 11:39, E021 12:28, E044 15:10, E013 16:5, "
		"E041 17:37, E025 18:11, E031 22:14, "
		"E042 23:32, E024 24:17",
		&world);
}

Test(suite_mistakes, hints_name_what_was_meant)
{
	static const struct {
		const char *text, *hint;
	} list[] = {
		{ HEAD "evry: 30s\n" STEP, "did you mean `every`?" },
		{ HEAD "vars: {sku: 1, a: \"${skuu}\"}\n" STEP,
			"did you mean `sku`?" },
		{ HEAD "roles: testr\n" STEP, "did you mean `tester`?" },
		{ HEAD "where: prod/wst\n" STEP, "did you mean `prod/west`?" },
		{ HEAD "overrides: {prd: {}}\n" STEP, "did you mean `prod`?" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct loaded l;

		load(&l, list[i].text, &world);
		cr_assert(l.ds.first && l.ds.first->hint.ptr, "%s",
			list[i].text);
		cr_expect_str_eq(l.ds.first->hint.ptr, list[i].hint);
		unload(&l);
	}
}

/* Both places: where it is used, and where it would be captured. */
Test(suite_mistakes, second_places)
{
	struct loaded l;
	struct place at;

	load(&l,
		IN_STEP "    query: {a: \"${order}\"}\n" GOOD_EXPECT
			"  - name: later\n    get: /y\n"
			"    capture: {order: $.id}\n",
		&world);
	cr_assert(l.ds.first && l.ds.first->next);
	cr_expect(strstr(l.ds.first->text.ptr, "captured at line 12"), "%s",
		l.ds.first->text.ptr);
	cr_expect_eq(l.ds.first->next->level, DIAG_NOTE);
	span_place(l.ds.first->next->where, &at);
	cr_expect_eq(at.line, 12);
	cr_expect_eq(at.column, 15);
	unload(&l);

	load(&l, HEAD STEP "  - {name: s, get: /y}\n", &world);
	cr_assert(l.ds.first && l.ds.first->next);
	span_place(l.ds.first->next->where, &at);
	cr_expect_eq(at.line, 6);
	unload(&l);
}

/* An error behind more findings than a list keeps is still an error. */
Test(suite_mistakes, an_error_is_never_crowded_out)
{
	struct loaded l;
	struct arena *a = arena_new();
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_add_z(&b, HEAD "secrets: {k: {env: K}}\nsteps:\n");
	for (int i = 0; i < DIAGS_MAX + 50; i++)
		buf_addf(&b, "  - {name: s%d, get: \"/${k}\"}\n", i); /* W105 */
	buf_add_z(&b, "cleanup:\n  - {name: z, get: \"/${nope}\"}\n");
	load(&l, buf_str(&b).ptr, &world);
	cr_expect_null(l.file);
	cr_expect_gt(l.ds.errors, 0);
	unload(&l);
	buf_done(&b);
	arena_free(a);
}

/* What follows starts at line 7. */
#define PROBE HEAD "steps:\n  - name: s\n"

Test(suite_mistakes, steps_without_http)
{
	static const struct mistake list[] = {
		{ PROBE "    tcp: a\n", "E044 7:10" },
		{ PROBE "    tcp: a:0\n", "E044 7:10" },
		{ PROBE "    tcp: http://a:1/x\n", "E044 7:10" },
		{ PROBE "    tcp: {adress: 'a:1'}\n", "E012 7:11" },
		{ PROBE "    tcp: {address: 'a:1', talk: [{}]}\n",
			"E011 7:34" },
		{ PROBE "    tcp: {address: 'a:1', talk: [{send: a, "
			"expect: b}]}\n",
			"E013 7:44" },
		{ PROBE "    tcp: {address: 'a:1', talk: [{expect: '('}]}\n",
			"E042 7:45" },
		{ PROBE "    tcp: a:1\n    json: {}\n", "E013 8:5" },
		{ PROBE "    tcp: a:1\n    headers: {A: b}\n", "E013 8:5" },
		{ PROBE "    tcp: a:1\n    expect: {status: 200}\n",
			"E046 8:14" },
		{ PROBE "    tcp: a:1\n    warn: {cert: {key_bits: 1}}\n",
			"E046 8:19" },
		{ PROBE "    tls: a:1\n    capture: {a: {header: b}}\n",
			"E046 8:15, W102 8:15" },
		{ PROBE "    tls: a:1\n    expect: {body: x}\n", "E046 8:14" },
		{ PROBE "    tls: {address: 'a:1', starttls: mail}\n",
			"E024 7:37" },
		{ PROBE "    tls: {address: 'a:1', options: {verfy: 1}}\n",
			"E012 7:37" },
		{ PROBE "    dns: a.b\n    expect: {ip: 1.2.3.4}\n",
			"E046 8:14" },
		{ PROBE "    dns: {name: a.b, type: AA}\n", "E024 7:28" },
		{ PROBE "    dns: {type: A}\n", "E011 7:10" },
		{ PROBE "    dns: a.b\n    poll: {fail_when: {status: 404}}\n",
			"E046 8:24" },
		{ PROBE "    get: /x\n    expect: {dns: {count: 1}}\n",
			"E046 8:20" },
		{ PROBE "    tcp: \"${host}:1\"\n", "E031 7:11" },
		{ PROBE "    dns: {name: a, server: \"${host}\"}\n",
			"E031 7:29" },
	};

	ALL(list);
}
