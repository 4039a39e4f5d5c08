/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include <argon2.h>
#include <dirent.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

#define PAGE 4096
#define CANARY 16
#define WRAP_SIZE 97

bool known_wallet_file(const char *dir, char *path, size_t room)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		found = n == 16 + 7 && strcmp(e->d_name + 16, ".coffer") == 0 &&
			(size_t)snprintf(path, room, "%s/%s", dir, e->d_name) < room;
	}
	if (d != NULL)
		(void)closedir(d);
	return found;
}

static bool read_wrap(const char *path, int role, uint8_t out[WRAP_SIZE])
{
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;
	bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, "SELECT body FROM wrap WHERE role = ?", -1, &q, NULL) == SQLITE_OK &&
		  sqlite3_bind_int(q, 1, role) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW &&
		  sqlite3_column_bytes(q, 0) == WRAP_SIZE;

	if (ok)
		memcpy(out, sqlite3_column_blob(q, 0), WRAP_SIZE);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	return ok;
}

static uint32_t get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void hash_u32(crypto_generichash_state *h, uint32_t v)
{
	const uint8_t le[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	(void)crypto_generichash_update(h, le, sizeof(le));
}

/* RFC 9106 §3.2, step 1.  Whoever has it can try PINs without Argon2id. */
static void input_hash(uint8_t h0[64], uint32_t memory, uint32_t passes, const uint8_t salt[16],
		       const char *pin)
{
	crypto_generichash_state h;

	(void)crypto_generichash_init(&h, NULL, 0, 64);
	hash_u32(&h, 1); /* lanes */
	hash_u32(&h, 32);
	hash_u32(&h, memory);
	hash_u32(&h, passes);
	hash_u32(&h, 0x13);
	hash_u32(&h, 2); /* Argon2id */
	hash_u32(&h, (uint32_t)strlen(pin));
	(void)crypto_generichash_update(&h, (const uint8_t *)pin, strlen(pin));
	hash_u32(&h, 16);
	(void)crypto_generichash_update(&h, salt, 16);
	hash_u32(&h, 0);
	hash_u32(&h, 0);
	(void)crypto_generichash_final(&h, h0, 64);
}

static void key_encryption_key(uint8_t kek[32], const uint8_t stretched[32], const uint8_t salt[16],
			       const char *pin)
{
	static const char domain[] = "coffer key-encryption key"; /* with its NUL */
	crypto_generichash_state h;

	(void)crypto_generichash_init(&h, stretched, 32, 32);
	(void)crypto_generichash_update(&h, (const uint8_t *)domain, sizeof(domain));
	(void)crypto_generichash_update(&h, salt, 16);
	(void)crypto_generichash_update(&h, (const uint8_t *)pin, strlen(pin));
	(void)crypto_generichash_final(&h, kek, 32);
}

/* "coffer wrap", format 1, serial, role, memory, passes, to be changed, salt. */
static size_t wrap_context(uint8_t *out, const char *path, int role, const uint8_t wrap[WRAP_SIZE])
{
	const char *name = strrchr(path, '/') + 1;
	size_t n = 11;

	memcpy(out, "coffer wrap", n);
	memcpy(out + n, "\1\0\0\0", 4);
	n += 4;
	(void)sodium_hex2bin(out + n, 8, name, 16, NULL, NULL, NULL);
	n += 8;
	out[n++] = (uint8_t)role;
	memcpy(out + n, wrap, 9 + 16);
	return n + 9 + 16;
}

static void add_sub_keys(struct secrets *s, const uint8_t wallet_key[32])
{
	uint8_t sub[32];

	secrets_add(s, KIND_WALLET_KEY, wallet_key, 32);
	for (uint64_t i = 1; i <= 5; i++) {
		(void)crypto_kdf_derive_from_key(sub, 32, i, "cofferV1", wallet_key);
		secrets_add(s, KIND_WALLET_KEY, sub, 32);
	}
}

bool known_wallet(struct secrets *s, const char *path, int role, const char *pin, uint8_t wallet_key[32])
{
	uint8_t wrap[WRAP_SIZE], h0[64], stretched[32], kek[32], context[64];
	const uint8_t *salt = wrap + 9, *nonce = wrap + 25, *sealed = wrap + 49;
	size_t n;

	if (!read_wrap(path, role, wrap))
		return false;
	input_hash(h0, get_u32(wrap), get_u32(wrap + 4), salt, pin);
	if (argon2id_hash_raw(get_u32(wrap + 4), get_u32(wrap), 1, pin, strlen(pin), salt, 16, stretched, 32) !=
	    ARGON2_OK)
		return false;
	key_encryption_key(kek, stretched, salt, pin);
	secrets_add(s, KIND_STRETCHED, h0, sizeof(h0));
	secrets_add(s, KIND_STRETCHED, stretched, sizeof(stretched));
	secrets_add(s, KIND_KEK, kek, sizeof(kek));
	n = wrap_context(context, path, role, wrap);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(wallet_key, NULL, NULL, sealed, 48, context, n, nonce, kek) != 0)
		return false;
	add_sub_keys(s, wallet_key);
	return true;
}

/* ---- the coffer key ---- */

/* A guarded page with 32 bytes in use, between two equal canaries. */
static bool is_partition(const uint8_t page[PAGE])
{
	return memcmp(page, page + PAGE - CANARY, CANARY) == 0 && !sodium_is_zero(page + CANARY, 32) &&
	       sodium_is_zero(page + CANARY + 32, PAGE - 2 * CANARY - 32);
}

static size_t partitions(struct driver *d, uint8_t out[2][32])
{
	struct area *areas;
	size_t n = process_areas(d->pid, true, &areas), found = 0;
	struct told *told = malloc(sizeof(*told));

	for (size_t i = 0; told != NULL && i < n && found < 2; i++) {
		if ((!areas[i].secret && !areas[i].arena) || areas[i].to - areas[i].from != PAGE)
			continue;
		if (tell_plain(d, DO_WRITE, areas[i].from, PAGE, told) != 0 || !is_partition(told->bytes))
			continue;
		memcpy(out[found++], told->bytes + CANARY, 32);
	}
	free(told);
	free(areas);
	return found;
}

struct opening {
	uint8_t key[2][32];
	const uint8_t *wallet_key;
	int right; /* which of the two opened it; -1: none yet */
};

/* A struct secret of 32 bytes: its size, a nonce of 8 bytes (zeros follow), ciphertext and tag. */
#define SECRET_BYTES 64

static bool opens(const uint8_t *p, const uint8_t key[32], const uint8_t wallet_key[32])
{
	uint8_t plain[32], nonce[24] = { 0 };

	memcpy(nonce, p + 8, 8);
	if (crypto_aead_aes256gcm_is_available() &&
	    crypto_aead_aes256gcm_decrypt(plain, NULL, NULL, p + 16, 48, NULL, 0, nonce, key) == 0)
		return memcmp(plain, wallet_key, 32) == 0;
	return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, p + 16, 48, NULL, 0, nonce, key) == 0 &&
	       memcmp(plain, wallet_key, 32) == 0;
}

static void search(const uint8_t *p, size_t n, struct opening *o)
{
	static const uint64_t size = 32;

	for (size_t at = 0; at + SECRET_BYTES <= n && o->right < 0; at += 8)
		for (int k = 0; memcmp(p + at, &size, 8) == 0 && k < 2 && o->right < 0; k++)
			if (opens(p + at, o->key[k], o->wallet_key))
				o->right = k;
}

static void search_heap(struct driver *d, struct opening *o)
{
	struct area *areas;
	size_t n = process_areas(d->pid, false, &areas);

	for (size_t i = 0; i < n && o->right < 0; i++) {
		size_t size = (size_t)(areas[i].to - areas[i].from);
		uint8_t *p;

		if (!areas[i].readable || (areas[i].path[0] != '\0' && strcmp(areas[i].path, "[heap]") != 0) ||
		    size > (size_t)256 << 20)
			continue;
		p = malloc(size);
		if (p != NULL)
			search(p, process_read(d->pid, areas[i].from, p, size), o);
		free(p);
	}
	free(areas);
}

bool known_coffer_key(struct secrets *s, struct driver *d, const uint8_t wallet_key[32])
{
	struct opening o = { .wallet_key = wallet_key, .right = -1 };
	uint8_t part[2][32];

	if (partitions(d, part) != 2)
		return false;
	for (int k = 0; k < 2; k++)
		coffer_key_join(part[k], part[1 - k], o.key[k]);
	search_heap(d, &o);
	if (o.right >= 0)
		secrets_add(s, KIND_COFFER_KEY, o.key[o.right], 32);
	return o.right >= 0;
}
