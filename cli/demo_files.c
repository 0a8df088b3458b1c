#include "cli/demo_files.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypto.h"

enum { FILE_BYTES_MAX = 16384, OPEN_FOLDERS_MAX = 16 };

/* clang-format off */
static const char line_text[] =
"# The line of `andon demo`: a small orders service in five regions, all of\n"
"# them on this machine.  Every check runs each second, so that a verdict\n"
"# takes seconds; with one check a minute it takes minutes, for the same\n"
"# evidence.\n"
"version: 1\n"
"line: orders                    # what a stop stops\n"
"\n"
"# An answer counts only for the version that it names.\n"
"served_version: {header: X-App-Version}\n"
"\n"
"roles:\n"
"  default: {}\n"
"  tester: {headers: {X-Feature-Role: tester}}\n"
"\n"
"environments:\n"
"  nonprod:\n"
"    west: {kind: secondary, base_url: \"%s\"}\n"
"    east: {kind: primary, base_url: \"%s\"}\n"
"  prod:\n"
"    west: {kind: secondary, base_url: \"%s\"}\n"
"    east: {kind: primary, base_url: \"%s\"}\n"
"    eu: {kind: primary, base_url: \"%s\"}\n"
"\n"
"gate:                           # defaults of every stage\n"
"  observations: 1               # answers of the new version, per check\n"
"  warmup: 500ms                 # recorded, not judged\n"
"  soak: 5s                      # credited from results, not from the clock\n"
"  max_wait: 3m                  # then it is held, and a person decides\n"
"  smallest_effect: 30%%          # a pass rules out a rise by so many points\n"
"\n"
"workflow:\n"
"  - stage: draft                # a draft pull request\n"
"    deploys: nonprod/west\n"
"  - stage: review               # ready for review\n"
"    deploys: nonprod/east\n"
"  - stage: merge                # a gate only: deploys nothing\n"
"    requires:\n"
"      ci: [build, unit]         # posted by `andon deploy check`\n"
"      regions: [nonprod/*]      # accepted with this version\n"
"      fresh: 10m\n"
"  - stage: canary               # production's first region\n"
"    deploys: prod/west\n"
"    compare: [prod/east, prod/eu]\n"
"    soak: 10s\n"
"    smallest_effect: 15%%\n"
"  - stage: accept               # the final gate\n"
"    expires: 24h\n"
"  - stage: everywhere\n"
"    deploys: [prod/east, prod/eu]\n"
"    soak: 6s\n";

static const char lifecycle_text[] =
"version: 1\n"
"suite: order-lifecycle\n"
"title: A signed-in user can place, track and cancel an order\n"
"owner: team-orders\n"
"runbook: https://wiki.example.com/runbooks/orders\n"
"tags: [critical, orders]\n"
"gate: block                     # its failures stop the line\n"
"every: 1s                       # from start to start\n"
"timeout: 3s                     # a slow run is late for its next slot\n"
"lint: {allow: [W110]}\n"
"roles: [default, tester]        # one run each; the line file defines them\n"
"\n"
"secrets:                        # redacted wherever anything is written\n"
"  client_secret: {file: secrets/orders_client_secret}\n"
"\n"
"http:\n"
"  base_url: ${region.base_url}\n"
"  timeout: 700ms\n"
"\n"
"setup:                          # a failure here is an error, not a failure\n"
"  - name: login\n"
"    post: /oauth2/token\n"
"    form:\n"
"      grant_type: client_credentials\n"
"      client_id: smoke\n"
"      client_secret: ${client_secret}\n"
"    expect:\n"
"      status: 200\n"
"      json: {$.expires_in: {gt: 60}}\n"
"    capture:\n"
"      token: {jsonpath: $.access_token, secret: true}\n"
"\n"
"steps:\n"
"  - name: create order\n"
"    post: /v1/orders\n"
"    auth: {bearer: \"${token}\"}\n"
"    json: {sku: SMOKE-0001, quantity: 2}\n"
"    expect:\n"
"      status: 201\n"
"      headers:\n"
"        Location: {matches: '^/v1/orders/[0-9a-f-]{36}$'}\n"
"      json:\n"
"        $.id: {isUuid: true}\n"
"        $.status: {in: [pending, accepted]}\n"
"        $.lines: {count: 1}\n"
"        $.total.amount: 25.00\n"
"    capture:\n"
"      order_id: $.id\n"
"      order_url: {header: Location}\n"
"\n"
"  - name: order becomes confirmed\n"
"    get: ${order_url}\n"
"    auth: {bearer: \"${token}\"}\n"
"    poll:                       # expected waiting: no retry and no flake\n"
"      every: 100ms\n"
"      for: 600ms\n"
"      fail_when: {json: {$.status: {in: [rejected, failed]}}}\n"
"    timeout: 700ms\n"
"    expect:\n"
"      status: 200\n"
"      json: {$.status: confirmed, $.id: \"${order_id}\"}\n"
"\n"
"  - name: testers see the new summary\n"
"    roles: [tester]\n"
"    get: /v1/orders/${order_id}/summary\n"
"    auth: {bearer: \"${token}\"}\n"
"    expect:\n"
"      status: 200\n"
"      headers: {ETag: {not: {startsWith: W/}}}\n"
"      json: {$.layout: compact}\n"
"\n"
"cleanup:                        # always runs, with a time budget of its own\n"
"  - name: delete order\n"
"    delete: /v1/orders/${order_id}\n"
"    auth: {bearer: \"${token}\"}\n"
"    expect: {status: [204, 404]}\n";

static const char quick_order_text[] =
"version: 1\n"
"suite: quick-order\n"
"title: One table, ordered and sent back\n"
"owner: team-orders\n"
"runbook: https://wiki.example.com/runbooks/orders\n"
"tags: [orders]\n"
"gate: block\n"
"every: 1s\n"
"timeout: 3s                     # a slow run is late for its next slot\n"
"lint: {allow: [W110]}\n"
"\n"
"secrets:\n"
"  client_secret: {file: secrets/orders_client_secret}\n"
"\n"
"http:\n"
"  base_url: ${region.base_url}\n"
"  timeout: 700ms\n"
"\n"
"setup:\n"
"  - name: login\n"
"    post: /oauth2/token\n"
"    form:\n"
"      grant_type: client_credentials\n"
"      client_id: smoke\n"
"      client_secret: ${client_secret}\n"
"    expect:\n"
"      status: 200\n"
"      json: {$.token_type: Bearer}\n"
"    capture:\n"
"      token: {jsonpath: $.access_token, secret: true}\n"
"\n"
"steps:\n"
"  - name: order one table\n"
"    post: /v1/orders\n"
"    auth: {bearer: \"${token}\"}\n"
"    json: {sku: SMOKE-0002, quantity: 1}\n"
"    expect:\n"
"      status: 201\n"
"      json: {$.total.amount: 12.50, $.total.currency: USD}\n"
"    capture:\n"
"      order_id: $.id\n"
"\n"
"cleanup:\n"
"  - name: delete order\n"
"    delete: /v1/orders/${order_id}\n"
"    auth: {bearer: \"${token}\"}\n"
"    expect: {status: [204, 404]}\n";

static const char storefront_text[] =
"version: 1\n"
"suite: storefront\n"
"title: The service is up and shows what it sells\n"
"owner: team-catalog\n"
"runbook: https://wiki.example.com/runbooks/catalog\n"
"tags: [catalog]\n"
"gate: block\n"
"every: 1s\n"
"timeout: 3s                     # a slow run is late for its next slot\n"
"lint: {allow: [W110]}\n"
"\n"
"http:\n"
"  base_url: ${region.base_url}\n"
"  timeout: 700ms\n"
"\n"
"steps:\n"
"  - name: health\n"
"    get: /health\n"
"    expect:\n"
"      status: 200\n"
"      headers: {X-App-Version: {isSemver: true}}\n"
"      json: {$.status: ok}\n"
"\n"
"  - name: catalog\n"
"    get: /v1/catalog\n"
"    expect:\n"
"      status: 200\n"
"      headers: {Content-Type: {startsWith: application/json}}\n"
"      json:\n"
"        $.hits: {gte: 2}\n"
"        $.items[*].price: {each: {gt: 0}}\n"
"        $.items[*].sku: {contains: SMOKE-0001}\n";
/* clang-format on */

bool demo_folder_make(char ret[DEMO_PATH_MAX], struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char path[DEMO_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/andon-demo-XXXXXX",
		tmp && *tmp ? tmp : "/tmp");

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(e, ERR_IO, "TMPDIR is too long");
	if (!mkdtemp(path))
		return err_sys(e, ERR_IO, "no folder for the demo: %s", path);
	/* Absolute: the commands work in there. */
	if (!realpath(path, ret)) {
		err_sys(e, ERR_IO, "%s", path);
		(void)rmdir(path);
		return false;
	}
	return true;
}

static int entry_remove(const char *path, const struct stat *st, int kind,
	struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	/* What went away by itself meanwhile is what we want. */
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool demo_folder_remove(const char *folder, struct err *e)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread changes cwd */
	if (nftw(folder, entry_remove, OPEN_FOLDERS_MAX,
		    FTW_DEPTH | FTW_PHYS) != 0)
		return err_sys(e, ERR_IO, "%s could not be removed", folder);
	return true;
}

static bool folder_add(const char *folder, const char *name, struct err *e)
{
	char path[DEMO_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return mkdir(path, 0700) == 0 || err_sys(e, ERR_IO, "%s", path);
}

static bool file_add(const char *folder, const char *name, struct str text,
	struct err *e)
{
	char path[DEMO_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "wxe");
	if (!f)
		return err_sys(e, ERR_IO, "%s", path);
	bool ok = fwrite(text.ptr, 1, text.len, f) == text.len;
	ok = fclose(f) == 0 && ok;
	return ok || err_sys(e, ERR_IO, "%s", path);
}

bool demo_files_write(const char *folder, const char *const url[DEMO_PLACES],
	const char *secret, struct err *e)
{
	struct buf line;
	bool ok;

	buf_init(&line, FILE_BYTES_MAX);
	buf_addf(&line, line_text, url[DEMO_NONPROD_WEST],
		url[DEMO_NONPROD_EAST], url[DEMO_PROD_WEST],
		url[DEMO_PROD_EAST], url[DEMO_PROD_EU]);
	ok = folder_add(folder, "regions", e) &&
	     folder_add(folder, "suites", e) &&
	     folder_add(folder, "secrets", e) &&
	     file_add(folder, "regions/orders.yaml", buf_str(&line), e) &&
	     file_add(folder, "suites/order-lifecycle.yaml",
		     str_from(lifecycle_text), e) &&
	     file_add(folder, "suites/quick-order.yaml",
		     str_from(quick_order_text), e) &&
	     file_add(folder, "suites/storefront.yaml",
		     str_from(storefront_text), e) &&
	     file_add(folder, "secrets/orders_client_secret", str_from(secret),
		     e);
	buf_done(&line);
	return ok;
}

void demo_secret_make(char ret[DEMO_SECRET_MAX])
{
	uint8_t random[(DEMO_SECRET_MAX - 1) / 2];
	struct buf hex;

	crypto_random(random, sizeof(random));
	buf_init(&hex, DEMO_SECRET_MAX);
	buf_add_hex(&hex, (struct str){ (const char *)random, sizeof(random) });
	memcpy(ret, hex.ptr, hex.len + 1);
	buf_done(&hex);
}
