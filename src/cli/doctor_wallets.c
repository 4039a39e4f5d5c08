/* SPDX-License-Identifier: Apache-2.0 */
/* Probes of what belongs to coffer: configuration, directory, wallets; and the clock, which keys with dates go by. */
#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/doctor.h"

#define PATH_ROOM 4096

/* ---- configuration ---- */

static void configuration_file(struct doctor *d)
{
	char path[PATH_ROOM];
	struct stat st;

	if (!config_file(path, sizeof(path))) {
		found(d, SEVERITY_OK, NULL, "no configuration file; every setting has its default");
		return;
	}
	if (stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		found(d, SEVERITY_WEAK, "chmod go-w on it", "%s can be changed by others", path);
	else
		found(d, SEVERITY_OK, NULL, "read from %s", path);
}

static void configuration_values(struct doctor *d)
{
	unsigned count;
	const struct config_row *row = config_rows(&count);

	for (unsigned i = 0; i < count; i++) {
		char value[PATH_ROOM];

		if (!config_is_standard(d->config, i) && config_value(d->config, i, value, sizeof(value)))
			found(d, SEVERITY_OK, NULL, "%s = %s", row[i].name, value);
	}
}

/* The least that OWASP's password storage cheat sheet recommends: 19 MiB and two passes, or 7 MiB and five. */
static bool is_cheap(const struct config *c)
{
	return (uint64_t)c->argon2_memory_kib * c->argon2_passes < (uint64_t)19456 * 2 * 9 / 10;
}

void probe_configuration(struct doctor *d)
{
	configuration_file(d);
	if (d->config == NULL) {
		found(d, SEVERITY_BROKEN, "mend it, or move it away", "%s", d->why);
		return;
	}
	configuration_values(d);
	if (d->config->allow_unlocked_memory)
		found(d, SEVERITY_WEAK, "remove it, and raise RLIMIT_MEMLOCK instead",
		      "allow-unlocked-memory lets keys into memory that can be swapped");
	if (is_cheap(d->config))
		found(d, SEVERITY_WEAK, "argon2-memory = 65536 and argon2-passes = 3 are the defaults; then set PINs again",
		      "guessing the PIN of a stolen wallet is cheap with %u KiB and %u passes of Argon2id",
		      d->config->argon2_memory_kib, d->config->argon2_passes);
	if (d->config->trace_file != NULL && d->config->trace_file[0] != '\0')
		found(d, SEVERITY_NOTE, NULL, "each call's name and result are written to %s", d->config->trace_file);
}

/* ---- the directory ---- */

static const struct filesystem {
	unsigned long magic;
	const char *name;
	bool remote; /* else: gone at the next boot */
} filesystems[] = {
	{ NFS_SUPER_MAGIC, "NFS", true },   { SMB_SUPER_MAGIC, "SMB", true }, { CIFS_SUPER_MAGIC, "SMB", true },
	{ SMB2_SUPER_MAGIC, "SMB", true },  { AFS_SUPER_MAGIC, "AFS", true }, { V9FS_MAGIC, "9P", true },
	{ TMPFS_MAGIC, "tmpfs", false },    { RAMFS_MAGIC, "ramfs", false },
};

static void directory_filesystem(struct doctor *d, const char *directory)
{
	struct statfs fs;

	if (statfs(directory, &fs) != 0)
		return;
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++) {
		const struct filesystem *f = &filesystems[i];

		if ((unsigned long)fs.f_type != f->magic)
			continue;
		if (f->remote)
			found(d, SEVERITY_WEAK, "keep wallets on a local disk",
			      "wallets are on %s, whose locks may not keep two hosts apart and whose writes may not be durable", f->name);
		else
			found(d, SEVERITY_NOTE, NULL, "wallets are on %s, and gone when the host restarts", f->name);
	}
}

#define SPACE_LOW ((uint64_t)16 << 20)

static void directory_space(struct doctor *d, const char *directory)
{
	struct statvfs fs;

	if (statvfs(directory, &fs) != 0)
		return;
	if ((fs.f_flag & ST_RDONLY) != 0)
		found(d, SEVERITY_NOTE, NULL, "the file system is read-only: keys can be used, not made");
	else if ((uint64_t)fs.f_bavail * fs.f_frsize < SPACE_LOW)
		found(d, SEVERITY_WEAK, "make room", "only %llu KiB are free for wallets",
		      (unsigned long long)fs.f_bavail * fs.f_frsize / 1024);
}

void probe_directory(struct doctor *d)
{
	const char *directory = d->config == NULL ? NULL : d->config->directory;
	struct stat st;

	if (directory == NULL) {
		found(d, SEVERITY_NOTE, NULL, "not known without the configuration");
	} else if (stat(directory, &st) != 0 && errno == ENOENT) {
		found(d, SEVERITY_NOTE, NULL, "%s is not there yet; coffer create makes it", directory);
	} else if (stat(directory, &st) != 0) {
		cf_ignore(error_errno(errno, "%s", directory), "its sentence is the finding");
		found(d, SEVERITY_BROKEN, "COFFER_DIR or the key directory names another", "%s", error_text());
	} else {
		found(d, SEVERITY_OK, NULL, "%s, mode %03o", directory, (unsigned)st.st_mode & 0777u);
		directory_filesystem(d, directory);
		directory_space(d, directory);
	}
}

/* ---- the wallets ---- */

static void one_wallet(struct doctor *d, CK_SLOT_ID slot, unsigned *usable)
{
	CK_TOKEN_INFO info;
	char why[512] = "";

	if (d->cli->p11->C_GetTokenInfo(slot, &info) != CKR_OK) {
		AUTO_FREE char *file = NULL;

		(void)d->cli->coffer->LastError(why, sizeof(why));
		file = wallet_file(d->cli, slot);
		found(d, SEVERITY_BROKEN, "mend its permissions, or restore a backup", "%s",
		      why[0] != '\0' || file == NULL ? why : file);
		return;
	}
	(*usable)++;
	if ((info.flags & CKF_USER_PIN_LOCKED) != 0) {
		AUTO_FREE char *label = wallet_label(&info);

		found(d, SEVERITY_NOTE, "coffer pin --reset, with the SO PIN", "the user PIN of wallet \"%s\" is locked", label);
	}
}

void probe_wallets(struct doctor *d)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG count;
	unsigned usable = 0;
	char why[512] = "";

	if (d->started != CKR_OK)
		return;
	if (wallet_slots_quietly(d->cli, &slots, &count) != CKR_OK) {
		(void)d->cli->coffer->LastError(why, sizeof(why));
		found(d, SEVERITY_BROKEN, NULL, "%s", why);
		return;
	}
	for (CK_ULONG i = 0; i < count; i++)
		one_wallet(d, slots[i], &usable);
	found(d, SEVERITY_OK, NULL, "%u of %lu can be used", usable, count);
}

/* ---- the clock ---- */

#define EARLIEST 1735689600 /* 2025: before there was a release */

void probe_clock(struct doctor *d)
{
	struct timex t = { .modes = 0 };
	time_t now = time(NULL);

	if (now < EARLIEST)
		found(d, SEVERITY_WEAK, "set the clock", "the clock is before 2025: CKA_START_DATE and CKA_END_DATE of keys do not hold");
	else if (adjtimex(&t) == TIME_ERROR)
		found(d, SEVERITY_NOTE, NULL, "the clock is not known to be synchronised; only keys with dates depend on it");
	else
		found(d, SEVERITY_OK, NULL, "synchronised");
}
