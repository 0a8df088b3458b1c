#include <string.h>

#include "suites/schema_parts.h"

/*
 * ECMA-262 knows the general categories of Unicode by their long names as
 * well, PCRE2 by the short ones alone.
 */
static const struct {
	struct str name;
	const char *brief;
} categories[] = {
	{ STR("Letter"), "L" },
	{ STR("Uppercase_Letter"), "Lu" },
	{ STR("Lowercase_Letter"), "Ll" },
	{ STR("Titlecase_Letter"), "Lt" },
	{ STR("Modifier_Letter"), "Lm" },
	{ STR("Other_Letter"), "Lo" },
	{ STR("Mark"), "M" },
	{ STR("Nonspacing_Mark"), "Mn" },
	{ STR("Spacing_Mark"), "Mc" },
	{ STR("Enclosing_Mark"), "Me" },
	{ STR("Number"), "N" },
	{ STR("Decimal_Number"), "Nd" },
	{ STR("Letter_Number"), "Nl" },
	{ STR("Other_Number"), "No" },
	{ STR("Punctuation"), "P" },
	{ STR("Connector_Punctuation"), "Pc" },
	{ STR("Dash_Punctuation"), "Pd" },
	{ STR("Open_Punctuation"), "Ps" },
	{ STR("Close_Punctuation"), "Pe" },
	{ STR("Initial_Punctuation"), "Pi" },
	{ STR("Final_Punctuation"), "Pf" },
	{ STR("Other_Punctuation"), "Po" },
	{ STR("Symbol"), "S" },
	{ STR("Math_Symbol"), "Sm" },
	{ STR("Currency_Symbol"), "Sc" },
	{ STR("Modifier_Symbol"), "Sk" },
	{ STR("Other_Symbol"), "So" },
	{ STR("Separator"), "Z" },
	{ STR("Space_Separator"), "Zs" },
	{ STR("Line_Separator"), "Zl" },
	{ STR("Paragraph_Separator"), "Zp" },
	{ STR("Other"), "C" },
	{ STR("Control"), "Cc" },
	{ STR("Format"), "Cf" },
	{ STR("Surrogate"), "Cs" },
	{ STR("Private_Use"), "Co" },
	{ STR("Unassigned"), "Cn" },
};

static struct str brief_name(struct str name)
{
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (str_eq(categories[i].name, name))
			return str_from(categories[i].brief);
	return name;
}

/* Length of a \p{NAME} at `at`, up to its brace; 0: it is none. */
static size_t property_length(struct str s, size_t at)
{
	size_t end;

	if (at + 2 >= s.len || s.ptr[at + 2] != '{' ||
		!strchr("pP", s.ptr[at + 1]))
		return 0;
	end = str_find_byte(s, '}', at);
	return end == SIZE_MAX ? 0 : end - at;
}

struct str schema_pattern(struct arena *a, struct str s)
{
	struct buf b;
	size_t n;

	buf_init(&b, s.len + 1);
	for (size_t i = 0; i < s.len; i += n) {
		n = 1;
		if (s.ptr[i] == '\\' && i + 1 < s.len)
			n = property_length(s, i);
		if (n > 2) {
			buf_add(&b, str_sub(s, i, 3));
			buf_add(&b, brief_name(str_sub(s, i + 3, n - 3)));
			continue;
		}
		if (n == 0)
			n = 2;
		buf_add(&b, str_sub(s, i, n));
	}
	struct str text = arena_str(a, b.ptr ? buf_str(&b) : STR(""));
	buf_done(&b);
	return text;
}
