#include "base/xml.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/xml_shape.h"

static const char page[] =
	"<!DOCTYPE html><html><head><title>Orders</title></head><body>"
	"<ul><li>one<li class=x>two</ul><br><p>a &nbsp; b &euro;</p></body>";

static const char feed[] =
	"<?xml version='1.0'?><feed xmlns='urn:f' xmlns:x='urn:x'>"
	"<entry id='1'><x:n>3.50</x:n></entry><entry id='2'/></feed>";

static struct arena *a;

static void setup(void)
{
	a = arena_new();
}

static void teardown(void)
{
	arena_free(a);
}

TestSuite(xml, .init = setup, .fini = teardown);

static enum xpath_result eval_as(const char *xpath, struct str text,
	enum xml_syntax syntax, struct xpath_value *ret)
{
	return xpath_eval(a, str_from(xpath), text, syntax, STR_NONE, ret);
}

/* As JSON text, or "-" for no node, "!WHY", "?WHY" over budget. */
static const char *eval(const char *xpath, const char *text,
	enum xml_syntax syntax)
{
	struct xpath_value v;
	struct buf b;

	switch (eval_as(xpath, str_from(text), syntax, &v)) {
	case XPATH_NOTHING:
		return "-";
	case XPATH_BROKEN:
		return arena_printf(a, "!%.*s", STR_ARG(v.why)).ptr;
	case XPATH_BUDGET:
		return arena_printf(a, "?%.*s", STR_ARG(v.why)).ptr;
	case XPATH_OK:
		break;
	}
	buf_init(&b, 1 << 20);
	json_write(&b, v.json);
	const char *z = arena_str(a, buf_str(&b)).ptr;
	buf_done(&b);
	return z;
}

static void is(const char *xpath, const char *text, enum xml_syntax syntax,
	const char *want)
{
	const char *got = eval(xpath, text, syntax);

	cr_assert_str_eq(got, want, "%s: %s instead of %s", xpath, got, want);
}

Test(xml, each_type_of_a_result_is_a_value)
{
	is("count(//_:entry)", feed, XML_STRICT, "2");
	is("string(//x:n)", feed, XML_STRICT, "\"3.50\"");
	is("number(//x:n) * 2", feed, XML_STRICT, "7");
	is("1 div 3", feed, XML_STRICT, "0.3333333333333333");
	is("//_:entry/@id = 2", feed, XML_STRICT, "true");
	is("//_:entry/@id", feed, XML_STRICT, "[\"1\",\"2\"]");
	is("//entry", feed, XML_STRICT, "-");
	is("-0.5 * 0", feed, XML_STRICT, "0");
	is("123456789012345680000", feed, XML_STRICT, "1.2345678901234567e+20");
}

Test(xml, what_is_no_number_is_no_value)
{
	is("number('x')", feed, XML_STRICT, "!the XPath gives NaN");
	is("1 div 0", feed, XML_STRICT, "!the XPath gives Infinity");
}

Test(xml, html_is_read_as_browsers_do)
{
	is("string(//title)", page, XML_HTML, "\"Orders\"");
	is("//li", page, XML_HTML, "[\"one\",\"two\"]");
	is("//li[@class='x']", page, XML_BY_LOOKS, "[\"two\"]");
	is("//p", page, XML_HTML, "[\"a \xc2\xa0 b \xe2\x82\xac\"]");
	is("//a", "<p>no <a>end", XML_BY_LOOKS, "[\"end\"]");
}

Test(xml, xml_that_is_not_well_formed_is_never_repaired)
{
	cr_assert_eq(eval("//a", "<a><b></a>", XML_STRICT)[0], '!');
	cr_assert_eq(eval("//a", "<?xml version='1.0'?><a><b></a>",
			     XML_BY_LOOKS)[0],
		'!');
	cr_assert_eq(eval("//a", "", XML_BY_LOOKS)[0], '!');
	cr_assert_eq(eval("//a", "  \n", XML_HTML)[0], '!');
}

Test(xml, a_prefix_that_the_root_does_not_declare_is_said)
{
	const char *got = eval("//y:n", feed, XML_STRICT);

	cr_assert(strstr(got, "does not declare a prefix"), "%s", got);
}

Test(xml, a_document_that_declares_entities_is_refused)
{
	is("//a",
		"<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY z '&x;&x;'>]><a>&z;</a>",
		XML_STRICT, "!not read as XML: it declares entities");
	is("//a",
		"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
		"<a>&x;</a>",
		XML_STRICT, "!not read as XML: it declares entities");
	is("//a", "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>", XML_STRICT,
		"!not read as XML: it declares attributes");
	/* an external DTD is named, and not read */
	is("//a", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a>1</a>",
		XML_STRICT, "[\"1\"]");
}

Test(xml, what_is_too_deep_or_too_much_is_no_document)
{
	struct xpath_value v;
	struct buf b;

	buf_init(&b, XML_BYTES_MAX + 1);
	for (int i = 0; i < 300; i++)
		buf_add_z(&b, "<a>");
	for (int i = 0; i < 300; i++)
		buf_add_z(&b, "</a>");
	cr_assert_eq(eval_as("//a", buf_str(&b), XML_STRICT, &v), XPATH_BROKEN);
	buf_clear(&b);
	buf_add_z(&b, "<a>");
	for (int i = 0; i < XML_NODES_MAX; i++)
		buf_add_z(&b, "<b/>");
	buf_add_z(&b, "</a>");
	cr_assert_eq(eval_as("//a", buf_str(&b), XML_STRICT, &v), XPATH_BROKEN);
	cr_assert(str_ends(v.why, STR("200,000 nodes")), "%s", v.why.ptr);
	while (buf_add_z(&b, "  "))
		;
	buf_done(&b);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A tag of attributes that libxml2 would compare each with each. */
Test(xml, what_would_be_read_for_minutes_is_refused_at_once)
{
	static const enum xml_syntax as[] = { XML_STRICT, XML_HTML };
	struct xpath_value v;
	struct buf b;

	buf_init(&b, XML_BYTES_MAX);
	buf_add_z(&b, "<a");
	for (int i = 0; i < 300000; i++)
		buf_addf(&b, " b%d=''", i);
	buf_add_z(&b, "/>");
	double from = cpu_seconds();
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(eval_as("//a", buf_str(&b), as[i], &v),
			XPATH_BROKEN);
		cr_assert(str_ends(v.why, STR("too many attributes")), "%s",
			v.why.ptr);
	}
	cr_assert_lt(cpu_seconds() - from, 5.0);
	buf_done(&b);
}

Test(xml, a_runaway_ends_by_its_budget)
{
	static const char *const bad[] = { "//b[contains(/, 'zz')]",
		"//b[count(//b[count(//b) > 5]) > 5]", "//b = //b/following::b",
		"//b[. = //b/@c]", "count(//b/following::b)" };
	struct xpath_value v;
	struct buf b;

	buf_init(&b, XML_BYTES_MAX);
	buf_add_z(&b, "<a>");
	for (int i = 0; i < 9000; i++)
		buf_addf(&b, "<b c='%d'>some text that is %d</b>", i, i);
	buf_add_z(&b, "</a>");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		double from = cpu_seconds();
		cr_expect_eq(eval_as(bad[i], buf_str(&b), XML_STRICT, &v),
			XPATH_BUDGET, "%s", bad[i]);
		cr_expect_lt(cpu_seconds() - from, 8.0, "%s: %.1f s", bad[i],
			cpu_seconds() - from);
	}
	/* and the next one has all of its time again */
	cr_assert_eq(eval_as("count(//b)", buf_str(&b), XML_STRICT, &v),
		XPATH_OK);
	buf_done(&b);
}

static void refused(const char *xpath, size_t want_at, const char *want)
{
	char why[160];
	size_t at = 999;

	cr_assert_not(xpath_check(str_from(xpath), why, sizeof(why), &at), "%s",
		xpath);
	cr_assert_eq(at, want_at, "%s at %zu: %s", xpath, at, why);
	cr_assert(strstr(why, want), "%s: %s", xpath, why);
}

Test(xml, an_expression_that_is_wrong_is_refused_with_its_place)
{
	char why[160];
	size_t at;

	refused("//a[", 4, "");
	refused("//a[@b=$c]", 7, "variables");
	refused("//a[foo(1)]", 4, "no such function");
	refused("document('x')", 0, "no such function");
	refused("count(1)", 8, "Invalid type");
	refused("", 0, "");
	cr_assert(xpath_check(STR("//a[b and (c or d) and not(e)]/text()"), why,
		sizeof(why), &at));
	cr_assert(xpath_check(STR("//x:a[. = '$5 f(x)']"), why, sizeof(why),
		&at));
}

Test(xml, only_what_may_compare_node_sets_is_kept_small)
{
	cr_assert(xpath_pairs_nodes(STR("//a = //b")));
	cr_assert(xpath_pairs_nodes(STR("//a[. != ../b]")));
	cr_assert(xpath_pairs_nodes(STR("//a | //b")));
	cr_assert_not(xpath_pairs_nodes(STR("//a[@b='x']")));
	cr_assert_not(xpath_pairs_nodes(STR("2 < //a")));
	cr_assert_not(xpath_pairs_nodes(STR("//a = string(//b)")));
}

Test(xml, only_what_may_find_a_node_twice_has_fewer_steps)
{
	cr_assert(xpath_merges(STR("//a//b")));
	cr_assert(xpath_merges(STR("/a/b//c")));
	cr_assert(xpath_merges(STR("//a/..")));
	cr_assert(xpath_merges(STR("//a/following::b")));
	cr_assert(xpath_merges(STR("(//a)[1]/ancestor::*")));
	cr_assert_not(xpath_merges(STR("//a[@b='x']/c/text()")));
	cr_assert_not(xpath_merges(STR("//a[.//b and //c]/self::a")));
	cr_assert_not(xpath_merges(STR("count(//a) > count(descendant::b)")));
	cr_assert_not(xpath_merges(STR("//a[following-sibling::b]")));
}
