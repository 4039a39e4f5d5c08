/* SPDX-License-Identifier: Apache-2.0 */
/* Message digests and random numbers (PKCS#11 3.0 sections 5.10 and 5.16); values from FIPS 180-4's examples. */
#include <stdio.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

static const struct {
	CK_MECHANISM_TYPE type;
	CK_ULONG size;
	const char *abc; /* digest of "abc" */
} digests[] = {
	{CKM_SHA224, 28, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
	{CKM_SHA256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{CKM_SHA384, 48,
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
	{CKM_SHA512, 64,
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};
#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "digest");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, false);
}

static bool is_hex(const CK_BYTE *value, CK_ULONG n, const char *hex)
{
	char text[129];

	for (CK_ULONG i = 0; i < n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", value[i]);
	return strcmp(text, hex) == 0;
}

static void test_published(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE out[64];
	CK_ULONG n;

	for (size_t i = 0; i < DIGESTS; i++) {
		CK_MECHANISM mechanism = {digests[i].type, NULL, 0};

		CHECK_RV(m.f->C_DigestInit(s, &mechanism), CKR_OK);
		n = sizeof(out);
		CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OK);
		CHECK(n == digests[i].size && is_hex(out, n, digests[i].abc));
		CHECK_RV(m.f->C_DigestInit(s, &mechanism), CKR_OK);
		CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"a", 1), CKR_OK);
		CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"", 0), CKR_OK);
		CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"bc", 2), CKR_OK);
		n = sizeof(out);
		CHECK_RV(m.f->C_DigestFinal(s, out, &n), CKR_OK);
		CHECK(n == digests[i].size && is_hex(out, n, digests[i].abc));
	}
	p11_stop(&m);
}

static void test_rules(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM sha = {CKM_SHA256, NULL, 0}, unknown = {0x7fff1234, NULL, 0}, wrong = {CKM_EDDSA, NULL, 0},
		     extra = {CKM_SHA256, (void *)"x", 1};
	CK_BYTE out[64];
	CK_ULONG n = 0;

	CHECK_RV(m.f->C_DigestInit(s, &unknown), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_DigestInit(s, &wrong), CKR_MECHANISM_INVALID);
	if (m.is_coffer)
		CHECK_RV(m.f->C_DigestInit(s, &extra), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f->C_Digest(s, out, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_DigestInit(s, &sha), CKR_OK);
	CHECK_RV(m.f->C_DigestInit(s, &sha), CKR_OPERATION_ACTIVE);
	CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, NULL, &n), CKR_OK);
	CHECK(n == 32);
	n = 31;
	CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 32);
	CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OK);
	CHECK(is_hex(out, n, digests[1].abc));
	/* Begun in parts, it ends in parts. */
	CHECK_RV(m.f->C_DigestInit(s, &sha), CKR_OK);
	CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"abc", 3), CKR_OK);
	n = 64;
	CHECK(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n) != CKR_OK);
	p11_stop(&m);
}

static void test_random(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	static CK_BYTE a[100000], b[sizeof(a)];
	unsigned zero = 0;

	CHECK_RV(m.f->C_GenerateRandom(s, NULL, 4), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GenerateRandom(s, a, sizeof(a)), CKR_OK);
	CHECK_RV(m.f->C_GenerateRandom(s, b, sizeof(b)), CKR_OK);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	for (size_t i = 0; i < sizeof(a); i++)
		zero += a[i] == 0;
	CHECK(zero > 200 && zero < 600); /* 391 in 100,000; never outside by chance */
	CHECK_EITHER(m.f->C_SeedRandom(s, a, 16), CKR_OK, CKR_RANDOM_SEED_NOT_SUPPORTED);
	CHECK_RV(m.f->C_SeedRandom(s, NULL, 16), CKR_ARGUMENTS_BAD);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"published digests, at once and in parts", test_published},
		{"lengths, mechanisms, running operations", test_rules},
		{"C_GenerateRandom and C_SeedRandom", test_random},
		{NULL, NULL},
	};

	return unit_main("conformance: digests and random numbers", tests);
}
