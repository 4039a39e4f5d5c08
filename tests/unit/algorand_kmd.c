/* SPDX-License-Identifier: Apache-2.0 */
/* Wallets that the real daemon wrote, and tampered copies of them. */
#include "algorand_kmd_kit.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static void check_wallet(const json_t *wallet)
{
	char path[1024];
	uint8_t password[256];
	struct span text = hex_of(wallet, "password_hex", MSPAN_OF(password));
	AUTO(kmd_file) f = NULL;
	AUTO_KMD_OPENED o = { NULL, NULL, 0 };

	(void)snprintf(path, sizeof(path), "%s%s", KMD_VECTORS,
		       json_string_value(json_object_get(wallet, "file")));
	REQUIRE(cf_ok(kmd_file_read(path, &f)));
	CHECK(span_eq(f->id, text_of(wallet, "wallet_id")));
	CHECK(span_eq(f->name, text_of(wallet, "wallet_name")));
	REQUIRE(cf_ok(unlock(f, text, &o)));
	CHECK(holds(o.master, wallet, "master_encryption_key_hex"));
	CHECK(holds(o.derivation_key, wallet, "mdk_hex"));
	CHECK(o.max_index == (uint64_t)json_integer_value(json_object_get(wallet, "max_key_idx")));
	check_keys(wallet, f, &o);
	check_multisigs(wallet, f);
}

static void test_wallets_that_the_daemon_wrote(void)
{
	json_t *root = vectors_load("wallets.json"), *wallet;
	size_t i;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet) check_wallet(wallet);
	CHECK(i == 8);
	json_decref(root);
}

static void test_a_wrong_password_is_refused(void)
{
	static const struct span wrong[] = {
		{ (const uint8_t *)"testpasswor", 11 },
		{ (const uint8_t *)"testpasswordx", 13 },
		{ NULL, 0 },
		{ (const uint8_t *)"test\0password", 13 }, /* a NUL is a byte as any other */
		{ (const uint8_t *)"Testpassword", 12 },
	};
	AUTO(kmd_file) f = NULL;

	REQUIRE(cf_ok(kmd_file_read(cheap, &f)));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct kmd_opened o;

		CHECK_CODE(unlock(f, wrong[i], &o), DENIED);
		CHECK(o.master == NULL && o.derivation_key == NULL);
	}
}

/* ---- tampered copies ---- */

struct outcome {
	const char *name;
	enum cf_code code; /* of reading, unlocking and checking all keys */
	const char *says;
};

/* What KMD refuses, and of what it accepts, what only a forger writes. */
static const struct outcome outcomes[] = {
	{ "flip_mep", CF_CODE_DENIED, "master key" },
	{ "flip_mdk", CF_CODE_FORGED, "master derivation key" },
	{ "flip_first_key", CF_CODE_FORGED,
	 "UYTVW5P7POZNGMEQFR2Z5YV7C3PPAK5CDZIOGGNDCBB5PZ2BGE7HPDZ3GY" },
	{ "swap_first_two_keys", CF_CODE_FORGED, "another address" },
	{ "mdk_holds_a_secret_key_blob", CF_CODE_FORGED, "another type" },
	{ "max_key_idx_rolled_back_to_0", CF_CODE_OK, NULL },
	{ "driver_version_2", CF_CODE_UNSUPPORTED, "version 1" },
	{ "blob_extra_field", CF_CODE_CORRUPT, "does not have" },
	{ "blob_field_missing_scrypt_p", CF_CODE_CORRUPT, "scrypt" },
	{ "blob_fields_in_other_order", CF_CODE_OK, NULL },
	{ "blob_truncated", CF_CODE_CORRUPT, "cut short" },
	{ "scrypt_n_3", CF_CODE_CORRUPT, "power of two" },
	{ "id_and_name_stored_as_text", CF_CODE_OK, NULL },
	{ "msig_public_key_changed", CF_CODE_FORGED,
	 "QTLKIYJAUTGCUVBGEF2A6OLHUIT4Q6VJFGW4L3SXXHT4QVEAO7AVONSDGQ" },
	{ "two_metadata_rows", CF_CODE_OK, NULL },
	{ "public_half_not_of_the_seed", CF_CODE_FORGED, "public half" },
	{ "same_id_twice", CF_CODE_EXISTS, "same wallet ID" },
	{ "other_files_beside", CF_CODE_OK, NULL },
};

static struct cf_status open_all(const char *path)
{
	AUTO_FREE char *file = NULL;
	AUTO(kmd_file) f = NULL;
	AUTO_KMD_OPENED o = { NULL, NULL, 0 };

	CF_TRY(kmd_file_find(path, NULL, &file));
	CF_TRY(kmd_file_read(file, &f));
	CF_TRY(unlock(f, span_str("testpassword"), &o));
	return kmd_check_keys(f, &o, NULL, NULL);
}

static struct cf_status open_case(const char *name, const char *file_opt)
{
	char path[1024];

	if (file_opt != NULL)
		(void)snprintf(path, sizeof(path), "%s%s", KMD_VECTORS, file_opt);
	else
		(void)snprintf(path, sizeof(path), "%stampered/%s", KMD_VECTORS, name);
	return open_all(path);
}

static void test_tampered_wallets(void)
{
	json_t *root = vectors_load("tampered.json"), *each;
	size_t i;

	json_array_foreach(json_object_get(root, "cases"), i, each)
	{
		const char *name = json_string_value(json_object_get(each, "case"));
		const char *file = json_string_value(json_object_get(each, "file"));
		const struct outcome *o = outcomes;
		struct cf_status status;

		while (strcmp(o->name, name) != 0)
			REQUIRE(++o < outcomes + sizeof(outcomes) / sizeof(outcomes[0]));
		/* Of a directory, a foreign version is passed over as by the daemon; a file that was named is explained. */
		status = open_case(name, o->code == CF_CODE_UNSUPPORTED ? file : NULL);
		if (status.code != o->code ||
		    (o->says != NULL && strstr(error_text(), o->says) == NULL))
			(void)fprintf(stderr, "%s: %d, \"%s\"\n", name, (int)status.code,
				      error_text());
		CHECK(status.code == o->code);
		CHECK(o->says == NULL || strstr(error_text(), o->says) != NULL);
	}
	CHECK(i == sizeof(outcomes) / sizeof(outcomes[0]));
	json_decref(root);
}

/* A copy of the cheap wallet in a directory of the test's own, edited. */
static const char *edited(const char *sql)
{
	static char path[512];
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *copy;

	(void)snprintf(path, sizeof(path), "%s/edited.db", unit_dir());
	REQUIRE(sqlite3_open_v2(cheap, &from, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_open(path, &to) == SQLITE_OK);
	copy = sqlite3_backup_init(to, "main", from, "main");
	REQUIRE(copy != NULL);
	(void)sqlite3_backup_step(copy, -1);
	(void)sqlite3_backup_finish(copy);
	if (sqlite3_exec(to, sql, NULL, NULL, NULL) != SQLITE_OK)
		CU_FAIL_FATAL("the edit itself failed");
	(void)sqlite3_close(from);
	(void)sqlite3_close(to);
	return path;
}

static void test_what_is_merely_written_otherwise_is_read(void)
{
	CHECK_CODE(
		open_all(edited("ALTER TABLE keys ADD COLUMN note TEXT; UPDATE keys SET note = 'x';"
				"ALTER TABLE metadata ADD COLUMN more INT")),
		OK);
	CHECK_CODE(open_all(edited("DELETE FROM keys; DELETE FROM msig_addrs")), OK);
}

static void test_what_only_a_forger_writes_is_refused(void)
{
	/* One address twice, in a table that has no primary key. */
	CHECK_CODE(open_all(edited("CREATE TABLE k (address BLOB, secret_key_encrypted BLOB, key_idx INT);"
				   "INSERT INTO k SELECT * FROM keys ORDER BY key_idx; INSERT INTO k SELECT * FROM keys ORDER BY key_idx;"
				   "DROP TABLE keys; ALTER TABLE k RENAME TO keys")),
		   CORRUPT);
	CHECK(strstr(error_text(), "twice") != NULL);
	CHECK_CODE(open_all(edited("UPDATE metadata SET mdk_encrypted = mdk_encrypted || x'00'")),
		   CORRUPT);
	CHECK(strstr(error_text(), "behind its end") != NULL ||
	      strstr(error_text(), "byte string") != NULL);
	CHECK_CODE(
		open_all(edited("UPDATE metadata SET mep_encrypted = cast(mep_encrypted AS TEXT)")),
		CORRUPT);
	CHECK_CODE(open_all(edited("UPDATE keys SET key_idx = 4 WHERE key_idx = 3")), FORGED);
	CHECK(strstr(error_text(), "index 4") != NULL);
	CHECK_CODE(open_all(edited("UPDATE keys SET key_idx = 0 WHERE key_idx = 3")), CORRUPT);
	CHECK_CODE(open_all(edited("UPDATE keys SET key_idx = 'x' WHERE key_idx = 3")), CORRUPT);
	CHECK_CODE(open_all(edited("UPDATE keys SET address = x'00' WHERE key_idx = 3")), CORRUPT);
	CHECK_CODE(open_all(edited("UPDATE keys SET secret_key_encrypted = zeroblob(100000) WHERE "
				   "key_idx = 3")),
		   CORRUPT);
	CHECK_CODE(open_all(edited("UPDATE keys SET secret_key_encrypted = x'' WHERE key_idx = 3")),
		   CORRUPT);
	CHECK_CODE(open_all(edited("UPDATE msig_addrs SET threshold = 200")), INVALID);
	CHECK_CODE(open_all(edited("UPDATE msig_addrs SET version = 2")), UNSUPPORTED);
	CHECK_CODE(open_all(edited("UPDATE msig_addrs SET pks = x'90'")), INVALID);
	CHECK_CODE(open_all(edited("DELETE FROM metadata")), CORRUPT);
	CHECK_CODE(open_all(edited("ALTER TABLE keys RENAME TO k; CREATE VIEW keys AS WITH "
				   "RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r)"
				   " SELECT zeroblob(32) AS address, x'' AS secret_key_encrypted, "
				   "NULL AS key_idx FROM r")),
		   CORRUPT);
}

/* The sealed master key of the cheap wallet with other scrypt parameters in clear. */
static struct cf_status open_with_scrypt(uint64_t n, uint64_t r, uint64_t p)
{
	AUTO(kmd_file) f = NULL;
	AUTO(guarded) g = password_of(span_str("testpassword"));
	uint8_t hex[KMD_SEALED_MAX], *at;
	struct kmd_opened o;
	size_t head;

	REQUIRE(cf_ok(kmd_file_read(cheap, &f)));
	/* Everything up to the name of the first parameter stays. */
	head = f->master.n - 3 * (9 + 1);
	memcpy(hex, f->master.p, head);
	at = hex + head;
	for (size_t i = 0; i < 3; i++) {
		uint64_t value = i == 0 ? n : i == 1 ? p : r;

		memcpy(at, f->master.p + head + i * 10, 9);
		at[9] = 0xcf;
		for (size_t b = 0; b < 8; b++)
			at[10 + b] = (uint8_t)(value >> (56 - 8 * b));
		at += 18;
	}
	mem_free((void *)(uintptr_t)f->master.p);
	f->master = span(mem_copy(hex, (size_t)(at - hex)), (size_t)(at - hex));
	CF_TRY(kmd_unlock(f, guarded_bytes(g), &o));
	kmd_opened_release(&o);
	return CF_OK;
}

static void test_scrypt_of_a_hostile_file_is_bounded(void)
{
	CHECK_CODE(open_with_scrypt(2, 1, 1), OK); /* integers in eight bytes are read */
	CHECK_CODE(open_with_scrypt(UINT64_C(1) << 63, 1, 1), LIMIT);
	CHECK_CODE(open_with_scrypt(UINT64_C(1) << 40, 1, 1), LIMIT);
	CHECK_CODE(open_with_scrypt(2, UINT64_MAX, 1), LIMIT);
	CHECK_CODE(open_with_scrypt(2, 1, UINT64_MAX), LIMIT);
	CHECK_CODE(open_with_scrypt(1 << 16, 8, 1 << 20), LIMIT);
	CHECK_CODE(open_with_scrypt(0, 1, 1), CORRUPT);
	CHECK_CODE(open_with_scrypt(1, 1, 1), CORRUPT);
	CHECK_CODE(open_with_scrypt(2, 0, 1), CORRUPT);
	CHECK_CODE(open_with_scrypt(2, 1, 0), CORRUPT);
	CHECK_CODE(open_with_scrypt(4, 1, 1), DENIED); /* another key comes out */
}

static void test_finding_a_wallet(void)
{
	AUTO_FREE char *file = NULL;
	char message[512];

	CHECK_CODE(kmd_file_find(KMD_VECTORS, NULL, &file), INVALID);
	(void)snprintf(message, sizeof(message), "%s", error_text());
	CHECK(strstr(message, "\"cheap-wallet\" (10173378af036b62bc8c87f242fa63ac)") != NULL ||
	      strstr(message, "cheap") == NULL);
	CHECK_CODE(kmd_file_find(KMD_VECTORS "sqlite_wallets", "no such", &file), NOT_FOUND);
	CHECK_CODE(kmd_file_find("/no/such/place", NULL, &file), NOT_FOUND);
	CHECK_CODE(kmd_file_find(KMD_VECTORS, "cheap-wallet", &file), OK);
	CHECK(file != NULL && strstr(file, "cheap-wallet") != NULL);
	mem_free(TAKE(file));
	CHECK_CODE(kmd_file_find(KMD_VECTORS, "10173378af036b62bc8c87f242fa63ac", &file), OK);
	CHECK(file != NULL && strstr(file, "cheap-wallet") != NULL);
}

static void test_a_wallet_in_the_middle_of_a_change_is_not_read(void)
{
	AUTO(kmd_file) f = NULL;
	const char *path = edited("SELECT 1");
	char journal[600];
	FILE *file;

	(void)snprintf(journal, sizeof(journal), "%s-journal", path);
	file = fopen(journal, "w");
	REQUIRE(file != NULL);
	(void)fputs("half of a change", file);
	(void)fclose(file);
	CHECK_CODE(kmd_file_read(path, &f), AGAIN);
	CHECK_CODE(open_all(unit_dir()), NOT_FOUND); /* a new directory */
	(void)unlink(journal);
	CHECK_CODE(kmd_file_read(path, &f), OK);
}

static void test_the_source_is_not_written(void)
{
	const char *path = edited("SELECT 1");
	struct stat before, after;
	char directory[512];

	(void)snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	REQUIRE(chmod(path, 0400) == 0 && chmod(directory, 0500) == 0 &&
		stat(directory, &before) == 0);
	CHECK_CODE(open_all(path), OK);
	REQUIRE(stat(directory, &after) == 0);
	CHECK(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
	      before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	(void)chmod(directory, 0700);
}

static const struct unit_test tests[] = {
	{ "every wallet that the daemon wrote opens, with all that is in it",
	 test_wallets_that_the_daemon_wrote },
	{ "a wrong password is refused", test_a_wrong_password_is_refused },
	{ "tampered wallets: what KMD refuses, and what is dangerous, is refused and explained",
	 test_tampered_wallets },
	{ "what is merely written otherwise is read", test_what_is_merely_written_otherwise_is_read },
	{ "what only a forger writes is refused", test_what_only_a_forger_writes_is_refused },
	{ "scrypt's cost is bounded", test_scrypt_of_a_hostile_file_is_bounded },
	{ "a wallet of a directory is found by name or ID", test_finding_a_wallet },
	{ "a wallet with a journal beside it is not read",
	 test_a_wallet_in_the_middle_of_a_change_is_not_read },
	{ "the source is not written", test_the_source_is_not_written },
	{ NULL, NULL },
};

int main(void)
{
	return vault_main("algorand KMD wallets", tests);
}
