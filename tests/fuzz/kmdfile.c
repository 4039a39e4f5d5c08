/* SPDX-License-Identifier: Apache-2.0 */
/* A wallet of the key management daemon that somebody has written to: read, and opened with a password. */
#include "algorand/kmdfile.h"

#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "tempdir.h"
#include "vault/vault.h"

/* scrypt of what a mutated file asks for would take the time of thousands of files. */
#define WORK_MAX 64

static struct tempdir dir;
static char path[300];

static void end(void)
{
	vault_close();
	tempdir_remove(&dir);
}

static void start(void)
{
	if (dir.path[0] != '\0')
		return;
	EXPECT(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	EXPECT(tempdir_new(&dir));
	(void)snprintf(path, sizeof(path), "%s/wallet.db", dir.path);
	EXPECT(atexit(end) == 0);
}

static void write_file(struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	EXPECT(fd >= 0);
	EXPECT(bytes.n == 0 || write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
	EXPECT(close(fd) == 0);
}

static bool is_cheap(const struct kmd_file *f)
{
	struct kmd_sealed s;

	if (cf_failed(kmd_sealed_parse(f->master, "master", &s)))
		return true;
	return s.scrypt.n <= WORK_MAX && s.scrypt.r <= WORK_MAX && s.scrypt.p <= WORK_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(kmd_file) f = NULL;
	AUTO_KMD_OPENED o = { NULL, NULL, 0 };

	start();
	write_file(span(data, size));
	if (cf_failed(kmd_file_read(path, &f)))
		return 0;
	for (size_t i = 1; i < f->key_count; i++)
		EXPECT(memcmp(f->key[i - 1].address, f->key[i].address, ADDRESS_SIZE) < 0);
	for (size_t i = 0; i < f->multisig_count; i++)
		EXPECT(cf_ok(multisig_check(&f->multisig[i].account)));
	if (is_cheap(f) && cf_ok(kmd_unlock(f, span_str("testpassword"), &o)))
		(void)cf_ok(kmd_check_keys(f, &o, NULL, NULL));
	return 0;
}
