#include "docs/tables/codes.h"

#include "cli/explain.h"
#include "docs/tables/mdoc.h"

static void add_paragraph(struct buf *out, const char *word, struct str part)
{
	struct buf text;

	buf_init(&text, EXPLAIN_BYTES_MAX);
	buf_add_z(&text, word);
	explain_add_filled(&text, part);
	mdoc_text(out, text.ptr);
	buf_done(&text);
}

static void add_example(struct buf *out, const struct explain *x)
{
	struct buf text;

	buf_init(&text, EXPLAIN_BYTES_MAX);
	explain_add_example(&text, x);
	buf_add_z(out, ".Bd -literal -offset indent -compact\n");
	struct str rest = buf_str(&text);
	while (rest.len > 0)
		mdoc_literal(out, str_cut(&rest, '\n'));
	buf_add_z(out, ".Ed\n");
	buf_done(&text);
}

static void add_entry(struct buf *out, const struct explain *x)
{
	struct buf text;

	buf_init(&text, EXPLAIN_BYTES_MAX);
	buf_addf(&text, "%s: %s", x->name, x->title);
	buf_add_z(out, ".Ss");
	mdoc_arg(out, text.ptr);
	buf_add_byte(out, '\n');
	add_paragraph(out, "", x->about);
	buf_add_z(out, ".Pp\n");
	add_paragraph(out, "Why: ", x->why);
	buf_add_z(out, ".Pp\n");
	add_paragraph(out, "Mend: ", x->mend);
	buf_add_z(out, ".Pp\n");
	add_example(out, x);
	if (!x->error) {
		buf_add_z(out, ".Pp\n");
		buf_clear(&text);
		explain_add_allow(&text, x);
		mdoc_text(out, text.ptr);
	}
	buf_done(&text);
}

bool write_explained(struct buf *out, const struct manual_table *t,
	struct err *e)
{
	struct explain x;

	(void)t;
	if (!explain_check(e))
		return false;
	for (size_t i = 0; explain_at(i, &x); i++)
		add_entry(out, &x);
	return true;
}
