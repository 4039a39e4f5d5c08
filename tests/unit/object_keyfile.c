/* SPDX-License-Identifier: Apache-2.0 */
/* object/keyinfo, object/keyfile, object/openssh: RFC 8410's examples, files of ssh-keygen, and what is wrong. */
#include <stdlib.h>

#include "base/codec.h"
#include "object/keyfile.h"
#include "vault_kit.h"

#define ROOM (KEY_FILE_MAX + KEYINFO_OVERHEAD)

/* RFC 8410 §10.1 and §10.3. */
static const char rfc_private[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
	"-----END PRIVATE KEY-----\n";
static const char rfc_with_public[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
	"oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
	"Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
	"-----END PRIVATE KEY-----\n";
static const char rfc_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
	"-----END PUBLIC KEY-----\n";
static const uint8_t rfc_seed[32] = {
	0xd4, 0xee, 0x72, 0xdb, 0xf9, 0x13, 0x58, 0x4a, 0xd5, 0xb6, 0xd8, 0xf1, 0xf7, 0x69, 0xf8, 0xad,
	0x3a, 0xfe, 0x7c, 0x28, 0xcb, 0xf1, 0xd4, 0xfb, 0xe0, 0x97, 0xa8, 0x8f, 0x44, 0x75, 0x58, 0x42,
};
static const uint8_t rfc_point[32] = {
	0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96,
	0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1,
};

/* ssh-keygen -t ed25519 -N '' -C 'a comment', of OpenSSH 9.2 */
static const char ssh_private[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
	"QyNTUxOQAAACD9Bv4uOJcH2sxyhW/kCWIB/XDs1G2d2jBQ5mm9CRaQLwAAAJCqjxYsqo8W\n"
	"LAAAAAtzc2gtZWQyNTUxOQAAACD9Bv4uOJcH2sxyhW/kCWIB/XDs1G2d2jBQ5mm9CRaQLw\n"
	"AAAECPM+gqQEqZIOTo9/cU3YkeTZw8/qLmKW0iYkawDSelKv0G/i44lwfazHKFb+QJYgH9\n"
	"cOzUbZ3aMFDmab0JFpAvAAAACWEgY29tbWVudAECAwQ=\n"
	"-----END OPENSSH PRIVATE KEY-----\n";
static const char ssh_public[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP0G/i44lwfazHKFb+QJYgH9cOzUbZ3aMFDmab0JFpAv a comment\n";
/* The same with a passphrase; of type ecdsa. */
static const char ssh_encrypted[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCejs1mwm\n"
	"NzBV+69tz8DyayAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIMwULUe9GImc8pWL\n"
	"mGlSr2KV+9lKn9M1LJH3tQR3t/xeAAAAkMvfNrmTEL3p55E0nA3pVAhsVirKTQ8g68htxO\n"
	"0cafae6TrwpVq1/mM6wCEVqaZnfqIT1kn4lqpZluXZoRIjt3sComHUsOUPZ4nfNGanTK9u\n"
	"GTz8e30XOTmdRNpxlWsAk5c8XgGZ+kyQ6Lia8SFG6Rk92QhrOc66jGj1W7Bh1nnHtskE5h\n"
	"a+Zq0rd/tQBmkQ/g==\n"
	"-----END OPENSSH PRIVATE KEY-----\n";
static const char ssh_ecdsa[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
	"1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQSYog6wLRiOa4BzTx4EsqJWSSqcSAsZ\n"
	"iORhqphaXi/OL/LRVWRch0tGBLMbEt2vOeVGmKrahu0QNbibo1bwphjhAAAAoFa9iiJWvY\n"
	"oiAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJiiDrAtGI5rgHNP\n"
	"HgSyolZJKpxICxmI5GGqmFpeL84v8tFVZFyHS0YEsxsS3a855UaYqtqG7RA1uJujVvCmGO\n"
	"EAAAAgRFfFfAbaFp2YjUvhFVw96Sgpujd1QO6PHKOdP3F5YTsAAAAHcm9vdEB2bQE=\n"
	"-----END OPENSSH PRIVATE KEY-----\n";
/* openssl ecparam -name prime256v1 -genkey -noout: SEC 1 */
static const char sec1[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MHcCAQEEIBHjGNW2o+eOsbIILDYj/5LEdV7qhcVOo42lbWMlS3KAoAoGCCqGSM49\n"
	"AwEHoUQDQgAExIv6ZOXEQXpRysdAXf8T2fZe2zwdj3moDQK0xc53lh6qPX9O4u3g\n"
	"mMfawBeS650/7b/76uIbb46wIYEWVumeNA==\n"
	"-----END EC PRIVATE KEY-----\n";

struct reading {
	struct span file;
	CK_RV rv;
	struct key_file found;
	CK_KEY_TYPE type;
	uint8_t value[64], point[64], params[16];
	size_t value_n, point_n, params_n;
	/* PrivateKeyInfo written of it again */
	CK_RV written_rv;
	uint8_t written[128];
	size_t written_n;
};

static void copy_attr(struct attrs a, CK_ATTRIBUTE_TYPE type, struct mspan out, size_t *n)
{
	struct span v;

	*n = 0;
	if (attrs_find(a, type, &v) && v.n <= out.n) {
		bytes_copy(out.p, v.p, v.n);
		*n = v.n;
	}
}

/* Test vectors are no secrets: they may be copied out of the scope. */
static void read_in(struct vault_scope *scope, void *arg)
{
	struct reading *r = arg;
	struct attrs_writer w = { .failed = CKR_OK };
	uint8_t room[128];
	struct span der;

	r->rv = CKR_DEVICE_MEMORY;
	if (cf_failed(vault_scope_alloc(scope, ROOM, &w.room)))
		return;
	r->rv = key_file_read(scope, r->file, &w, &r->found);
	if (r->rv != CKR_OK || r->found.kind == KEY_FILE_ENCRYPTED)
		return;
	r->type = attrs_ulong(attrs_written(&w), CKA_KEY_TYPE, 0);
	copy_attr(attrs_written(&w), CKA_VALUE, MSPAN_OF(r->value), &r->value_n);
	copy_attr(attrs_written(&w), CKA_EC_POINT, MSPAN_OF(r->point), &r->point_n);
	copy_attr(attrs_written(&w), CKA_EC_PARAMS, MSPAN_OF(r->params), &r->params_n);
	if (r->found.kind != KEY_FILE_PRIVATE)
		return;
	r->written_rv = keyinfo_write_private(scope, attrs_written(&w), MSPAN_OF(room), &der);
	r->written_n = der.n;
	if (r->written_rv == CKR_OK)
		bytes_copy(r->written, der.p, der.n);
}

static struct reading read_file(struct span file)
{
	struct reading r = { .file = file, .rv = CKR_GENERAL_ERROR };

	REQUIRE(cf_ok(vault_run(read_in, &r)));
	return r;
}

static bool is_rfc_seed(const struct reading *r)
{
	return r->rv == CKR_OK && r->found.kind == KEY_FILE_PRIVATE && r->type == CKK_EC_EDWARDS &&
	       span_eq(span(r->value, r->value_n), SPAN_OF(rfc_seed));
}

static bool is_rfc_point(const struct reading *r)
{
	return r->rv == CKR_OK && r->type == CKK_EC_EDWARDS &&
	       span_eq(span(r->point, r->point_n), SPAN_OF(rfc_point));
}

static void test_rfc8410(void)
{
	static const uint8_t oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
	struct reading r, again;

	kit_open();
	r = read_file(span_str(rfc_private));
	CHECK(is_rfc_seed(&r) && r.point_n == 0);
	CHECK(span_eq(span(r.params, r.params_n), SPAN_OF(oid)));
	CHECK(r.written_rv == CKR_OK && r.written_n == 48);
	again = read_file(span(r.written, r.written_n));
	CHECK(is_rfc_seed(&again));
	r = read_file(span_str(rfc_with_public));
	CHECK(is_rfc_seed(&r) && is_rfc_point(&r));
	r = read_file(span_str(rfc_public));
	CHECK(is_rfc_point(&r) && r.found.kind == KEY_FILE_PUBLIC && r.value_n == 0);
	vault_close();
}

static void test_openssh(void)
{
	struct reading priv, pub;

	kit_open();
	priv = read_file(span_str(ssh_private));
	CHECK(priv.rv == CKR_OK && priv.found.kind == KEY_FILE_PRIVATE && priv.value_n == 32);
	pub = read_file(span_str(ssh_public));
	CHECK(pub.rv == CKR_OK && pub.found.kind == KEY_FILE_PUBLIC && pub.value_n == 0);
	CHECK(pub.point_n == 32 && span_eq(span(priv.point, priv.point_n), span(pub.point, pub.point_n)));
	CHECK(read_file(span_str(ssh_encrypted)).rv == CKR_MECHANISM_INVALID);
	CHECK(read_file(span_str(ssh_ecdsa)).rv == CKR_KEY_TYPE_INCONSISTENT);
	CHECK(read_file(span_str("ssh-ed25519 AAAA")).rv == CKR_DATA_INVALID);
	CHECK(read_file(span_str("ssh-ed25519")).rv == CKR_DATA_INVALID);
	CHECK(read_file(span_str("ssh-ed25519 ")).rv == CKR_DATA_INVALID);
	vault_close();
}

/* Every character of the base64 changed in turn: never a crash, never a key with another seed and the old point. */
static void test_openssh_changed(void)
{
	struct reading good;
	char text[512];

	kit_open();
	good = read_file(span_str(ssh_private));
	REQUIRE(good.rv == CKR_OK && strlen(ssh_private) < sizeof(text));
	for (size_t i = 36; i + 36 < strlen(ssh_private); i++) {
		struct reading r;

		bytes_copy(text, ssh_private, sizeof(ssh_private));
		if (text[i] == '\n')
			continue;
		text[i] = text[i] == 'A' ? 'B' : 'A';
		r = read_file(span_str(text));
		CHECK(r.rv != CKR_OK || r.point_n == 32);
		CHECK(r.rv != CKR_GENERAL_ERROR);
	}
	vault_close();
}

static void test_hex(void)
{
	static const char hex[] = "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
	static const char zero[] = "00EE72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842\n";
	struct reading r;
	char text[80];

	kit_open();
	r = read_file(span_str(hex));
	CHECK(is_rfc_seed(&r));
	(void)snprintf(text, sizeof(text), "%s\r\n", hex);
	r = read_file(span_str(text));
	CHECK(is_rfc_seed(&r));
	r = read_file(span_str(zero));
	CHECK(r.rv == CKR_OK && r.value_n == 32 && r.value[0] == 0 && r.value[1] == 0xee);
	CHECK(read_file(span(hex, 63)).rv == CKR_DATA_INVALID);
	(void)snprintf(text, sizeof(text), "%s0", hex);
	CHECK(read_file(span_str(text)).rv == CKR_DATA_INVALID);
	(void)snprintf(text, sizeof(text), "%sg", hex);
	CHECK(read_file(span(text + 1, 64)).rv == CKR_DATA_INVALID);
	vault_close();
}

static void test_cut_and_extended(void)
{
	struct reading r;
	uint8_t der[49];

	kit_open();
	r = read_file(span_str(rfc_private));
	REQUIRE(r.written_n == 48);
	for (size_t n = 0; n < 48; n++)
		CHECK(read_file(span(r.written, n)).rv != CKR_OK);
	bytes_copy(der, r.written, 48);
	der[48] = 0;
	CHECK(read_file(SPAN_OF(der)).rv == CKR_DATA_INVALID);
	for (size_t n = 0; n < strlen(rfc_private) - 1; n++)
		CHECK(read_file(span(rfc_private, n)).rv != CKR_OK);
	for (size_t n = 0; n < strlen(ssh_private) - 1; n++)
		CHECK(read_file(span(ssh_private, n)).rv != CKR_OK);
	vault_close();
}

static CK_RV der_rv(const char *hex)
{
	uint8_t der[256];
	size_t n;

	REQUIRE(cf_ok(hex_decode(span_str(hex), MSPAN_OF(der), &n)));
	return read_file(span(der, n)).rv;
}

#define SEED_HEX "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842"
#define POINT_HEX "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"

static void test_strict(void)
{
	kit_open();
	CHECK(der_rv("302e020100300506032b657004220420" SEED_HEX) == CKR_OK);
	/* The public key in the explicit form that some programs write. */
	CHECK(der_rv("3053020101300506032b657004220420" SEED_HEX "a123032100" POINT_HEX) == CKR_OK);
	CHECK(der_rv("3051020101300506032b657004220420" SEED_HEX "812100" POINT_HEX) == CKR_OK);
	/* A version that does not exist, of two bytes, negative. */
	CHECK(der_rv("302e020102300506032b657004220420" SEED_HEX) == CKR_DATA_INVALID);
	CHECK(der_rv("302f02020000300506032b657004220420" SEED_HEX) == CKR_DATA_INVALID);
	CHECK(der_rv("302e0201ff300506032b657004220420" SEED_HEX) == CKR_DATA_INVALID);
	/* Lengths that are not the shortest, indefinite, beyond the end. */
	CHECK(der_rv("30812e020100300506032b657004220420" SEED_HEX) == CKR_DATA_INVALID);
	CHECK(der_rv("3080020100300506032b657004220420" SEED_HEX "0000") == CKR_DATA_INVALID);
	CHECK(der_rv("302e020100300506032b657004220421" SEED_HEX) == CKR_DATA_INVALID);
	CHECK(der_rv("3084ffffffff020100300506032b657004220420" SEED_HEX) == CKR_DATA_INVALID);
	/* Parameters where there must be none; a seed of 31 bytes; no inner string. */
	CHECK(der_rv("3030020100300706032b6570050004220420" SEED_HEX) == CKR_DATA_INVALID);
	CHECK(der_rv("302d020100300506032b65700421041f"
		     "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f447558") == CKR_DATA_INVALID);
	CHECK(der_rv("302c020100300506032b65700420" SEED_HEX) == CKR_DATA_INVALID);
	/* A public key with unused bits, of 31 bytes. */
	CHECK(der_rv("302a300506032b6570032100" POINT_HEX) == CKR_OK);
	CHECK(der_rv("302a300506032b6570032101" POINT_HEX) == CKR_DATA_INVALID);
	CHECK(der_rv("3029300506032b6570032000"
		     "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166") == CKR_DATA_INVALID);
	/* An algorithm that nobody has. */
	CHECK(der_rv("302e020100300506032b65" "0104220420" SEED_HEX) == CKR_KEY_TYPE_INCONSISTENT);
	vault_close();
}

static void test_other_files(void)
{
	char text[600];

	kit_open();
	CHECK(read_file(SPAN_EMPTY).rv == CKR_DATA_LEN_RANGE);
	CHECK(read_file(span_str("hello")).rv == CKR_DATA_INVALID);
	CHECK(read_file(span_str(sec1)).rv == CKR_KEY_TYPE_INCONSISTENT);
	(void)snprintf(text, sizeof(text), "%s%s", rfc_private, rfc_private);
	CHECK(read_file(span_str(text)).rv == CKR_DATA_INVALID);
	(void)snprintf(text, sizeof(text), "Bag Attributes\n%s\n \n", rfc_private);
	CHECK(read_file(span_str(text)).rv == CKR_OK);
	/* A label that says something else than what is inside. */
	CHECK(read_file(span_str("-----BEGIN PUBLIC KEY-----\n"
				 "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
				 "-----END PUBLIC KEY-----\n")).rv == CKR_DATA_INVALID);
	CHECK(read_file(span_str("-----BEGIN PRIVATE KEY-----\n"
				 "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
				 "-----END PUBLIC KEY-----\n")).rv == CKR_DATA_INVALID);
	CHECK(read_file(span_str("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----\n")).rv ==
	      CKR_DATA_INVALID);
	vault_close();
}

static void test_too_large(void)
{
	static char large[KEY_FILE_MAX + 1];

	kit_open();
	memset(large, ' ', sizeof(large));
	CHECK(read_file(SPAN_OF(large)).rv == CKR_DATA_LEN_RANGE);
	CHECK(read_file(span(large, KEY_FILE_MAX)).rv == CKR_DATA_INVALID);
	vault_close();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "the examples of RFC 8410 are read and written", test_rfc8410 },
		{ "OpenSSH's private and public keys are read, others refused by name", test_openssh },
		{ "a changed OpenSSH key is refused or another key", test_openssh_changed },
		{ "a seed in hexadecimal", test_hex },
		{ "what is cut or has something behind it is refused", test_cut_and_extended },
		{ "DER is read strictly", test_strict },
		{ "other files are refused", test_other_files },
		{ "a file that is too large is refused", test_too_large },
		{ NULL, NULL },
	};

	return unit_main("object/keyfile", tests);
}
