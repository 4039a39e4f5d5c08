/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed values and wallet files in the daemon's own form. */
#include "algorand_kmd_kit.h"

#include <sodium.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "algorand/kmdnew.h"

/* ---- sealing ---- */

struct sealing {
	uint8_t master[KMD_KEY_SIZE], address[32];
	uint8_t blob[4][KMD_BLOB_MAX];
	size_t n[4];
	bool good;
};

static struct cf_status seal_and_open(struct vault_scope *scope, struct sealing *w)
{
	static const struct kmd_scrypt cost = { 65536, 1, 1 };
	uint8_t seed[32], pair[64], back[32];
	struct kmd_sealed s;
	uint64_t index;

	randombytes_buf(w->master, sizeof(w->master));
	randombytes_buf(seed, sizeof(seed));
	(void)crypto_sign_seed_keypair(w->address, pair, seed);
	CF_TRY(kmd_seal_master(scope, w->master, span_str("a password"), &cost,
			       MSPAN_OF(w->blob[0]), &w->n[0]));
	CF_TRY(kmd_seal_derivation_key(scope, w->master, seed, MSPAN_OF(w->blob[1]), &w->n[1]));
	CF_TRY(kmd_seal_max_index(scope, w->master, 300, MSPAN_OF(w->blob[2]), &w->n[2]));
	CF_TRY(kmd_seal_seed(scope, w->master, seed, w->address, MSPAN_OF(w->blob[3]), &w->n[3]));
	CF_TRY(kmd_sealed_parse(span(w->blob[0], w->n[0]), "master", &s));
	CF_TRY(kmd_open_master(scope, &s, span_str("a password"), back));
	w->good = sodium_memcmp(back, w->master, 32) == 0;
	CF_TRY(kmd_sealed_parse(span(w->blob[1], w->n[1]), "derivation", &s));
	CF_TRY(kmd_open_derivation_key(scope, &s, w->master, back));
	w->good = w->good && sodium_memcmp(back, seed, 32) == 0;
	CF_TRY(kmd_sealed_parse(span(w->blob[2], w->n[2]), "index", &s));
	CF_TRY(kmd_open_max_index(scope, &s, w->master, &index));
	w->good = w->good && index == 300;
	CF_TRY(kmd_sealed_parse(span(w->blob[3], w->n[3]), "key", &s));
	CF_TRY(kmd_open_seed(scope, &s, w->master, w->address, "key", back));
	w->good = w->good && sodium_memcmp(back, seed, 32) == 0;
	return CF_OK;
}

static void sealing_in(struct vault_scope *scope, void *arg)
{
	struct sealing *w = arg;

	CHECK_CODE(seal_and_open(scope, w), OK);
}

static void test_what_is_sealed_opens(void)
{
	struct sealing w = { .good = false };

	in_scope(sealing_in, &w);
	CHECK(w.good);
	/* The lengths of the daemon's own blobs. */
	CHECK(w.n[0] == 217 && w.n[1] == 224 && w.n[2] == 185 && w.n[3] == 247);
}

/* What a blob of the daemon's looks like apart from its random parts. */
static bool same_frame(struct span theirs, const uint8_t *mine, size_t n)
{
	struct kmd_sealed a, b;

	if (cf_failed(kmd_sealed_parse(theirs, "theirs", &a)) ||
	    cf_failed(kmd_sealed_parse(span(mine, n), "mine", &b)) || theirs.n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t in_box = (size_t)(a.ciphertext.p - theirs.p);

		if ((i >= in_box && i < in_box + a.ciphertext.n) || theirs.p[i] == mine[i])
			continue;
		/* the nonce and the salt */
		if (i < in_box + a.ciphertext.n + 10 + 1 + 6 + 2 || i >= n - 30)
			return false;
	}
	return true;
}

static void test_sealed_values_have_the_daemons_form(void)
{
	AUTO(kmd_file) f = NULL;
	struct sealing w = { .good = false };

	REQUIRE(cf_ok(kmd_file_read(
		KMD_VECTORS "sqlite_wallets/cheap-wallet.10173378af036b62bc8c87f242fa63ac.db",
		&f)));
	in_scope(sealing_in, &w);
	CHECK(same_frame(f->derivation_key, w.blob[1], w.n[1]));
	CHECK(same_frame(f->key[0].sealed, w.blob[3], w.n[3]));
}

/* ---- a new file ---- */

/* Writes what `f` has anew. */
struct rewriting {
	const struct kmd_file *file;
	const struct kmd_opened *opened;
	struct guarded *seed;
	size_t i;
	struct cf_status status;
};

static void seed_out(struct vault_scope *scope, void *arg)
{
	struct rewriting *w = arg;

	w->status = kmd_seed(scope, w->file, w->opened, w->i, guarded_room(w->seed).p);
	guarded_use(w->seed, KMD_SEED_SIZE);
}

static void master_out(struct vault_scope *scope, void *arg)
{
	struct rewriting *w = arg;
	uint8_t key[KMD_KEY_SIZE];

	w->status = secret_open(scope, w->opened->derivation_key, MSPAN_OF(key));
	memcpy(guarded_room(w->seed).p, key, sizeof(key));
	guarded_use(w->seed, KMD_KEY_SIZE);
}

static struct cf_status rewrite(const struct kmd_file *f, const struct kmd_opened *o,
				const char *path)
{
	AUTO(guarded) password = password_of(span_str("another\0one"));
	AUTO(guarded) seed = password_of(span_str("12345678901234567890123456789012"));
	AUTO(kmd_new) w = NULL;
	struct rewriting r = { f, o, seed, 0, CF_OK };
	struct kmd_new_request request = { .path = path,
					  .name = span_str("a name"),
					  .password = guarded_bytes(password),
					  .max_index = o->max_index,
					  .scrypt = { 4, 1, 1 } };

	CF_TRY(vault_run(master_out, &r));
	CF_TRY(r.status);
	request.derivation_key = guarded_bytes(seed);
	CF_TRY(kmd_new_begin(&request, &w));
	for (r.i = 0; r.i < f->key_count; r.i++) {
		CF_TRY(vault_run(seed_out, &r));
		CF_TRY(r.status);
		CF_TRY(kmd_new_key(w, guarded_bytes(seed), f->key[r.i].address,
				   f->key[r.i].derived ? f->key[r.i].index : 0));
	}
	for (size_t i = 0; i < f->multisig_count; i++)
		CF_TRY(kmd_new_multisig(w, &f->multisig[i].account));
	return kmd_new_commit(TAKE(w));
}

static void test_a_written_wallet_has_the_same_keys(void)
{
	AUTO(kmd_file) f = NULL;
	AUTO(kmd_file) again = NULL;
	AUTO_KMD_OPENED o = { NULL, NULL, 0 };
	AUTO_KMD_OPENED reopened = { NULL, NULL, 0 };
	json_t *root = vectors_load("wallets.json");
	const json_t *wallet = json_array_get(json_object_get(root, "wallets"), 1);
	struct stat st;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/new.db", unit_dir());
	REQUIRE(cf_ok(kmd_file_read(cheap, &f)));
	REQUIRE(cf_ok(unlock(f, span_str("testpassword"), &o)));
	CHECK_CODE(rewrite(f, &o, path), OK);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_nlink == 1);
	CHECK_CODE(rewrite(f, &o, path), EXISTS);
	REQUIRE(cf_ok(kmd_file_read(path, &again)));
	CHECK(span_eq(again->name, span_str("a name")) && again->id.n == 32);
	REQUIRE(cf_ok(unlock(again, span_str("another\0one"), &reopened)));
	CHECK(reopened.max_index == o.max_index &&
	      holds(reopened.derivation_key, wallet, "mdk_hex"));
	CHECK(!holds(reopened.master, wallet, "master_encryption_key_hex"));
	check_keys(wallet, again, &reopened);
	check_multisigs(wallet, again);
	json_decref(root);
}

/* What the daemon's driver looks at, and what a careful reader would compare. */
static void test_a_written_wallet_has_the_daemons_form(void)
{
	AUTO(kmd_file) f = NULL;
	AUTO_KMD_OPENED o = { NULL, NULL, 0 };
	static const char schema[] = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM "
				     "sqlite_master WHERE sql IS NOT NULL ORDER BY name)";
	static const char kinds[] =
		"SELECT typeof(driver_name) || driver_name || typeof(driver_version) || "
		"typeof(wallet_id) || "
		"length(wallet_id) || typeof(wallet_name) || typeof(mep_encrypted) FROM metadata";
	static const char *const questions[] = {
		schema,
		kinds,
		"PRAGMA page_size",
		"PRAGMA encoding",
		"PRAGMA user_version",
		"PRAGMA journal_mode",
		"SELECT group_concat(hex(pks)) FROM (SELECT pks FROM msig_addrs ORDER BY address)",
		"SELECT group_concat(typeof(key_idx) || length(secret_key_encrypted)) FROM "
		"(SELECT * FROM keys ORDER BY address)" };
	sqlite3 *theirs = NULL, *ours = NULL;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/form.db", unit_dir());
	REQUIRE(cf_ok(kmd_file_read(cheap, &f)) && cf_ok(unlock(f, span_str("testpassword"), &o)));
	REQUIRE(cf_ok(rewrite(f, &o, path)));
	REQUIRE(sqlite3_open_v2("file:" KMD_VECTORS
				"sqlite_wallets/"
				"cheap-wallet.10173378af036b62bc8c87f242fa63ac.db?immutable=1",
				&theirs, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
				NULL) == SQLITE_OK);
	REQUIRE(sqlite3_open_v2(path, &ours, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		sqlite3_stmt *a = NULL, *b = NULL;

		REQUIRE(sqlite3_prepare_v2(theirs, questions[i], -1, &a, NULL) == SQLITE_OK &&
			sqlite3_step(a) == SQLITE_ROW);
		REQUIRE(sqlite3_prepare_v2(ours, questions[i], -1, &b, NULL) == SQLITE_OK &&
			sqlite3_step(b) == SQLITE_ROW);
		CU_ASSERT_STRING_EQUAL(sqlite3_column_text(a, 0), sqlite3_column_text(b, 0));
		(void)sqlite3_finalize(a);
		(void)sqlite3_finalize(b);
	}
	(void)sqlite3_close(theirs);
	(void)sqlite3_close(ours);
}

static void test_a_wallet_that_is_given_up_leaves_nothing(void)
{
	AUTO(guarded) key = password_of(span_str("12345678901234567890123456789012"));
	struct kmd_new_request request = {
		.name = span_str("x"), .derivation_key = guarded_bytes(key), .scrypt = { 2, 1, 1 } };
	struct kmd_new *w = NULL;
	char path[600], beside[610];

	(void)snprintf(path, sizeof(path), "%s/none.db", unit_dir());
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	request.path = path;
	REQUIRE(cf_ok(kmd_new_begin(&request, &w)));
	CHECK(access(beside, F_OK) == 0);
	kmd_new_abort(w);
	CHECK(access(beside, F_OK) != 0 && access(path, F_OK) != 0);
	request.name = SPAN_EMPTY;
	CHECK_CODE(kmd_new_begin(&request, &w), INVALID);
	request.name =
		span_str("12345678901234567890123456789012345678901234567890123456789012345");
	CHECK_CODE(kmd_new_begin(&request, &w), INVALID);
}

static const struct unit_test tests[] = {
	{ "what is sealed opens, and has the daemon's lengths", test_what_is_sealed_opens },
	{ "sealed values have the daemon's form", test_sealed_values_have_the_daemons_form },
	{ "a wallet that is written has the same keys when it is read", test_a_written_wallet_has_the_same_keys },
	{ "a wallet that is written has the daemon's form", test_a_written_wallet_has_the_daemons_form },
	{ "a wallet that is given up leaves nothing behind", test_a_wallet_that_is_given_up_leaves_nothing },
	{ NULL, NULL },
};

int main(void)
{
	return vault_main("algorand new KMD wallets", tests);
}
