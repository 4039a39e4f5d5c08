/* SPDX-License-Identifier: Apache-2.0 */
/* mech/pbes2: files that OpenSSL wrote, RFC 7914's, hostile ones, and the way there and back. */
#include <sodium.h>
#include <stdlib.h>

#include "base/der.h"
#include "mech/mech.h"
#include "mech/pbes2.h"
#include "vault/heap.h"
#include "vault_kit.h"

struct file {
	uint8_t p[512];
	size_t n;
};

static struct file from_base64(const char *text)
{
	struct file f = { .n = 0 };

	REQUIRE(sodium_base642bin(f.p, sizeof(f.p), text, strlen(text), NULL, &f.n, NULL,
				  sodium_base64_VARIANT_ORIGINAL) == 0);
	return f;
}

/* PrivateKeyInfo of the key of RFC 8410 §10.3, which all files below hold. */
static const char plain_base64[] =
	"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";

static void open_all(void)
{
	kit_open();
	REQUIRE(mech_open() == CKR_OK);
}

static void close_all(void)
{
	mech_close();
	vault_close();
}

struct opening {
	struct span file, passphrase;
	CK_RV rv;
	size_t n;
	bool is_known; /* the key of RFC 8410 */
	struct file known;
};

static void open_in(struct vault_scope *scope, void *arg)
{
	struct opening *o = arg;
	struct span plain;

	o->rv = pbes2_decrypt(scope, o->file, o->passphrase, &plain);
	if (o->rv != CKR_OK)
		return;
	o->n = plain.n;
	o->is_known = span_eq(plain, span(o->known.p, o->known.n));
}

static struct opening decrypt(struct span file, const char *passphrase)
{
	struct opening o = { file, span_str(passphrase), CKR_GENERAL_ERROR, 0, false,
			     from_base64(plain_base64) };

	REQUIRE(cf_ok(vault_run(open_in, &o)));
	CHECK(heap_blocks() == 0); /* OpenSSL kept nothing of it */
	return o;
}

/* Written by OpenSSL 3.0: openssl pkcs8 -topk8, passphrase "secret". */
static const struct written {
	const char *how;
	const char *base64;
} written[] = {
	{ "PBKDF2 with HMAC-SHA1, AES-128",
	  "MIGNMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAj20HsSXwnQjwICA+gwHQYJYIZIAWUDBAECBBD3"
	  "mQ6qBvRSWWP+TfQ1yxLVBEBKu12gUx/k+PFxonuQl+mdKlBgykpvgRRUijK3RJOQ/Kb38oBTCxu835Oe3pBx"
	  "okg1Nudtgf8/VjkqxCeHNiuD" },
	{ "PBKDF2 with HMAC-SHA1, AES-192",
	  "MIGNMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAjSQpSb5YMd4QICA+gwHQYJYIZIAWUDBAEWBBDd"
	  "XYnKK+zHsUdwbRe5XXCCBEB1yJYYV/2G/Gr0+QsFNaappWKS3sDm1Fy7SIsMXscZLCtHNRP9WxgEG15QQNF0"
	  "1Evaaa3nSTpii07aQO6vyAPE" },
	{ "PBKDF2 with HMAC-SHA1, AES-256",
	  "MIGNMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAiNBIQb+0TD8AICA+gwHQYJYIZIAWUDBAEqBBBQ"
	  "jQ97/t6t9FNaMnVD+5qHBECHYRNGcoYA+ocAFlly2AUowaOa8vVDMxgAO/4AAsOZaDne82Io9oQe15X05/QH"
	  "thPGKYViPk/8BtaBu83OeM39" },
	{ "PBKDF2 with HMAC-SHA256, AES-128",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjVELh0aWaDmwICA+gwDAYIKoZIhvcNAgkFADAd"
	  "BglghkgBZQMEAQIEELZxkbJtBH1DmApNs7j7Qf8EQAl+okEILJCkPDTSw6j1yFHH/eeRlR3h+lp7kkdjbN91"
	  "Do5L5n4Ly1oYJg5EwdsEDUI3dT05t+eJsAGKNDA7I5Y=" },
	{ "PBKDF2 with HMAC-SHA256, AES-192",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiFYRFrJivGuQICA+gwDAYIKoZIhvcNAgkFADAd"
	  "BglghkgBZQMEARYEEAepn7pcyhXG+NlFo+0LndMEQOlFM9CNjZVapRHnk/9ryHxsxN0xoJqSy0VMu1MdnpH5"
	  "mDpf6ybcl4eiPMjGkKdLl6ZOkkkv6xeuLtPQCMcTBk8=" },
	{ "PBKDF2 with HMAC-SHA256, AES-256",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhtZDoaVMWqnAICA+gwDAYIKoZIhvcNAgkFADAd"
	  "BglghkgBZQMEASoEECZiXS9CpiAAjuwSQaJghwsEQO4Gsz8zFewDfXtI6HOxBlxrTSryPVBEcPuzoDsmj8g2"
	  "R5H5NsCfxzjrx4jqhXB2Tm3w71WZKtAo2snoxkH2cII=" },
	{ "PBKDF2 with HMAC-SHA384, AES-128",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjtVQy+c8S41wICA+gwDAYIKoZIhvcNAgoFADAd"
	  "BglghkgBZQMEAQIEEHneehWkY8EfyVI+qE6fKTYEQH3e9Q5a07WjPvpwM2UYP2/ji8ld5NE39777WRvJ4FTi"
	  "ksUIUcE9IqxBmDzWltumOlYT/K9yYomdKbh9K5V/R+A=" },
	{ "PBKDF2 with HMAC-SHA384, AES-192",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjkfHO8ftiz1gICA+gwDAYIKoZIhvcNAgoFADAd"
	  "BglghkgBZQMEARYEEPqgh+9CGPVyibR8vf53gF0EQCAk4IGylDCGpZEnVDeEdAkVA2T8Gn9YWPTzJenOIfs3"
	  "TqrtMKoghwM/rejF1q3sz88b/TXCk5ba/kVRaXCptmo=" },
	{ "PBKDF2 with HMAC-SHA384, AES-256",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhMaybjKrF3igICA+gwDAYIKoZIhvcNAgoFADAd"
	  "BglghkgBZQMEASoEELAyQSoK9hWShcH+EwzN7/YEQDTQiV1kIQd/zCk9ImuwtS4/R6A/46gqcW1c6XwZvoXF"
	  "AnrnjpPrCup61hpVos+dEtY9TKTYrtcurJIKlhAmCs4=" },
	{ "PBKDF2 with HMAC-SHA512, AES-128",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgDvyJ/Q7Zm6QICA+gwDAYIKoZIhvcNAgsFADAd"
	  "BglghkgBZQMEAQIEEBuAN9+fZPJJboxeRn5Ji0gEQJUBfsRNLZV4YwWoOXUUqQJy1jINJ0lsftWGks3Gq8Df"
	  "aQ6BdwgLh/NoxeM4s8xnxpLSI4afT1VX3xcOu/PfysE=" },
	{ "PBKDF2 with HMAC-SHA512, AES-192",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjZls3zfbHvTQICA+gwDAYIKoZIhvcNAgsFADAd"
	  "BglghkgBZQMEARYEEGRgJi21YuT4VHITkSFayEIEQCikBzLdAKQLSWA63edsLBw4dLLHz/rGn5TNW70zm/V1"
	  "r8YRMBQ7Yi2ZvwOBQ+9qj6ddZX/gCUeZxIoVSDlvOWA=" },
	{ "PBKDF2 with HMAC-SHA512, AES-256",
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgsp/v87dThLAICA+gwDAYIKoZIhvcNAgsFADAd"
	  "BglghkgBZQMEASoEEHi7mS/vKBJT7Hp0i6MknmwEQFeD8HYeXwByOEa99PnooroYJDWSpYj6F76EiV9Cj5uM"
	  "RRmaJCKVwDxzmFc2Us/AXgzEdZYBnqrrskCpmQa+oKk=" },
	{ "scrypt, AES-256",
	  "MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAhKb9nX6DC5cQICBAACAQgCAQEwHQYJYIZIAWUD"
	  "BAEqBBBmktNnR4yioYXAjqcaN2DWBEA3Pab6q8V0AUjsmeZnGcF8le3ZCnexRtJAKabBVLLTe9+hFH5jvAKJ"
	  "rqAMamd+ssZmaMHG/FOiekU0W1Y7Lygv" },
};

static void test_written_by_openssl(void)
{
	open_all();
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		struct file f = from_base64(written[i].base64);
		struct opening o = decrypt(span(f.p, f.n), "secret");

		CHECK(o.rv == CKR_OK && o.is_known);
		if (!o.is_known)
			fprintf(stderr, "%s: 0x%lx\n", written[i].how, o.rv);
	}
	close_all();
}

static void test_wrong_passphrase(void)
{
	struct file f = from_base64(written[4].base64);
	size_t opened = 0;

	open_all();
	CHECK(!decrypt(span(f.p, f.n), "").is_known);
	/* One in 256 looks like padding; none is the key. */
	for (int i = 0; i < 40; i++) {
		char wrong[16];
		struct opening o;

		(void)snprintf(wrong, sizeof(wrong), "secret%d", i);
		o = decrypt(span(f.p, f.n), wrong);
		CHECK(!o.is_known);
		CHECK(o.rv == CKR_OK || o.rv == CKR_PIN_INCORRECT);
		opened += o.rv == CKR_OK;
	}
	CHECK(opened < 5);
	close_all();
}

static const struct refused {
	const char *how;
	CK_RV rv;
	const char *base64;
} refused[] = {
	{ "PBES1 with triple DES", CKR_MECHANISM_INVALID,
	  "MFgwHAYKKoZIhvcNAQwBAzAOBAj6zjZNr3FRwgICCAAEONMMQ1FUC/DgEF9dn84dkZ7AkYCzhDXJfDlVPQZg"
	  "lAzs8PYcu6h4fHq7s3qpNHoYM4W+LelYy2ru" },
	{ "PBES2 with triple DES", CKR_MECHANISM_INVALID,
	  "MIGKME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAiTjBTVzQmuIgICCAAwDAYIKoZIhvcNAgkFADAU"
	  "BggqhkiG9w0DBwQITNVllzDNhBIEOHAFo9TfLGwiEkpraQqfY3YOSqOruG+jmkvYFIKOyuDZQj0SmsDLwMOP"
	  "Q9Zjd8skg64D2DDkXkYG" },
	{ "PBKDF2 with HMAC-SHA-512/256", CKR_MECHANISM_INVALID,
	  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAidQ9wMg1l+bAICCAAwDAYIKoZIhvcNAg0FADAd"
	  "BglghkgBZQMEASoEEKMO4G7WTOJnSmYA4LHKcK0EQE0zRtLRQ2uq21styY6K5zkTb23n5HtsuCbbZWgvdEpj"
	  "Q9H0FbAT4DuYbX8HmkQIBnxW9j5gSsBzS9D0tDILXEk=" },
	/* RFC 7914 §13: correct, and N = 2^20 takes 1 GiB of memory. */
	{ "scrypt that costs too much", CKR_MECHANISM_PARAM_INVALID,
	  "MIHiME0GCSqGSIb3DQEFDTBAMB8GCSsGAQQB2kcECzASBAVNb3VzZQIDEAAAAgEIAgEBMB0GCWCGSAFlAwQB"
	  "KgQQyYmguHMsOwzGMPoyObk/JgSBkJb47EWd5iAqJlyy+ni5ftd6gZgOPaLQClL7mEZc2KQay0VhjZm/7MbB"
	  "UNbqOAXNM6OGebXxVp6sHUALiBGY/Dls7B1TsWeGObE0sS1MXEpuREuloZjcsNVcNXWPlLdZtkSH6uwWzR0P"
	  "yG/Z+ZXfNodZtd/voKlvLOw5B3opGIFaLkbtLZQwMiGtl42AS89lZg==" },
};

static void test_refused(void)
{
	open_all();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct file f = from_base64(refused[i].base64);
		CK_RV rv = decrypt(span(f.p, f.n), "Rabbit").rv;

		CHECK(rv == refused[i].rv);
		if (rv != refused[i].rv)
			fprintf(stderr, "%s: 0x%lx\n", refused[i].how, rv);
	}
	close_all();
}

static void test_truncated_and_extended(void)
{
	struct file f = from_base64(written[4].base64);

	open_all();
	for (size_t n = 0; n < f.n; n++)
		CHECK(decrypt(span(f.p, n), "secret").rv == CKR_DATA_INVALID);
	f.p[f.n] = 0;
	CHECK(decrypt(span(f.p, f.n + 1), "secret").rv == CKR_DATA_INVALID);
	close_all();
}

/* Every byte of the head changed in turn: an answer of ours, never the key, never more than the limits. */
static void test_changed_bytes(void)
{
	struct file f = from_base64(written[12].base64);
	size_t head = f.n - 64;

	open_all();
	for (size_t i = 0; i < head; i++) {
		struct file changed = f;
		struct opening o;

		changed.p[i] ^= 0x41;
		o = decrypt(span(changed.p, changed.n), "secret");
		CHECK(o.rv != CKR_GENERAL_ERROR);
		CHECK(!o.is_known);
	}
	close_all();
}

static const uint8_t oid_pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d };
static const uint8_t oid_pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c };
static const uint8_t oid_scrypt[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b };
static const uint8_t oid_aes256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a };

/* An EncryptedPrivateKeyInfo with these numbers as parameters of its KDF (0: left out). */
static struct file file_with(struct span kdf, const uint64_t *number, size_t count, size_t iv, size_t data)
{
	static const uint8_t zeros[64];
	struct file f;
	struct der_writer w = der_writer_of(MSPAN_OF(f.p));
	size_t end = w.start, algorithm, params;

	der_put_element(&w, DER_OCTET_STRING, span(zeros, data));
	algorithm = w.start;
	der_put_element(&w, DER_OCTET_STRING, span(zeros, iv));
	der_put_element(&w, DER_OID, SPAN_OF(oid_aes256));
	der_wrap(&w, DER_SEQUENCE, algorithm);
	params = w.start;
	for (size_t i = count; i > 0; i--)
		if (number[i - 1] != 0)
			der_put_uint(&w, number[i - 1]);
	der_put_element(&w, DER_OCTET_STRING, span(zeros, 8));
	der_wrap(&w, DER_SEQUENCE, params);
	der_put_element(&w, DER_OID, kdf);
	der_wrap(&w, DER_SEQUENCE, params);
	der_wrap(&w, DER_SEQUENCE, algorithm);
	der_put_element(&w, DER_OID, SPAN_OF(oid_pbes2));
	der_wrap(&w, DER_SEQUENCE, algorithm);
	der_wrap(&w, DER_SEQUENCE, end);
	REQUIRE(!w.failed);
	f.n = der_written(&w).n;
	memmove(f.p, der_written(&w).p, f.n);
	return f;
}

static CK_RV scrypt_rv(uint64_t n, uint64_t r, uint64_t p, uint64_t key_size)
{
	const uint64_t number[] = { n, r, p, key_size };
	struct file f = file_with(SPAN_OF(oid_scrypt), number, 4, 16, 32);

	return decrypt(span(f.p, f.n), "secret").rv;
}

static CK_RV pbkdf2_rv(uint64_t iterations, uint64_t key_size)
{
	const uint64_t number[] = { iterations, key_size };
	struct file f = file_with(SPAN_OF(oid_pbkdf2), number, 2, 16, 32);

	return decrypt(span(f.p, f.n), "secret").rv;
}

static void test_absurd_parameters(void)
{
	const uint64_t one[] = { 1 };
	struct file f;

	open_all();
	CHECK(scrypt_rv(16, 1, 1, 0) == CKR_PIN_INCORRECT);
	CHECK(scrypt_rv(16, 1, 1, 32) == CKR_PIN_INCORRECT);
	CHECK(scrypt_rv(16, 1, 1, 16) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv(15, 1, 1, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv(1, 1, 1, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv((uint64_t)1 << 22, 1, 1, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv((uint64_t)1 << 62, 8, 1, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv(1024, (uint64_t)1 << 61, 1, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv(2, 1, (uint64_t)1 << 40, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(scrypt_rv(16384, 8, 100000, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(pbkdf2_rv(1, 0) == CKR_PIN_INCORRECT);
	CHECK(pbkdf2_rv(1, 24) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(pbkdf2_rv(10000001, 0) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(pbkdf2_rv((uint64_t)1 << 40, 0) == CKR_MECHANISM_PARAM_INVALID);
	f = file_with(SPAN_OF(oid_pbkdf2), one, 1, 12, 32);
	CHECK(decrypt(span(f.p, f.n), "secret").rv == CKR_DATA_INVALID);
	f = file_with(SPAN_OF(oid_pbkdf2), one, 1, 16, 31);
	CHECK(decrypt(span(f.p, f.n), "secret").rv == CKR_DATA_INVALID);
	f = file_with(SPAN_OF(oid_pbkdf2), one, 1, 16, 0);
	CHECK(decrypt(span(f.p, f.n), "secret").rv == CKR_DATA_INVALID);
	f = file_with(SPAN_OF(oid_aes256), one, 1, 16, 32);
	CHECK(decrypt(span(f.p, f.n), "secret").rv == CKR_MECHANISM_INVALID);
	close_all();
}

struct sealing {
	struct mspan out;
	CK_RV rv;
	struct file known;
	size_t n;
};

static void seal_in(struct vault_scope *scope, void *arg)
{
	struct sealing *s = arg;

	s->rv = pbes2_encrypt(scope, span(s->known.p, s->n), span_str("correct horse"), s->out);
}

static void test_there_and_back(void)
{
	static const size_t sizes[] = { 0, 15, 16, 127, 128, 300 };
	uint8_t first[512], second[512];
	struct sealing s = { .known = from_base64(plain_base64) };
	struct opening o;
	size_t depth;

	open_all();
	s.n = s.known.n;
	s.out = mspan(first, pbes2_size(s.n));
	REQUIRE(s.out.n < sizeof(first));
	REQUIRE(cf_ok(vault_measure(seal_in, &s, &depth)));
	REQUIRE(s.rv == CKR_OK);
	CHECK(depth < vault_stack_size() / 2);
	o = decrypt(span_const(s.out), "correct horse");
	CHECK(o.rv == CKR_OK && o.is_known);
	/* A new salt each time. */
	s.out.p = second;
	REQUIRE(cf_ok(vault_run(seal_in, &s)) && s.rv == CKR_OK);
	CHECK(memcmp(first, second, s.out.n) != 0);
	/* Sizes around blocks and around where a length takes another byte. */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		s.n = sizes[i];
		s.out = mspan(first, pbes2_size(s.n));
		REQUIRE(cf_ok(vault_run(seal_in, &s)) && s.rv == CKR_OK);
		o = decrypt(span_const(s.out), "correct horse");
		CHECK(o.rv == CKR_OK && o.n == s.n);
	}
	s.n = 16;
	s.out = mspan(first, pbes2_size(16) - 1);
	REQUIRE(cf_ok(vault_run(seal_in, &s)));
	CHECK(s.rv == CKR_GENERAL_ERROR);
	close_all();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what OpenSSL writes is read, with every function and key size", test_written_by_openssl },
		{ "a wrong passphrase gives no key", test_wrong_passphrase },
		{ "other ways to encrypt are refused by name", test_refused },
		{ "a file that is cut or has something behind it is refused", test_truncated_and_extended },
		{ "a changed byte of the head gives an answer, not the key", test_changed_bytes },
		{ "parameters that cost too much or make no sense are refused", test_absurd_parameters },
		{ "what is written is read again, with a salt of its own each time", test_there_and_back },
		{ NULL, NULL },
	};

	return unit_main("mech/pbes2", tests);
}
