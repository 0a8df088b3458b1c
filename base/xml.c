#include "base/xml.h"

#include <assert.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/oom.h"
#include "base/xml_shape.h"

/* --- the clock of an evaluation ----------------------------------------- */

/*
 * libxml2 counts operations, but not what one of them costs: over 4 MiB,
 * contains(/, "x") is one as well.  What is expensive in it makes strings, and
 * so comes by here; when its time is over it finds that it may do no more.
 */
struct budget {
	xmlXPathContextPtr x; /* NULL: nothing is evaluated */
	uint64_t until_ns;    /* of the CPU's clock */
	uint64_t looked_ns;   /* at it, by the cheap clock */
	bool over;
};

static _Thread_local struct budget budget;

/* 25 ns for the wall's clock, ten times that for the CPU's. */
enum { LOOK_NS = 2000000 };

static uint64_t clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void tick(void)
{
	struct budget *b = &budget;

	if (!b->x || b->over)
		return;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	if (now_ns - b->looked_ns < LOOK_NS)
		return;
	b->looked_ns = now_ns;
	if (clock_ns(CLOCK_THREAD_CPUTIME_ID) <= b->until_ns)
		return;
	b->over = true;
	b->x->opLimit = 1;
}

/* --- libxml2 in this process -------------------------------------------- */

static void *memory_get(size_t bytes)
{
	tick();
	return xmalloc(bytes);
}

static void *memory_change(void *p, size_t bytes)
{
	tick();
	return xrealloc(p, bytes);
}

static char *memory_text(const char *z)
{
	tick();
	return xstrdup(z);
}

/* Nothing outside of the text is ever read, whatever the options say. */
static xmlParserInputPtr load_nothing(const char *url, const char *id,
	xmlParserCtxtPtr parser)
{
	(void)url;
	(void)id;
	(void)parser;
	return NULL;
}

static void init(void)
{
	xmlMemSetup(free, memory_get, memory_change, memory_text);
	xmlInitParser();
	xmlSetExternalEntityLoader(load_nothing);
}

/* Older versions hand over an error to be changed, newer ones to be read. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ref;
#else
typedef xmlErrorPtr error_ref;
#endif

static void be_quiet(void *unused, error_ref why)
{
	(void)unused;
	(void)why;
}

/* What XPath complains of; its text does not outlive the call. */
struct complaint {
	char text[160];
	int at;
};

static void keep_complaint(void *owner, error_ref why)
{
	struct complaint *c = owner;
	struct str s = str_trim(str_from(why->message ? why->message : ""));

	if (c->text[0])
		return;
	snprintf(c->text, sizeof(c->text), "%.*s", s.len ? (int)s.len : 13,
		s.len ? s.ptr : "unknown error");
	c->at = why->int1;
}

static void open_door(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init);
	xmlSetStructuredErrorFunc(NULL, be_quiet); /* of this thread */
#if LIBXML_VERSION < 21300
	/* else each piece of a text moves all that is before it */
	xmlSetBufferAllocationScheme(XML_BUFFER_ALLOC_DOUBLEIT);
#endif
}

/* Its sentence on one line, without the line end. */
static struct str error_text(struct arena *a, const char *z)
{
	struct str s = str_trim(str_from(z ? z : "unknown error"));

	return arena_str(a, str_sub(s, 0, 200));
}

/* --- documents ---------------------------------------------------------- */

struct reading {
	const char *refused; /* NULL: nothing that we refuse */
	unsigned nodes;
};

static void refuse(xmlParserCtxtPtr parser, const char *why)
{
	struct reading *r = parser->_private;

	if (!r->refused)
		r->refused = why;
	xmlStopParser(parser);
}

/* NOLINTBEGIN(readability-*): what they take is libxml2's to say */
static void on_entity(void *parser, const xmlChar *name, int type,
	const xmlChar *public_id, const xmlChar *system_id, xmlChar *content)
{
	(void)name;
	(void)type;
	(void)public_id;
	(void)system_id;
	(void)content;
	refuse(parser, "it declares entities");
}

static void on_attribute(void *parser, const xmlChar *element,
	const xmlChar *name, int type, int use, const xmlChar *value,
	xmlEnumerationPtr tree)
{
	(void)element;
	(void)name;
	(void)type;
	(void)use;
	(void)value;
	xmlFreeEnumeration(tree);
	refuse(parser, "it declares attributes");
}
/* NOLINTEND(readability-*) */

static unsigned count_nodes(const xmlNode *root)
{
	const xmlNode *n = root;
	unsigned count = 0;

	while (n && count <= XML_NODES_MAX) {
		count++;
		if (n->type == XML_ELEMENT_NODE) {
			const xmlAttr *at = n->properties;
			for (; at; at = at->next)
				count++;
		}
		if (n->children && n->type != XML_ENTITY_REF_NODE) {
			n = n->children;
			continue;
		}
		while (n && n != root && !n->next)
			n = n->parent;
		n = n && n != root ? n->next : NULL;
	}
	return count;
}

enum {
	HTML_OPTIONS = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
		       HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
		       HTML_PARSE_COMPACT,
	XML_OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR |
		      XML_PARSE_NOWARNING | XML_PARSE_COMPACT
};

static xmlDocPtr read_html(struct str text, const char *charset)
{
	htmlParserCtxtPtr parser = htmlNewParserCtxt();
	struct reading r = { 0 };

	parser->_private = &r;
	xmlDocPtr doc = htmlCtxtReadMemory(parser, text.ptr, (int)text.len,
		NULL, charset, HTML_OPTIONS);
	htmlFreeParserCtxt(parser);
	return doc;
}

static xmlDocPtr read_xml(struct str text, const char *charset, struct arena *a,
	struct str *ret_why)
{
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	struct reading r = { 0 };

	parser->_private = &r;
	parser->sax->entityDecl = on_entity;
	parser->sax->attributeDecl = on_attribute;
	xmlDocPtr doc = xmlCtxtReadMemory(parser, text.ptr, (int)text.len, NULL,
		charset, XML_OPTIONS);
	const xmlError *last = xmlCtxtGetLastError(parser);
	if (doc && r.refused) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	if (!doc && r.refused)
		*ret_why = str_from(r.refused);
	else if (!doc)
		*ret_why = arena_printf(a, "%.*s in line %d",
			STR_ARG(error_text(a, last ? last->message : NULL)),
			last ? last->line : 0);
	xmlFreeParserCtxt(parser);
	return doc;
}

static const char *charset_of(struct arena *a, struct str text,
	struct str charset)
{
	if (charset.len)
		return arena_str(a, charset).ptr;
	return str_is_utf8(text) ? "UTF-8" : NULL;
}

static xmlDocPtr read_document(struct arena *a, struct str text,
	enum xml_syntax syntax, struct str charset, struct str *ret_why)
{
	const char *why = xml_forbidden(text);
	const char *coding = charset_of(a, text, charset);
	xmlDocPtr doc = NULL;

	if (!why && str_trim(text).len == 0)
		why = "it is empty";
	else if (!why && syntax == XML_BY_LOOKS &&
		 !str_starts(str_trim(text), STR("<")))
		why = "it does not begin with <";
	if (why) {
		*ret_why = str_from(why);
		return NULL;
	}
	if (syntax != XML_HTML)
		doc = read_xml(text, coding, a, ret_why);
	if (!doc && (syntax == XML_HTML ||
			    (syntax == XML_BY_LOOKS &&
				    !str_starts(str_trim(text), STR("<?xml")))))
		doc = read_html(text, coding);
	if (!doc && !ret_why->ptr)
		*ret_why = STR("it can not be read");
	return doc;
}

/* --- expressions -------------------------------------------------------- */

/* The prefixes of the root element, as Hurl has it: `_` is the default. */
static void add_prefixes(xmlXPathContextPtr x, const xmlNode *root)
{
	for (const xmlNs *ns = root ? root->nsDef : NULL; ns; ns = ns->next)
		xmlXPathRegisterNs(x,
			ns->prefix ? ns->prefix : (const xmlChar *)"_",
			ns->href);
}

static bool is_budget(int error)
{
	return error == XML_XPATH_EXPRESSION_OK + XPATH_OP_LIMIT_EXCEEDED ||
	       error == XML_XPATH_EXPRESSION_OK +
				XPATH_RECURSION_LIMIT_EXCEEDED ||
	       error == XML_XPATH_EXPRESSION_OK + XPATH_STACK_ERROR ||
	       error == XML_XPATH_EXPRESSION_OK + XPATH_MEMORY_ERROR;
}

/* Shortest text that reads back as the same double. */
static struct str number_text(struct arena *a, double d)
{
	char out[40];

	if (d == 0)
		return STR("0");
	if (fabs(d) < 1e15 && floor(d) == d) {
		snprintf(out, sizeof(out), "%.0f", d);
		return arena_str(a, str_from(out));
	}
	for (int digits = 15; digits <= 17; digits++) {
		double back = 0;
		snprintf(out, sizeof(out), "%.*g", digits, d);
		if (str_to_double(str_from(out), &back) && back == d)
			break;
	}
	return arena_str(a, str_from(out));
}

static enum xpath_result give_nodes(struct arena *a, const xmlNodeSet *set,
	struct xpath_value *ret)
{
	struct json *list;
	size_t bytes = 0;

	if (!set || set->nodeNr == 0)
		return XPATH_NOTHING;
	if (set->nodeNr > XPATH_NODES_MAX) {
		ret->why = STR("the XPath gives more than 10,000 nodes");
		return XPATH_BUDGET;
	}
	list = json_new(a, JSON_ARRAY);
	for (int i = 0; i < set->nodeNr; i++) {
		xmlChar *text = xmlXPathCastNodeToString(set->nodeTab[i]);
		struct str s = str_from(text ? (const char *)text : "");
		bytes += s.len;
		if (bytes <= XML_BYTES_MAX)
			json_append(list, STR_NONE, json_new_str(a, s));
		xmlFree(text);
		if (bytes > XML_BYTES_MAX) {
			ret->why = STR("the XPath gives more than 4 MiB");
			return XPATH_BUDGET;
		}
	}
	ret->json = list;
	ret->nodes = true;
	return XPATH_OK;
}

static enum xpath_result give(struct arena *a, const xmlXPathObject *o,
	struct xpath_value *ret)
{
	switch (o->type) {
	case XPATH_NODESET:
		return give_nodes(a, o->nodesetval, ret);
	case XPATH_BOOLEAN:
		ret->json = json_new_bool(a, o->boolval);
		return XPATH_OK;
	case XPATH_STRING:
		ret->json =
			json_new_str(a, str_from((const char *)o->stringval));
		return XPATH_OK;
	case XPATH_NUMBER:
		if (isnan(o->floatval) || isinf(o->floatval)) {
			ret->why = isnan(o->floatval)
					   ? STR("the XPath gives NaN")
					   : STR("the XPath gives Infinity");
			return XPATH_BROKEN;
		}
		ret->json = json_new_number(a, number_text(a, o->floatval));
		return XPATH_OK;
	default:
		ret->why = STR("the XPath gives no value");
		return XPATH_BROKEN;
	}
}

/* Between the two the thread's clock runs. */
static void clock_start(xmlXPathContextPtr x, unsigned long steps)
{
	budget = (struct budget){ .x = x };
	budget.looked_ns = clock_ns(CLOCK_MONOTONIC);
	budget.until_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) +
			  (uint64_t)XPATH_CPU_MS * 1000000;
	x->opLimit = steps;
}

static bool clock_stop(void)
{
	budget.x = NULL;
	return budget.over;
}

static unsigned long steps_for(struct str expression, unsigned nodes)
{
	unsigned long steps = 10UL * XPATH_MERGES_MAX / (nodes + 1);

	if (!xpath_merges(expression) || steps > XPATH_STEPS_MAX)
		return XPATH_STEPS_MAX;
	return steps;
}

static enum xpath_result evaluate(struct arena *a, struct str expression,
	xmlDocPtr doc, unsigned nodes, struct xpath_value *ret)
{
	xmlXPathContextPtr x = xmlXPathNewContext(doc);
	enum xpath_result is = XPATH_BROKEN;
	struct complaint wrong = { "", 0 };

	xmlSetStructuredErrorFunc(&wrong, keep_complaint);
	x->node = (xmlNodePtr)doc;
	add_prefixes(x, xmlDocGetRootElement(doc));
	xmlXPathOrderDocElems(doc);
	clock_start(x, steps_for(expression, nodes));
	xmlXPathObjectPtr o =
		xmlXPathEval((const xmlChar *)arena_str(a, expression).ptr, x);
	if (o)
		is = give(a, o, ret);
	int error = x->lastError.code;
	if (clock_stop() || (!o && is_budget(error))) {
		ret->why = STR("the XPath takes more steps than it may");
		is = XPATH_BUDGET;
	} else if (!o) {
		ret->why =
			error == XML_XPATH_UNDEF_PREFIX_ERROR
				? STR("the root element does not declare a "
				      "prefix of the XPath")
				: arena_printf(a,
					  "the XPath can not be evaluated: %s",
					  wrong.text);
	}
	xmlSetStructuredErrorFunc(NULL, be_quiet);
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(x);
	return is;
}

enum xpath_result xpath_eval(struct arena *a, struct str expression,
	struct str text, enum xml_syntax syntax, struct str charset,
	struct xpath_value *ret)
{
	struct xpath_value value = { 0 };
	enum xpath_result is = XPATH_BROKEN;
	struct str why = STR_NONE;

	open_door();
	xmlDocPtr doc = read_document(a, text, syntax, charset, &why);
	unsigned nodes = doc ? count_nodes((const xmlNode *)doc) : 0;
	if (nodes > XML_NODES_MAX)
		why = STR("more than 200,000 nodes");
	if (!doc || nodes > XML_NODES_MAX) {
		value.why = arena_printf(a, "not read as %s: %.*s",
			syntax == XML_HTML ? "HTML" : "XML", STR_ARG(why));
	} else if (nodes > XML_PAIR_NODES_MAX &&
		   xpath_pairs_nodes(expression)) {
		value.why = STR("the XPath may compare node sets, and there "
				"are more than 10,000 nodes");
		is = XPATH_BUDGET;
	} else {
		is = evaluate(a, expression, doc, nodes, &value);
	}
	xmlFreeDoc(doc);
	*ret = value;
	return is;
}

bool xpath_check(struct str expression, char *ret_why, size_t why_size,
	size_t *ret_at)
{
	static const char empty[] = "<a/>";
	const char *why = NULL;
	struct complaint wrong = { "", 0 };
	struct str own = STR_NONE;
	size_t at = 0;
	bool ok = false;

	open_door();
	if (xpath_forbidden(expression, &at, &why)) {
		snprintf(ret_why, why_size, "%s", why);
		*ret_at = at;
		return false;
	}
	own = str_own(expression);
	xmlDocPtr doc = xmlReadMemory(empty, sizeof(empty) - 1, NULL, NULL,
		XML_OPTIONS);
	xmlXPathContextPtr x = xmlXPathNewContext(doc);
	xmlSetStructuredErrorFunc(&wrong, keep_complaint);
	x->node = (xmlNodePtr)doc;
	clock_start(x, XPATH_STEPS_MAX);
	xmlXPathObjectPtr o = xmlXPathEval((const xmlChar *)own.ptr, x);
	/* which prefixes there are is known when there is a document */
	ok = o || x->lastError.code == XML_XPATH_UNDEF_PREFIX_ERROR;
	clock_stop();
	if (!ok) {
		snprintf(ret_why, why_size, "%s", wrong.text);
		at = wrong.at > 0 ? (size_t)wrong.at : 0;
		*ret_at = at < expression.len ? at : expression.len;
	}
	xmlSetStructuredErrorFunc(NULL, be_quiet);
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(x);
	xmlFreeDoc(doc);
	str_disown(&own);
	return ok;
}
