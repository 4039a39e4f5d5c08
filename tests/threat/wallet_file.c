/* SPDX-License-Identifier: Apache-2.0 */
#include "wallet_file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "coffer/coffer.h"
#include "unit.h"

bool wallet_file(const struct p11 *m, char *path, size_t size)
{
	char dir[400];
	struct dirent *e;
	DIR *d;
	bool found = false;

	(void)snprintf(dir, sizeof(dir), "%s/wallets", m->dir.path);
	d = opendir(dir);
	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		found = strstr(e->d_name, ".coffer") != NULL;
		(void)snprintf(path, size, "%s/%.180s", dir, e->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return found;
}

static void count(const char *sentence, void *context)
{
	(void)sentence;
	(void)context;
}

CK_ULONG wallet_faults(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_UTF8CHAR name[] = COFFER_INTERFACE_NAME;
	CK_ULONG objects = 0, faults = 0;
	const COFFER_FUNCTIONS *f;
	CK_INTERFACE *found;

	REQUIRE_RV(m->get_interface(name, NULL, &found, 0), CKR_OK);
	f = found->pFunctionList;
	REQUIRE_RV(f->Verify(s, count, NULL, &objects, &faults), CKR_OK);
	return faults;
}
