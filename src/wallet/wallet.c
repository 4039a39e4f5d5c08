/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "wallet/pin.h"
#include "wallet/wallet_internal.h"

static const char header_name[] = "header";

struct header_work {
	struct secret *key;
	struct span body;
	uint8_t mac[FORMAT_MAC_SIZE];
	struct cf_status status;
};

static void header_in_scope(struct vault_scope *scope, void *arg)
{
	struct header_work *work = arg;
	struct wallet_keys keys;

	work->status = keys_open(scope, work->key, &keys);
	if (cf_ok(work->status))
		header_mac(scope, &keys, work->body, work->mac);
}

static struct cf_status header_mac_of(struct secret *key, const struct header *h, uint8_t mac[FORMAT_MAC_SIZE])
{
	AUTO_BUF body = BUF_INIT(HEADER_MAX);
	struct header_work work = { .key = key };

	header_body(h, &body);
	CF_TRY(buf_status(&body));
	work.body = buf_span(&body);
	CF_TRY(vault_run(header_in_scope, &work));
	CF_TRY(work.status);
	bytes_copy(mac, work.mac, FORMAT_MAC_SIZE);
	return CF_OK;
}

static struct cf_status header_authenticate(struct wallet *w, struct secret *key)
{
	uint8_t mac[FORMAT_MAC_SIZE];

	CF_TRY(header_mac_of(key, &w->header, mac));
	if (sodium_memcmp(mac, w->header.mac, FORMAT_MAC_SIZE) != 0)
		return error_set(CF_STATUS(FORGED), "%s: its header is not the one that was written under this wallet key:"
				 " the file was tampered with, or the wallet initialised again", w->path);
	/* What is read without the lock was taken from the file before there was a key. */
	if (memcmp(w->identity.serial, w->header.serial, WALLET_SERIAL_SIZE) != 0 ||
	    memcmp(w->identity.public_salt, w->header.public_salt, FORMAT_SALT_SIZE) != 0)
		return error_set(CF_STATUS(FORGED), "%s: became another wallet while it was open", w->path);
	w->header_trusted = true;
	return CF_OK;
}

static struct cf_status header_read(struct wallet *w, uint64_t counter)
{
	AUTO_BUF bytes = BUF_INIT(HEADER_MAX);
	struct header h = { 0 };
	struct cf_status status = store_meta_get(w->store, header_name, &bytes);

	if (cf_ok(status))
		status = header_decode(buf_span(&bytes), &h);
	if (cf_is(status, CF_CODE_UNSUPPORTED))
		return status;
	if (cf_is(status, CF_CODE_NOT_FOUND) || cf_is(status, CF_CODE_CORRUPT) || cf_is(status, CF_CODE_LIMIT))
		return error_set(CF_STATUS(CORRUPT), "%s: its header is damaged", w->path);
	CF_TRY(status);
	/* A PIN try moves the counter too: only another header has to be authenticated again. Nodes in the cache
	 * need no look: a node of another version is never taken for the one that the header demands. */
	if (!w->header_loaded || memcmp(&h, &w->header, sizeof(h)) != 0)
		w->header_trusted = false;
	w->header = h;
	w->header_loaded = true;
	w->counter = counter;
	return CF_OK;
}

struct cf_status wallet_refresh(struct wallet *w, struct secret *key_opt)
{
	uint64_t counter;

	CF_TRY(store_counter(w->store, &counter));
	if (!w->header_loaded || counter != w->counter)
		CF_TRY(header_read(w, counter));
	if (key_opt != NULL && !w->header_trusted)
		return header_authenticate(w, key_opt);
	return CF_OK;
}

struct cf_status wallet_header_write(struct wallet *w, struct secret *key, struct header *h)
{
	AUTO_BUF bytes = BUF_INIT(HEADER_MAX);

	CF_TRY(header_mac_of(key, h, h->mac));
	header_encode(h, &bytes);
	CF_TRY(buf_status(&bytes));
	return store_meta_put(w->store, header_name, buf_span(&bytes));
}

/* The journal beside it is created by SQLite with the file's own mode. */
static struct cf_status check_file(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return error_errno(errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(CF_STATUS(DENIED), "%s: is not a regular file", path);
	if (st.st_uid != geteuid() && geteuid() != 0)
		return error_set(CF_STATUS(DENIED), "%s: belongs to another user", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(CF_STATUS(DENIED), "%s: others may read or write it (mode %03o); run chmod 600 on it", path,
				 (unsigned)st.st_mode & 0777u);
	return CF_OK;
}

static struct cf_status wallet_load(struct wallet *w)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = wallet_refresh(w, NULL);
	store_snapshot_end(w->store);
	w->identity = w->header;
	return status;
}

struct cf_status wallet_open(const char *path, struct wallet **out)
{
	AUTO(wallet) w = NULL;

	CF_TRY(check_file(path));
	w = NEW(wallet);
	if (w == NULL)
		return CF_STATUS(NOMEM);
	atomic_init(&w->refs, 1);
	CF_TRY(lock_init(&w->lock, LOCK_STORE));
	w->path = mem_string(path);
	if (w->path == NULL)
		return CF_STATUS(NOMEM);
	CF_TRY(store_open(path, &w->store));
	CF_TRY(wallet_load(w));
	*out = TAKE(w);
	return CF_OK;
}

struct wallet *wallet_ref(struct wallet *w)
{
	atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
	return w;
}

void wallet_unref(struct wallet *w)
{
	if (w == NULL || atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) != 1)
		return;
	set_cache_drop(w);
	store_close(w->store);
	lock_destroy(&w->lock);
	mem_free(w->path);
	mem_free(w);
}

const char *wallet_path(const struct wallet *w)
{
	return w->path;
}

static struct cf_status pin_info(struct wallet *w, unsigned role, struct wallet_info *info)
{
	struct wrap wrap;
	uint32_t failures;
	struct cf_status status = wrap_read(w, role, &wrap, &failures);

	if (cf_is(status, CF_CODE_NOT_FOUND))
		return CF_OK;
	CF_TRY(status);
	info->pin[role] = (struct wallet_pin_state){ true, failures, wrap.to_be_changed };
	info->kdf[role] = wrap.kdf;
	return CF_OK;
}

static struct cf_status fill_info(struct wallet *w, struct wallet_info *info)
{
	CF_TRY(wallet_refresh(w, NULL));
	*info = (struct wallet_info){ .created_s = (int64_t)w->header.created_s, .format = w->header.format };
	bytes_copy(info->serial, w->header.serial, WALLET_SERIAL_SIZE);
	bytes_copy(info->label, w->header.label, sizeof(info->label));
	CF_TRY(pin_info(w, WALLET_USER, info));
	return pin_info(w, WALLET_SO, info);
}

struct cf_status wallet_get_info(struct wallet *w, struct wallet_info *info)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = fill_info(w, info);
	store_snapshot_end(w->store);
	return status;
}

struct cf_status wallet_still_there(struct wallet *w)
{
	LOCKED(&w->lock);
	return store_still_there(w->store);
}

struct cf_status wallet_generation(struct wallet *w, uint64_t *generation)
{
	return store_counter(w->store, generation);
}

bool wallet_text_is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

struct cf_status wallet_label_check(const char *label)
{
	size_t n = strlen(label);

	if (n == 0 || n > WALLET_LABEL_MAX)
		return error_set(CF_STATUS(INVALID), "a wallet's label has 1 to %d bytes", WALLET_LABEL_MAX);
	if (!wallet_text_is_plain(label))
		return error_set(CF_STATUS(INVALID), "a wallet's label has no control characters");
	return CF_OK;
}

/* A change of the header alone, in a transaction: `h` is as it will be, its change number included. */
static struct cf_status header_change(struct wallet *w, struct secret *key, struct header *h)
{
	struct set_change set = { 0 };
	struct cf_status status = set_renew_root(w, key, &set, h);

	if (cf_ok(status))
		status = set_write(w, key, &set, h);
	set_change_release(&set);
	CF_TRY(status);
	CF_TRY(wallet_header_write(w, key, h));
	return store_commit(w->store);
}

typedef void (*header_edit_fn)(struct header *h, const void *arg);

static struct cf_status header_edit(struct wallet *w, struct secret *key, header_edit_fn edit, const void *arg)
{
	struct cf_status status;
	struct header h;
	LOCKED(&w->lock);

	CF_TRY(store_begin(w->store));
	status = wallet_refresh(w, key);
	if (cf_ok(status)) {
		h = w->header;
		header_next_change(&h);
		edit(&h, arg);
		status = header_change(w, key, &h);
	}
	if (cf_failed(status))
		store_rollback(w->store);
	return status;
}

static void put_label(struct header *h, const void *arg)
{
	const char *label = arg;

	memset(h->label, 0, sizeof(h->label));
	bytes_copy(h->label, label, strlen(label));
}

struct cf_status wallet_rename(struct wallet *w, struct secret *key, const char *label)
{
	CF_TRY(wallet_label_check(label));
	return header_edit(w, key, put_label, label);
}

static void put_policy(struct header *h, const void *arg)
{
	const struct span *policy = arg;

	memset(h->policy, 0, sizeof(h->policy));
	bytes_copy(h->policy, policy->p, policy->n);
	h->policy_n = (uint32_t)policy->n;
}

struct cf_status wallet_set_policy(struct wallet *w, struct secret *key, struct span policy)
{
	if (policy.n > WALLET_POLICY_MAX)
		return error_set(CF_STATUS(LIMIT), "a wallet's policy is at most %d bytes", WALLET_POLICY_MAX);
	return header_edit(w, key, put_policy, &policy);
}

struct cf_status wallet_get_policy(struct wallet *w, struct secret *key_opt, uint8_t policy[WALLET_POLICY_MAX], size_t *n)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = wallet_refresh(w, key_opt);
	store_snapshot_end(w->store);
	CF_TRY(status);
	*n = w->header.policy_n;
	bytes_copy(policy, w->header.policy, *n);
	return CF_OK;
}
