#ifndef SUITES_FILTER_TABLE_H
#define SUITES_FILTER_TABLE_H

#include "base/buf.h"
#include "suites/query.h"

enum filter_argument {
	FILTER_NONE,
	FILTER_OPTIONAL, /* text or nothing */
	FILTER_INT,
	FILTER_NUMBER,
	FILTER_TEXT,
	FILTER_PATH,
	FILTER_XPATH,
	FILTER_REGEX,
	FILTER_PAIR,       /* a list of two scalars */
	FILTER_REGEX_PAIR, /* a list of a regex and text */
	FILTER_VALUE
};

enum { /* what it can be applied to */
	ON_STRING = 1,
	ON_NUMBER = 2,
	ON_LIST = 4,
	ON_OBJECT = 8,
	ON_REST = 16,   /* true, false, null */
	ON_MISSING = 32 /* also when there is nothing */
};

struct filter_call {
	const struct filter *f;
	const struct json *arg; /* NULL: none */
	struct arena *a;
	int64_t now_us; /* wall time of the step */
};

struct filter_row {
	const char *name;
	enum filter_argument argument;
	unsigned on;
	struct value (*apply)(struct filter_call *c, const struct json *in);
};

struct filter {
	struct filter *next;
	const struct filter_row *row;
	const struct template_tree *arg;
	const struct jsonpath *path;
	const struct regex *regex;
	struct str xpath;
	struct str text;
};

/* clang-format off */
#define FILTER_MAP(X)                                                         \
	X(count, "count", FILTER_NONE, ON_LIST | ON_OBJECT)                   \
	X(length, "length", FILTER_NONE, ON_STRING | ON_LIST | ON_OBJECT)     \
	X(first, "first", FILTER_NONE, ON_LIST)                               \
	X(last, "last", FILTER_NONE, ON_LIST)                                 \
	X(nth, "nth", FILTER_INT, ON_LIST)                                    \
	X(slice, "slice", FILTER_PAIR, ON_LIST)                               \
	X(sort, "sort", FILTER_NONE, ON_LIST)                                 \
	X(unique, "unique", FILTER_NONE, ON_LIST)                             \
	X(join, "join", FILTER_TEXT, ON_LIST)                                 \
	X(keys, "keys", FILTER_NONE, ON_OBJECT)                               \
	X(values, "values", FILTER_NONE, ON_OBJECT)                           \
	X(min, "min", FILTER_NONE, ON_LIST)                                   \
	X(max, "max", FILTER_NONE, ON_LIST)                                   \
	X(sum, "sum", FILTER_NONE, ON_LIST)                                   \
	X(avg, "avg", FILTER_NONE, ON_LIST)                                   \
	X(abs, "abs", FILTER_NONE, ON_NUMBER)                                 \
	X(round, "round", FILTER_NONE, ON_NUMBER)                             \
	X(multiply, "multiply", FILTER_NUMBER, ON_NUMBER)                     \
	X(divide, "divide", FILTER_NUMBER, ON_NUMBER)                         \
	X(to_int, "toInt", FILTER_NONE, ON_NUMBER | ON_STRING)                \
	X(to_float, "toFloat", FILTER_NONE, ON_NUMBER | ON_STRING)            \
	X(to_string, "toString", FILTER_NONE, ON_NUMBER | ON_STRING | ON_REST | ON_LIST | ON_OBJECT) \
	X(to_bool, "toBool", FILTER_NONE, ON_STRING | ON_REST)                \
	X(to_json, "toJson", FILTER_NONE, ON_NUMBER | ON_STRING | ON_REST | ON_LIST | ON_OBJECT) \
	X(from_json, "fromJson", FILTER_NONE, ON_STRING)                      \
	X(type, "type", FILTER_NONE, ON_NUMBER | ON_STRING | ON_REST | ON_LIST | ON_OBJECT) \
	X(lower, "lower", FILTER_NONE, ON_STRING)                             \
	X(upper, "upper", FILTER_NONE, ON_STRING)                             \
	X(trim, "trim", FILTER_NONE, ON_STRING)                               \
	X(split, "split", FILTER_TEXT, ON_STRING)                             \
	X(replace, "replace", FILTER_PAIR, ON_STRING)                         \
	X(replace_regex, "replaceRegex", FILTER_REGEX_PAIR, ON_STRING)        \
	X(regex, "regex", FILTER_REGEX, ON_STRING)                            \
	X(jsonpath, "jsonpath", FILTER_PATH, ON_STRING | ON_LIST | ON_OBJECT) \
	X(xpath, "xpath", FILTER_XPATH, ON_STRING)                            \
	X(base64_encode, "base64Encode", FILTER_NONE, ON_STRING)              \
	X(base64_decode, "base64Decode", FILTER_NONE, ON_STRING)              \
	X(base64url_encode, "base64UrlSafeEncode", FILTER_NONE, ON_STRING)    \
	X(base64url_decode, "base64UrlSafeDecode", FILTER_NONE, ON_STRING)    \
	X(url_encode, "urlEncode", FILTER_NONE, ON_STRING)                    \
	X(url_decode, "urlDecode", FILTER_NONE, ON_STRING)                    \
	X(location, "location", FILTER_NONE, ON_OBJECT)                       \
	X(url_query_param, "urlQueryParam", FILTER_TEXT, ON_STRING)           \
	X(html_escape, "htmlEscape", FILTER_NONE, ON_STRING)                  \
	X(html_unescape, "htmlUnescape", FILTER_NONE, ON_STRING)              \
	X(decode, "decode", FILTER_TEXT, ON_STRING)                           \
	X(utf8_decode, "utf8Decode", FILTER_NONE, ON_STRING)                  \
	X(utf8_encode, "utf8Encode", FILTER_NONE, ON_STRING)                  \
	X(jwt_claims, "jwtClaims", FILTER_NONE, ON_STRING)                    \
	X(to_date, "toDate", FILTER_OPTIONAL, ON_STRING | ON_NUMBER)          \
	X(date_format, "dateFormat", FILTER_TEXT, ON_STRING)                  \
	X(days_after_now, "daysAfterNow", FILTER_NONE, ON_STRING)             \
	X(days_before_now, "daysBeforeNow", FILTER_NONE, ON_STRING)           \
	X(to_hex, "toHex", FILTER_NONE, ON_STRING)                            \
	X(sha256, "sha256", FILTER_NONE, ON_STRING)                           \
	X(default, "default", FILTER_VALUE, ON_NUMBER | ON_STRING | ON_REST | ON_LIST | ON_OBJECT | ON_MISSING)
/* clang-format on */

#define X(id, name, argument, on)                                              \
	struct value filter_##id(struct filter_call *c, const struct json *in);
FILTER_MAP(X)
#undef X

enum { FILTER_TEXT_MAX = 16 << 20 }; /* bytes that a filter may give */

/* Text is copied; a buf is emptied, and too long a one is VALUE_BROKEN. */
struct value filter_give(const struct filter_call *c, struct str s);
struct value filter_give_buf(const struct filter_call *c, struct buf *b);

/* VALUE_BROKEN, with the name of the filter before the reason. */
struct value filter_broken(const struct filter_call *c, struct str why);
struct value filter_fail(const struct filter_call *c, const char *why);

#endif
