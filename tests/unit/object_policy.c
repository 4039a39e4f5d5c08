/* SPDX-License-Identifier: Apache-2.0 */
/* policy.def against the specification's own tables (object_policy.def), with every difference listed and explained. */
#include "object/policy.h"

#include <stdio.h>

#include "ck/names.h"
#include "unit.h"

enum block {
	END,
	STORAGE, DATA, CERTIFICATE, X509, X509_ATTRIBUTE, KEY, PUBLIC_KEY, PRIVATE_KEY, SECRET_KEY, SECRET_VALUE, RSA_PUBLIC, RSA_PRIVATE,
	DH_PUBLIC, DH_PRIVATE, EC_PUBLIC, EC_PRIVATE, SET_PUBLIC, SET_PRIVATE, SEED_PRIVATE, DOMAIN, DH_DOMAIN, SUBPRIME_DOMAIN, TRUST, PROFILE,
};

/* What row may not have been written yet. */
enum kind { BOOL = KIND_BOOL, ULONG = KIND_ULONG, BYTES = KIND_BYTES, DATE = KIND_DATE, MECHANISMS = KIND_MECHANISMS, TEMPLATE = -1 };
enum standard { OFF = STANDARD_OFF, ON = STANDARD_ON, EMPTY = STANDARD_EMPTY, ZERO = STANDARD_ZERO, UNSAID = -1 };

static const struct spec {
	enum block block;
	CK_ATTRIBUTE_TYPE type;
	enum kind kind;
	unsigned foot;
	enum standard standard;
} spec[] = {
#define SPEC(block, type, kind, foot, standard) { block, type, kind, foot, standard },
#include "object_policy.def"
#undef SPEC
};

#define SPECS (sizeof(spec) / sizeof(spec[0]))
#define ANY CK_UNAVAILABLE_INFORMATION

/* What an object of each kind is made of. */
static const struct chain {
	CK_OBJECT_CLASS class;
	CK_ULONG subtype;
	enum block blocks[6];
} chains[] = {
	{ CKO_DATA, ANY, { STORAGE, DATA } },
	{ CKO_CERTIFICATE, CKC_X_509, { STORAGE, CERTIFICATE, X509 } },
	{ CKO_CERTIFICATE, CKC_X_509_ATTR_CERT, { STORAGE, CERTIFICATE, X509_ATTRIBUTE } },
	{ CKO_PUBLIC_KEY, CKK_RSA, { STORAGE, KEY, PUBLIC_KEY, RSA_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_DH, { STORAGE, KEY, PUBLIC_KEY, DH_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_EC, { STORAGE, KEY, PUBLIC_KEY, EC_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_EC_EDWARDS, { STORAGE, KEY, PUBLIC_KEY, EC_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_EC_MONTGOMERY, { STORAGE, KEY, PUBLIC_KEY, EC_PUBLIC } },
	{ CKO_PRIVATE_KEY, CKK_RSA, { STORAGE, KEY, PRIVATE_KEY, RSA_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_DH, { STORAGE, KEY, PRIVATE_KEY, DH_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_EC, { STORAGE, KEY, PRIVATE_KEY, EC_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_EC_EDWARDS, { STORAGE, KEY, PRIVATE_KEY, EC_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, { STORAGE, KEY, PRIVATE_KEY, EC_PRIVATE } },
	{ CKO_PUBLIC_KEY, CKK_ML_KEM, { STORAGE, KEY, PUBLIC_KEY, SET_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_ML_DSA, { STORAGE, KEY, PUBLIC_KEY, SET_PUBLIC } },
	{ CKO_PUBLIC_KEY, CKK_SLH_DSA, { STORAGE, KEY, PUBLIC_KEY, SET_PUBLIC } },
	{ CKO_PRIVATE_KEY, CKK_ML_KEM, { STORAGE, KEY, PRIVATE_KEY, SET_PRIVATE, SEED_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_ML_DSA, { STORAGE, KEY, PRIVATE_KEY, SET_PRIVATE, SEED_PRIVATE } },
	{ CKO_PRIVATE_KEY, CKK_SLH_DSA, { STORAGE, KEY, PRIVATE_KEY, SET_PRIVATE } },
	{ CKO_SECRET_KEY, CKK_GENERIC_SECRET, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_SECRET_KEY, CKK_AES, { STORAGE, KEY, SECRET_KEY, SECRET_VALUE } },
	{ CKO_DOMAIN_PARAMETERS, CKK_DH, { STORAGE, DOMAIN, DH_DOMAIN } },
	{ CKO_DOMAIN_PARAMETERS, CKK_X9_42_DH, { STORAGE, DOMAIN, DH_DOMAIN, SUBPRIME_DOMAIN } },
	{ CKO_DOMAIN_PARAMETERS, CKK_DSA, { STORAGE, DOMAIN, DH_DOMAIN, SUBPRIME_DOMAIN } },
	{ CKO_TRUST, ANY, { STORAGE, TRUST } },
	{ CKO_PROFILE, ANY, { STORAGE, PROFILE } },
};

#define CHAINS (sizeof(chains) / sizeof(chains[0]))

/* Where coffer's footnotes are not the specification's, on purpose. */
static const struct difference {
	enum block block;
	CK_ATTRIBUTE_TYPE type;
	unsigned foot;
} differences[] = {
	/* Once an object must not be destroyed, no copy of it may be. */
	{ STORAGE, CKA_DESTROYABLE, FOOT(12) },
	/* The specification does not say how the content of a data object is changed; applications do it. */
	{ DATA, CKA_APPLICATION, FOOT(8) },
	{ DATA, CKA_OBJECT_ID, FOOT(8) },
	{ DATA, CKA_VALUE, FOOT(8) },
	/* "Can only be set to CK_TRUE by the SO": who can set it at all must be able to change it. */
	{ CERTIFICATE, CKA_TRUSTED, FOOT(8) | FOOT(10) },
	{ PUBLIC_KEY, CKA_TRUSTED, FOOT(8) | FOOT(10) },
	{ SECRET_KEY, CKA_TRUSTED, FOOT(8) | FOOT(10) },
	/* "Cannot be changed once set to CK_TRUE": until then it can. */
	{ PRIVATE_KEY, CKA_WRAP_WITH_TRUSTED, FOOT(8) | FOOT(11) },
	{ SECRET_KEY, CKA_WRAP_WITH_TRUSTED, FOOT(8) | FOOT(11) },
	/* Sensitive unless the template says otherwise; a private key's default is the token's, too. */
	{ SECRET_KEY, CKA_SENSITIVE, FOOT(8) | FOOT(9) | FOOT(11) },
	/* It is the public key's own, and no one may say otherwise. */
	{ PRIVATE_KEY, CKA_PUBLIC_KEY_INFO, 0 },
	/* PKCS#11 2.40 did not ask for it, and clients leave it out. */
	{ RSA_PRIVATE, CKA_PUBLIC_EXPONENT, FOOT(4) | FOOT(6) },
	/* Trust is what a user changes his mind about. */
	{ TRUST, CKA_TRUST_SERVER_AUTH, FOOT(8) },
	{ TRUST, CKA_TRUST_CLIENT_AUTH, FOOT(8) },
	{ TRUST, CKA_TRUST_CODE_SIGNING, FOOT(8) },
	{ TRUST, CKA_TRUST_EMAIL_PROTECTION, FOOT(8) },
	{ TRUST, CKA_TRUST_IPSEC_IKE, FOOT(8) },
	{ TRUST, CKA_TRUST_TIME_STAMPING, FOOT(8) },
	{ TRUST, CKA_TRUST_OCSP_SIGNING, FOOT(8) },
};

/* Attributes of the specification that a table may leave out. */
static const CK_ATTRIBUTE_TYPE optional[] = {
	CKA_OBJECT_VALIDATION_FLAGS, CKA_PUBLIC_CRC64_VALUE, CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE,
	CKA_SUBPRIME_BITS,
};

static bool in_chain(const struct chain *c, enum block block)
{
	for (const enum block *b = c->blocks; *b != END; b++)
		if (*b == block)
			return true;
	return false;
}

/* The attribute as the specification has it for that kind of object: of its last block that names it. */
static const struct spec *spec_find(const struct chain *c, CK_ATTRIBUTE_TYPE type)
{
	const struct spec *found = NULL;

	for (size_t i = 0; i < SPECS; i++)
		if (spec[i].type == type && in_chain(c, spec[i].block))
			found = &spec[i];
	return found;
}

static unsigned foot_wanted(const struct spec *s)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (differences[i].block == s->block && differences[i].type == s->type)
			return differences[i].foot;
	return s->foot;
}

static bool is_optional(CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		if (optional[i] == type)
			return true;
	return false;
}

static void report(const struct chain *c, CK_ATTRIBUTE_TYPE type, bool ok, const char *what)
{
	if (!ok)
		printf("\n    %s 0x%lx: %s: %s", name_of_class(c->class), c->subtype, name_of_attribute(type), what);
	CU_ASSERT(ok && "see above");
}

#define FOOTNOTES 0xffffu /* of policy_row.marks */

static void rows_have_the_specifications_footnotes(void)
{
	const struct policy *p;

	for (size_t i = 0; i < CHAINS; i++) {
		p = policy_of(chains[i].class, chains[i].subtype);
		REQUIRE(p != NULL);
		for (size_t k = 0; p->row[k] != NULL; k++) {
			const struct spec *s = spec_find(&chains[i], p->row[k]->type);

			if (row_has(p->row[k], EXTRA_HIDDEN) || (p->row[k]->type & CKA_VENDOR_DEFINED) != 0)
				continue; /* nobody sees it, or it is none of the specification's */
			report(&chains[i], p->row[k]->type, s != NULL, "no attribute of this kind of object");
			if (s == NULL)
				continue;
			report(&chains[i], s->type, (p->row[k]->marks & FOOTNOTES) == foot_wanted(s), "other footnotes");
			report(&chains[i], s->type, s->kind == TEMPLATE || (int)p->row[k]->kind == (int)s->kind, "another kind of value");
			report(&chains[i], s->type, s->standard == UNSAID || (int)p->row[k]->standard == (int)s->standard ||
						       row_has(p->row[k], FOOT(9)), "another default");
		}
	}
}

static void every_attribute_of_the_specification_has_its_row(void)
{
	const struct policy *p;

	for (size_t i = 0; i < CHAINS; i++) {
		p = policy_of(chains[i].class, chains[i].subtype);
		REQUIRE(p != NULL);
		for (size_t k = 0; k < SPECS; k++)
			if (in_chain(&chains[i], spec[k].block))
				report(&chains[i], spec[k].type, policy_find(p, spec[k].type) != NULL || is_optional(spec[k].type),
				       "no row");
	}
}

static void rows_ascend_and_fit(void)
{
	const struct policy *p;

	for (size_t i = 0; i < CHAINS; i++) {
		size_t n = 0;

		p = policy_of(chains[i].class, chains[i].subtype);
		REQUIRE(p != NULL);
		for (; p->row[n] != NULL; n++)
			if (n > 0)
				report(&chains[i], p->row[n]->type, p->row[n]->type > p->row[n - 1]->type, "out of order, or twice");
		/* One row less than there is room for: nothing was cut. */
		CHECK(n > 8 && n < POLICY_ROWS_MAX);
	}
}

#define TYPES 0x1000ul

static void the_index_finds_every_row_and_nothing_else(void)
{
	for (size_t i = 0; i < CHAINS; i++) {
		const struct policy *p = policy_of(chains[i].class, chains[i].subtype);
		size_t found = 0;

		REQUIRE(p != NULL);
		for (size_t k = 0; k < p->count; k++) {
			report(&chains[i], p->row[k]->type, policy_place(p, p->row[k]->type) == k, "not found");
			found += p->row[k]->type < TYPES ? 1 : 0;
			/* What a type has above 32 bits counts, though the hash leaves it out. */
			report(&chains[i], p->row[k]->type, policy_find(p, p->row[k]->type | 1ul << 40) == NULL, "found under another type");
		}
		for (CK_ATTRIBUTE_TYPE type = 0; type < TYPES; type++)
			if (policy_find(p, type) != NULL)
				found--;
		CHECK(found == 0);
	}
}

static void what_the_token_sets_nobody_gives(void)
{
	const struct policy *p;

	for (size_t i = 0; i < CHAINS; i++) {
		p = policy_of(chains[i].class, chains[i].subtype);
		REQUIRE(p != NULL);
		for (size_t k = 0; p->row[k] != NULL; k++) {
			if (row_has(p->row[k], EXTRA_OURS))
				report(&chains[i], p->row[k]->type, row_has(p->row[k], FOOT(2)) && !row_has(p->row[k], FOOT(8)), "ours, yet given");
			report(&chains[i], p->row[k]->type,
			       !row_has(p->row[k], FOOT(10) | FOOT(11) | FOOT(12)) || p->row[k]->kind == KIND_BOOL, "a footnote for booleans");
		}
	}
}

/* A search must mean the same whatever class it is in: one kind and one rank for each attribute. */
static void a_search_term_is_the_same_in_every_table(void)
{
	const struct policy *p;

	for (size_t i = 0; i < CHAINS; i++) {
		p = policy_of(chains[i].class, chains[i].subtype);
		REQUIRE(p != NULL);
		for (size_t k = 0; p->row[k] != NULL; k++) {
			const struct policy_row *any = policy_any(p->row[k]->type);

			REQUIRE(any != NULL);
			report(&chains[i], p->row[k]->type, any->kind == p->row[k]->kind, "of another kind elsewhere");
			report(&chains[i], p->row[k]->type,
			       row_has(p->row[k], EXTRA_HIDDEN) || row_term(any) == row_term(p->row[k]), "of another rank elsewhere");
			report(&chains[i], p->row[k]->type, row_term(p->row[k]) == 0 || !row_has(p->row[k], FOOT(7)), "a secret in the index");
		}
	}
}

static void what_is_no_object_has_no_rows(void)
{
	CHECK(policy_of(CKO_CERTIFICATE, CKC_WTLS) == NULL);
	CHECK(policy_of(CKO_PUBLIC_KEY, CKK_AES) == NULL);
	CHECK(policy_of(CKO_SECRET_KEY, CKK_RSA) == NULL);
	CHECK(policy_of(CKO_PRIVATE_KEY, CK_UNAVAILABLE_INFORMATION) == NULL);
	CHECK(policy_of(CKO_HW_FEATURE, CK_UNAVAILABLE_INFORMATION) == NULL);
	CHECK(policy_of(CKO_VENDOR_DEFINED | 0x77777777, 0) == NULL);
	CHECK(policy_any(CKA_VENDOR_DEFINED | 0x77777777) == NULL);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "rows have the specification's footnotes, kinds and defaults", rows_have_the_specifications_footnotes },
		{ "every attribute of the specification has its row", every_attribute_of_the_specification_has_its_row },
		{ "rows ascend, none is there twice, all fit", rows_ascend_and_fit },
		{ "the index finds every row, and nothing else", the_index_finds_every_row_and_nothing_else },
		{ "what the token sets nobody gives or changes", what_the_token_sets_nobody_gives },
		{ "a search term is the same in every table, and none is secret", a_search_term_is_the_same_in_every_table },
		{ "what is no object has no rows", what_is_no_object_has_no_rows },
		{ NULL, NULL },
	};

	return unit_main("object/policy", tests);
}
