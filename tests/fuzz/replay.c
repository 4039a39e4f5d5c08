/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target without a fuzzer: runs every file of its corpus, tests/fuzz/corpus/NAME, or those that are named. */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX ((size_t)1 << 20)

static unsigned count;

static bool replay(const char *path)
{
	uint8_t *whole = malloc(INPUT_MAX), *exact;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL || whole == NULL) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return false;
	}
	n = fread(whole, 1, INPUT_MAX, f);
	(void)fclose(f);
	exact = fuzz_copy(span(whole, n));
	free(whole);
	/* Named before, so that a crash says whose it is. */
	printf("%s\n", path);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	count++;
	return true;
}

static bool replay_all(const char *directory)
{
	DIR *dir = opendir(directory);
	bool ok = dir != NULL;
	struct dirent *entry;
	char path[4096];

	while (ok && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		ok = replay(path);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return ok;
}

int main(int argc, char **argv)
{
	const char *source = getenv("COFFER_SRC");
	const char *name = strrchr(argv[0], '/');
	char directory[2048];
	bool ok = true;

	name = name == NULL ? argv[0] : name + 1;
	if (strncmp(name, "lt-", 3) == 0)
		name += 3;
	(void)snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", source == NULL ? "." : source, name);
	/* The empty input is in every corpus. */
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc && ok; i++)
		ok = replay(argv[i]);
	if (argc < 2)
		ok = replay_all(directory);
	ok = ok && count > 0;
	printf("%s: %u passed, %d failed\n", name, count, ok ? 0 : 1);
	return ok ? 0 : 1;
}
