/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and the master derivation key of a wallet, through PKCS#11. */
#include "base/mem.h"
#include "cli/algorand.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/error.h"
#include "vault/scope.h"

#define FOUND_AT_ONCE 256

const char *const account_kind_name[] = {
	[ACCOUNT_DERIVED] = "derived",
	[ACCOUNT_IMPORTED] = "imported",
	[ACCOUNT_MULTISIG] = "multisig",
};

enum outcome wallet_option(const struct cli *cli, struct cli *with)
{
	const char *name = option_text(cli, "wallet");

	if (name == NULL)
		return fail(OUTCOME_USAGE, "say which wallet: --wallet LABEL");
	*with = *cli;
	with->argument[0] = name;
	return OUTCOME_OK;
}

enum outcome address_option(const char *text, uint8_t address[ADDRESS_SIZE])
{
	if (cf_ok(address_decode(span_str(text), address)))
		return OUTCOME_OK;
	return fail(OUTCOME_USAGE, "%s", error_text());
}

/* ---- reading objects ---- */

/* Of any length, on the heap; *n 0 and NULL when there is none. */
static CK_RV attribute_of(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
			  void **value, size_t *n)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	CK_RV rv = cli->p11->C_GetAttributeValue(session, object, &a, 1);

	*value = NULL;
	*n = 0;
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID)
		return CKR_OK;
	if (rv != CKR_OK)
		return rv;
	a.pValue = must(mem_alloc(a.ulValueLen + 1));
	rv = cli->p11->C_GetAttributeValue(session, object, &a, 1);
	if (rv != CKR_OK) {
		mem_free(a.pValue);
		return rv;
	}
	*value = a.pValue;
	*n = a.ulValueLen;
	return CKR_OK;
}

/* 0 when there is none. */
static CK_RV number_of(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
		       CK_ULONG *out)
{
	CK_ATTRIBUTE a = { type, out, sizeof(*out) };
	CK_RV rv = cli->p11->C_GetAttributeValue(session, object, &a, 1);

	if (rv != CKR_ATTRIBUTE_TYPE_INVALID)
		return rv;
	*out = 0;
	return CKR_OK;
}

/* False, and CKR_OK, for a key that has no address: of another curve. */
static CK_RV read_account(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, bool multisig,
			  struct account *out, bool *is_account)
{
	AUTO_FREE void *address = NULL, *label = NULL;
	size_t n;
	CK_ULONG index = 0;
	CK_RV rv = attribute_of(cli, session, object, CKA_COFFER_ALGORAND_ADDRESS, &address, &n);

	*is_account = rv == CKR_OK && n == ADDRESS_TEXT && cf_ok(address_decode(span(address, n), out->address));
	if (!*is_account)
		return rv;
	out->object = object;
	rv = attribute_of(cli, session, object, CKA_LABEL, &label, &out->label_n);
	if (rv == CKR_OK && !multisig)
		rv = number_of(cli, session, object, CKA_COFFER_ALGORAND_INDEX, &index);
	out->kind = multisig ? ACCOUNT_MULTISIG : index != 0 ? ACCOUNT_DERIVED : ACCOUNT_IMPORTED;
	out->index = index;
	out->label = TAKE(label);
	return rv;
}

void accounts_release(struct accounts *a)
{
	for (size_t i = 0; i < a->count; i++)
		mem_free(a->row[i].label);
	mem_free(a->row);
}

static CK_RV take_accounts(const struct cli *cli, CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *found, CK_ULONG n, bool multisig,
			   struct accounts *out)
{
	for (CK_ULONG i = 0; i < n; i++) {
		struct account a = { .object = found[i] };
		bool is_account;
		CK_RV rv = read_account(cli, session, found[i], multisig, &a, &is_account);

		if (rv != CKR_OK)
			return rv;
		if (!is_account)
			continue;
		if ((out->count & (out->count - 1)) == 0)
			out->row = must(mem_resize(out->row, (out->count == 0 ? 1 : 2 * out->count) * sizeof(a)));
		out->row[out->count++] = a;
	}
	return CKR_OK;
}

/* All objects at first, then their attributes: a search that is open does not mind, but it would see what is added. */
static CK_RV find_class(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, struct span id_opt, struct accounts *out)
{
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	CK_ATTRIBUTE t[3] = { { CKA_CLASS, &class, sizeof(class) } };
	AUTO_BUF all = BUF_INIT(SIZE_MAX / 2);
	CK_OBJECT_HANDLE found[FOUND_AT_ONCE];
	CK_ULONG count = 1, n = 0;
	CK_RV rv;

	if (class == CKO_PRIVATE_KEY)
		t[count++] = (CK_ATTRIBUTE){ CKA_KEY_TYPE, &type, sizeof(type) };
	if (id_opt.n != 0)
		t[count++] = (CK_ATTRIBUTE){ CKA_ID, (void *)(uintptr_t)id_opt.p, id_opt.n };
	rv = cli->p11->C_FindObjectsInit(session, t, count);
	if (rv != CKR_OK)
		return rv;
	do {
		rv = cli->p11->C_FindObjects(session, found, FOUND_AT_ONCE, &n);
		buf_bytes(&all, span(found, rv == CKR_OK ? n * sizeof(found[0]) : 0));
	} while (rv == CKR_OK && n == FOUND_AT_ONCE);
	(void)cli->p11->C_FindObjectsFinal(session);
	if (cf_failed(buf_status(&all)))
		must(NULL);
	if (rv != CKR_OK)
		return rv;
	return take_accounts(cli, session, (const CK_OBJECT_HANDLE *)(const void *)all.p, all.n / sizeof(found[0]),
			     class == CKO_COFFER_ALGORAND_MULTISIG, out);
}

static int compare(const void *a, const void *b)
{
	const struct account *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == ACCOUNT_DERIVED && x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return memcmp(x->address, y->address, ADDRESS_SIZE);
}

static CK_RV find_all(const struct cli *cli, CK_SESSION_HANDLE session, struct span id_opt, struct accounts *out)
{
	CK_RV rv = find_class(cli, session, CKO_PRIVATE_KEY, id_opt, out);

	if (rv == CKR_OK)
		rv = find_class(cli, session, CKO_COFFER_ALGORAND_MULTISIG, id_opt, out);
	if (out->count > 1)
		qsort(out->row, out->count, sizeof(*out->row), compare);
	return rv;
}

enum outcome accounts_find(const struct cli *cli, CK_SESSION_HANDLE session, struct accounts *out)
{
	CK_RV rv = find_all(cli, session, SPAN_EMPTY, out);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot read the accounts");
}

/* Keeps only what has the address, as row[0]. */
static void keep_one(struct accounts *a, const uint8_t address[ADDRESS_SIZE])
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++) {
		if (kept == 0 && memcmp(a->row[i].address, address, ADDRESS_SIZE) == 0)
			a->row[kept++] = a->row[i];
		else
			mem_free(a->row[i].label);
	}
	a->count = kept;
}

/* By CKA_ID, which our own keys have; a key of another program's may have another one. */
enum outcome account_find(const struct cli *cli, CK_SESSION_HANDLE session, const uint8_t address[ADDRESS_SIZE],
			  struct accounts *out)
{
	CK_RV rv = find_all(cli, session, span(address, ADDRESS_SIZE), out);

	keep_one(out, address);
	if (rv == CKR_OK && out->count == 0) {
		rv = find_all(cli, session, SPAN_EMPTY, out);
		keep_one(out, address);
	}
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot read the accounts");
}

enum outcome account_named(const struct cli *cli, CK_SESSION_HANDLE session, const char *text, struct accounts *out)
{
	uint8_t address[ADDRESS_SIZE];
	enum outcome outcome = address_option(text, address);

	if (outcome == OUTCOME_OK)
		outcome = account_find(cli, session, address, out);
	if (outcome == OUTCOME_OK && out->count == 0)
		return fail(OUTCOME_NOT_FOUND, "the wallet has no account %s", text);
	return outcome;
}

/* ---- new accounts ---- */

struct hexing {
	struct span seed;
	struct mspan hex;
};

static void hex_in_scope(struct vault_scope *scope, void *arg)
{
	struct hexing *h = arg;

	(void)scope;
	hex_encode(h->seed, (char *)h->hex.p);
}

enum outcome account_add(const struct cli *cli, CK_SESSION_HANDLE session, const struct guarded *seed,
			 const uint8_t address[ADDRESS_SIZE], const struct account_new *new_account)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG index = new_account->index;
	const char *prefixes = new_account->prefixes;
	void *label = (void *)(uintptr_t)new_account->label.p, *id = (void *)(uintptr_t)address;
	CK_ATTRIBUTE public_t[] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &no, sizeof(no) },
				    { CKA_LABEL, label, new_account->label.n }, { CKA_ID, id, ADDRESS_SIZE } };
	CK_ATTRIBUTE private_t[9] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &yes, sizeof(yes) },
				      { CKA_LABEL, label, new_account->label.n }, { CKA_ID, id, ADDRESS_SIZE },
				      { CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &yes, sizeof(yes) } };
	CK_ULONG count = 6;
	AUTO(guarded) hex = NULL;
	struct hexing h = { guarded_bytes(seed), { NULL, 0 } };
	CK_OBJECT_HANDLE pub, priv;
	CK_RV rv;

	if (index != 0)
		private_t[count++] = (CK_ATTRIBUTE){ CKA_COFFER_ALGORAND_INDEX, &index, sizeof(index) };
	if (prefixes != NULL)
		private_t[count++] = (CK_ATTRIBUTE){ CKA_COFFER_MESSAGE_PREFIXES, (void *)(uintptr_t)prefixes, strlen(prefixes) };
	if (cf_failed(guarded_new(2 * SEED_SIZE + 1, &hex)))
		return fail_status(CF_STATUS(NOMEM), "cannot keep the key");
	h.hex = guarded_room(hex);
	if (cf_failed(vault_run(hex_in_scope, &h)))
		return fail_status(CF_STATUS(NOMEM), "cannot keep the key");
	rv = cli->coffer->ImportKey(session, h.hex.p, 2 * SEED_SIZE, NULL, 0, public_t, 4, private_t, count, &pub, &priv);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot keep the key");
}

enum outcome account_add_public(const struct cli *cli, CK_SESSION_HANDLE session, const uint8_t address[ADDRESS_SIZE],
				struct span label)
{
	static CK_BYTE params[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	void *point = (void *)(uintptr_t)address;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &no, sizeof(no) },
			     { CKA_EC_PARAMS, params, sizeof(params) }, { CKA_EC_POINT, point, ADDRESS_SIZE },
			     { CKA_ID, point, ADDRESS_SIZE }, { CKA_LABEL, (void *)(uintptr_t)label.p, label.n } };
	CK_OBJECT_HANDLE object;
	CK_RV rv = cli->p11->C_CreateObject(session, t, sizeof(t) / sizeof(t[0]), &object);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot keep the public key");
}

enum outcome account_add_multisig(const struct cli *cli, CK_SESSION_HANDLE session, const struct multisig *m, struct span label)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_COFFER_ALGORAND_MULTISIG;
	CK_ULONG version = m->version, threshold = m->threshold;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_TOKEN, &yes, sizeof(yes) },
			     { CKA_PRIVATE, &yes, sizeof(yes) }, { CKA_LABEL, (void *)(uintptr_t)label.p, label.n },
			     { CKA_COFFER_MULTISIG_VERSION, &version, sizeof(version) },
			     { CKA_COFFER_MULTISIG_THRESHOLD, &threshold, sizeof(threshold) },
			     { CKA_COFFER_MULTISIG_KEYS, (void *)(uintptr_t)m->keys.p, m->keys.n } };
	CK_OBJECT_HANDLE object;
	CK_RV rv = cli->p11->C_CreateObject(session, t, sizeof(t) / sizeof(t[0]), &object);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot keep the multisig account");
}

enum outcome account_multisig(const struct cli *cli, CK_SESSION_HANDLE session, const struct account *a, struct multisig *m)
{
	CK_ULONG version = 0, threshold = 0;
	void *keys = NULL;
	size_t n = 0;
	CK_RV rv = number_of(cli, session, a->object, CKA_COFFER_MULTISIG_VERSION, &version);

	if (rv == CKR_OK)
		rv = number_of(cli, session, a->object, CKA_COFFER_MULTISIG_THRESHOLD, &threshold);
	if (rv == CKR_OK)
		rv = attribute_of(cli, session, a->object, CKA_COFFER_MULTISIG_KEYS, &keys, &n);
	*m = (struct multisig){ (uint8_t)version, (uint8_t)threshold, span(keys, n) };
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot read the multisig account");
}

/* ---- seeds ---- */

/* What leaves the wallet, in guarded memory. */
static enum outcome export_of(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const char *what, size_t expected,
			      struct guarded **out)
{
	AUTO(guarded) g = NULL;
	CK_ULONG n = expected;
	CK_RV rv;

	if (cf_failed(guarded_new(expected, &g)))
		return fail_status(CF_STATUS(NOMEM), "cannot read %s", what);
	rv = cli->coffer->ExportKey(session, key, NULL, 0, guarded_room(g).p, &n);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "%s cannot leave the wallet", what);
	if (n != expected)
		return fail(OUTCOME_BAD, "%s has another form than such a key has", what);
	guarded_use(g, n);
	*out = TAKE(g);
	return OUTCOME_OK;
}

/* PrivateKeyInfo of an Ed25519 key (RFC 8410): the seed is at its end. */
#define PKCS8_SIZE 48

struct cutting {
	struct span der;
	struct mspan seed;
};

static void cut_in_scope(struct vault_scope *scope, void *arg)
{
	struct cutting *c = arg;

	(void)scope;
	memcpy(c->seed.p, c->der.p + c->der.n - SEED_SIZE, SEED_SIZE);
}

enum outcome account_seed(const struct cli *cli, CK_SESSION_HANDLE session, const struct account *a, struct guarded **seed)
{
	AUTO(guarded) der = NULL;
	AUTO(guarded) g = NULL;
	char text[ADDRESS_TEXT + 1], what[96];
	struct cutting c;
	enum outcome outcome;

	address_encode(a->address, text);
	(void)snprintf(what, sizeof(what), "the key of %s", text);
	outcome = export_of(cli, session, a->object, what, PKCS8_SIZE, &der);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cf_failed(guarded_new(SEED_SIZE, &g)))
		return fail_status(CF_STATUS(NOMEM), "cannot read %s", what);
	c = (struct cutting){ guarded_bytes(der), guarded_room(g) };
	if (cf_failed(vault_run(cut_in_scope, &c)))
		return fail_status(CF_STATUS(NOMEM), "cannot read %s", what);
	guarded_use(g, SEED_SIZE);
	*seed = TAKE(g);
	return OUTCOME_OK;
}

/* ---- the master derivation key ---- */

enum outcome master_find(const struct cli *cli, CK_SESSION_HANDLE session, struct master_key *out)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_COFFER_ALGORAND_MASTER;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_ATTRIBUTE id = { CKA_ID, out->id, sizeof(out->id) };
	CK_OBJECT_HANDLE found[2];
	CK_ULONG n = 0, index = 0;
	CK_RV rv = cli->p11->C_FindObjectsInit(session, t, 2);

	*out = (struct master_key){ .object = CK_INVALID_HANDLE };
	if (rv == CKR_OK) {
		rv = cli->p11->C_FindObjects(session, found, 2, &n);
		(void)cli->p11->C_FindObjectsFinal(session);
	}
	if (rv == CKR_OK && n == 1)
		rv = number_of(cli, session, found[0], CKA_COFFER_ALGORAND_INDEX, &index);
	if (rv == CKR_OK && n == 1)
		rv = cli->p11->C_GetAttributeValue(session, found[0], &id, 1);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot look for the master derivation key");
	if (n > 1)
		return fail(OUTCOME_FAILED, "the wallet has several master derivation keys; these commands know wallets with one");
	if (n == 1)
		out->object = found[0];
	out->index = index;
	return OUTCOME_OK;
}

enum outcome master_add(const struct cli *cli, CK_SESSION_HANDLE session, const struct guarded *key,
			const uint8_t id[ADDRESS_SIZE], uint64_t index)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_COFFER_ALGORAND_MASTER;
	CK_ULONG highest = index;
	struct span value = guarded_bytes(key);
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &yes, sizeof(yes) },
			     { CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &yes, sizeof(yes) },
			     { CKA_DERIVE, &yes, sizeof(yes) }, { CKA_LABEL, (void *)(uintptr_t)"Algorand master derivation key", 30 },
			     { CKA_ID, (void *)(uintptr_t)id, ADDRESS_SIZE }, { CKA_COFFER_ALGORAND_INDEX, &highest, sizeof(highest) },
			     { CKA_VALUE, (void *)(uintptr_t)value.p, value.n } };
	CK_OBJECT_HANDLE object;
	CK_RV rv = cli->p11->C_CreateObject(session, t, sizeof(t) / sizeof(t[0]), &object);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot keep the master derivation key");
}

CK_RV master_raise(const struct cli *cli, CK_SESSION_HANDLE session, const struct master_key *m, uint64_t index)
{
	CK_ULONG highest = index;
	CK_ATTRIBUTE a = { CKA_COFFER_ALGORAND_INDEX, &highest, sizeof(highest) };

	return cli->p11->C_SetAttributeValue(session, m->object, &a, 1);
}

enum outcome master_value(const struct cli *cli, CK_SESSION_HANDLE session, const struct master_key *m, struct guarded **out)
{
	return export_of(cli, session, m->object, "the master derivation key", SEED_SIZE, out);
}
