/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of algorand/ share: its vectors (tests/vectors/kmd), and texts and hexadecimal of JSON. */
#ifndef COFFER_TESTS_ALGORAND_KIT_H
#define COFFER_TESTS_ALGORAND_KIT_H

#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "vault/scope.h"
#include "vault/vault.h"

#define KMD_VECTORS TEST_DATA "/../vectors/kmd/"

/* Ends the program when it is not there. */
static inline json_t *vectors_load(const char *name)
{
	char path[1024];
	json_error_t error;
	json_t *json;

	(void)snprintf(path, sizeof(path), "%s%s", KMD_VECTORS, name);
	json = json_load_file(path, JSON_ALLOW_NUL, &error);
	if (json == NULL) {
		(void)fprintf(stderr, "%s: %s\n", path, error.text);
		exit(1);
	}
	return json;
}

static inline struct span text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	REQUIRE(json_is_string(value));
	return span(json_string_value(value), json_string_length(value));
}

/* Into `out`; returns what was read. */
static inline struct span hex_of(const json_t *object, const char *key, struct mspan out)
{
	size_t used = 0;

	CHECK_CODE(hex_decode(text_of(object, key), out, &used), OK);
	return span(out.p, used);
}

/* Runs fn in a scope and expects that it could run. */
static inline void in_scope(vault_fn fn, void *arg)
{
	REQUIRE(cf_ok(vault_run(fn, arg)));
}

/* Opens the vault around the tests. */
static inline int vault_main(const char *suite, const struct unit_test *tests)
{
	struct vault_config config = { 0 };
	int failed;

	if (cf_failed(vault_open(&config)))
		return 1;
	failed = unit_main(suite, tests);
	vault_close();
	return failed;
}

#endif
