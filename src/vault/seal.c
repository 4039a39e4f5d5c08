/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/seal.h"

#include <sodium.h>
#include <stdatomic.h>

#include "base/codec.h"

struct aead {
	const char *name;
	int (*encrypt)(unsigned char *c, unsigned long long *c_n, const unsigned char *m,
		       unsigned long long m_n, const unsigned char *ad, unsigned long long ad_n,
		       const unsigned char *secret_nonce, const unsigned char *nonce,
		       const unsigned char *key);
	int (*decrypt)(unsigned char *m, unsigned long long *m_n, unsigned char *secret_nonce,
		       const unsigned char *c, unsigned long long c_n, const unsigned char *ad,
		       unsigned long long ad_n, const unsigned char *nonce,
		       const unsigned char *key);
};

static const struct aead aes_gcm = {
	"AES-256-GCM",
	crypto_aead_aes256gcm_encrypt,
	crypto_aead_aes256gcm_decrypt,
};

static const struct aead xchacha = {
	"XChaCha20-Poly1305",
	crypto_aead_xchacha20poly1305_ietf_encrypt,
	crypto_aead_xchacha20poly1305_ietf_decrypt,
};

static const struct aead *chosen = &xchacha;
static const struct seal_long *other;

void seal_choose(bool hardware)
{
	chosen = hardware && crypto_aead_aes256gcm_is_available() ? &aes_gcm : &xchacha;
}

const char *seal_name(void)
{
	return chosen->name;
}

void seal_set_long(const struct seal_long *given)
{
	other = given;
}

static bool is_long(size_t n)
{
	return other != NULL && chosen == &aes_gcm && n >= SEAL_LONG;
}

static _Atomic uint64_t next;

/* As long as the longest that a cipher takes (XChaCha20's). */
struct whole_nonce {
	uint8_t bytes[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
};

static struct whole_nonce whole(const uint8_t nonce[SEAL_NONCE_SIZE])
{
	struct whole_nonce n = { { 0 } };

	memcpy(n.bytes, nonce, SEAL_NONCE_SIZE);
	return n;
}

void seal_encrypt(const uint8_t key[32], uint8_t nonce[SEAL_NONCE_SIZE], struct span in,
		  uint8_t *out)
{
	struct whole_nonce n;

	codec_put_u64(nonce, atomic_fetch_add_explicit(&next, 1, memory_order_relaxed));
	n = whole(nonce);
	if (is_long(in.n) && other->encrypt(key, n.bytes, in, out))
		return;
	(void)chosen->encrypt(out, NULL, in.p, in.n, NULL, 0, NULL, n.bytes, key);
}

bool seal_decrypt(const uint8_t key[32], const uint8_t nonce[SEAL_NONCE_SIZE], struct span in,
		  uint8_t *out)
{
	struct whole_nonce n = whole(nonce);
	bool genuine = false;

	if (is_long(in.n) && other->decrypt(key, n.bytes, in, out, &genuine))
		return genuine;
	return chosen->decrypt(out, NULL, NULL, in.p, in.n, NULL, 0, n.bytes, key) == 0;
}
