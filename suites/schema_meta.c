#include "suites/schema_parts.h"

/*
 * The metaschema of draft 2020-12, by its vocabularies: what a schema itself
 * has to be.  Titles and comments are left out.
 */
#define BASE "https://json-schema.org/draft/2020-12/"
#define HEAD(name, vocabulary)                                                 \
	"{\"$schema\":\"" BASE "schema\",\"$id\":\"" BASE name                 \
	"\",\"$vocabulary\":{" vocabulary                                      \
	"},\"$dynamicAnchor\":\"meta\",\"type\":[\"object\",\"boolean\"],"
#define VOCABULARY(name) "\"" BASE "vocab/" name "\":true"
#define META             "{\"$dynamicRef\":\"#meta\"}"
#define META_MAP                                                               \
	"{\"type\":\"object\",\"additionalProperties\":" META ",\"default\":{" \
	"}}"
#define META_LIST "{\"$ref\":\"#/$defs/schemaArray\"}"
#define COUNT     "{\"$ref\":\"#/$defs/nonNegativeInteger\"}"
#define COUNT_0   "{\"$ref\":\"#/$defs/nonNegativeIntegerDefault0\"}"
#define NUMBER    "{\"type\":\"number\"}"
#define TEXT      "{\"type\":\"string\"}"
#define BOOL      "{\"type\":\"boolean\",\"default\":false}"
#define NAMES     "{\"$ref\":\"#/$defs/stringArray\"}"

static const char meta_schema[] = HEAD("schema", VOCABULARY("core") "," VOCABULARY("applicator") "," VOCABULARY("unevalu"
														"ated") "," VOCABULARY("validation") "," VOCABULARY("meta-data") "," VOCABULARY("format-annotation") "," VOCABULARY("content")) "\"allOf\":[{"
																														"\"$ref\":"
																														"\"meta/"
																														"core\"},{\"$"
																														"ref\":\"meta/"
																														"applicator\"},"
																														"{\"$ref\":"
																														"\"meta/"
																														"unevaluated\"}"
																														",{\"$ref\":"
																														"\"meta/"
																														"validation\"},"
																														"{\"$ref\":"
																														"\"meta/"
																														"meta-data\"},{"
																														"\"$ref\":"
																														"\"meta/"
																														"format-"
																														"annotation\"},"
																														"{\"$ref\":"
																														"\"meta/"
																														"content\"}],"
																														"\"properties\""
																														":{"
																														"\"definitions"
																														"\":" META_MAP
																														",\"dependencie"
																														"s\":{\"type\":"
																														"\"object\","
																														"\"additionalPr"
																														"operties\":"
																														"{\"anyOf\":"
																														"[" META
																														",{\"$ref\":"
																														"\"meta/"
																														"validation#/"
																														"$defs/"
																														"stringArray\"}"
																														"]},"
																														"\"default\":{}"
																														"},\"$"
																														"recursiveAncho"
																														"r\":{\"$ref\":"
																														"\"meta/core#/"
																														"$defs/"
																														"anchorString\""
																														"},\"$"
																														"recursiveRef\""
																														":{\"$ref\":"
																														"\"meta/core#/"
																														"$defs/"
																														"uriReferenceSt"
																														"ring\"}}}";

static const char meta_core[] = HEAD("meta/core",
	VOCABULARY(
		"core")) "\"properties\":{\"$id\":{\"$ref\":\"#/$defs/"
			 "uriReferenceString\","
			 "\"pattern\":\"^[^#]*#?$\"},\"$schema\":{\"$ref\":"
			 "\"#/$defs/uriString\"},\"$ref\":{\"$ref\":"
			 "\"#/$defs/"
			 "uriReferenceString\"},\"$anchor\":{\"$ref\":"
			 "\"#/$defs/anchorString\"},\"$dynamicRef\":{\"$ref\":"
			 "\"#/$defs/"
			 "uriReferenceString\"},\"$dynamicAnchor\":{\"$ref\":"
			 "\"#/$defs/"
			 "anchorString\"},\"$vocabulary\":{\"type\":\"object\","
			 "\"propertyNames\":{\"$ref\":\"#/$defs/uriString\"},"
			 "\"additionalProperties\":{\"type\":\"boolean\"}},\"$"
			 "comment\":" TEXT ",\"$defs\":{\"type\":\"object\","
			 "\"additionalProperties\":" META
			 "}},\"$defs\":{\"anchorString\":{\"type\":\"string\","
			 "\"pattern\":"
			 "\"^[A-Za-z_][-A-Za-z0-9._]*$\"},\"uriString\":{"
			 "\"type\":\"string\","
			 "\"format\":\"uri\"},\"uriReferenceString\":{\"type\":"
			 "\"string\","
			 "\"format\":\"uri-reference\"}}}";

static const char meta_applicator[] = HEAD("meta/applicator",
	VOCABULARY("applicator")) "\"properties\":{\"prefixItems\":" META_LIST
				  ",\"items\":" META ",\"contains\":" META
				  ",\"additionalProperties\":" META
				  ",\"properties\":" META_MAP
				  ",\"patternProperties\":{\"type\":\"object\","
				  "\"additionalProperties\":" META
				  ",\"propertyNames\":{\"format\":"
				  "\"regex\"},\"default\":{}},"
				  "\"dependentSchemas\":" META_MAP
				  ",\"propertyNames\":" META ",\"if\":" META
				  ",\"then\":" META ",\"else\":" META
				  ",\"allOf\":" META_LIST
				  ",\"anyOf\":" META_LIST
				  ",\"oneOf\":" META_LIST ",\"not\":" META
				  "},\"$defs\":{\"schemaArray\":{\"type\":"
				  "\"array\",\"minItems\":1,"
				  "\"items\":" META "}}}";

static const char meta_unevaluated[] = HEAD("meta/unevaluated",
	VOCABULARY("unevaluated")) "\"properties\":{\"unevaluatedItems\":" META
				   ",\"unevaluatedProperties\":" META "}}";

static const char meta_validation[] = HEAD("meta/validation",
	VOCABULARY(
		"validation")) "\"properties\":{\"type\":{\"anyOf\":["
			       "{\"$ref\":\"#/$defs/"
			       "simpleTypes\"},{\"type\":\"array\",\"items\":"
			       "{\"$ref\":\"#/$defs/"
			       "simpleTypes\"},\"minItems\":1,\"uniqueItems\":"
			       "true}]},\"const\":true,\"enum\":{\"type\":"
			       "\"array\",\"items\":true},"
			       "\"multipleOf\":{\"type\":\"number\","
			       "\"exclusiveMinimum\":0},"
			       "\"maximum\":" NUMBER
			       ",\"exclusiveMaximum\":" NUMBER
			       ",\"minimum\":" NUMBER
			       ",\"exclusiveMinimum\":" NUMBER
			       ",\"maxLength\":" COUNT ",\"minLength\":" COUNT_0
			       ",\"pattern\":{\"type\":\"string\",\"format\":"
			       "\"regex\"},"
			       "\"maxItems\":" COUNT ",\"minItems\":" COUNT_0
			       ",\"uniqueItems\":" BOOL
			       ",\"maxContains\":" COUNT
			       ",\"minContains\":{\"$ref\":"
			       "\"#/$defs/"
			       "nonNegativeInteger\",\"default\":1},"
			       "\"maxProperties\":" COUNT
			       ",\"minProperties\":" COUNT_0
			       ",\"required\":" NAMES
			       ",\"dependentRequired\":{\"type\":\"object\","
			       "\"additionalProperties\":" NAMES
			       "}},\"$defs\":{"
			       "\"nonNegativeInteger\":{\"type\":\"integer\","
			       "\"minimum\":0},"
			       "\"nonNegativeIntegerDefault0\":{\"$ref\":"
			       "\"#/$defs/"
			       "nonNegativeInteger\",\"default\":0},"
			       "\"simpleTypes\":{"
			       "\"enum\":[\"array\",\"boolean\",\"integer\","
			       "\"null\",\"number\","
			       "\"object\",\"string\"]},\"stringArray\":{"
			       "\"type\":\"array\","
			       "\"items\":" TEXT
			       ",\"uniqueItems\":true,\"default\":[]}}}";

static const char meta_data[] = HEAD("meta/meta-data",
	VOCABULARY("meta-data")) "\"properties\":{\"title\":" TEXT
				 ",\"description\":" TEXT
				 ",\"default\":true,\"deprecated\":" BOOL
				 ",\"readOnly\":" BOOL ",\"writeOnly\":" BOOL
				 ",\"examples\":{\"type\":\"array\",\"items\":"
				 "true}}}";

static const char meta_format[] = HEAD("meta/format-annotation",
	VOCABULARY("format-annotation")) "\"properties\":{\"format\":" TEXT
					 "}}";

static const char meta_content[] = HEAD("meta/content",
	VOCABULARY("content")) "\"properties\":{\"contentEncoding\":" TEXT
			       ",\"contentMediaType\":" TEXT
			       ",\"contentSchema\":" META "}}";

static const struct {
	struct str uri;
	const char *text;
} documents[] = {
	{ STR(BASE "schema"), meta_schema },
	{ STR(BASE "meta/core"), meta_core },
	{ STR(BASE "meta/applicator"), meta_applicator },
	{ STR(BASE "meta/unevaluated"), meta_unevaluated },
	{ STR(BASE "meta/validation"), meta_validation },
	{ STR(BASE "meta/meta-data"), meta_data },
	{ STR(BASE "meta/format-annotation"), meta_format },
	{ STR(BASE "meta/content"), meta_content },
};

const char *schema_meta(struct str uri)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		if (str_eq(documents[i].uri, uri))
			return documents[i].text;
	return NULL;
}
