/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of the host: where memory may end up, and who may look at it. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

#include "cli/doctor.h"
#include "vault/scope.h"

#define PATH_ROOM 4096

static bool is_secret(const struct doctor *d)
{
	return d->started == CKR_OK && d->protection.memory == COFFER_MEMORY_SECRET;
}

/* ---- guarded memory ---- */

static void locked_memory(struct doctor *d)
{
	char enabled[16] = "";

	if (d->config != NULL && d->config->prefer_locked) {
		found(d, SEVERITY_NOTE, NULL,
		      "locked memory, as configured: never swapped, not dumped; root and debuggers can read what one operation uses while it runs");
		return;
	}
	(void)system_text(d, "/sys/module/secretmem/parameters/enable", enabled, sizeof(enabled));
	found(d, SEVERITY_WEAK,
	      enabled[0] == 'N' ? "boot with secretmem.enable=1 for memfd_secret" :
				  "memfd_secret needs Linux 5.14 or later, built with CONFIG_SECRETMEM, and no filter that forbids the call",
	      "locked memory: never swapped, not dumped; root and debuggers can read what one operation uses while it runs");
}

void probe_memory(struct doctor *d)
{
	if (d->started != CKR_OK)
		found(d, SEVERITY_BROKEN, "the other findings may say why", "no wallet can be unlocked here: %s", d->why);
	else if (d->protection.memory == COFFER_MEMORY_SECRET)
		found(d, SEVERITY_OK, NULL, "secret memory (memfd_secret): nobody but the process itself can read keys, root neither");
	else if (d->protection.memory == COFFER_MEMORY_LOCKED)
		locked_memory(d);
	else
		found(d, SEVERITY_WEAK, "raise RLIMIT_MEMLOCK and remove allow-unlocked-memory",
		      "neither secret nor locked memory: keys in use can reach swap and hibernation images");
	if (d->started == CKR_OK)
		found(d, SEVERITY_OK, NULL, "keys that are not in use are sealed with %s, under a key that is split in two",
		      d->protection.aead);
}

/* What libsodium computes with is on a guarded stack; what libcrypto does depends on whose it is. */
void probe_mechanisms(struct doctor *d)
{
	if (d->started != CKR_OK)
		return;
	if (d->protection.own_libcrypto != CK_FALSE)
		found(d, SEVERITY_OK, NULL, "all mechanisms compute in guarded memory, those of OpenSSL too");
	else
		found(d, SEVERITY_NOTE, "build coffer with --with-libcrypto=private",
		      "Ed25519 and X25519 compute in guarded memory; the mechanisms of OpenSSL (RSA, ECDSA, AES, Ed448 and others) on the ordinary heap, for as long as an operation runs");
}

/* ---- RLIMIT_MEMLOCK ---- */

static void touch_stack(struct vault_scope *scope, void *arg)
{
	(void)scope;
	(void)arg;
}

#define THREADS_ENOUGH 8
static const char raise_limit[] =
	"raise it: LimitMEMLOCK= in a service's unit, \"memlock\" in /etc/security/limits.conf, ulimit -l in a shell";

void probe_limit(struct doctor *d)
{
	unsigned long limit, threads, stack;

	if (!process_lock_limit(&limit)) {
		found(d, SEVERITY_OK, NULL, "no limit to locked memory for this user");
		return;
	}
	if (d->started != CKR_OK || cf_failed(vault_run(touch_stack, NULL)) ||
	    d->cli->coffer->Protection(&d->protection) != CKR_OK || d->protection.stack_count == 0) {
		found(d, SEVERITY_WEAK, raise_limit, "RLIMIT_MEMLOCK is %lu KiB", limit / 1024);
		return;
	}
	stack = d->protection.stack_bytes / d->protection.stack_count;
	threads = limit > d->protection.arena_bytes ? (limit - d->protection.arena_bytes) / stack : 0;
	found(d, threads < THREADS_ENOUGH ? SEVERITY_WEAK : SEVERITY_OK, threads < THREADS_ENOUGH ? raise_limit : NULL,
	      "RLIMIT_MEMLOCK is %lu KiB: enough for %lu threads that use keys at the same moment (%lu KiB each), and any number of wallets and keys",
	      limit / 1024, threads, stack / 1024);
}

/* ---- swap ---- */

/* Whether a device-mapper device, or what it lies on, is dm-crypt. */
static bool is_encrypted(const struct doctor *d, const char *device, unsigned depth)
{
	char path[PATH_ROOM], uuid[128];
	bool encrypted = false;
	struct dirent *e;
	DIR *slaves;

	(void)snprintf(path, sizeof(path), "/sys/block/%.64s/dm/uuid", device);
	if (system_text(d, path, uuid, sizeof(uuid)) && strncmp(uuid, "CRYPT-", 6) == 0)
		return true;
	(void)snprintf(path, sizeof(path), "%s/sys/block/%.64s/slaves", d->root, device);
	slaves = depth == 0 ? NULL : opendir(path);
	while (slaves != NULL && !encrypted && (e = readdir(slaves)) != NULL)
		encrypted = e->d_name[0] != '.' && is_encrypted(d, e->d_name, depth - 1);
	if (slaves != NULL)
		(void)closedir(slaves);
	return encrypted;
}

static bool is_zram(const struct doctor *d, const char *device)
{
	char path[PATH_ROOM], backing[PATH_ROOM];

	if (strncmp(device, "zram", 4) != 0)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/block/%.64s/backing_dev", device);
	return !system_text(d, path, backing, sizeof(backing)) || strcmp(backing, "none") == 0;
}

static void one_swap(struct doctor *d, const char *name, const char *type)
{
	const char *device = strncmp(name, "/dev/", 5) == 0 ? name + 5 : name;

	if (strcmp(type, "partition") == 0 && is_zram(d, device)) {
		found(d, SEVERITY_OK, NULL, "%s is compressed memory and reaches no disk", name);
	} else if (strcmp(type, "partition") == 0 && is_encrypted(d, device, 4)) {
		found(d, SEVERITY_OK, NULL, "%s is encrypted (dm-crypt)", name);
	} else {
		d->swap_is_plain = true;
		found(d, d->started == CKR_OK && d->protection.memory == COFFER_MEMORY_UNLOCKED ? SEVERITY_WEAK : SEVERITY_NOTE,
		      "put swap on dm-crypt, or on zram",
		      "%s is not known to be encrypted.  Keys are never in it; PINs and data that programs keep themselves may be",
		      name);
	}
}

void probe_swap(struct doctor *d)
{
	char text[8192] = "", *rest = NULL, *line;
	unsigned devices = 0;

	if (!system_text(d, "/proc/swaps", text, sizeof(text))) {
		found(d, SEVERITY_NOTE, NULL, "/proc/swaps cannot be read");
		return;
	}
	(void)strtok_r(text, "\n", &rest); /* the head */
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
		char name[PATH_ROOM], type[32];

		if (sscanf(line, "%4095s %31s", name, type) == 2) {
			one_swap(d, name, type);
			devices++;
		}
	}
	if (devices == 0)
		found(d, SEVERITY_OK, NULL, "no swap");
}

/* ---- hibernation ---- */

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		if ((at == text || isspace((unsigned char)at[-1])) && (at[n] == '\0' || isspace((unsigned char)at[n])))
			return true;
	return false;
}

void probe_hibernation(struct doctor *d)
{
	char states[256], mode[256] = "";

	(void)system_text(d, "/sys/power/disk", mode, sizeof(mode));
	if (!system_text(d, "/sys/power/state", states, sizeof(states)) || !has_word(states, "disk") ||
	    strstr(mode, "[disabled]") != NULL)
		found(d, SEVERITY_OK, NULL, "this host does not hibernate");
	else if (is_secret(d))
		found(d, SEVERITY_NOTE, "memory = locked in coffer.conf keeps it possible, at the price of a weaker protection",
		      "Linux refuses to hibernate while a program has a wallet open: secret memory may not be written to disk");
	else
		found(d, d->swap_is_plain ? SEVERITY_WEAK : SEVERITY_NOTE, "use memory = secret, or encrypted swap",
		      "a hibernation image holds all memory, locked pages too: wallets that are unlocked then are as safe as the image");
}

/* ---- core dumps and debuggers ---- */

void probe_cores(struct doctor *d)
{
	char pattern[512];

	if (!system_text(d, "/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)))
		found(d, SEVERITY_NOTE, NULL, "/proc/sys/kernel/core_pattern cannot be read");
	else if (pattern[0] == '\0')
		found(d, SEVERITY_OK, NULL, "no core dumps");
	else
		found(d, SEVERITY_OK, NULL, "core dumps go to %s%s; guarded memory is in none of them",
		      pattern[0] == '|' ? "the program " : "", pattern[0] == '|' ? pattern + 1 : pattern);
}

void probe_debuggers(struct doctor *d)
{
	char scope[16] = "0";
	bool yama = system_text(d, "/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope));

	if (scope[0] != '0') {
		found(d, SEVERITY_OK, NULL, "ptrace_scope is %s: programs of one user cannot attach to each other at will", scope);
		return;
	}
	found(d, SEVERITY_NOTE, yama ? "sysctl kernel.yama.ptrace_scope=1" : "a kernel with Yama can forbid it",
	      "programs of one user may debug each other: one of them could use an unlocked wallet through the other%s",
	      is_secret(d) ? ", but cannot read its keys from outside" : "");
}
