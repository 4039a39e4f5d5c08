/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths that no `int` and no 32 bits hold.  What is too long for its mode is refused by its length alone.  With COFFER_LARGE set
 * (`make check-large`) more than 4 GiB go through each function, in parts and in one piece, beside the system's libcrypto.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"

#define WINDOW ((CK_ULONG)8 << 20)
#define WINDOWS 513
/* 4 GiB, 8 MiB and 3 bytes. */
#define LARGE (WINDOW * WINDOWS + 3)

static CK_BBOOL yes = CK_TRUE;
static CK_BYTE value[32] = "a key of thirty-two known bytes.", iv[16] = "sixteen bytes iv";
static CK_AES_CTR_PARAMS ctr = { 128, "sixteen bytes iv" };
static CK_GCM_PARAMS gcm = { iv, 12, 96, NULL, 0, 128 };
static CK_SALSA20_CHACHA20_POLY1305_PARAMS poly = { iv, 96, NULL, 0 };

static struct p11 m;
static CK_SESSION_HANDLE s;

static void setup(void)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "large");
	REQUIRE(slot != P11_NO_SLOT);
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
}

static void teardown(void)
{
	p11_stop(&m);
}

static CK_OBJECT_HANDLE import(CK_KEY_TYPE type)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE, value), ATTR(CKA_ENCRYPT, yes),
			     ATTR(CKA_DECRYPT, yes), ATTR(CKA_SIGN, yes) };
	CK_OBJECT_HANDLE h = 0;

	REQUIRE_RV(m.f->C_CreateObject(s, t, 6, &h), CKR_OK);
	return h;
}

/* ---- what is too long ---- */

/* `most` bytes and not one more may be encrypted. */
static void check_most(CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG most, CK_ULONG tag)
{
	CK_BYTE some[64] = { 0 }, out[64];
	CK_ULONG n = 0;

	REQUIRE_RV(m.f->C_EncryptInit(s, mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, some, most, NULL, &n), CKR_OK);
	CHECK(n == most + tag);
	CHECK_RV(m.f->C_Encrypt(s, some, most + 1, NULL, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_Encrypt(s, some, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	/* What went in before counts. */
	REQUIRE_RV(m.f->C_EncryptInit(s, mechanism, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_EncryptUpdate(s, some, 16, out, &n), CKR_OK);
	CHECK_RV(m.f->C_EncryptUpdate(s, some, most - 16, NULL, &n), CKR_OK);
	CHECK_RV(m.f->C_EncryptUpdate(s, some, most - 15, NULL, &n), CKR_DATA_LEN_RANGE);
	REQUIRE_RV(m.f->C_DecryptInit(s, mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Decrypt(s, some, most + tag, NULL, &n), CKR_OK);
	CHECK_RV(m.f->C_Decrypt(s, some, most + tag + 1, NULL, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static void test_limits(void)
{
	CK_MECHANISM with_gcm = { CKM_AES_GCM, &gcm, sizeof(gcm) }, with_poly = { CKM_CHACHA20_POLY1305, &poly, sizeof(poly) };
	CK_CCM_PARAMS p = { (CK_ULONG)1 << 16, iv, 13, NULL, 0, 16 };
	CK_MECHANISM with_ccm = { CKM_AES_CCM, &p, sizeof(p) };
	CK_AES_CTR_PARAMS eight = { 8, { 0 } };
	CK_MECHANISM with_ctr = { CKM_AES_CTR, &eight, sizeof(eight) };
	CK_OBJECT_HANDLE aes = import(CKK_AES), chacha = import(CKK_CHACHA20);
	CK_BYTE blocks[4096 + 1] = { 0 }, out[4096 + 1];
	CK_ULONG n = sizeof(out);

	check_most(&with_gcm, aes, ((CK_ULONG)1 << 36) - 32, 16);  /* NIST SP 800-38D §5.2.1.1 */
	check_most(&with_poly, chacha, ((CK_ULONG)1 << 38) - 64, 16); /* RFC 8439 §2.8 */
	/* A nonce of 13 bytes leaves two for the length (NIST SP 800-38C, A.1). */
	CHECK_RV(m.f->C_EncryptInit(s, &with_ccm, aes), CKR_MECHANISM_PARAM_INVALID);
	p.ulDataLen--;
	CHECK_RV(m.f->C_EncryptInit(s, &with_ccm, aes), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, blocks, 100, out, &n), CKR_DATA_LEN_RANGE); /* not what was announced */
	/* 256 values of the counter. */
	n = sizeof(out);
	REQUIRE_RV(m.f->C_EncryptInit(s, &with_ctr, aes), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, blocks, 4096, out, &n), CKR_OK);
	n = sizeof(out);
	REQUIRE_RV(m.f->C_EncryptInit(s, &with_ctr, aes), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, blocks, 4097, out, &n), CKR_DATA_LEN_RANGE);
}

/* ---- more than 4 GiB ---- */

static bool wanted(void)
{
	const char *set = getenv("COFFER_LARGE");

	if (set == NULL || set[0] == '\0')
		printf("skipped: make check-large ");
	return set != NULL && set[0] != '\0';
}

/* One window of memory, seen again and again in a row: LARGE bytes that take no more room than it. */
static CK_BYTE *mapped(void)
{
	CK_ULONG all = WINDOW * (WINDOWS + 1);
	int fd = memfd_create("large", MFD_CLOEXEC);
	CK_BYTE *at = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	REQUIRE(fd >= 0 && at != MAP_FAILED && ftruncate(fd, (off_t)WINDOW) == 0);
	for (CK_ULONG i = 0; i < all; i += WINDOW)
		REQUIRE(mmap(at + i, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at + i);
	(void)close(fd);
	for (CK_ULONG i = 0; i < WINDOW; i++)
		at[i] = (CK_BYTE)(i * 2654435761u >> 11);
	return at;
}

static void unmapped(CK_BYTE *at)
{
	CHECK(munmap(at, WINDOW * (WINDOWS + 1)) == 0);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void told(const char *name, double since)
{
	printf("\n    %-28s %.1f s, %.2f GB/s", name, now() - since, (double)LARGE / 1e9 / (now() - since));
	(void)fflush(stdout);
}

static CK_ULONG part_at(CK_ULONG at)
{
	return LARGE - at < WINDOW ? LARGE - at : WINDOW;
}

static void one_digest(CK_MECHANISM_TYPE type, const char *name, CK_BYTE *data)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_BYTE parts[64], whole[64];
	unsigned char theirs[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned theirs_n = 0;
	CK_ULONG n = sizeof(parts);
	double since = now();

	REQUIRE_RV(m.f->C_DigestInit(s, &mechanism), CKR_OK);
	for (CK_ULONG at = 0; at < LARGE; at += WINDOW)
		REQUIRE_RV(m.f->C_DigestUpdate(s, data + at, part_at(at)), CKR_OK);
	CHECK_RV(m.f->C_DigestFinal(s, parts, &n), CKR_OK);
	told(name, since);
	n = sizeof(whole);
	REQUIRE_RV(m.f->C_DigestInit(s, &mechanism), CKR_OK);
	CHECK_RV(m.f->C_Digest(s, data, LARGE, whole, &n), CKR_OK);
	REQUIRE(EVP_DigestInit_ex(c, EVP_get_digestbyname(name), NULL) == 1 && EVP_DigestUpdate(c, data, LARGE) == 1 &&
		EVP_DigestFinal_ex(c, theirs, &theirs_n) == 1);
	EVP_MD_CTX_free(c);
	CHECK(n == theirs_n && memcmp(parts, theirs, n) == 0 && memcmp(whole, theirs, n) == 0);
}

static void test_digests(void)
{
	CK_BYTE *data;

	if (!wanted())
		return;
	data = mapped();
	one_digest(CKM_SHA256, "SHA256", data);
	one_digest(CKM_SHA512, "SHA512", data);
	one_digest(CKM_SHA3_256, "SHA3-256", data);
	one_digest(CKM_BLAKE2B_512, "BLAKE2b512", data);
	unmapped(data);
}

static void one_mac(CK_MECHANISM *mechanism, const char *name, CK_KEY_TYPE type, CK_BYTE *data)
{
	CK_BYTE parts[64], whole[64];
	CK_ULONG parts_n = sizeof(parts), n = sizeof(whole);
	CK_OBJECT_HANDLE key = import(type);
	double since = now();

	REQUIRE_RV(m.f->C_SignInit(s, mechanism, key), CKR_OK);
	for (CK_ULONG at = 0; at < LARGE; at += WINDOW)
		REQUIRE_RV(m.f->C_SignUpdate(s, data + at, part_at(at)), CKR_OK);
	CHECK_RV(m.f->C_SignFinal(s, parts, &parts_n), CKR_OK);
	told(name, since);
	REQUIRE_RV(m.f->C_SignInit(s, mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Sign(s, data, LARGE, whole, &n), CKR_OK);
	CHECK(n == parts_n && memcmp(parts, whole, n) == 0);
	if (type == CKK_GENERIC_SECRET) {
		unsigned char theirs[64];
		size_t theirs_n = 0;

		REQUIRE(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, value, sizeof(value), data, LARGE, theirs, sizeof(theirs), &theirs_n) != NULL);
		CHECK(theirs_n == n && memcmp(theirs, whole, n) == 0);
	}
}

static void test_macs(void)
{
	CK_MECHANISM hmac = { CKM_SHA256_HMAC, NULL, 0 }, cmac = { CKM_AES_CMAC, NULL, 0 }, gmac = { CKM_AES_GMAC, &gcm, sizeof(gcm) };
	CK_BYTE *data, signature[64];
	struct p11_pair pair;
	double since;

	if (!wanted())
		return;
	data = mapped();
	one_mac(&hmac, "HMAC with SHA-256", CKK_GENERIC_SECRET, data);
	one_mac(&cmac, "CMAC", CKK_AES, data);
	one_mac(&gmac, "GMAC", CKK_AES, data);
	since = now();
	REQUIRE_RV(p11_generate(&m, s, false, "large", &pair), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, data, LARGE, signature), CKR_OK);
	told("Ed25519, signed", since);
	CHECK_RV(p11_verify(&m, s, pair.pub, NULL, data, LARGE, signature), CKR_OK);
	CHECK_RV(p11_verify(&m, s, pair.pub, NULL, data, LARGE - ((CK_ULONG)1 << 32), signature), CKR_SIGNATURE_INVALID);
	unmapped(data);
}

/* ---- ciphers: what comes out, part by part, is what the system's libcrypto makes ---- */

static const struct cipher {
	CK_MECHANISM mechanism;
	CK_KEY_TYPE type;
	const char *name;
	CK_ULONG tag;
	bool reads_again; /* what came out, for the tag: by then the next of it has taken the same window */
} ciphers[] = {
	{ { CKM_AES_CTR, &ctr, sizeof(ctr) }, CKK_AES, "AES-256-CTR", 0, false },
	{ { CKM_AES_GCM, &gcm, sizeof(gcm) }, CKK_AES, "AES-256-GCM", 16, false },
	{ { CKM_CHACHA20_POLY1305, &poly, sizeof(poly) }, CKK_CHACHA20, "ChaCha20-Poly1305", 16, true },
};

static void parts_beside(const struct cipher *c, CK_BYTE *data, CK_BYTE *out, EVP_CIPHER_CTX *theirs, CK_BYTE tag[16])
{
	CK_BYTE *expected = malloc(WINDOW);
	int done = 0;
	CK_ULONG n;

	REQUIRE(expected != NULL);
	for (CK_ULONG at = 0; at < LARGE; at += WINDOW) {
		n = WINDOW;
		REQUIRE_RV(m.f->C_EncryptUpdate(s, data + at, part_at(at), out, &n), CKR_OK);
		REQUIRE(EVP_EncryptUpdate(theirs, expected, &done, data + at, (int)part_at(at)) == 1);
		REQUIRE(n == (CK_ULONG)done && memcmp(out, expected, n) == 0);
	}
	free(expected);
	n = 16;
	CHECK_RV(m.f->C_EncryptFinal(s, tag, &n), CKR_OK);
	CHECK(n == c->tag);
}

static void one_cipher(const struct cipher *c, CK_BYTE *data, CK_BYTE *out)
{
	CK_MECHANISM mechanism = c->mechanism;
	EVP_CIPHER *kind = EVP_CIPHER_fetch(NULL, c->name, NULL);
	EVP_CIPHER_CTX *theirs = EVP_CIPHER_CTX_new();
	CK_BYTE tag[16] = { 0 }, their_tag[16] = { 0 };
	CK_ULONG n = LARGE + 16;
	int done = 0;
	CK_OBJECT_HANDLE key = import(c->type);
	double since;

	REQUIRE(EVP_EncryptInit_ex2(theirs, kind, value, iv, NULL) == 1);
	REQUIRE_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	parts_beside(c, data, out, theirs, tag);
	if (c->tag > 0)
		REQUIRE(EVP_EncryptFinal_ex(theirs, their_tag, &done) == 1 &&
			EVP_CIPHER_CTX_ctrl(theirs, EVP_CTRL_AEAD_GET_TAG, 16, their_tag) == 1);
	CHECK(memcmp(tag, their_tag, 16) == 0);
	EVP_CIPHER_CTX_free(theirs);
	EVP_CIPHER_free(kind);
	since = now();
	REQUIRE_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, data, LARGE, out, &n), CKR_OK);
	told(c->name, since);
	CHECK(n == LARGE + c->tag && (c->reads_again || memcmp(out + LARGE, tag, c->tag) == 0));
}

static void test_ciphers(void)
{
	CK_BYTE *data, *out;

	if (!wanted())
		return;
	data = mapped();
	out = mapped();
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		one_cipher(&ciphers[i], data, out);
	unmapped(data);
	unmapped(out);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a token", setup },
		{ "what is too long for its mode is refused by its length", test_limits },
		{ "more than 4 GiB: digests", test_digests },
		{ "more than 4 GiB: MACs and signatures", test_macs },
		{ "more than 4 GiB: ciphers", test_ciphers },
		{ "the end", teardown },
		{ NULL, NULL },
	};

	return unit_main("conformance: large data", tests);
}
