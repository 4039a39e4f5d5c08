/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/keys.h"

const struct option_row options_key_generate[] = {
	{ "type", "TYPE", "the type of key; ed25519 when it is left out", key_type_names },
	{ "label", "LABEL", "the key's label", NULL },
	{ "id", "HEX", "the key's ID; derived from the public key when it is left out", NULL },
	{ "extractable", NULL, "the private key may leave the wallet: for coffer key export", NULL },
	OPTIONS_PIN,
	OPTION_END,
};

struct request {
	const struct key_type *type;
	const char *label;
	uint8_t id[KEY_ID_MAX];
	size_t id_n;
	CK_BBOOL extractable;
};

static CK_RV generate(const struct cli *cli, CK_SESSION_HANDLE session, struct request *r, CK_OBJECT_HANDLE *pub,
		      CK_OBJECT_HANDLE *priv)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BBOOL signs = r->type->sign == CK_UNAVAILABLE_INFORMATION ? CK_FALSE : CK_TRUE;
	CK_BBOOL derives = r->type->type == CKK_EC || r->type->type == CKK_EC_MONTGOMERY ? CK_TRUE : CK_FALSE;
	struct span params = key_type_params(r->type);
	CK_ULONG bits = r->type->bits, set = key_type_set(r->type);
	CK_BYTE exponent[] = { 1, 0, 1 };
	bool rsa = r->type->type == CKK_RSA;
	void *label = (void *)(uintptr_t)r->label;
	CK_ATTRIBUTE public_t[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_LABEL, label, strlen(r->label) },
		{ CKA_ID, r->id, r->id_n },
		{ CKA_VERIFY, &signs, sizeof(signs) },
		{ CKA_DERIVE, &derives, sizeof(derives) },
		/* The last ones say what is made: a curve, a parameter set, or a size. */
		{ CKA_EC_PARAMS, (void *)(uintptr_t)params.p, params.n },
		{ CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent) },
	};
	CK_ATTRIBUTE private_t[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_LABEL, label, strlen(r->label) },
		{ CKA_ID, r->id, r->id_n },
		{ CKA_SIGN, &signs, sizeof(signs) },
		{ CKA_DERIVE, &derives, sizeof(derives) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &r->extractable, sizeof(r->extractable) },
	};
	CK_MECHANISM mechanism = { r->type->generate, NULL, 0 };
	CK_ULONG count = sizeof(public_t) / sizeof(public_t[0]);

	if (rsa)
		public_t[count - 2] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
	else
		count--;
	if (set != 0)
		public_t[count - 1] = (CK_ATTRIBUTE){ CKA_PARAMETER_SET, &set, sizeof(set) };
	return cli->p11->C_GenerateKeyPair(session, &mechanism, public_t, count, private_t,
					   sizeof(private_t) / sizeof(private_t[0]), pub, priv);
}

enum outcome cmd_key_generate(struct cli *cli)
{
	const char *type = option_text(cli, "type"), *label = option_text(cli, "label");
	struct request r = {
		.type = key_type_named(type == NULL ? "ed25519" : type),
		.label = label == NULL ? "" : label,
		.extractable = option_given(cli, "extractable") ? CK_TRUE : CK_FALSE,
	};
	CK_OBJECT_HANDLE pub, priv;
	CK_SESSION_HANDLE session;
	enum outcome outcome = key_id_option(cli, r.id, &r.id_n);
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	if (outcome == OUTCOME_OK && r.id_n != 0)
		outcome = key_id_is_free(cli, session, span(r.id, r.id_n));
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = generate(cli, session, &r, &pub, &priv);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot make the key");
	if (r.id_n == 0)
		outcome = key_default_id(cli, session, pub, priv);
	return outcome == OUTCOME_OK ? key_report(cli, session, pub, "Made") : outcome;
}
