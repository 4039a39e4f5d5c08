/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman keys (PKCS #3): made, used against OpenSSL on the other side, brought in and taken out; what is refused. */
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "groups.h"
#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY, class_private = CKO_PRIVATE_KEY, class_public = CKO_PUBLIC_KEY;
static CK_KEY_TYPE dh = CKK_DH, aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_MECHANISM generate = {CKM_DH_PKCS_KEY_PAIR_GEN, NULL, 0};
static CK_BYTE prime[GROUP_BYTES], base[] = {2};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	group_prime(group_ffdhe2048, prime);
	REQUIRE(p11_start(m));
	slot = p11_token(m, "dh");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_RV pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_ATTRIBUTE *more, CK_ULONG n, struct p11_pair *out)
{
	CK_ATTRIBUTE pub[] = {ATTR(CKA_PRIME, prime), ATTR(CKA_BASE, base)}, priv[8] = {ATTR(CKA_DERIVE, yes)};

	for (CK_ULONG i = 0; i < n; i++)
		priv[i + 1] = more[i];
	return m->f->C_GenerateKeyPair(s, &generate, pub, 2, priv, n + 1, &out->pub, &out->priv);
}

static CK_ULONG value_of(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BYTE *out)
{
	CK_ATTRIBUTE t = {type, out, GROUP_BYTES};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static CK_RV derive(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, CK_BYTE *peer, CK_ULONG peer_n, CK_ATTRIBUTE *t,
		    CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = {CKM_DH_PKCS_DERIVE, peer, peer_n};

	return m->f->C_DeriveKey(s, &mechanism, key, t, n, out);
}

/* ---- OpenSSL on the other side ---- */

static EVP_PKEY *openssl_key(const BIGNUM *public_value)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	REQUIRE(b != NULL && c != NULL && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "ffdhe2048", 0) == 1);
	REQUIRE(public_value == NULL || OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PUB_KEY, public_value) == 1);
	params = OSSL_PARAM_BLD_to_param(b);
	if (public_value != NULL) {
		REQUIRE(EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
	} else {
		REQUIRE(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_CTX_set_params(c, params) == 1 && EVP_PKEY_generate(c, &key) == 1);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(c);
	return key;
}

static void openssl_agree(EVP_PKEY *own, const CK_BYTE *peer, CK_ULONG n, CK_BYTE z[GROUP_BYTES])
{
	BIGNUM *y = BN_bin2bn(peer, (int)n, NULL);
	EVP_PKEY *other = openssl_key(y);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(own, NULL);
	size_t length = GROUP_BYTES;

	REQUIRE(EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_CTX_set_dh_pad(c, 1) == 1 && EVP_PKEY_derive_set_peer(c, other) == 1 &&
		EVP_PKEY_derive(c, z, &length) == 1 && length == GROUP_BYTES);
	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(other);
	BN_free(y);
}

static void test_agrees_with_openssl(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE y[GROUP_BYTES], peer[GROUP_BYTES], z[GROUP_BYTES], want[GROUP_BYTES];
	CK_ATTRIBUTE whole[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic)};
	CK_ULONG n, length = 32;
	CK_ATTRIBUTE key[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE_LEN, length)};
	EVP_PKEY *own = openssl_key(NULL);
	BIGNUM *number = NULL;
	CK_OBJECT_HANDLE h;
	struct p11_pair k;

	REQUIRE_RV(pair(&m, s, NULL, 0, &k), CKR_OK);
	n = value_of(&m, s, k.pub, CKA_VALUE, y);
	openssl_agree(own, y, n, want);
	REQUIRE(EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PUB_KEY, &number) == 1 && BN_bn2binpad(number, peer, GROUP_BYTES) > 0);
	REQUIRE_RV(derive(&m, s, k.priv, peer, GROUP_BYTES, whole, 2, &h), CKR_OK);
	CHECK(value_of(&m, s, h, CKA_VALUE, z) == GROUP_BYTES && memcmp(z, want, GROUP_BYTES) == 0);
	/* What is too much goes from the leading end. */
	REQUIRE_RV(derive(&m, s, k.priv, peer, GROUP_BYTES, key, 2, &h), CKR_OK);
	CHECK(value_of(&m, s, h, CKA_VALUE, z) == 32 && memcmp(z, want + GROUP_BYTES - 32, 32) == 0);
	CHECK_RV(derive(&m, s, k.priv, peer, GROUP_BYTES, key, 1, &h), CKR_KEY_SIZE_RANGE);
	BN_free(number);
	EVP_PKEY_free(own);
	p11_stop(&m);
}

/* ---- what a pair has ---- */

static void test_attributes(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG bits = 0, asked = 300;
	CK_BYTE got[GROUP_BYTES];
	CK_ATTRIBUTE shown[] = {ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_VALUE_BITS, asked)};
	CK_MECHANISM_TYPE made;
	struct p11_pair k;
	CK_ATTRIBUTE hidden = {CKA_VALUE, got, sizeof(got)};

	REQUIRE_RV(pair(&m, s, NULL, 0, &k), CKR_OK);
	CHECK(value_of(&m, s, k.pub, CKA_PRIME, got) == GROUP_BYTES && memcmp(got, prime, GROUP_BYTES) == 0);
	CHECK(value_of(&m, s, k.priv, CKA_PRIME, got) == GROUP_BYTES && memcmp(got, prime, GROUP_BYTES) == 0);
	CHECK(value_of(&m, s, k.priv, CKA_BASE, got) == 1 && got[0] == 2);
	CHECK(p11_get(&m, s, k.priv, CKA_VALUE_BITS, &bits, sizeof(bits)) && bits > 200 && bits <= 225);
	CHECK(p11_get(&m, s, k.priv, CKA_KEY_GEN_MECHANISM, &made, sizeof(made)) && made == CKM_DH_PKCS_KEY_PAIR_GEN);
	CHECK(p11_get_bool(&m, s, k.priv, CKA_LOCAL) && p11_get_bool(&m, s, k.priv, CKA_ALWAYS_SENSITIVE));
	CHECK(!p11_get_bool(&m, s, k.priv, CKA_SIGN) && !p11_get_bool(&m, s, k.pub, CKA_VERIFY));
	CHECK_RV(m.f->C_GetAttributeValue(s, k.priv, &hidden, 1), CKR_ATTRIBUTE_SENSITIVE);
	REQUIRE_RV(pair(&m, s, shown, 3, &k), CKR_OK);
	CHECK(value_of(&m, s, k.priv, CKA_VALUE, got) <= 38);
	CHECK(p11_get(&m, s, k.priv, CKA_VALUE_BITS, &bits, sizeof(bits)) && bits == 300);
	asked = 100;
	CHECK_RV(pair(&m, s, shown, 3, &k), CKR_ATTRIBUTE_VALUE_INVALID);
	p11_stop(&m);
}

static void test_groups_are_checked(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE x[] = {9, 9}, one[] = {1};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, dh), ATTR(CKA_PRIME, prime), ATTR(CKA_BASE, base),
			       ATTR(CKA_VALUE, x)};
	CK_ATTRIBUTE missing[] = {ATTR(CKA_PRIME, prime)};
	CK_OBJECT_HANDLE h;
	struct p11_pair k;

	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, missing, 1, NULL, 0, &k.pub, &k.priv), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, NULL, 0, NULL, 0, &k.pub, &k.priv), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_CreateObject(s, priv, 4, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_CreateObject(s, priv, 5, &h), CKR_OK);
	priv[4] = (CK_ATTRIBUTE)ATTR(CKA_VALUE, one);
	CHECK_RV(m.f->C_CreateObject(s, priv, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	priv[4] = (CK_ATTRIBUTE)ATTR(CKA_VALUE, prime);
	CHECK_RV(m.f->C_CreateObject(s, priv, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	priv[0] = (CK_ATTRIBUTE)ATTR(CKA_CLASS, class_public);
	CHECK_RV(m.f->C_CreateObject(s, priv, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	group_prime(group_rfc5114, prime);
	CHECK_RV(pair(&m, s, NULL, 0, &k), CKR_DOMAIN_PARAMS_INVALID);
	priv[4] = (CK_ATTRIBUTE)ATTR(CKA_VALUE, x);
	CHECK_RV(m.f->C_CreateObject(s, priv, 5, &h), CKR_DOMAIN_PARAMS_INVALID);
	p11_stop(&m);
}

static void test_refused(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE y[GROUP_BYTES], one[] = {1};
	CK_MECHANISM half = {CKM_PUB_KEY_FROM_PRIV_KEY, NULL, 0};
	CK_ATTRIBUTE deaf[] = {ATTR(CKA_DERIVE, no)};
	CK_OBJECT_HANDLE h;
	struct p11_pair k, other;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_PRIME, prime), ATTR(CKA_BASE, base)};
	CK_ULONG n;

	REQUIRE_RV(pair(&m, s, NULL, 0, &k), CKR_OK);
	n = value_of(&m, s, k.pub, CKA_VALUE, y);
	CHECK_RV(derive(&m, s, k.priv, one, 1, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, k.priv, prime, GROUP_BYTES, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, k.priv, NULL, n, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_EITHER(derive(&m, s, k.pub, y, n, NULL, 0, &h), CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, pub, 2, deaf, 1, &other.pub, &other.priv), CKR_OK);
	CHECK_RV(derive(&m, s, other.priv, y, n, NULL, 0, &h), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(m.f->C_DeriveKey(s, &half, k.priv, NULL, 0, &h), CKR_KEY_TYPE_INCONSISTENT);
	p11_stop(&m);
}

/* As PrivateKeyInfo under another key, and back: the same key. */
static void test_wrapped(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG size = 32, n, wrapped_n;
	CK_BYTE wrapped[1024], y[GROUP_BYTES], z[2][GROUP_BYTES];
	CK_MECHANISM aes_generate = {CKM_AES_KEY_GEN, NULL, 0}, kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_ATTRIBUTE role[] = {ATTR(CKA_VALUE_LEN, size), ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes)}, out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, dh), ATTR(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE with, back, h;
	struct p11_pair k, other;

	REQUIRE_RV(m.f->C_GenerateKey(s, &aes_generate, role, 3, &with), CKR_OK);
	REQUIRE_RV(pair(&m, s, out, 1, &k), CKR_OK);
	REQUIRE_RV(pair(&m, s, NULL, 0, &other), CKR_OK);
	n = value_of(&m, s, other.pub, CKA_VALUE, y);
	wrapped_n = sizeof(wrapped);
	REQUIRE_RV(m.f->C_WrapKey(s, &kwp, with, k.priv, wrapped, &wrapped_n), CKR_OK);
	REQUIRE_RV(m.f->C_UnwrapKey(s, &kwp, with, wrapped, wrapped_n, t, 3, &back), CKR_OK);
	REQUIRE_RV(derive(&m, s, k.priv, y, n, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, CKA_VALUE, z[0]) == GROUP_BYTES);
	REQUIRE_RV(derive(&m, s, back, y, n, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, CKA_VALUE, z[1]) == GROUP_BYTES && memcmp(z[0], z[1], GROUP_BYTES) == 0);
	p11_stop(&m);
}

/* The groups of RFC 7919: what comes out makes keys. */
static void test_domain_parameters(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM parameters = {CKM_DH_PKCS_PARAMETER_GEN, NULL, 0};
	CK_OBJECT_CLASS domain = CKO_DOMAIN_PARAMETERS, class = 0;
	CK_ULONG bits = 2048, got_bits = 0, strange = 2560;
	CK_ATTRIBUTE t[] = {ATTR(CKA_PRIME_BITS, bits), ATTR(CKA_CLASS, domain), ATTR(CKA_KEY_TYPE, dh), ATTR(CKA_TOKEN, yes)};
	CK_ATTRIBUTE other[] = {ATTR(CKA_PRIME_BITS, strange)}, given[] = {ATTR(CKA_PRIME_BITS, bits), ATTR(CKA_PRIME, prime)};
	CK_ATTRIBUTE wrong[] = {ATTR(CKA_PRIME_BITS, bits), ATTR(CKA_KEY_TYPE, aes)};
	CK_MECHANISM_INFO info;
	CK_SLOT_ID slot = p11_find_slot(&m, "dh");
	CK_BYTE out[GROUP_BYTES];
	CK_OBJECT_HANDLE h;

	REQUIRE_RV(m.f->C_GenerateKey(s, &parameters, t, 4, &h), CKR_OK);
	CHECK(value_of(&m, s, h, CKA_PRIME, out) == GROUP_BYTES && memcmp(out, prime, GROUP_BYTES) == 0);
	CHECK(value_of(&m, s, h, CKA_BASE, out) == 1 && out[0] == 2);
	CHECK(p11_get(&m, s, h, CKA_PRIME_BITS, &got_bits, sizeof(got_bits)) && got_bits == 2048);
	CHECK(p11_get(&m, s, h, CKA_CLASS, &class, sizeof(class)) && class == CKO_DOMAIN_PARAMETERS);
	CHECK(p11_get_bool(&m, s, h, CKA_LOCAL) && p11_get_bool(&m, s, h, CKA_TOKEN) && !p11_get_bool(&m, s, h, CKA_PRIVATE));
	CHECK_RV(pair(&m, s, NULL, 0, &k), CKR_OK);
	for (bits = 3072; bits <= 8192; bits *= 2) {
		CHECK_RV(m.f->C_GenerateKey(s, &parameters, t, 1, &h), CKR_OK);
		CHECK(p11_get(&m, s, h, CKA_PRIME_BITS, &got_bits, sizeof(got_bits)) && got_bits == bits);
	}
	bits = 2048;
	CHECK_RV(m.f->C_GenerateKey(s, &parameters, NULL, 0, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_GenerateKey(s, &parameters, other, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(m.f->C_GenerateKey(s, &parameters, given, 2, &h), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(m.f->C_GenerateKey(s, &parameters, wrong, 2, &h), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(m.f->C_GetMechanismInfo(slot, CKM_DH_PKCS_PARAMETER_GEN, &info), CKR_OK);
	CHECK(info.flags == CKF_GENERATE && info.ulMinKeySize == 2048 && info.ulMaxKeySize == 8192);
	/* In the wallet only for who may write there. */
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(m.f->C_GenerateKey(s, &parameters, t, 4, &h), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(m.f->C_GenerateKey(s, &parameters, t, 3, &h), CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"domain parameters are the groups of RFC 7919", test_domain_parameters},
		{"agrees with OpenSSL; a shorter key is the end of the secret", test_agrees_with_openssl},
		{"a pair has its group, and a private value as long as asked for", test_attributes},
		{"a group, and values in it, are checked before there is a key", test_groups_are_checked},
		{"what is no public value, and who may not, derives nothing", test_refused},
		{"a private key leaves and comes back as PrivateKeyInfo", test_wrapped},
		{NULL, NULL},
	};

	return unit_main("Diffie-Hellman", tests);
}
