/* SPDX-License-Identifier: Apache-2.0 */
/* New secret keys: random bytes, by libsodium.  Their check values, by OpenSSL. */
#include <openssl/evp.h>
#include <sodium.h>

#include "mech/families.h"
#include "mech/ossl_auto.h"

static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, struct mspan out)
{
	(void)scope;
	(void)call;
	randombytes_buf(out.p, out.n);
	return CKR_OK;
}

const struct mech_impl mech_secret_generate = {
	.state_kind = MECH_STATE_NONE,
	.generate = generate,
};

const struct mech_impl mech_secret_generate_32 = {
	.state_kind = MECH_STATE_NONE,
	.fixed_size = 32,
	.generate = generate,
};

const struct mech_impl mech_secret_generate_24 = {
	.state_kind = MECH_STATE_NONE,
	.fixed_size = 24,
	.generate = generate,
};

const struct mech_impl mech_secret_generate_16 = {
	.state_kind = MECH_STATE_NONE,
	.fixed_size = 16,
	.generate = generate,
};

static bool zeros_by(enum ossl_mode mode, struct span value, uint8_t block[16])
{
	static const uint8_t zeros[16];
	AUTO(evp_cipher_ctx_st) c = EVP_CIPHER_CTX_new();
	int n;

	return c != NULL && EVP_EncryptInit_ex2(c, ossl_mode(mode, value.n), value.p, NULL, NULL) == 1 &&
	       EVP_EncryptUpdate(c, block, &n, zeros, sizeof(zeros)) == 1;
}

static bool sha1_of(struct span value, uint8_t digest[20])
{
	AUTO(evp_md_ctx_st) c = EVP_MD_CTX_new();

	return c != NULL && EVP_DigestInit_ex2(c, ossl_digest("SHA1"), NULL) == 1 &&
	       EVP_DigestUpdate(c, value.p, value.n) == 1 && EVP_DigestFinal_ex(c, digest, NULL) == 1;
}

CK_RV mech_check_value(struct vault_scope *scope, CK_KEY_TYPE type, struct span value, uint8_t out[MECH_CHECK_VALUE])
{
	uint8_t room[20];
	bool done;

	(void)scope;
	if (type == CKK_AES)
		done = zeros_by(OSSL_ECB, value, room);
	else if (type == CKK_DES2 || type == CKK_DES3)
		done = zeros_by(OSSL_DES_ECB, value, room);
	else
		done = sha1_of(value, room);
	if (!done)
		return CKR_DEVICE_MEMORY;
	bytes_copy(out, room, MECH_CHECK_VALUE);
	return CKR_OK;
}
