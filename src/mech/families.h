/* SPDX-License-Identifier: Apache-2.0 */
/* The families that table.def points at. Used in this room only. */
#ifndef COFFER_MECH_FAMILIES_H
#define COFFER_MECH_FAMILIES_H

#include <openssl/types.h>

#include "mech/mech.h"

extern const struct mech_impl mech_pqc_generate;    /* pqc.c, by OpenSSL 3.5; the key type tells which */
extern const struct mech_impl mech_ml_kem;          /* ml_kem.c */
extern const struct mech_impl mech_pqc_sign;        /* pqc_sign.c */
extern const struct mech_impl mech_pqc_sign_digest;
extern const struct mech_impl mech_pqc_sign_hash;   /* variant: the digest's name */
extern const struct mech_impl mech_digest;          /* digest.c, by OpenSSL; variant: its name there */
struct sha_kind;
extern const struct mech_impl mech_sha;             /* sha.c, by OpenSSL; variant: one of these */
extern const struct sha_kind sha_md5, sha_1, sha_224, sha_256, sha_384, sha_512;
extern const struct mech_impl mech_blake2b;         /* blake2b.c, by libsodium; variant: one of these */
extern const size_t blake2b_160, blake2b_256, blake2b_384, blake2b_512;
extern const struct mech_impl mech_eddsa;           /* eddsa.c, by libsodium */
extern const struct mech_impl mech_eddsa_generate;
extern const struct mech_impl mech_ecdsa;           /* ec.c, by OpenSSL */
extern const struct mech_impl mech_ecdsa_hash;      /* variant: the digest's name */
extern const struct mech_impl mech_ec_generate;
extern const struct mech_impl mech_xdh_generate;    /* xdh.c, by libsodium and OpenSSL */
extern const struct mech_impl mech_ecdh;            /* ecdh.c */
extern const struct mech_impl mech_dh_group;        /* dh.c, by OpenSSL */
extern const struct mech_impl mech_dh_generate;     /* dh.c, by OpenSSL */
extern const struct mech_impl mech_dh;
extern const struct mech_impl mech_algorand_derive; /* algorand.c */
extern const struct mech_impl mech_secret_generate; /* secret.c, by libsodium: a key as long as CKA_VALUE_LEN says */
extern const struct mech_impl mech_secret_generate_32;
extern const struct mech_impl mech_secret_generate_24;
extern const struct mech_impl mech_secret_generate_16;
extern const struct mech_impl mech_hmac;            /* mac.c, by OpenSSL; variant: the digest's name */
extern const struct mech_impl mech_hmac_general;
extern const struct mech_impl mech_cmac;
extern const struct mech_impl mech_cmac_general;
extern const struct mech_impl mech_des_cmac;
extern const struct mech_impl mech_des_cmac_general;
extern const struct mech_impl mech_gmac;
extern const struct mech_impl mech_poly1305;
struct cipher_kind;
extern const struct mech_impl mech_cipher;          /* cipher.c, by OpenSSL; variant: one of these */
extern const struct mech_impl mech_cipher_blocks;
extern const struct mech_impl mech_cipher_padded;
extern const struct cipher_kind cipher_ecb, cipher_cbc, cipher_cbc_pad, cipher_ctr, cipher_ofb, cipher_cfb128, cipher_cfb8,
	cipher_cfb1, cipher_chacha20, cipher_des_ecb, cipher_des_cbc, cipher_des_cbc_pad;
extern const struct mech_impl mech_cipher_whole;    /* cipher_whole.c, by OpenSSL; variant: one of these */
extern const struct mech_impl mech_key_wrap;
extern const struct mech_impl mech_key_wrap_kwp;
extern const struct cipher_kind cipher_cts, cipher_xts, cipher_key_wrap, cipher_key_wrap_kwp;
extern const struct mech_impl mech_gcm;             /* aead.c, by OpenSSL and libsodium */
extern const struct mech_impl mech_ccm;
extern const struct mech_impl mech_chacha20_poly1305;
extern const struct mech_impl mech_rsa_generate;    /* rsa.c, by OpenSSL */
extern const struct mech_impl mech_rsa_pkcs_hash;   /* rsa_sign.c; variant: the digest's name */
extern const struct mech_impl mech_rsa_pss;
extern const struct mech_impl mech_rsa_pss_hash;    /* variant: the digest's name */
extern const struct mech_impl mech_rsa_pkcs;        /* rsa_crypt.c */
extern const struct mech_impl mech_rsa_raw;
extern const struct mech_impl mech_rsa_oaep;
extern const struct mech_impl mech_rsa_aes_wrap;
extern const struct mech_impl mech_public_half;     /* keys.c */
extern const struct mech_impl mech_hkdf;            /* hkdf.c */
extern const struct mech_impl mech_hkdf_data;
extern const struct mech_impl mech_pbkdf2;          /* pbkdf2.c */
extern const struct mech_impl mech_kbkdf;           /* sp800_108.c */
extern const struct mech_impl mech_salsa20;         /* salsa20.c, by libsodium */
extern const struct mech_impl mech_tls_master;      /* tls12.c */
extern const struct mech_impl mech_tls_block;
extern const struct mech_impl mech_tls_kdf;
extern const struct mech_impl mech_tls_mac;
extern const struct mech_impl mech_derive_hash;     /* simple_kdf.c; variant: the digest's name */
extern const struct mech_impl mech_derive_shake;    /* variant: the same */
extern const struct mech_impl mech_derive_blake2b;  /* variant: blake2b_... */
extern const struct mech_impl mech_derive_join;
extern const struct mech_impl mech_derive_join_key;
extern const struct mech_impl mech_derive_xor;
extern const struct mech_impl mech_derive_encrypt;

/* digest.c: the message of a mechanism that signs a digest of it; variant: the digest's name.  SHAKE gives as much as there is room for. */
#define HASHING_STATE_SIZE sizeof(void *)
CK_RV hashing_begin(struct vault_scope *scope, const struct mech_call *call);
CK_RV hashing_update(struct vault_scope *scope, const struct mech_call *call, struct span part);
CK_RV hashing_finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n);
void hashing_clear(void *state);

/* params.c: parsers of mechanism parameters. */
CK_RV params_none(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_eddsa(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_sign_context(const CK_MECHANISM *given, union mech_params *out);      /* pqc_sign.c */
CK_RV params_hash_sign_context(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_ecdh(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_index(const CK_MECHANISM *given, union mech_params *out);
/* params_cipher.c: the same for secret-key mechanisms. */
CK_RV params_iv_16(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_iv_8(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_iv_8_opt(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_iv_4_opt(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_ctr(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_gcm(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_gmac(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_ccm(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_chacha20(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_chacha20_poly1305(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_mac_length(const CK_MECHANISM *given, union mech_params *out);
/* params_message.c: parameters of one message. */
CK_RV message_gcm(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out);
CK_RV message_ccm(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out);
CK_RV message_chacha20_poly1305(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out);
CK_RV params_pss(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_oaep(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_rsa_aes(const CK_MECHANISM *given, union mech_params *out);
/* params_kdf.c */
CK_RV params_hkdf(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_string(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_encrypt_ecb(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_encrypt_cbc(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_kbkdf_counter(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_kbkdf_pipeline(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_kbkdf_feedback(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_pbkdf2(const CK_MECHANISM *given, union mech_params *out); /* pbkdf2.c */
CK_RV params_other_key(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_dh(const CK_MECHANISM *given, union mech_params *out);     /* dh.c */
/* salsa20.c */
CK_RV params_salsa20(const CK_MECHANISM *given, union mech_params *out);
/* params_tls.c */
CK_RV params_tls_master(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_master_dh(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_extended(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_extended_dh(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_block(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_block_safe(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_kdf(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_tls_mac(const CK_MECHANISM *given, union mech_params *out);
/* ecdh.c: CKD_... */
bool ecdh_kdf_known(CK_ULONG type);
/* The agreed secret itself: what is too much is cut from its front. *n: as in mech_impl.derive. KEY_SIZE_RANGE. */
CK_RV agreed_cut(struct span z, struct mspan out, size_t *n);
/* The same length where a key encapsulation asks for it: an AES key takes as much as there is. */
static inline size_t agreed_length(size_t wanted)
{
	return wanted == MECH_LENGTH_AES ? 0 : wanted;
}

/* ossl.c: a library context of our own, so that the host's OpenSSL is not touched. */
CK_RV ossl_open(void);
void ossl_close(void);
OSSL_LIB_CTX *ossl_context(void);
/* Fetched once. NULL when the library does not have it. */
const EVP_MD *ossl_digest(const char *name);
const EVP_CIPHER *ossl_cipher(const char *name);
EVP_KDF *ossl_pbkdf2(void);
EVP_KDF *ossl_tls_prf(void);
EVP_MAC *ossl_poly1305(void);
const EVP_SIGNATURE *ossl_ed448(void);

enum ossl_mode {
	OSSL_CHACHA20, OSSL_CHACHA20_POLY1305, OSSL_DES_ECB, OSSL_DES_CBC, OSSL_ECB, OSSL_CBC, OSSL_CTR, OSSL_CFB1, OSSL_CFB8, OSSL_CFB, OSSL_OFB, OSSL_CTS, OSSL_XTS, OSSL_GCM, OSSL_CCM,
	OSSL_MODES
};
/* For a key of so many bytes: AES of 16, 24 or 32 (XTS: 32 or 64), triple DES of 16 or 24, ChaCha20 of 32; NULL for other lengths. */
const EVP_CIPHER *ossl_mode(enum ossl_mode mode, size_t key_n);

#endif
