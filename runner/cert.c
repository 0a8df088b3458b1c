#include "runner/cert.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/oom.h"
#include "base/units.h"

/* OpenSSL takes no chain above 100 KB; PEM makes it a third longer. */
enum { TEXT_MAX = 256 * 1024, DAY_S = 86400 };

/* --- values --- */

static void add_str(struct arena *a, struct json *to, const char *key,
	struct str text)
{
	json_append(to, str_from(key), json_new_str(a, text));
}

static void add_int(struct arena *a, struct json *to, const char *key,
	int64_t n)
{
	json_append(to, str_from(key),
		json_new_number(a, arena_printf(a, "%" PRId64, n)));
}

/* What OpenSSL wrote into memory, as text that may be shown anywhere. */
static struct str bio_text(struct arena *a, BIO *bio)
{
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);
	struct str s = { text, len > 0 ? (size_t)len : 0 };

	s = str_is_utf8(s) ? arena_str(a, s) : STR("(not UTF-8)");
	BIO_free(bio);
	return s.ptr ? s : STR("");
}

static BIO *bio_new(void)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!bio)
		oom_die(0);
	return bio;
}

/* "C=US, O=Example, CN=a.example.com" */
static struct str name_text(struct arena *a, const X509_NAME *name)
{
	BIO *bio = bio_new();

	X509_NAME_print_ex(bio, name, 0,
		ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL |
			ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |
			ASN1_STRFLGS_DUMP_DER | XN_FLAG_SEP_CPLUS_SPC |
			XN_FLAG_FN_SN);
	return bio_text(a, bio);
}

static struct str hex_text(struct arena *a, const unsigned char *bytes,
	size_t n, const char *between)
{
	struct str text;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%02x", i ? between : "", bytes[i]);
	text = arena_str(a, buf_str(&b));
	buf_done(&b);
	return text.ptr ? text : STR("");
}

/* Microseconds since 1970; false: the certificate holds no date. */
static bool time_us(const ASN1_TIME *at, int64_t *ret)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0;
	int seconds = 0;
	bool ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, at) == 1;

	ASN1_TIME_free(epoch);
	if (ok)
		*ret = ((int64_t)days * DAY_S + seconds) * 1000000;
	return ok;
}

static struct str time_text(struct arena *a, const ASN1_TIME *at)
{
	char out[32];
	int64_t us;

	return time_us(at, &us) ? arena_str(a, str_from(units_rfc3339(us, out)))
				: STR("(no date)");
}

/* --- the facts of a certificate --- */

static void add_dates(struct arena *a, struct json *to, const X509 *x,
	int64_t wall_us)
{
	int64_t end_us;

	add_str(a, to, "start_date", time_text(a, X509_get0_notBefore(x)));
	add_str(a, to, "expire_date", time_text(a, X509_get0_notAfter(x)));
	if (time_us(X509_get0_notAfter(x), &end_us))
		add_int(a, to, "expires_in", (end_us - wall_us) / 1000);
}

static void add_serial(struct arena *a, struct json *to, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get_serialNumber(x);

	add_str(a, to, "serial_number",
		hex_text(a, ASN1_STRING_get0_data(serial),
			(size_t)ASN1_STRING_length(serial), ":"));
}

/* "DNS:a.example.com", and the name alone for the list. */
static struct str san_text(struct arena *a, const GENERAL_NAME *name,
	struct str *ret_alone)
{
	BIO *bio = bio_new();
	struct str text;
	size_t colon;

	GENERAL_NAME_print(bio, (GENERAL_NAME *)name);
	text = bio_text(a, bio);
	colon = str_find_byte(text, ':', 0);
	*ret_alone =
		colon == SIZE_MAX ? text : str_sub(text, colon + 1, text.len);
	return text;
}

static void add_sans(struct arena *a, struct json *to, const X509 *x)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct json *list = json_new(a, JSON_ARRAY);
	struct buf all;

	buf_init(&all, TEXT_MAX);
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		struct str alone;
		struct str text =
			san_text(a, sk_GENERAL_NAME_value(names, i), &alone);

		buf_addf(&all, "%s%.*s", i ? ", " : "", STR_ARG(text));
		json_append(list, STR_NONE, json_new_str(a, alone));
	}
	if (names && !all.over)
		add_str(a, to, "subject_alt_name", buf_str(&all));
	json_append(to, STR("sans"), list);
	buf_done(&all);
	GENERAL_NAMES_free(names);
}

static void add_key(struct arena *a, struct json *to, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	const char *type;
	int nid;

	if (!key)
		return;
	nid = EVP_PKEY_get_base_id(key);
	type = nid == EVP_PKEY_RSA  ? "RSA"
	       : nid == EVP_PKEY_EC ? "EC"
				    : EVP_PKEY_get0_type_name(key);
	if (type)
		add_str(a, to, "key_type", str_from(type));
	add_int(a, to, "key_bits", EVP_PKEY_get_bits(key));
}

static void add_signature(struct arena *a, struct json *to, const X509 *x)
{
	const char *name = OBJ_nid2ln(X509_get_signature_nid(x));

	if (name)
		add_str(a, to, "signature_algorithm", str_from(name));
}

static void add_value(struct arena *a, struct json *to, X509 *x)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	BIO *bio = bio_new();

	PEM_write_bio_X509(bio, x);
	add_str(a, to, "value", bio_text(a, bio));
	if (X509_digest(x, EVP_sha256(), hash, &n) == 1)
		add_str(a, to, "fingerprint_sha256", hex_text(a, hash, n, ""));
}

static bool host_fits(X509 *x, struct str host)
{
	char name[256];

	if (!host.len || host.len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
	if (X509_check_ip_asc(x, name, 0) == 1)
		return true;
	return X509_check_host(x, name, host.len,
		       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static struct json *certificate_of(X509 *x, int chain_length,
	const struct cert_watch *w)
{
	struct arena *a = w->arena;
	struct json *to = json_new(a, JSON_OBJECT);

	add_str(a, to, "subject", name_text(a, X509_get_subject_name(x)));
	add_str(a, to, "issuer", name_text(a, X509_get_issuer_name(x)));
	add_dates(a, to, x, w->wall_us);
	add_serial(a, to, x);
	add_sans(a, to, x);
	json_append(to, STR("hostname_ok"),
		json_new_bool(a, host_fits(x, w->host)));
	add_int(a, to, "chain_length", chain_length);
	add_key(a, to, x);
	add_signature(a, to, x);
	add_value(a, to, x);
	return to;
}

static const struct json *tls_of(const SSL *ssl, struct arena *a)
{
	struct json *to = json_new(a, JSON_OBJECT);
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	struct str version = str_from(SSL_get_version(ssl));
	const unsigned char *alpn = NULL;
	unsigned n = 0;

	if (str_eq(version, STR("TLSv1")))
		version = STR("1.0");
	else if (str_starts(version, STR("TLSv")))
		version = str_sub(version, 4, version.len);
	add_str(a, to, "version", version);
	if (!cipher)
		cipher = SSL_get_pending_cipher(ssl);
	if (cipher)
		add_str(a, to, "cipher", str_from(SSL_CIPHER_get_name(cipher)));
	SSL_get0_alpn_selected(ssl, &alpn, &n);
	if (n)
		add_str(a, to, "alpn", (struct str){ (const char *)alpn, n });
	return to;
}

/* --- the handshake --- */

static struct str refused_text(X509_STORE_CTX *store,
	const struct cert_watch *w)
{
	int why = X509_STORE_CTX_get_error(store);
	const X509 *x = X509_STORE_CTX_get_current_cert(store);
	const char *whose = X509_STORE_CTX_get_error_depth(store) > 0
				    ? "certificate of an issuer"
				    : "certificate";
	struct arena *a = w->arena;
	char took[32];
	int64_t at;

	if (!x)
		x = X509_STORE_CTX_get0_cert(store);
	struct str name = name_text(a, X509_get_subject_name(x));

	if (why == X509_V_ERR_CERT_HAS_EXPIRED &&
		time_us(X509_get0_notAfter(x), &at))
		return arena_printf(a, "%s expired at %.*s, %s ago (%.*s)",
			whose, STR_ARG(time_text(a, X509_get0_notAfter(x))),
			units_took_text(at < w->wall_us
						? (uint64_t)(w->wall_us - at)
						: 0,
				took),
			STR_ARG(name));
	if (why == X509_V_ERR_CERT_NOT_YET_VALID)
		return arena_printf(a, "%s is not valid before %.*s (%.*s)",
			whose, STR_ARG(time_text(a, X509_get0_notBefore(x))),
			STR_ARG(name));
	return arena_printf(a, "%s: %s (%.*s)", whose,
		X509_verify_cert_error_string(why), STR_ARG(name));
}

/* In place of OpenSSL's own call of X509_verify_cert(). */
static int on_verify(X509_STORE_CTX *store, void *owner)
{
	struct cert_watch *w = owner;
	X509 *x = X509_STORE_CTX_get0_cert(store);
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
		SSL_get_ex_data_X509_STORE_CTX_idx());
	int good = X509_verify_cert(store);

	if (!w->arena || !x || !ssl)
		return good;
	w->seen = ssl;
	w->certificate = certificate_of(x,
		sk_X509_num(X509_STORE_CTX_get0_untrusted(store)), w);
	w->tls = tls_of(ssl, w->arena);
	w->refused = good > 0 ? STR_NONE : refused_text(store, w);
	return good;
}

void cert_watch(void *ssl_ctx, struct cert_watch *w)
{
	SSL_CTX_set_cert_verify_callback(ssl_ctx, on_verify, w);
}

void cert_session(void *ssl, struct cert_watch *w)
{
	X509 *x = ssl ? SSL_get0_peer_certificate(ssl) : NULL;

	w->tls = ssl ? tls_of(ssl, w->arena) : NULL;
	/* read anew, and kept nowhere: the handshake may be of another run,
	 * and the time that is left of a certificate is that of now */
	if (!x)
		w->certificate = NULL;
	else if (w->seen != ssl)
		w->certificate = certificate_of(x,
			sk_X509_num(SSL_get_peer_cert_chain(ssl)), w);
	w->seen = ssl;
}

bool cert_for_another(const struct cert_watch *w, struct str *ret_why)
{
	const struct json *names = json_get(w->certificate, STR("sans"));
	struct str shown = json_get_str(w->certificate, "subject_alt_name");

	if (!w->certificate || w->refused.ptr ||
		json_get_bool(w->certificate, "hostname_ok", true))
		return false;
	if (!names || !names->count)
		shown = json_get_str(w->certificate, "subject");
	*ret_why = arena_printf(w->arena,
		"certificate is for %.*s%s, not for "
		"%.*s",
		STR_ARG(str_sub(shown, 0, 200)), shown.len > 200 ? "..." : "",
		STR_ARG(w->host));
	return true;
}
