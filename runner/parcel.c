#include "runner/parcel.h"

#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

/* Two passes over the same fields: the first counts, the second copies. */
struct packer {
	char *at; /* NULL: counting */
	size_t bytes;
};

static void *take(struct packer *p, size_t bytes)
{
	size_t whole = (bytes + 15) & ~(size_t)15;
	void *piece = p->at;

	p->bytes += whole;
	if (p->at)
		p->at += whole;
	return piece;
}

static void text(struct packer *p, struct str *s)
{
	char *to;

	if (!s->ptr)
		return;
	to = take(p, s->len + 1);
	if (!to)
		return;
	memcpy(to, s->ptr, s->len);
	to[s->len] = '\0';
	s->ptr = to;
}

static void *copy(struct packer *p, const void *from, size_t bytes)
{
	void *to = take(p, bytes);

	if (to && bytes)
		memcpy(to, from, bytes);
	return to;
}

static void assertions(struct packer *p, struct evidence *e)
{
	const struct evidence_assertion *from = e->assertion;
	struct evidence_assertion *to =
		copy(p, from, e->nassertions * sizeof(*from));

	for (size_t i = 0; i < e->nassertions; i++) {
		struct evidence_assertion a = from[i];

		text(p, &a.text);
		text(p, &a.expected);
		text(p, &a.actual);
		if (to)
			to[i] = a;
	}
	if (to)
		e->assertion = to;
}

static void headers(struct packer *p, struct evidence *e)
{
	const struct evidence_header *from = e->header;
	struct evidence_header *to = copy(p, from, e->nheaders * sizeof(*from));

	for (size_t i = 0; i < e->nheaders; i++) {
		struct evidence_header h = from[i];

		text(p, &h.name);
		text(p, &h.value);
		if (to)
			to[i] = h;
	}
	if (to)
		e->header = to;
}

static void pack(struct packer *p, struct result *r)
{
	struct str *texts[] = { &r->id.runner, &r->line, &r->env, &r->region,
		&r->vantage, &r->suite, &r->role, &r->row, &r->deployment,
		&r->version, &r->step };
	struct evidence e;
	struct evidence *to;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text(p, texts[i]);
	if (!r->evidence)
		return;
	e = *r->evidence;
	to = take(p, sizeof(e));
	text(p, &e.method);
	text(p, &e.url);
	text(p, &e.address);
	text(p, &e.message);
	text(p, &e.place);
	text(p, &e.curl);
	text(p, &e.body);
	assertions(p, &e);
	headers(p, &e);
	if (!to)
		return;
	*to = e;
	r->evidence = to;
}

struct parcel *parcel_new(const struct result *r)
{
	size_t head = (sizeof(struct parcel) + 15) & ~(size_t)15;
	struct packer p = { 0 };
	struct result counted = *r;
	struct parcel *parcel;

	pack(&p, &counted);
	parcel = xmalloc(head + p.bytes);
	parcel->next = NULL;
	parcel->result = *r;
	p = (struct packer){ .at = (char *)parcel + head };
	pack(&p, &parcel->result);
	return parcel;
}

void parcel_free(struct parcel *p)
{
	free(p);
}
