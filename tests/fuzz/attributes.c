/* SPDX-License-Identifier: Apache-2.0 */
/* Templates and mechanisms out of a fuzzer's bytes. */
#include "fuzz.h"
#include "mech/mech.h"

static const CK_ATTRIBUTE_TYPE types[] = {
	CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_UNIQUE_ID, CKA_APPLICATION, CKA_VALUE, CKA_OBJECT_ID, CKA_CERTIFICATE_TYPE,
	CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_AC_ISSUER, CKA_OWNER, CKA_ATTR_TYPES, CKA_TRUSTED, CKA_CERTIFICATE_CATEGORY,
	CKA_JAVA_MIDP_SECURITY_DOMAIN, CKA_URL, CKA_HASH_OF_SUBJECT_PUBLIC_KEY, CKA_NAME_HASH_ALGORITHM, CKA_CHECK_VALUE, CKA_KEY_TYPE,
	CKA_SUBJECT, CKA_ID, CKA_SENSITIVE, CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP, CKA_SIGN, CKA_SIGN_RECOVER, CKA_VERIFY,
	CKA_VERIFY_RECOVER, CKA_DERIVE, CKA_START_DATE, CKA_END_DATE, CKA_MODULUS, CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT,
	CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PUBLIC_KEY_INFO, CKA_PRIME, CKA_SUBPRIME, CKA_BASE, CKA_PRIME_BITS, CKA_VALUE_LEN,
	CKA_EXTRACTABLE, CKA_LOCAL, CKA_NEVER_EXTRACTABLE, CKA_ALWAYS_SENSITIVE, CKA_KEY_GEN_MECHANISM, CKA_MODIFIABLE, CKA_COPYABLE,
	CKA_DESTROYABLE, CKA_EC_PARAMS, CKA_EC_POINT, CKA_ALWAYS_AUTHENTICATE, CKA_WRAP_WITH_TRUSTED, CKA_ALLOWED_MECHANISMS,
	CKA_PROFILE_ID,
};

/* Values that lead somewhere; the fuzzer finds the rest. */
static const CK_ULONG numbers[] = {
	CKO_DATA, CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_DOMAIN_PARAMETERS, CKO_PROFILE, CKK_EC,
	CKK_EC_EDWARDS, CKK_EC_MONTGOMERY, CKK_AES, CKK_GENERIC_SECRET, CKK_RSA, CKC_X_509, CKC_X_509_ATTR_CERT, 16, 32, 2048,
};

static const char *const strings[] = {
	"\x06\x03\x2b\x65\x70", "\x06\x03\x2b\x65\x6e", "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", "\x13\x0c\x65\x64wards25519", "20240229",
	"0123456789abcdef0123456789abcdef", "0123456789abcdef",
};

#define PICK(array, i) ((array)[(i) % (sizeof(array) / sizeof((array)[0]))])

/* An array of attributes is one whose elements the callee follows: given as an empty one only. */
static bool is_array(CK_ATTRIBUTE_TYPE type)
{
	return (type & CKF_ARRAY_ATTRIBUTE) != 0 && type != CKA_ALLOWED_MECHANISMS;
}

static void value_of(struct feed *f, CK_ATTRIBUTE *a, void **owned)
{
	struct span value;
	CK_ULONG number;
	CK_BBOOL flag;

	switch (feed_u8(f) % 8) {
	case 0:
		a->pValue = NULL;
		a->ulValueLen = feed_u64(f);
		return;
	case 1:
		*owned = a->pValue = fuzz_copy(span("x", 1));
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return;
	case 2:
	case 3:
		number = PICK(numbers, feed_u8(f));
		value = span(&number, sizeof(number));
		break;
	case 4:
		flag = feed_u8(f) % 3;
		value = span(&flag, 1);
		break;
	case 5:
		value = span_str(PICK(strings, feed_u8(f)));
		break;
	default:
		value = feed_string(f);
		break;
	}
	if (is_array(a->type))
		value.n = 0;
	*owned = a->pValue = fuzz_copy(value);
	a->ulValueLen = value.n;
}

void fuzz_template(struct feed *f, struct fuzz_template *t)
{
	t->count = feed_u8(f) % (FUZZ_ATTRIBUTES_MAX + 1);
	for (CK_ULONG i = 0; i < t->count; i++) {
		uint8_t which = feed_u8(f);

		t->owned[i] = NULL;
		t->attr[i].type = which == 0xff ? feed_u64(f) : PICK(types, which);
		value_of(f, &t->attr[i], &t->owned[i]);
	}
}

void fuzz_template_release(struct fuzz_template *t)
{
	for (CK_ULONG i = 0; i < t->count; i++)
		free(t->owned[i]);
	t->count = 0;
}

/* A pointer with its length: there, not there, or NULL with a length. */
static void *block(struct feed *f, void **owned, CK_ULONG *length)
{
	struct span s = feed_string(f);

	*length = s.n;
	if (feed_u8(f) % 4 == 0)
		return NULL;
	*owned = fuzz_copy(s);
	return *owned;
}

/* What it points to takes handles and vectors. */
static CK_TLS12_KEY_MAT_PARAMS key_material(struct feed *f, struct fuzz_mechanism *m)
{
	CK_SSL3_KEY_MAT_OUT out = { 0 };
	CK_TLS12_KEY_MAT_PARAMS p = { .ulMacSizeInBits = 8 * (CK_ULONG)feed_u8(f), .ulKeySizeInBits = feed_u8(f) };

	p.ulIVSizeInBits = feed_u8(f);
	p.bIsExport = feed_u8(f) % 8 == 0;
	p.prfHashMechanism = mech_at(feed_u8(f) % mech_count())->type;
	p.RandomInfo.pClientRandom = block(f, &m->owned[1], &p.RandomInfo.ulClientRandomLen);
	p.RandomInfo.pServerRandom = block(f, &m->owned[2], &p.RandomInfo.ulServerRandomLen);
	m->owned[4] = calloc(2, 32);
	EXPECT(m->owned[4] != NULL);
	if (feed_u8(f) % 4 != 0) {
		out.pIVClient = m->owned[4];
		out.pIVServer = out.pIVClient + 32;
	}
	m->owned[3] = fuzz_copy(span(&out, sizeof(out)));
	if (feed_u8(f) % 4 != 0)
		p.pReturnedKeyMaterial = m->owned[3];
	return p;
}

/* A counter and a nonce of 24 bytes at most, whatever length is said. */
static CK_SALSA20_PARAMS salsa20(struct feed *f, struct fuzz_mechanism *m)
{
	static const CK_ULONG bits[] = { 64, 192, 96, 0, (CK_ULONG)-1 };
	CK_SALSA20_PARAMS p = { .ulNonceBits = PICK(bits, feed_u8(f)) };

	m->owned[1] = calloc(1, 32);
	EXPECT(m->owned[1] != NULL);
	p.pBlockCounter = feed_u8(f) % 4 == 0 ? NULL : m->owned[1];
	p.pNonce = feed_u8(f) % 4 == 0 ? NULL : (CK_BYTE_PTR)m->owned[1] + 8;
	return p;
}

static void parameter(struct feed *f, struct fuzz_mechanism *m)
{
	CK_SALSA20_PARAMS salsa;
	CK_TLS12_KEY_MAT_PARAMS material;
	CK_EDDSA_PARAMS eddsa = { 0 };
	CK_ECDH1_DERIVE_PARAMS ecdh = { 0 };
	CK_RSA_PKCS_PSS_PARAMS pss = { 0 };
	CK_RSA_PKCS_OAEP_PARAMS oaep = { 0 };
	struct span bytes = SPAN_EMPTY;

	uint8_t which = feed_u8(f);

	switch (which >= 0xfc ? 7 : which >= 0xf8 ? 6 : which % 6) {
	case 0:
		break;
	case 1: /* shorter than any structure with a pointer in it */
		bytes = feed_bytes(f, feed_u8(f) % 16);
		break;
	case 2:
		eddsa.phFlag = feed_u8(f) % 3;
		eddsa.pContextData = block(f, &m->owned[1], &eddsa.ulContextDataLen);
		bytes = span(&eddsa, sizeof(eddsa));
		break;
	case 3:
		ecdh.kdf = feed_u8(f);
		ecdh.pSharedData = block(f, &m->owned[1], &ecdh.ulSharedDataLen);
		ecdh.pPublicData = block(f, &m->owned[2], &ecdh.ulPublicDataLen);
		bytes = span(&ecdh, sizeof(ecdh));
		break;
	case 4:
		pss.hashAlg = mech_at(feed_u8(f) % mech_count())->type;
		pss.mgf = feed_u8(f);
		pss.sLen = feed_u8(f);
		/* As long as CK_EDDSA_PARAMS: a mechanism that takes those would follow its pointer. */
		if (m->mechanism.mechanism != CKM_EDDSA)
			bytes = span(&pss, sizeof(pss));
		break;
	case 5:
		oaep.hashAlg = mech_at(feed_u8(f) % mech_count())->type;
		oaep.mgf = feed_u8(f);
		oaep.source = feed_u8(f) % 3;
		oaep.pSourceData = block(f, &m->owned[1], &oaep.ulSourceDataLen);
		/* As long as CK_ECDH1_DERIVE_PARAMS, likewise. */
		if (m->mechanism.mechanism == CKM_RSA_PKCS_OAEP)
			bytes = span(&oaep, sizeof(oaep));
		break;
	case 7:
		salsa = salsa20(f, m);
		if (m->mechanism.mechanism == CKM_SALSA20)
			bytes = span(&salsa, sizeof(salsa));
		break;
	case 6:
		material = key_material(f, m);
		if (m->mechanism.mechanism == CKM_TLS12_KEY_AND_MAC_DERIVE || m->mechanism.mechanism == CKM_TLS12_KEY_SAFE_DERIVE)
			bytes = span(&material, sizeof(material));
		break;
	}
	m->owned[0] = m->mechanism.pParameter = fuzz_copy(bytes);
	m->mechanism.ulParameterLen = bytes.n;
	if (bytes.n == 0)
		m->mechanism.pParameter = NULL;
}

void fuzz_mechanism(struct feed *f, struct fuzz_mechanism *m)
{
	uint8_t which = feed_u8(f);

	*m = (struct fuzz_mechanism){ .mechanism.mechanism = which == 0xff ? feed_u64(f) : mech_at(which % mech_count())->type };
	parameter(f, m);
}

void fuzz_mechanism_release(struct fuzz_mechanism *m)
{
	for (size_t i = 0; i < sizeof(m->owned) / sizeof(m->owned[0]); i++)
		free(m->owned[i]);
}
