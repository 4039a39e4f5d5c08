/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file. */
#include "base/config.h"

#include "base/error.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct config *c = NULL;

	EXPECT(text != NULL);
	bytes_copy(text, data, size);
	text[size] = '\0';
	if (cf_ok(config_parse("fuzz", text, &c)))
		EXPECT(c != NULL && c->argon2_memory_kib > 0 && c->argon2_passes > 0);
	else
		EXPECT(error_text()[0] != '\0'); /* the sentence that says what is wrong */
	config_free(c);
	free(text);
	return 0;
}
