/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of keys and the rows that use them. */
#include "bench/bench.h"

enum { ED25519, P256, RSA2048, GENERIC256, AES256 };

#define BYTES(text) text, sizeof(text) - 1
#define NONE NULL, 0

const struct key_kind key_kinds[] = {
	/* id-Ed25519, and the curve's name as PrintableString. */
	[ED25519] = { "ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, true, "ED25519", NULL, 255, BYTES("\x06\x03\x2b\x65\x70"),
		      BYTES("\x13\x0c" "edwards25519") },
	/* prime256v1 */
	[P256] = { "p256", CKM_EC_KEY_PAIR_GEN, true, "EC", "P-256", 256,
		   BYTES("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), NONE },
	[RSA2048] = { "rsa2048", CKM_RSA_PKCS_KEY_PAIR_GEN, true, "RSA", NULL, 2048, NONE, NONE },
	[GENERIC256] = { "generic256", CKM_GENERIC_SECRET_KEY_GEN, false, NULL, NULL, 256, NONE, NONE },
	[AES256] = { "aes256", CKM_AES_KEY_GEN, false, NULL, NULL, 256, NONE, NONE },
};

#define ONE false
#define MANY true
#define KEY_NO_KEY NULL
#define KEY_ED25519 &key_kinds[ED25519]
#define KEY_P256 &key_kinds[P256]
#define KEY_RSA2048 &key_kinds[RSA2048]
#define KEY_GENERIC256 &key_kinds[GENERIC256]
#define KEY_AES256 &key_kinds[AES256]

#define ROW(name, op, key, mechanism, openssl, size, lanes, many, bare) \
	{ name, OP_##op, KEY_##key, mechanism, openssl, size, lanes, many, bare },

const struct row rows[] = {
#include "bench/rows.def"
};

const size_t rows_count = sizeof(rows) / sizeof(rows[0]);

void key_id(const struct key_kind *kind, unsigned long i, unsigned char id[8])
{
	id[0] = (unsigned char)(kind - key_kinds);
	for (int at = 7; at > 0; at--, i >>= 8)
		id[at] = (unsigned char)i;
}
