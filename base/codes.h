#ifndef BASE_CODES_H
#define BASE_CODES_H

/*
 * Every code that a diagnostic may carry.  A code is never used again for
 * something else.  E0xx errors: 00x YAML, 01x keys, 02x values, 03x
 * variables, 04x expressions, 05x line file, 06x selection, 08x import; W1xx
 * warnings.
 * The texts are titles for the manual; the message itself is written where
 * the mistake is found, and what a code means and how to mend it stands in
 * docs/codes.txt.
 */
/* clang-format off */
#define CODE_MAP(X)                                                           \
	X(E, 1,  "YAML syntax")                                               \
	X(E, 2,  "unquoted ${ or [ inside flow YAML")                         \
	X(E, 3,  "YAML beyond a limit (size, depth, events, aliases)")        \
	X(E, 4,  "duplicate key")                                             \
	X(E, 5,  "tag, cyclic alias or second document")                      \
	X(E, 6,  "file can not be read")                                      \
	X(E, 11, "missing key")                                               \
	X(E, 12, "unknown key")                                               \
	X(E, 13, "keys that exclude each other")                              \
	X(E, 14, "not available in this version")                             \
	X(E, 21, "wrong type")                                                \
	X(E, 22, "wrong unit")                                                \
	X(E, 23, "out of range")                                              \
	X(E, 24, "not one of the allowed words")                              \
	X(E, 25, "duplicate name")                                            \
	X(E, 31, "unknown variable")                                          \
	X(E, 32, "variable used before its capture")                          \
	X(E, 33, "malformed ${...}")                                          \
	X(E, 34, "unknown function or wrong arguments")                       \
	X(E, 35, "secret too short or unusable")                              \
	X(E, 41, "JSONPath is not RFC 9535")                                  \
	X(E, 42, "regex does not compile")                                    \
	X(E, 43, "unknown predicate, filter or extractor")                    \
	X(E, 44, "URL not usable")                                            \
	X(E, 45, "XPath does not compile")                                    \
	X(E, 46, "an extractor that this kind of step has no value for")      \
	X(E, 47, "JSON Schema that is none of draft 2020-12")                 \
	X(E, 48, "sameAs with nothing to compare with")                       \
	X(E, 51, "unknown region")                                            \
	X(E, 52, "unknown role")                                              \
	X(E, 53, "unknown stage")                                             \
	X(E, 54, "stages that wait for each other")                           \
	X(E, 55, "a stage that can never pass")                               \
	X(E, 56, "unknown time zone, day or date")                            \
	X(E, 61, "suite defined twice")                                       \
	X(E, 71, "unknown import, group or parameter")                        \
	X(E, 72, "groups that use each other in a circle")                    \
	X(E, 81, "a construct that can not be imported")                      \
	X(E, 82, "not a curl command, HAR or Hurl file")                      \
	X(W, 101, "no served_version: results can not be attributed")         \
	X(W, 102, "unused capture")                                           \
	X(W, 103, "a literal that looks like a secret")                       \
	X(W, 104, "nothing asserted beyond the status")                       \
	X(W, 105, "secret in a URL")                                          \
	X(W, 106, "creates something and never cleans it up")                 \
	X(W, 107, "retry of a step that is not idempotent")                   \
	X(W, 108, "poll.for longer than the suite's timeout")                 \
	X(W, 109, "worst case longer than the timeout")                       \
	X(W, 110, "timeout longer than every")                                \
	X(W, 111, "verify: false")                                            \
	X(W, 112, "gate: block without owner or runbook")                     \
	X(W, 113, "soak shorter than the least time for a pass")              \
	X(W, 114, "control is the canary itself")                             \
	X(W, 115, "an allowed warning that nothing gives")                    \
	X(W, 116, "unused import")                                            \
	X(W, 117, "gate: block on connections of earlier runs")               \
	X(W, 131, "a construct that was left out of an import")               \
	X(W, 132, "changed by an import")                                     \
	X(W, 201, "regex may run away")                                       \
	X(W, 202, "a word of a JSON Schema that is no keyword")               \
	X(W, 203, "format in a JSON Schema asserts nothing")
/* clang-format on */

enum code {
#define X(letter, number, title) letter##number = (number),
	CODE_MAP(X)
#undef X
};

const char *code_title(int code); /* NULL: no such code */

#endif
