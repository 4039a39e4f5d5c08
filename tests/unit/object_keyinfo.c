/* SPDX-License-Identifier: Apache-2.0 */
/* object/keyinfo: keys of OpenSSL, read and written again byte for byte, and what is wrong. */
#include <sodium.h>

#include "object/keyfile.h"
#include "vault_kit.h"

#define ROOM 4096

/* openssl genpkey, 3.0: keys of nobody. */
static const char rsa[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIICeQIBADANBgkqhkiG9w0BAQEFAASCAmMwggJfAgEAAoGBAMHY7sM/v4nN8/6+\n"
	"fsK8rSRQOh7e5kNrUPMQFnNlhGZaL7rHPQTUlT8iBhwzQoPRB7zNdNhENPjyaE7C\n"
	"KC872H/R3rKjR/HEX9Tm3GYUR9czYvoydv7Zx9Y25s7aZufXpgMeOybACqbL+aJ1\n"
	"LMGHu3K02NLc8dR/Gpm1OZkD/7bLAgMBAAECgYEAwXT7TBaJ1ECbWkfJABYGgbAj\n"
	"YP25Nd2bKwiKL15IFVG6QqBmcDSsQhZ1nJ03q4/oNe+hxdfEOhLKMJeqPQFv3Nu+\n"
	"UVjrSAbgX8jOHnZLAvA/rtglc3y/a/KcIxNmn3XZXb3UMRkcBf3JUl2itJn9ll0d\n"
	"rZWBV8tOivo78M7zqzECQQDlxuWZ/SSbqRGCSSQQqSTZyGvgvf68KuZD3J7h/oOm\n"
	"VyLtPvEr+UHT5TbsD0u5rU/Q4PjNlkGhzm8kuP0AYATjAkEA1/hT1wl0xlQEM49F\n"
	"tRkKuZEKW12juyOjLrmlEcquoO0qmd3yKkUiWC1IGwcOGkr1qR6yPMvmCzZTGnhK\n"
	"tyES+QJBAMqPMm0zugf3XVYLgF2nnrLWejNfiqb68o80eGQl6IzFGCcpa5YmYB+a\n"
	"W3ZybYE8BbbP/MXQBf/MajJnWbHw850CQQDSLu5BWAWawsd3+laH4gArCrn+o0om\n"
	"ZY95eNjqUMvU+Bu+tV7pvnCnSiJjk2EpO4yLc8FZI8MVZGBKYYmtYfXZAkEAykVk\n"
	"BiSYr44Uaf0qCoqdtuyZbJdsjOzXiZqDoAChuGfMJfD5AoDe3dmeMPwze4C0p2Q3\n"
	"Dzi1shM9Lpm552qavw==\n"
	"-----END PRIVATE KEY-----\n";
static const char p384[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDr9HDsQ4IqVL73zsxW\n"
	"OBzqjfD79Fq9cd80iV1ZkTQgimeksdLDp6GaD6jIasXshuqhZANiAAS/FmDp3N0P\n"
	"lXLurLe0GWdAsVx1SLvkujlWTslo0oCP5iRITLu5XUR+IuWF7Goynpo+qikYQ0n6\n"
	"DB6Ms6GOOrvAO98WusdHy9Z041MuHNxixOCotWoxoGvSmWB5unfM0cI=\n"
	"-----END PRIVATE KEY-----\n";
static const char x448[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MEYCAQAwBQYDK2VvBDoEOKSCyEdJyOctj2roxzTWzSSWQbthF0lntmrDp3EbvMiN\n"
	"i22feb7c/UBRpesM3gnXXZ7pqMIwTLmQ\n"
	"-----END PRIVATE KEY-----\n";
/* In the group ffdhe2048 of RFC 7919. */
static const char dh[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIBPwIBADCCARcGCSqGSIb3DQEDATCCAQgCggEBAP//////////rfhUWKK7Spqv\n"
	"3FYgJz088di5xYPOLTaVqeE2QRRkM/vMk53OJJs++X0v42NjDHXY9oGyAq7EYXrT\n"
	"3x7V1f1lYSQz9R9fBm7QhWNlVT3tGvO1VxNef1fJNZhPDHDg5ot34qaJ2vPv6HId\n"
	"8VihNq3nNTCsyk9IOnl6vAqxgrMk+2HRCKlLssjj+7lq2rdg1/RoHU9Co945TfSu\n"
	"Vu3nY3K7GQsHp8juCm1wngL84c334uzANATNKDQvYZFy/pzphYP/jk8SMu7ygYPD\n"
	"/jsbTG+tczu1/LwuwiAFxY7xg30Wg7LG80omwbLv+ohrQjhhKFyX//////////8C\n"
	"AQIEHwIdAO4bF2XhY7aMmtDCXnQl63g9PeoFBR/1y5LD10s=\n"
	"-----END PRIVATE KEY-----\n";

struct reading {
	struct span file;
	CK_RV rv;
	CK_KEY_TYPE type;
	uint8_t written[ROOM];
	size_t written_n;
};

static void read_in(struct vault_scope *scope, void *arg)
{
	struct reading *r = arg;
	struct attrs_writer w = { .failed = CKR_OK };
	struct key_file found;
	struct mspan room;
	struct span der;

	r->rv = CKR_DEVICE_MEMORY;
	r->written_n = 0;
	if (cf_failed(vault_scope_alloc(scope, ROOM + KEYINFO_OVERHEAD, &w.room)) || cf_failed(vault_scope_alloc(scope, ROOM, &room)))
		return;
	r->rv = key_file_read(scope, r->file, &w, &found);
	if (r->rv != CKR_OK)
		return;
	r->type = attrs_ulong(attrs_written(&w), CKA_KEY_TYPE, 0);
	r->rv = keyinfo_write_private(scope, attrs_written(&w), room, &der);
	if (r->rv != CKR_OK)
		return;
	bytes_copy(r->written, der.p, der.n);
	r->written_n = der.n;
}

static struct reading r;

static void read_file(struct span file)
{
	r.file = file;
	REQUIRE(cf_ok(vault_run(read_in, &r)));
}

/* The bytes between the lines of a PEM file. */
static size_t bytes_of(const char *pem, uint8_t *out)
{
	const char *from = strchr(pem, '\n') + 1, *to = strstr(pem, "-----END");
	size_t n = 0;

	REQUIRE(sodium_base642bin(out, ROOM, from, (size_t)(to - from), "\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0);
	return n;
}

static const struct {
	const char *pem;
	CK_KEY_TYPE type;
} keys[] = { { rsa, CKK_RSA }, { p384, CKK_EC }, { x448, CKK_EC_MONTGOMERY }, { dh, CKK_DH } };

static void read_and_written_again(void)
{
	kit_open();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint8_t der[ROOM];
		size_t n = bytes_of(keys[i].pem, der);

		read_file(span_str(keys[i].pem));
		CHECK(r.rv == CKR_OK && r.type == keys[i].type);
		CHECK(span_eq(span(r.written, r.written_n), span(der, n)));
		read_file(span(der, n));
		CHECK(r.rv == CKR_OK && span_eq(span(r.written, r.written_n), span(der, n)));
	}
	vault_close();
}

static void cut_anywhere_is_refused(void)
{
	kit_open();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint8_t der[ROOM];
		size_t n = bytes_of(keys[i].pem, der);

		for (size_t cut = 0; cut < n; cut++) {
			read_file(span(der, cut));
			CHECK(r.rv != CKR_OK);
		}
		der[n] = 0;
		read_file(span(der, n + 1));
		CHECK(r.rv != CKR_OK);
	}
	vault_close();
}

/* A curve that nobody knows, explicit parameters, a number that is negative: refused, whatever else is right. */
static void changed_bytes_are_refused_or_another_key(void)
{
	kit_open();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint8_t der[ROOM];
		size_t n = bytes_of(keys[i].pem, der);

		for (size_t at = 0; at < n; at++) {
			der[at] ^= 0x80;
			read_file(span(der, n));
			CHECK(r.rv != CKR_OK || r.written_n <= n + 16);
			der[at] ^= 0x80;
		}
	}
	vault_close();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "read and written again, byte for byte", read_and_written_again },
		{ "cut anywhere it is refused", cut_anywhere_is_refused },
		{ "a changed byte does no harm", changed_bytes_are_refused_or_another_key },
		{ NULL, NULL },
	};

	return unit_main("object: PKCS#8", tests);
}
