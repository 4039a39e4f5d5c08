/* SPDX-License-Identifier: Apache-2.0 */
#include "token/policy.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "ck/names.h"
#include "ck/rv.h"
#include "token/token_internal.h"

/* ---- the configuration's ---- */

#define DISABLED_MAX 512
/* Beside those that are named: more than there are of them. */
#define RETIRED_MAX 64
#define NAME_ROOM 64

struct disabled {
	size_t count;
	CK_MECHANISM_TYPE type[DISABLED_MAX + RETIRED_MAX];
};

static bool mechanism_of(const char *name, CK_MECHANISM_TYPE *type)
{
	char *end;

	if (strncmp(name, "CKM_", 4) == 0)
		return value_of_name(name, type);
	*type = strtoul(name, &end, 0);
	return end != name && *end == '\0' && name[0] != '-';
}

static CK_RV add_name(const char *key, struct disabled *d, const char *name, size_t n)
{
	char word[NAME_ROOM];

	if (n < sizeof(word) && d->count < DISABLED_MAX) {
		bytes_copy(word, name, n);
		word[n] = '\0';
		if (mechanism_of(word, &d->type[d->count])) {
			d->count++;
			return CKR_OK;
		}
	}
	cf_ignore(error_set(CF_STATUS(INVALID), "%s: \"%.*s\" is no mechanism", key, (int)(n < NAME_ROOM ? n : NAME_ROOM), name),
		  "the return value is the answer");
	return CKR_FUNCTION_FAILED;
}

static CK_RV add_names(const char *key, struct disabled *d, const char *names)
{
	CK_RV rv = CKR_OK;

	if (names != NULL && strcmp(names, "none") == 0)
		return CKR_OK;
	while (rv == CKR_OK && names != NULL && *names != '\0') {
		size_t n = strcspn(names, " \t,");

		if (n > 0)
			rv = add_name(key, d, names, n);
		names += n + (names[n] != '\0');
	}
	return rv;
}

static void add_retired(struct disabled *d, const struct disabled *enabled)
{
	for (size_t i = 0; i < mech_count() && d->count < DISABLED_MAX + RETIRED_MAX; i++)
		if (mech_at(i)->retired && !disabled_has(enabled, mech_at(i)->type))
			d->type[d->count++] = mech_at(i)->type;
}

CK_RV disabled_parse(const char *names, const char *enabled, struct disabled **out)
{
	struct disabled *d = NEW(disabled), *on = NEW(disabled);
	CK_RV rv = d == NULL || on == NULL ? CKR_HOST_MEMORY : add_names("disabled-mechanisms", d, names);

	if (rv == CKR_OK)
		rv = add_names("enabled-mechanisms", on, enabled);
	if (rv == CKR_OK) {
		add_retired(d, on);
		*out = d;
		d = NULL;
	}
	mem_free(on);
	mem_free(d);
	return rv;
}

void disabled_free(struct disabled *d)
{
	mem_free(d);
}

bool disabled_has(const struct disabled *d, CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; d != NULL && i < d->count; i++)
		if (d->type[i] == type)
			return true;
	return false;
}

/* ---- the wallet's: doc/wallet-format.md, "Policy" ---- */

static CK_RV decode(struct span bytes, struct policy *out)
{
	struct reader r = reader_of(bytes);
	uint32_t count;

	*out = (struct policy){ .rsa_min_bits = read_u32(&r) };
	count = read_u32(&r);
	if (count > POLICY_MECHANISMS_MAX)
		r.failed = true;
	for (; !r.failed && out->count < count; out->count++)
		out->mechanism[out->count] = (CK_MECHANISM_TYPE)read_u64(&r);
	if (cf_ok(read_end(&r)))
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(UNSUPPORTED), "the wallet's policy is of a form that this release does not know"),
		  "the return value is the answer");
	return CKR_DEVICE_ERROR;
}

static CK_RV read_policy(struct token *t, struct policy *out, uint64_t *generation)
{
	AUTO_STANDING s = { 0 };
	uint8_t bytes[WALLET_POLICY_MAX];
	size_t n = 0;
	CK_RV rv;

	*out = (struct policy){ 0 };
	token_standing(t, &s);
	if (s.wallet == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	/* Read before the policy: a change in between is looked at again. */
	rv = rv_of(wallet_generation(s.wallet, generation));
	if (rv == CKR_OK)
		rv = rv_of(wallet_get_policy(s.wallet, s.key, bytes, &n));
	return rv == CKR_OK && n != 0 ? decode(span(bytes, n), out) : rv;
}

CK_RV token_get_policy(struct token *t, struct policy *out)
{
	uint64_t generation;

	return read_policy(t, out, &generation);
}

/* What most wallets have: then nothing is read until the wallet changes, also where no key was used yet. */
static void note_open(struct token *t, uint64_t generation)
{
	token_lock(t);
	if (keys_refresh(t) == CKR_OK && generation == t->keys_generation)
		atomic_store(&t->no_policy, true);
	token_unlock(t);
}

static CK_RV policy_now(struct token *t, struct policy *out)
{
	uint64_t generation = 0;
	CK_RV rv;

	*out = (struct policy){ 0 };
	if (atomic_load_explicit(&t->no_policy, memory_order_acquire))
		return CKR_OK;
	rv = read_policy(t, out, &generation);
	if (rv == CKR_OK && out->count == 0 && out->rsa_min_bits == 0)
		note_open(t, generation);
	return rv;
}

void token_policy_refresh(struct token *t)
{
	token_lock(t);
	(void)keys_refresh(t); /* what cannot be read now is read, and refused, by policy_now() */
	token_unlock(t);
}

CK_RV token_permits(struct token *t, const struct mech *mech)
{
	struct policy p;
	CK_RV rv;

	if (disabled_has(t->disabled, mech->type)) {
		cf_ignore(error_set(CF_STATUS(DENIED), "the mechanism is off (disabled-mechanisms of the configuration; enabled-mechanisms switches on what is for data of old)"),
			  "the return value is the answer");
		return CKR_MECHANISM_INVALID;
	}
	rv = policy_now(t, &p);
	if (rv != CKR_OK || p.count == 0)
		return rv;
	for (size_t i = 0; i < p.count; i++)
		if (p.mechanism[i] == mech->type)
			return CKR_OK;
	cf_ignore(error_set(CF_STATUS(DENIED), "the wallet's policy does not allow the mechanism"), "the return value is the answer");
	return CKR_MECHANISM_INVALID;
}

CK_RV token_permits_rsa(struct token *t, CK_ULONG bits)
{
	CK_ULONG least = t->config->rsa_min_bits;
	struct policy p;
	CK_RV rv = policy_now(t, &p);

	if (p.rsa_min_bits > least)
		least = p.rsa_min_bits;
	if (rv != CKR_OK || bits >= least)
		return rv;
	cf_ignore(error_set(CF_STATUS(DENIED), "an RSA key has at least %lu bits here (rsa-min-bits, or the wallet's policy)", least),
		  "the return value is the answer");
	return CKR_KEY_SIZE_RANGE;
}

static CK_RV set_policy(struct token *t, const struct policy *policy)
{
	AUTO_STANDING s = { 0 };
	AUTO_BUF bytes = BUF_INIT(WALLET_POLICY_MAX);
	struct wallet_info info;
	CK_RV rv;

	token_standing(t, &s);
	if (s.login == TOKEN_PUBLIC)
		return CKR_USER_NOT_LOGGED_IN;
	rv = rv_of(wallet_get_info(s.wallet, &info));
	if (rv != CKR_OK)
		return rv;
	if (s.login != TOKEN_SO && info.pin[WALLET_SO].set)
		return CKR_USER_NOT_LOGGED_IN;
	if (policy->count > POLICY_MECHANISMS_MAX || policy->rsa_min_bits > UINT32_MAX)
		return CKR_ARGUMENTS_BAD;
	if (policy->count == 0 && policy->rsa_min_bits == 0)
		return rv_of(wallet_set_policy(s.wallet, s.key, SPAN_EMPTY));
	buf_u32(&bytes, (uint32_t)policy->rsa_min_bits);
	buf_u32(&bytes, (uint32_t)policy->count);
	for (size_t i = 0; i < policy->count; i++)
		buf_u64(&bytes, policy->mechanism[i]);
	rv = rv_of(buf_status(&bytes));
	return rv == CKR_OK ? rv_of(wallet_set_policy(s.wallet, s.key, buf_span(&bytes))) : rv;
}

CK_RV token_set_policy(struct token *t, const struct policy *policy)
{
	CK_RV rv = set_policy(t, policy);

	atomic_store(&t->no_policy, false);
	return rv;
}
