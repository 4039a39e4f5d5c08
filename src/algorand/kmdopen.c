/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a KMD wallet with its password. */
#include <stdio.h>

#include <sodium.h>

#include "algorand/derive.h"
#include "algorand/kmdfile_internal.h"
#include "base/error.h"

#define CHUNK 64 /* keys in one scope */

void kmd_opened_release(struct kmd_opened *o)
{
	secret_unref(o->master);
	secret_unref(o->derivation_key);
	o->master = o->derivation_key = NULL;
}

struct unlocking {
	struct kmd_sealed master, derivation_key, max_index;
	struct span password;
	struct kmd_opened *out;
	struct cf_status status;
};

static struct cf_status unlock_in(struct vault_scope *scope, struct unlocking *w)
{
	uint8_t master[KMD_KEY_SIZE], key[KMD_KEY_SIZE];

	CF_TRY(kmd_open_master(scope, &w->master, w->password, master));
	CF_TRY(kmd_open_derivation_key(scope, &w->derivation_key, master, key));
	CF_TRY(kmd_open_max_index(scope, &w->max_index, master, &w->out->max_index));
	CF_TRY(secret_seal(scope, SPAN_OF(master), &w->out->master));
	return secret_seal(scope, SPAN_OF(key), &w->out->derivation_key);
}

static void unlock_scope(struct vault_scope *scope, void *arg)
{
	struct unlocking *w = arg;

	w->status = unlock_in(scope, w);
}

struct cf_status kmd_unlock(const struct kmd_file *f, struct span password, struct kmd_opened *out)
{
	struct unlocking w = { .password = password, .out = out, .status = CF_OK };

	*out = (struct kmd_opened){NULL, NULL, 0};
	CF_TRY(kmd_sealed_parse(f->master, "the wallet's master key", &w.master));
	CF_TRY(kmd_sealed_parse(f->derivation_key, "the wallet's master derivation key",
				&w.derivation_key));
	CF_TRY(kmd_sealed_parse(f->max_index, "the wallet's highest key index", &w.max_index));
	CF_TRY(vault_run(unlock_scope, &w));
	if (cf_failed(w.status))
		kmd_opened_release(out);
	return w.status;
}

/* ---- keys ---- */

static void describe(const struct kmd_key *key, char what[96])
{
	char address[ADDRESS_TEXT + 1];

	address_encode(key->address, address);
	memcpy(what, "the key of ", 11);
	memcpy(what + 11, address, sizeof(address));
}

struct cf_status kmd_seed(struct vault_scope *scope, const struct kmd_file *f,
			  const struct kmd_opened *o, size_t i, uint8_t seed[KMD_SEED_SIZE])
{
	const struct kmd_key *key = &f->key[i];
	uint8_t master[KMD_KEY_SIZE], derivation_key[KMD_KEY_SIZE], derived[KMD_SEED_SIZE];
	struct kmd_sealed sealed;
	char what[96];

	describe(key, what);
	CF_TRY(kmd_sealed_parse(key->sealed, what, &sealed));
	CF_TRY(secret_open(scope, o->master, MSPAN_OF(master)));
	CF_TRY(kmd_open_seed(scope, &sealed, master, key->address, what, seed));
	if (!key->derived)
		return CF_OK;
	/* The index is in clear in its row: only the derivation tells that it is true. */
	CF_TRY(secret_open(scope, o->derivation_key, MSPAN_OF(derivation_key)));
	derive_seed(scope, derivation_key, key->index, derived);
	if (sodium_memcmp(derived, seed, KMD_SEED_SIZE) != 0)
		return error_set(CF_STATUS(FORGED),
				 "%s is not the wallet's key of index %llu, as its row says", what,
				 (unsigned long long)key->index);
	return CF_OK;
}

struct checking {
	const struct kmd_file *file;
	const struct kmd_opened *opened;
	size_t from, to;
	struct cf_status status;
};

static void check_scope(struct vault_scope *scope, void *arg)
{
	struct checking *w = arg;
	uint8_t seed[KMD_SEED_SIZE];

	for (size_t i = w->from; i < w->to && cf_ok(w->status); i++)
		w->status = kmd_seed(scope, w->file, w->opened, i, seed);
}

struct cf_status kmd_check_keys(const struct kmd_file *f, const struct kmd_opened *o,
				kmd_progress progress_opt, void *arg)
{
	struct checking w = { .file = f, .opened = o, .status = CF_OK };

	for (w.from = 0; w.from < f->key_count; w.from = w.to) {
		w.to = f->key_count - w.from > CHUNK ? w.from + CHUNK : f->key_count;
		CF_TRY(vault_run(check_scope, &w));
		CF_TRY(w.status);
		if (progress_opt != NULL)
			progress_opt(w.to, f->key_count, arg);
	}
	return CF_OK;
}
