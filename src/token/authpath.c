/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protected authentication path: C_Login with a NULL PIN reads it from a
 * credential file (systemd's $CREDENTIALS_DIRECTORY, or a path) straight into
 * guarded memory, so that it never passes through the host program.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "ck/rv.h"
#include "token/token_internal.h"
#include "vault/input.h"

#define PATH_ROOM 4096

bool authpath_configured(const struct config *c)
{
	return c->auth_credential != NULL && c->auth_credential[0] != '\0';
}

static bool credential_path(const char *name, char out[PATH_ROOM])
{
	const char *dir = secure_getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (strchr(name, '/') != NULL)
		n = snprintf(out, PATH_ROOM, "%s", name);
	else
		n = dir == NULL ? -1 : snprintf(out, PATH_ROOM, "%s/%s", dir, name);
	return n > 0 && n < PATH_ROOM;
}

CK_RV authpath_pin(const struct config *c, struct guarded **out)
{
	char path[PATH_ROOM];

	if (!authpath_configured(c))
		return CKR_ARGUMENTS_BAD;
	if (!credential_path(c->auth_credential, path)) {
		cf_ignore(error_set(CF_STATUS(NOT_FOUND), "the credential %s is looked for in $CREDENTIALS_DIRECTORY, which is not set",
				    c->auth_credential), "the return value is the answer");
		return CKR_FUNCTION_CANCELED;
	}
	return cf_failed(input_from_file(path, out)) ? CKR_FUNCTION_CANCELED : CKR_OK;
}
