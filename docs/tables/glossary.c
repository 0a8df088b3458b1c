#include "docs/tables/glossary.h"

/* clang-format off */
static const struct entry entries[] = {
	/* --- what `expect` and `warn` look at --- */
	{ GLOSSARY_SUBJECT, "status", "201, 2xx or a list of these",
		"the status code. Where nothing is said about it, 2xx is "
		"expected." },
	{ GLOSSARY_SUBJECT, "version", "PREDICATES",
		"the version of HTTP: 1.0, 1.1 or 2, as text" },
	{ GLOSSARY_SUBJECT, "headers", "{NAME: PREDICATES}",
		"headers of the response; a header that comes more than once "
		"is a list" },
	{ GLOSSARY_SUBJECT, "cookies", "{NAME: PREDICATES}",
		"cookies that the response sets; `NAME[Attribute]` is one of "
		"its attributes" },
	{ GLOSSARY_SUBJECT, "json", "{JSONPATH: PREDICATES}",
		"values of a JSON body" },
	{ GLOSSARY_SUBJECT, "xml", "{XPATH: PREDICATES}",
		"values of an XML or HTML body" },
	{ GLOSSARY_SUBJECT, "body", "PREDICATES",
		"the body as text; it must be UTF-8" },
	{ GLOSSARY_SUBJECT, "size", "PREDICATES",
		"bytes of the decoded body; sizes such as `4KiB` are "
		"understood" },
	{ GLOSSARY_SUBJECT, "duration", "PREDICATES",
		"from the start of the request to the last byte; compared "
		"with durations such as `400ms`" },
	{ GLOSSARY_SUBJECT, "timing", "{PHASE: PREDICATES}",
		"one phase: dns, connect, tls, ttfb, transfer or total. A "
		"phase that did not happen is missing, not 0." },
	{ GLOSSARY_SUBJECT, "cert", "{FACT: PREDICATES}",
		"facts of the server's certificate, below" },
	{ GLOSSARY_SUBJECT, "tls", "{FACT: PREDICATES}",
		"facts of the TLS connection, below" },
	{ GLOSSARY_SUBJECT, "dns", "{FACT: PREDICATES}",
		"facts of the answer to a step of `dns`, below" },
	{ GLOSSARY_SUBJECT, "ip", "PREDICATES", "the address that answered" },
	{ GLOSSARY_SUBJECT, "url", "PREDICATES",
		"the URL that answered, behind redirects" },
	{ GLOSSARY_SUBJECT, "redirects", "PREDICATES",
		"the redirects that were followed, in order: a list of {status, url, "
		"location}" },

	/* --- ${NAME} --- */
	{ GLOSSARY_BUILTIN, "region", NULL, "the region's name, such as west" },
	{ GLOSSARY_BUILTIN, "env", NULL, "its environment, such as prod" },
	{ GLOSSARY_BUILTIN, "role", NULL, "the role of this run" },
	{ GLOSSARY_BUILTIN, "runner", NULL, "the runner's name" },
	{ GLOSSARY_BUILTIN, "suite", NULL, "the suite's name" },
	{ GLOSSARY_BUILTIN, "step", NULL,
		"the step's name; known inside of steps only" },
	{ GLOSSARY_BUILTIN, "run.id", NULL, "another one in every run" },
	{ GLOSSARY_BUILTIN, "run.number", NULL,
		"a number that counts the runs of this check" },
	{ GLOSSARY_BUILTIN, "deploy.version", NULL,
		"the version that is deployed there, as the pipeline told it; "
		"empty when nobody did" },

	/* --- ${NAME()} --- */
	{ GLOSSARY_FUNCTION, "uuid", "", "a random UUID, version 4" },
	{ GLOSSARY_FUNCTION, "now", "FORMAT, OFFSET",
		"the time at the start of the step. FORMAT is rfc3339 (the "
		"default), date, http, unix, unixMs or a format of "
		"strftime(3); OFFSET is a duration such as `-5m`. Both may be "
		"left out." },
	{ GLOSSARY_FUNCTION, "unix", "", "the same in seconds since 1970" },
	{ GLOSSARY_FUNCTION, "unixMs", "", "the same in milliseconds" },
	{ GLOSSARY_FUNCTION, "randomInt", "LOW, HIGH",
		"a whole number, both ends included" },
	{ GLOSSARY_FUNCTION, "randomString", "N",
		"N small letters and digits" },
	{ GLOSSARY_FUNCTION, "randomHex", "N", "N hexadecimal digits" },
	{ GLOSSARY_FUNCTION, "pick", "VALUE, ...",
		"one of its arguments, or one element of a list" },
	{ GLOSSARY_FUNCTION, "file", "PATH",
		"the text of a file in the suite's folder, as it stands; PATH "
		"is no expression: the file is read when the suite is loaded" },
	{ GLOSSARY_FUNCTION, "base64", "TEXT", "in base64 with padding" },
	{ GLOSSARY_FUNCTION, "hex", "TEXT", "its bytes in hexadecimal" },
	{ GLOSSARY_FUNCTION, "urlEncode", "TEXT",
		"percent-encoded for any part of a URL" },
	{ GLOSSARY_FUNCTION, "sha256", "TEXT", "its SHA-256 in hexadecimal" },
	{ GLOSSARY_FUNCTION, "hmac", "ALGORITHM, KEY, TEXT",
		"in hexadecimal; ALGORITHM is sha1, sha256, sha384 or "
		"sha512" },
	{ GLOSSARY_FUNCTION, "jwt", "ALGORITHM, KEY, CLAIMS",
		"a signed token; ALGORITHM is HS256, HS384 or HS512, CLAIMS "
		"an object" },
	{ GLOSSARY_FUNCTION, "lower", "TEXT", "in small letters (ASCII)" },
	{ GLOSSARY_FUNCTION, "upper", "TEXT", "in capitals (ASCII)" },
	{ GLOSSARY_FUNCTION, "trim", "TEXT", "without blanks at both ends" },
	{ GLOSSARY_FUNCTION, "json", "VALUE", "the value as JSON text" },
	{ GLOSSARY_FUNCTION, "add", "A, B", "the exact sum of two numbers" },
	{ GLOSSARY_FUNCTION, "sub", "A, B", "the exact difference" },

	/* --- extractors --- */
	{ GLOSSARY_EXTRACTOR, "status", NULL, "the status code" },
	{ GLOSSARY_EXTRACTOR, "version", NULL,
		"the version of HTTP, as text" },
	{ GLOSSARY_EXTRACTOR, "url", NULL, "the URL that answered" },
	{ GLOSSARY_EXTRACTOR, "header", "NAME",
		"a header; the list of its values when there are several" },
	{ GLOSSARY_EXTRACTOR, "cookie", "NAME or NAME[Attribute]",
		"a cookie that the response sets, or an attribute of it" },
	{ GLOSSARY_EXTRACTOR, "body", NULL,
		"the body as text; it must be UTF-8" },
	{ GLOSSARY_EXTRACTOR, "bytes", NULL, "the body, whatever it holds" },
	{ GLOSSARY_EXTRACTOR, "jsonpath", "EXPRESSION",
		"RFC 9535. An expression that can name one node only gives "
		"its value; any other gives the list of what it found." },
	{ GLOSSARY_EXTRACTOR, "xpath", "EXPRESSION",
		"XPath 1.0 over XML or HTML: a number, text or boolean, or "
		"the list of the text of each node. HTML where the media type "
		"is text/html, strictly XML where it names XML; anything else "
		"is HTML when it is not well-formed XML. The prefixes are "
		"those of the root element, `_` is its default namespace. A "
		"document that declares entities is refused." },
	{ GLOSSARY_EXTRACTOR, "regex", "PATTERN",
		"its first group in the body, or the whole match (PCRE2)" },
	{ GLOSSARY_EXTRACTOR, "variable", "NAME", "a value of the run" },
	{ GLOSSARY_EXTRACTOR, "duration", NULL,
		"how long the request took" },
	{ GLOSSARY_EXTRACTOR, "sha256", NULL,
		"SHA-256 of the body, hexadecimal" },
	{ GLOSSARY_EXTRACTOR, "md5", NULL,
		"MD5 of the body, hexadecimal" },
	{ GLOSSARY_EXTRACTOR, "ip", NULL, "the address that answered" },
	{ GLOSSARY_EXTRACTOR, "redirects", NULL,
		"the redirects that were followed, in order: a list of {status, url, "
		"location}" },
	{ GLOSSARY_EXTRACTOR, "size", NULL,
		"bytes of the decoded body" },
	{ GLOSSARY_EXTRACTOR, "timing", "PHASE",
		"dns, connect, tls, ttfb, transfer or total" },
	{ GLOSSARY_EXTRACTOR, "attempts", NULL,
		"how many requests this step took" },
	{ GLOSSARY_EXTRACTOR, "certificate", "FACT",
		"a fact of the server's certificate, below" },
	{ GLOSSARY_EXTRACTOR, "tls", "FACT",
		"a fact of the TLS connection, below" },
	{ GLOSSARY_EXTRACTOR, "dns", "FACT",
		"a fact of the answer to a step of `dns`, below" },

	/* --- filters --- */
	{ GLOSSARY_FILTER, "count", NULL,
		"how many elements, or keys of an object" },
	{ GLOSSARY_FILTER, "length", NULL,
		"the same; of a text its code points" },
	{ GLOSSARY_FILTER, "first", NULL, "the first element" },
	{ GLOSSARY_FILTER, "last", NULL, "the last element" },
	{ GLOSSARY_FILTER, "nth", "N",
		"the element at N, from 0 on; a negative N counts from the "
		"end" },
	{ GLOSSARY_FILTER, "slice", "[FROM, TO]",
		"elements from FROM on, TO not included; negative ones count "
		"from the end" },
	{ GLOSSARY_FILTER, "sort", NULL,
		"numbers or texts, from small to large" },
	{ GLOSSARY_FILTER, "unique", NULL, "each value once" },
	{ GLOSSARY_FILTER, "join", "BETWEEN", "elements as one text" },
	{ GLOSSARY_FILTER, "keys", NULL, "the keys of an object" },
	{ GLOSSARY_FILTER, "values", NULL, "the values of an object" },
	{ GLOSSARY_FILTER, "min", NULL, "the least number or text" },
	{ GLOSSARY_FILTER, "max", NULL, "the greatest number or text" },
	{ GLOSSARY_FILTER, "sum", NULL, "the exact sum of numbers" },
	{ GLOSSARY_FILTER, "avg", NULL, "the mean of numbers" },
	{ GLOSSARY_FILTER, "abs", NULL, "a number without its sign" },
	{ GLOSSARY_FILTER, "round", NULL, "to the nearest whole number" },
	{ GLOSSARY_FILTER, "multiply", "NUMBER", "times it, exact" },
	{ GLOSSARY_FILTER, "divide", "NUMBER", "divided by it" },
	{ GLOSSARY_FILTER, "toInt", NULL,
		"a number without its fraction; also out of text" },
	{ GLOSSARY_FILTER, "toFloat", NULL, "the number in a text" },
	{ GLOSSARY_FILTER, "toString", NULL, "any value but null as text" },
	{ GLOSSARY_FILTER, "toBool", NULL, "out of the texts true and false" },
	{ GLOSSARY_FILTER, "toJson", NULL, "the value as JSON text" },
	{ GLOSSARY_FILTER, "fromJson", NULL, "the value of a JSON text" },
	{ GLOSSARY_FILTER, "type", NULL, "the name of its type" },
	{ GLOSSARY_FILTER, "lower", NULL, "in small letters (ASCII)" },
	{ GLOSSARY_FILTER, "upper", NULL, "in capitals (ASCII)" },
	{ GLOSSARY_FILTER, "trim", NULL, "without blanks at both ends" },
	{ GLOSSARY_FILTER, "split", "SEPARATOR", "a text into a list" },
	{ GLOSSARY_FILTER, "replace", "[OLD, NEW]", "wherever OLD stands" },
	{ GLOSSARY_FILTER, "replaceRegex", "[PATTERN, NEW]",
		"every match; $0 to $9 in NEW are its groups, $$ is a $" },
	{ GLOSSARY_FILTER, "regex", "PATTERN",
		"its first group, or the whole match" },
	{ GLOSSARY_FILTER, "jsonpath", "EXPRESSION",
		"of a value, or of a text that holds JSON" },
	{ GLOSSARY_FILTER, "xpath", "EXPRESSION",
		"of a text that holds XML, or else HTML" },
	{ GLOSSARY_FILTER, "base64Encode", NULL, "into base64 with padding" },
	{ GLOSSARY_FILTER, "base64Decode", NULL, "out of it" },
	{ GLOSSARY_FILTER, "base64UrlSafeEncode", NULL,
		"into base64 with - and _, without padding" },
	{ GLOSSARY_FILTER, "base64UrlSafeDecode", NULL, "out of it" },
	{ GLOSSARY_FILTER, "urlEncode", NULL, "into percent-encoding" },
	{ GLOSSARY_FILTER, "urlDecode", NULL, "out of it" },
	{ GLOSSARY_FILTER, "urlQueryParam", "NAME",
		"the value of a parameter in a URL" },
	{ GLOSSARY_FILTER, "location", NULL,
		"where a redirect led to, of an element of redirects" },
	{ GLOSSARY_FILTER, "htmlEscape", NULL,
		"what HTML would read as markup, as entities" },
	{ GLOSSARY_FILTER, "htmlUnescape", NULL, "entities as characters" },
	{ GLOSSARY_FILTER, "decode", "CHARSET",
		"bytes of a character set, such as latin1, as text" },
	{ GLOSSARY_FILTER, "utf8Decode", NULL,
		"bytes as text; broken when they are not UTF-8" },
	{ GLOSSARY_FILTER, "utf8Encode", NULL,
		"text as bytes: the same, since text is UTF-8" },
	{ GLOSSARY_FILTER, "jwtClaims", NULL,
		"the claims of a token; its signature is not checked" },
	{ GLOSSARY_FILTER, "toDate", "FORMAT",
		"a date of this format of strptime(3), or a number of seconds "
		"since 1970, as RFC 3339. Without FORMAT it reads RFC 3339, "
		"YYYY-MM-DD and dates of HTTP." },
	{ GLOSSARY_FILTER, "dateFormat", "FORMAT",
		"a date in a format of strftime(3), or rfc3339, date, http" },
	{ GLOSSARY_FILTER, "daysAfterNow", NULL,
		"whole days until a date; negative when it is over" },
	{ GLOSSARY_FILTER, "daysBeforeNow", NULL, "whole days since a date" },
	{ GLOSSARY_FILTER, "toHex", NULL, "bytes in hexadecimal" },
	{ GLOSSARY_FILTER, "sha256", NULL, "in hexadecimal" },
	{ GLOSSARY_FILTER, "default", "VALUE",
		"instead of a value that is missing" },

	/* --- predicates --- */
	{ GLOSSARY_PREDICATE, "equals", "VALUE",
		"what a value without a predicate means" },
	{ GLOSSARY_PREDICATE, "notEquals", "VALUE", "the opposite" },
	{ GLOSSARY_PREDICATE, "gt", "VALUE",
		"greater: numbers with numbers, texts with texts" },
	{ GLOSSARY_PREDICATE, "gte", "VALUE", "greater or equal" },
	{ GLOSSARY_PREDICATE, "lt", "VALUE", "less" },
	{ GLOSSARY_PREDICATE, "lte", "VALUE", "less or equal" },
	{ GLOSSARY_PREDICATE, "startsWith", "TEXT", "a text begins so" },
	{ GLOSSARY_PREDICATE, "endsWith", "TEXT", "a text ends so" },
	{ GLOSSARY_PREDICATE, "contains", "VALUE",
		"a text in a text, an element in a list" },
	{ GLOSSARY_PREDICATE, "matches", "PATTERN",
		"a regular expression (PCRE2), found anywhere" },
	{ GLOSSARY_PREDICATE, "exists", "true or false",
		"a value is there, null included" },
	{ GLOSSARY_PREDICATE, "isBoolean", "true or false",
		"as all that begin with `is`: false turns it round" },
	{ GLOSSARY_PREDICATE, "isCollection", "true or false",
		"a list or an object" },
	{ GLOSSARY_PREDICATE, "isDate", "true or false",
		"RFC 3339, YYYY-MM-DD or a date of HTTP" },
	{ GLOSSARY_PREDICATE, "isEmpty", "true or false",
		"a text, a list or an object without anything in it" },
	{ GLOSSARY_PREDICATE, "isFloat", "true or false",
		"a number with a fraction or an exponent" },
	{ GLOSSARY_PREDICATE, "isInteger", "true or false",
		"a number written without them" },
	{ GLOSSARY_PREDICATE, "isIpv4", "true or false", "an IPv4 address" },
	{ GLOSSARY_PREDICATE, "isIpv6", "true or false", "an IPv6 address" },
	{ GLOSSARY_PREDICATE, "isIsoDate", "true or false",
		"date and time of RFC 3339" },
	{ GLOSSARY_PREDICATE, "isList", "true or false", "a list" },
	{ GLOSSARY_PREDICATE, "isNumber", "true or false", "a number" },
	{ GLOSSARY_PREDICATE, "isObject", "true or false", "an object" },
	{ GLOSSARY_PREDICATE, "isString", "true or false", "a text" },
	{ GLOSSARY_PREDICATE, "isUuid", "true or false",
		"a UUID of any version" },
	{ GLOSSARY_PREDICATE, "isNull", "true or false", "null" },
	{ GLOSSARY_PREDICATE, "isUrl", "true or false",
		"http or https with a host" },
	{ GLOSSARY_PREDICATE, "isJwt", "true or false",
		"the form of a token; no signature is checked" },
	{ GLOSSARY_PREDICATE, "isSemver", "true or false",
		"Semantic Versioning 2.0.0" },
	{ GLOSSARY_PREDICATE, "isUnique", "true or false",
		"no element twice" },
	{ GLOSSARY_PREDICATE, "isSorted", "true or false",
		"from small to large" },
	{ GLOSSARY_PREDICATE, "in", "[VALUE, ...]", "one of these" },
	{ GLOSSARY_PREDICATE, "notIn", "[VALUE, ...]", "none of these" },
	{ GLOSSARY_PREDICATE, "between", "[LOW, HIGH]",
		"both ends included" },
	{ GLOSSARY_PREDICATE, "near", "{value: NUMBER, within: NUMBER}",
		"at most so far away" },
	{ GLOSSARY_PREDICATE, "containsAll", "[VALUE, ...]",
		"each of them" },
	{ GLOSSARY_PREDICATE, "containsAny", "[VALUE, ...]",
		"one of them at least" },
	{ GLOSSARY_PREDICATE, "subset", "VALUE",
		"all of this is in there, at any place of a list; more may "
		"be" },
	{ GLOSSARY_PREDICATE, "json", "VALUE",
		"equal as JSON: key order and white space do not matter. "
		"`{equals: VALUE, ignore: [JSONPATH, ...], anyOrder: true}` "
		"leaves nodes out, and does not ask for the order of lists." },
	{ GLOSSARY_PREDICATE, "schema", "SCHEMA or {file: PATH}",
		"JSON Schema, draft 2020-12, in YAML or from a file beside "
		"the suite; text of a body is read as JSON first. A $ref leads "
		"within the schema or to the metaschema of the draft; `format` "
		"is an annotation and asserts nothing (W203); a `pattern` is "
		"PCRE2." },
	{ GLOSSARY_PREDICATE, "sameAs",
		"REGION, baseline, previous or {region: REGION, max_age: "
		"DURATION}",
		"what the same extractor of the same step gave in another "
		"region, in the baseline region, or in the run before. Without "
		"such a value the run is no evidence." },
	{ GLOSSARY_PREDICATE, "before", "DATE",
		"a date before this one; `now` is the start of the step" },
	{ GLOSSARY_PREDICATE, "after", "DATE", "a date after this one" },
	{ GLOSSARY_PREDICATE, "within", "DURATION",
		"a date so near to now, before or after" },
	{ GLOSSARY_PREDICATE, "expires_in", "PREDICATES",
		"the time from now to a date or to seconds since 1970, "
		"compared with durations; over is less than 0" },
	{ GLOSSARY_PREDICATE, "count", "NUMBER or PREDICATES",
		"how many elements or keys" },
	{ GLOSSARY_PREDICATE, "length", "NUMBER or PREDICATES",
		"the same; of a text its code points" },
	{ GLOSSARY_PREDICATE, "each", "PREDICATES",
		"all elements; an empty list does not pass" },
	{ GLOSSARY_PREDICATE, "any", "PREDICATES", "one element at least" },
	{ GLOSSARY_PREDICATE, "none", "PREDICATES", "no element" },
	{ GLOSSARY_PREDICATE, "not", "PREDICATES",
		"does not hold. What can not be asked (a text whether it is "
		"greater than a number) fails with and without it." },
	{ GLOSSARY_PREDICATE, "ignoreCase", "PREDICATES",
		"texts without regard to case (ASCII)" },
	{ GLOSSARY_PREDICATE, "allOf", "[PREDICATES, ...]",
		"all of them" },
	{ GLOSSARY_PREDICATE, "anyOf", "[PREDICATES, ...]",
		"one of them at least" },

	/* --- reasons of an answer --- */
	{ GLOSSARY_REASON, "passed", NULL, "all evidence is there" },
	{ GLOSSARY_REASON, "smoke_failure", NULL,
		"stopped: a check or the whole region is down" },
	{ GLOSSARY_REASON, "anomaly", NULL,
		"stopped: more failures than chance explains. Or undecided: "
		"it looks so, but there is no history to compare with." },
	{ GLOSSARY_REASON, "line_stopped", NULL,
		"held: another deployment stopped the line" },
	{ GLOSSARY_REASON, "halted", NULL, "held: a person pulled the cord" },
	{ GLOSSARY_REASON, "frozen", NULL, "held: a freeze window is open" },
	{ GLOSSARY_REASON, "approval", NULL, "held: an approval is missing" },
	{ GLOSSARY_REASON, "queued", NULL,
		"an older deployment is still judged in the same region" },
	{ GLOSSARY_REASON, "unregistered", NULL,
		"nobody started this version at this stage" },
	{ GLOSSARY_REASON, "verifying", NULL,
		"it is being deployed, or not every check has seen the "
		"version" },
	{ GLOSSARY_REASON, "warming", NULL, "the warm-up is not over" },
	{ GLOSSARY_REASON, "soaking", NULL, "credit is still missing" },
	{ GLOSSARY_REASON, "starved", NULL,
		"a required check has no fresh result, nothing was credited "
		"for `starve_after`, or no runner lives" },
	{ GLOSSARY_REASON, "inconclusive", NULL,
		"the data do not yet exclude what a pass has to exclude, or "
		"something that the stage requires is missing" },
	{ GLOSSARY_REASON, "control_sick", NULL,
		"the control fails as well: the environment, not the "
		"version" },
	{ GLOSSARY_REASON, "other_version", NULL,
		"another version answers there" },
	{ GLOSSARY_REASON, "expired", NULL,
		"its acceptance is too old, or the deployment ended without "
		"one" },
	{ GLOSSARY_REASON, "observer_fault", NULL,
		"runners live, but they have published no plan, or work by "
		"different ones: what is required is not known" },
	{ GLOSSARY_REASON, "store_unreachable", NULL,
		"the store can not be read" },
	{ GLOSSARY_REASON, "detector_stale", NULL, "no detector lives" },
	{ GLOSSARY_REASON, "region_sick", NULL,
		"a region that the stage requires was accepted and is sick "
		"now" },
	{ GLOSSARY_REASON, "superseded", NULL,
		"a newer version took the place" },
};
/* clang-format on */

enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };

static bool asked[ENTRIES];

const struct entry *glossary_find(enum glossary_kind kind, struct str name)
{
	for (size_t i = 0; i < ENTRIES; i++) {
		if (entries[i].kind != kind ||
			!str_eq(str_from(entries[i].name), name))
			continue;
		asked[i] = true;
		return &entries[i];
	}
	return NULL;
}

bool glossary_used(struct err *e)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (!asked[i])
			return err_set(e, ERR_CONFIG,
				"docs/tables/glossary.c explains `%s`, which "
				"is in no table",
				entries[i].name);
	return true;
}
