#include <stdlib.h>

#include "store/codec.h"
#include "store/feed.h"
#include "tests/fuzz/target.h"

/* A record that was understood is written and understood again. */
static void result_twice(struct arena *a, struct str text)
{
	struct result r = { .line = STR("l"),
		.env = STR("e"),
		.region = STR("r") };
	struct result again = r;
	struct buf out;

	if (!result_unpack(a, text, &r))
		return;
	buf_init(&out, RESULT_BYTES_MAX);
	result_pack(&out, &r);
	if (!result_unpack(a, buf_str(&out), &again) ||
		!str_eq(again.deployment, r.deployment) ||
		again.id.seq != r.id.seq)
		abort();
	buf_done(&out);
}

static void deployment_twice(struct arena *a, struct str text)
{
	struct deployment d, again;
	struct buf out;

	if (!deployment_read(a, text, &d))
		return;
	buf_init(&out, RECORD_TEXT_MAX * 8);
	deployment_write(&out, &d);
	if (!deployment_read(a, buf_str(&out), &again) ||
		again.state != d.state || again.nregions != d.nregions)
		abort();
	buf_done(&out);
}

static void feed_any(struct str saved)
{
	struct feed *f = feed_load(saved);
	struct result r;
	int64_t at;

	while (f && feed_next(f, INT64_MAX / 4, &r, &at))
		;
	feed_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = { (const char *)bytes + 1, len - 1 };
	struct arena *a;
	struct judgement j;
	struct plan_record p;
	struct scope_state s;

	if (len == 0)
		return 0;
	a = arena_new();
	switch (bytes[0]) {
	case 'r':
		result_twice(a, text);
		break;
	case 'd':
		deployment_twice(a, text);
		break;
	case 'j':
		judgement_read(a, text, &j);
		break;
	case 'p':
		plan_read(a, text, &p);
		break;
	case 's':
		scope_read(a, text, &s);
		break;
	default:
		feed_any(text);
		break;
	}
	arena_free(a);
	return 0;
}
