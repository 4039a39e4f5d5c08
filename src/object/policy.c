/* SPDX-License-Identifier: Apache-2.0 */
#include "object/policy.h"

#include <pthread.h>
#include <stddef.h>

enum block {
	END = 0,
	STORAGE,
	DATA,
	CERTIFICATE,
	X509,
	X509_ATTRIBUTE,
	KEY,
	PUBLIC_KEY,
	PRIVATE_KEY,
	SECRET_KEY,
	SECRET_VALUE,
	RSA_PUBLIC,
	RSA_PRIVATE,
	DH_PUBLIC,
	DH_PRIVATE,
	EC_PUBLIC,
	EC_PRIVATE,
	SET_PUBLIC,
	SET_PRIVATE,
	SEED_PRIVATE,
	DOMAIN,
	DH_DOMAIN,
	SUBPRIME_DOMAIN,
	TRUST,
	ACCOUNT,
	ACCOUNT_PRIVATE,
	ALGORAND_MASTER,
	MULTISIG,
	PROFILE,
};

#define F1 FOOT(1)
#define F2 FOOT(2)
#define F3 FOOT(3)
#define F4 FOOT(4)
#define F5 FOOT(5)
#define F6 FOOT(6)
#define F7 FOOT(7)
#define F8 FOOT(8)
#define F9 FOOT(9)
#define F10 FOOT(10)
#define F11 FOOT(11)
#define F12 FOOT(12)
#define COPY EXTRA_COPY
#define OURS EXTRA_OURS
#define HIDDEN EXTRA_HIDDEN
#define LEVEL EXTRA_TRUST
#define TERM(rank) ((unsigned)(rank) << EXTRA_TERM_SHIFT)
#define ATTR(block, type, kind, foot, standard, extra) \
	{ block, type, KIND_##kind, (unsigned)(foot) | (unsigned)(extra), STANDARD_##standard },

static const struct policy_row table[] = {
#include "object/policy.def"
};

#define ANY CK_UNAVAILABLE_INFORMATION
#define BLOCKS_MAX 6

static const struct chain {
	CK_OBJECT_CLASS class;
	CK_ULONG subtype;
	enum block blocks[BLOCKS_MAX + 1];
} chains[] = {
	{ CKO_DATA, ANY, { STORAGE, DATA } },
	{ CKO_CERTIFICATE, CKC_X_509, { STORAGE, CERTIFICATE, X509 } },
	{ CKO_CERTIFICATE, CKC_X_509_ATTR_CERT, { STORAGE, CERTIFICATE, X509_ATTRIBUTE } },
	{ CKO_PUBLIC_KEY, CKK_RSA, { STORAGE, KEY, PUBLIC_KEY, RSA_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_DH, { STORAGE, KEY, PUBLIC_KEY, DH_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_EC, { STORAGE, KEY, PUBLIC_KEY, EC_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_EC_EDWARDS, { STORAGE, KEY, PUBLIC_KEY, EC_PUBLIC, ACCOUNT } },
	{ CKO_PUBLIC_KEY, CKK_EC_MONTGOMERY, { STORAGE, KEY, PUBLIC_KEY, EC_PUBLIC } },
	{ CKO_PRIVATE_KEY, CKK_RSA, { STORAGE, KEY, PRIVATE_KEY, RSA_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_DH, { STORAGE, KEY, PRIVATE_KEY, DH_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_EC, { STORAGE, KEY, PRIVATE_KEY, EC_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_EC_EDWARDS, { STORAGE, KEY, PRIVATE_KEY, EC_PRIVATE, ACCOUNT, ACCOUNT_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, { STORAGE, KEY, PRIVATE_KEY, EC_PRIVATE } },
	{ CKO_PUBLIC_KEY, CKK_ML_KEM, { STORAGE, KEY, PUBLIC_KEY, SET_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_ML_DSA, { STORAGE, KEY, PUBLIC_KEY, SET_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_SLH_DSA, { STORAGE, KEY, PUBLIC_KEY, SET_PUBLIC } },
	{ CKO_PRIVATE_KEY, CKK_ML_KEM, { STORAGE, KEY, PRIVATE_KEY, SET_PRIVATE, SEED_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_ML_DSA, { STORAGE, KEY, PRIVATE_KEY, SET_PRIVATE, SEED_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_SLH_DSA, { STORAGE, KEY, PRIVATE_KEY, SET_PRIVATE } },
	{ CKO_SECRET_KEY, CKK_GENERIC_SECRET, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_HKDF, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_AES, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_AES_XTS, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_DES2, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_DES3, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_CHACHA20, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SALSA20, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_POLY1305, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_MD5_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA_1_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA224_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA256_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA384_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA512_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA512_224_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA512_256_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA3_224_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA3_256_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA3_384_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_SHA3_512_HMAC, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_DOMAIN_PARAMETERS, CKK_DH, { STORAGE, DOMAIN, DH_DOMAIN } },
	{ CKO_DOMAIN_PARAMETERS, CKK_X9_42_DH, { STORAGE, DOMAIN, DH_DOMAIN, SUBPRIME_DOMAIN } },
	{ CKO_DOMAIN_PARAMETERS, CKK_DSA, { STORAGE, DOMAIN, DH_DOMAIN, SUBPRIME_DOMAIN } },
	{ CKO_TRUST, ANY, { STORAGE, TRUST } },
	{ CKO_SECRET_KEY, CKK_COFFER_ALGORAND_MASTER, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE, ALGORAND_MASTER } },
	{ CKO_COFFER_ALGORAND_MULTISIG, ANY, { STORAGE, MULTISIG } },
	{ CKO_PROFILE, ANY, { STORAGE, PROFILE } },
};

#define CHAINS (sizeof(chains) / sizeof(chains[0]))

/* Of each chain, put together once: every object that is made, shown or searched for needs them. */
static struct policy policies[CHAINS];
static pthread_once_t listed = PTHREAD_ONCE_INIT;

static bool in_chain(const struct chain *c, unsigned block)
{
	for (const enum block *b = c->blocks; *b != END; b++)
		if ((unsigned)*b == block)
			return true;
	return false;
}

/* Keeps the list in order of type as it grows. */
static void insert(struct policy *p, const struct policy_row *row)
{
	size_t n = p->count++;

	while (n > 0 && p->row[n - 1]->type > row->type) {
		p->row[n] = p->row[n - 1];
		n--;
	}
	p->row[n] = row;
}

static void index_rows(struct policy *p)
{
	for (size_t i = 0; i < p->count; i++) {
		size_t at = policy_hash(p->row[i]->type);

		while (p->place[at] != 0)
			at = (at + 1) % POLICY_PLACES;
		p->place[at] = (uint8_t)(i + 1);
	}
}

static void list_all(void)
{
	for (size_t at = 0; at < CHAINS; at++) {
		struct policy *p = &policies[at];

		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && p->count < POLICY_ROWS_MAX; i++)
			if (in_chain(&chains[at], table[i].block))
				insert(p, &table[i]);
		index_rows(p);
	}
}

const struct policy *policy_of(CK_OBJECT_CLASS class, CK_ULONG subtype)
{
	if (pthread_once(&listed, list_all) != 0)
		return NULL;
	for (size_t i = 0; i < CHAINS; i++)
		if (chains[i].class == class && (chains[i].subtype == ANY || chains[i].subtype == subtype))
			return &policies[i];
	return NULL;
}

const struct policy_row *policy_any(CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}
