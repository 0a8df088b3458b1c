#include "suites/import_curl.h"

#include <stddef.h>

/* clang-format off */
static const struct flag flags[] = {
	{ 'X', "request", FLAG_METHOD, NULL, NULL },
	{ 0, "url", FLAG_URL, NULL, NULL },
	{ 'H', "header", FLAG_HEADER, NULL, NULL },
	{ 'd', "data", FLAG_DATA, NULL, NULL },
	{ 0, "data-ascii", FLAG_DATA, NULL, NULL },
	{ 0, "data-raw", FLAG_DATA_RAW, NULL, NULL },
	{ 0, "data-binary", FLAG_DATA_BINARY, NULL, NULL },
	{ 0, "data-urlencode", FLAG_DATA_ENCODE, NULL, NULL },
	{ 0, "json", FLAG_JSON, NULL, NULL },
	{ 'F', "form", FLAG_FORM, NULL, NULL },
	{ 0, "form-string", FLAG_FORM_TEXT, NULL, NULL },
	{ 'u', "user", FLAG_USER, NULL, NULL },
	{ 'b', "cookie", FLAG_COOKIE, NULL, NULL },
	{ 'A', "user-agent", FLAG_AGENT, NULL, NULL },
	{ 'e', "referer", FLAG_REFERER, NULL, NULL },
	{ 'k', "insecure", FLAG_INSECURE, NULL, NULL },
	{ 'L', "location", FLAG_FOLLOW, NULL, NULL },
	{ 0, "location-trusted", FLAG_TRUSTED, NULL, NULL },
	{ 0, "max-redirs", FLAG_HOPS, NULL, NULL },
	{ 0, "compressed", FLAG_COMPRESSED, NULL, NULL },
	{ 'x', "proxy", FLAG_HTTP, "proxy", NULL },
	{ 0, "unix-socket", FLAG_HTTP, "unix_socket", NULL },
	{ 'E', "cert", FLAG_TLS, "cert", NULL },
	{ 0, "key", FLAG_TLS, "key", NULL },
	{ 0, "cacert", FLAG_TLS, "ca", NULL },
	{ 'm', "max-time", FLAG_SECONDS, "timeout", NULL },
	{ 0, "connect-timeout", FLAG_SECONDS, "connect_timeout", NULL },
	{ '0', "http1.0", FLAG_WORD, "version", "1.0" },
	{ 0, "http1.1", FLAG_WORD, "version", "1.1" },
	{ 0, "http2", FLAG_WORD, "version", "2" },
	{ 0, "http2-prior-knowledge", FLAG_WORD, "version",
		"2-prior-knowledge" },
	{ '4', "ipv4", FLAG_WORD, "ip", "4" },
	{ '6', "ipv6", FLAG_WORD, "ip", "6" },
	{ 'G', "get", FLAG_GET, NULL, NULL },
	{ 'I', "head", FLAG_HEAD, NULL, NULL },
	{ 0, "retry", FLAG_RETRY, NULL, NULL },
	{ 0, "retry-delay", FLAG_RETRY_DELAY, NULL, NULL },
	{ 0, "retry-all-errors", FLAG_RETRY_ALL, NULL, NULL },
	{ 0, "retry-connrefused", FLAG_QUIET, NULL, NULL },
	{ 0, "oauth2-bearer", FLAG_BEARER, NULL, NULL },
	{ 'T', "upload-file", FLAG_PUT_FILE, NULL, NULL },
	{ 0, "basic", FLAG_QUIET, NULL, NULL },
	{ 's', "silent", FLAG_QUIET, NULL, NULL },
	{ 'S', "show-error", FLAG_QUIET, NULL, NULL },
	{ 'v', "verbose", FLAG_QUIET, NULL, NULL },
	{ 'i', "include", FLAG_QUIET, NULL, NULL },
	{ 0, "show-headers", FLAG_QUIET, NULL, NULL },
	{ 'f', "fail", FLAG_QUIET, NULL, NULL },
	{ 0, "fail-with-body", FLAG_QUIET, NULL, NULL },
	{ 0, "no-progress-meter", FLAG_QUIET, NULL, NULL },
	{ '#', "progress-bar", FLAG_QUIET, NULL, NULL },
	{ 'N', "no-buffer", FLAG_QUIET, NULL, NULL },
	{ 'g', "globoff", FLAG_QUIET, NULL, NULL },
	{ 'O', "remote-name", FLAG_QUIET, NULL, NULL },
	{ 'J', "remote-header-name", FLAG_QUIET, NULL, NULL },
	{ 'o', "output", FLAG_QUIET_WORD, NULL, NULL },
	{ 'D', "dump-header", FLAG_QUIET_WORD, NULL, NULL },
	{ 'w', "write-out", FLAG_QUIET_WORD, NULL, NULL },
	{ 'c', "cookie-jar", FLAG_QUIET_WORD, NULL, NULL },
	{ 0, "stderr", FLAG_QUIET_WORD, NULL, NULL },
	{ 0, "trace", FLAG_QUIET_WORD, NULL, NULL },
	{ 0, "trace-ascii", FLAG_QUIET_WORD, NULL, NULL },
	{ 0, "limit-rate", FLAG_QUIET_WORD, NULL, NULL },
	{ 0, "resolve", FLAG_INSTEAD, "resolve", NULL },
	{ 0, "connect-to", FLAG_INSTEAD, "connect_to", NULL },
	{ 0, "digest", FLAG_DIGEST, NULL, NULL },
	{ 0, "aws-sigv4", FLAG_SIGV4, NULL, NULL },
	{ 0, "ntlm", FLAG_REFUSED, NULL, NULL },
	{ 0, "negotiate", FLAG_REFUSED, NULL, NULL },
	{ 0, "anyauth", FLAG_REFUSED, NULL, NULL },
	{ 0, "http3", FLAG_REFUSED, NULL, NULL },
	{ 0, "http3-only", FLAG_REFUSED, NULL, NULL },
	{ 0, "path-as-is", FLAG_REFUSED, NULL, NULL },
	{ 'n', "netrc", FLAG_REFUSED, NULL, NULL },
	{ 'K', "config", FLAG_REFUSED_WORD, NULL, NULL },
	{ 'r', "range", FLAG_REFUSED_WORD, NULL, NULL },
	{ 0, "capath", FLAG_REFUSED_WORD, NULL, NULL },
	{ 0, "interface", FLAG_HTTP, "interface", NULL },
	{ 0, "dns-servers", FLAG_HTTP_LIST, "dns_servers", NULL },
	{ 'U', "proxy-user", FLAG_REFUSED_WORD, NULL, NULL },
	{ 0, "noproxy", FLAG_REFUSED_WORD, NULL, NULL },
	{ 0, "pinnedpubkey", FLAG_TLS, "pin", NULL },
	{ 0, "tls-max", FLAG_REFUSED_WORD, NULL, NULL },
	{ 0, "tlsv1.2", FLAG_QUIET, NULL, NULL },
	{ 0, "tlsv1.3", FLAG_REFUSED, NULL, NULL },
	{ 0, "ciphers", FLAG_REFUSED_WORD, NULL, NULL },
};
/* clang-format on */

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

bool curl_flag_takes(enum flag_how how)
{
	switch (how) {
	case FLAG_INSECURE:
	case FLAG_FOLLOW:
	case FLAG_TRUSTED:
	case FLAG_COMPRESSED:
	case FLAG_WORD:
	case FLAG_GET:
	case FLAG_HEAD:
	case FLAG_RETRY_ALL:
	case FLAG_QUIET:
	case FLAG_REFUSED:
	case FLAG_DIGEST:
		return false;
	default:
		return true;
	}
}

const struct flag *curl_flag_find(struct str name, char letter)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (letter ? flags[i].letter == letter
			   : str_eq(name, str_from(flags[i].name)))
			return &flags[i];
	return NULL;
}
