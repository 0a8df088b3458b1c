#include "suites/xml.h"

#include "base/codes.h"
#include "base/xml.h"
#include "suites/scalar.h"

bool xpath_of_scalar(const struct yaml_node *n, struct str text,
	struct diags *ds)
{
	char why[160];
	size_t at = 0;
	bool ok = xpath_check(text, why, sizeof(why), &at);

	if (!ok)
		diag_add(ds, DIAG_ERROR, E45, scalar_span(n, at, 1),
			"XPath does not compile: %s", why);
	return ok;
}

static struct value evaluated(struct str xpath, struct str text,
	enum xml_syntax syntax, struct str charset, struct arena *a)
{
	struct xpath_value got;
	struct value v;

	switch (xpath_eval(a, xpath, text.ptr ? text : STR(""), syntax, charset,
		&got)) {
	case XPATH_OK:
		v = value_ok(got.json);
		v.nodes = got.nodes;
		return v;
	case XPATH_NOTHING:
		return value_not(VALUE_MISSING, STR("missing"));
	case XPATH_BUDGET:
		return value_not(VALUE_BUDGET, got.why);
	case XPATH_BROKEN:
		break;
	}
	return value_not(VALUE_BROKEN, got.why);
}

/* What stands behind `charset=`, without its quotes. */
static struct str charset_of(struct str parameters)
{
	struct str name = STR("charset=");

	while (parameters.ptr) {
		struct str one = str_trim(str_cut(&parameters, ';'));
		if (!str_eq_nocase(str_sub(one, 0, name.len), name))
			continue;
		one = str_sub(one, name.len, one.len);
		if (one.len >= 2 && one.ptr[0] == '"')
			one = str_sub(one, 1, one.len - 2);
		return one;
	}
	return STR_NONE;
}

static enum xml_syntax syntax_of(struct str type)
{
	if (str_eq_nocase(type, STR("text/html")))
		return XML_HTML;
	if (type.len >= 4 &&
		(str_eq_nocase(str_sub(type, type.len - 4, 4), STR("/xml")) ||
			str_eq_nocase(str_sub(type, type.len - 4, 4),
				STR("+xml"))))
		return XML_STRICT;
	return XML_BY_LOOKS;
}

struct value value_of_xpath(struct str xpath, bool checked,
	const struct look *l)
{
	char why[160];
	size_t at;

	struct str rest = response_header_get(l->r, STR("Content-Type"));
	struct str type = rest.ptr ? str_trim(str_cut(&rest, ';')) : STR("");

	if (!checked && !xpath_check(xpath, why, sizeof(why), &at))
		return value_not(VALUE_BROKEN,
			arena_printf(l->a, "XPath does not compile: %s", why));
	struct value v = evaluated(xpath, l->r->body, syntax_of(type),
		charset_of(rest), l->a);
	if (v.state == VALUE_BROKEN && str_starts(v.why, STR("not read")))
		v.why = arena_printf(l->a, "body is %.*s", STR_ARG(v.why));
	return v;
}

struct value value_of_xpath_text(struct str xpath, struct str text,
	struct arena *a)
{
	return evaluated(xpath, text, XML_BY_LOOKS, STR_NONE, a);
}
