/* SPDX-License-Identifier: Apache-2.0 */
/* Files with one key: PEM, DER, PKCS#8, OpenSSH. */
#include "object/keyfile.h"

#include "fuzz.h"
#include "vault/vault.h"

struct work {
	struct span file;
};

static void read_in(struct vault_scope *scope, void *arg)
{
	struct work *w = arg;
	struct attrs_writer out = { .failed = CKR_OK };
	struct key_file found;

	EXPECT(cf_ok(vault_scope_alloc(scope, w->file.n + KEYINFO_OVERHEAD, &out.room)));
	if (key_file_read(scope, w->file, &out, &found) == CKR_OK && found.kind != KEY_FILE_ENCRYPTED) {
		struct attrs_cursor cursor = { 0 };
		struct attr at;

		while (attrs_next(attrs_written(&out), &cursor, &at))
			;
		EXPECT(out.n > 0 && !cursor.bad);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;
	struct work w;
	uint8_t *copy;

	if (!open)
		EXPECT(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	open = true;
	if (size > KEY_FILE_MAX)
		return 0;
	copy = fuzz_copy(span(data, size));
	w.file = span(copy, size);
	EXPECT(cf_ok(vault_run(read_in, &w)));
	free(copy);
	return 0;
}
