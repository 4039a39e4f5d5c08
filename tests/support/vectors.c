/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Decoded members live as long as the file. */
struct decoded {
	struct decoded *next;
	uint8_t bytes[];
};

struct vectors {
	const char *path;
	json_t *document;
	struct decoded *decoded;
};

static _Noreturn void give_up(const char *path, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", path, what, why);
	exit(99);
}

struct vectors *vectors_open(const char *path)
{
	struct vectors *f = calloc(1, sizeof(*f));
	char whole[1024];
	json_error_t error;

	if (f == NULL || snprintf(whole, sizeof(whole), "%s/%s", TEST_VECTORS, path) >= (int)sizeof(whole))
		give_up(path, "test vectors", "no room");
	f->path = path;
	f->document = json_load_file(whole, JSON_REJECT_DUPLICATES, &error);
	if (f->document == NULL)
		give_up(path, "test vectors", error.text);
	return f;
}

void vectors_close(struct vectors *f)
{
	while (f->decoded != NULL) {
		struct decoded *d = f->decoded;

		f->decoded = d->next;
		free(d);
	}
	json_decref(f->document);
	free(f);
}

static size_t each_in(struct vectors *f, const json_t *group, const json_t *tests, void (*run)(const struct vector *, void *),
		      void *arg)
{
	size_t n = json_array_size(tests);

	for (size_t i = 0; i < n; i++) {
		struct vector v = { f, group, json_array_get(tests, i) };

		run(&v, arg);
	}
	return n;
}

size_t vectors_each(struct vectors *f, void (*run)(const struct vector *v, void *arg), void *arg)
{
	const json_t *groups = json_object_get(f->document, "testGroups"), *list = json_object_get(f->document, "vectors");
	size_t count = 0;

	if (groups == NULL)
		return each_in(f, NULL, list == NULL ? f->document : list, run, arg);
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);

		count += each_in(f, group, json_object_get(group, "tests"), run, arg);
	}
	return count;
}

/* Follows a path of names with dots between them. */
static const json_t *follow(const json_t *from, const char *path)
{
	char name[64];

	while (from != NULL) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		from = json_object_get(from, name);
		if (path[n] == '\0')
			break;
		path += n + 1;
	}
	return json_is_null(from) ? NULL : from;
}

static const json_t *member_of(const struct vector *v, const char *member)
{
	const json_t *found = follow(v->test, member);

	return found == NULL ? follow(v->group, member) : found;
}

bool vector_has(const struct vector *v, const char *member)
{
	return member_of(v, member) != NULL;
}

const char *vector_text(const struct vector *v, const char *member)
{
	const json_t *found = member_of(v, member);

	if (found != NULL && !json_is_string(found))
		give_up(v->file->path, member, "no string");
	return found == NULL ? "" : json_string_value(found);
}

long vector_number(const struct vector *v, const char *member)
{
	const json_t *found = member_of(v, member);

	if (found != NULL && !json_is_integer(found))
		give_up(v->file->path, member, "no number");
	return found == NULL ? -1 : (long)json_integer_value(found);
}

static bool decode(const char *text, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++) {
		const char pair[] = { text[2 * i], text[2 * i + 1], '\0' };

		if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]))
			return false;
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return text[2 * n] == '\0';
}

struct span vector_bytes(const struct vector *v, const char *member)
{
	const char *text = vector_text(v, member);
	size_t n = strlen(text) / 2;
	struct decoded *d;

	if (text[0] == '\0')
		return SPAN_EMPTY;
	d = malloc(sizeof(*d) + n + 1);
	if (d == NULL || !decode(text, n, d->bytes))
		give_up(v->file->path, member, "no hexadecimal digits");
	d->next = v->file->decoded;
	v->file->decoded = d;
	return span(d->bytes, n);
}

bool vector_flag(const struct vector *v, const char *flag)
{
	const json_t *flags = json_object_get(v->test, "flags");

	for (size_t i = 0; i < json_array_size(flags); i++)
		if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0)
			return true;
	return false;
}

void vector_judge(const struct vector *v, bool accepted, struct vector_score *score)
{
	const char *result = vector_text(v, "result");
	bool wrong = false;

	if (strcmp(result, "valid") == 0) {
		score->valid++;
		wrong = !accepted;
	} else if (strcmp(result, "invalid") == 0) {
		score->invalid++;
		wrong = accepted;
	} else if (strcmp(result, "acceptable") == 0) {
		score->acceptable++;
		score->taken += accepted;
	} else {
		give_up(v->file->path, "result", result);
	}
	score->wrong += wrong;
	if (wrong)
		printf("\n    %s: test %ld is %s and was %s (%s)", v->file->path, vector_number(v, "tcId"), result,
		       accepted ? "accepted" : "refused", vector_text(v, "comment"));
}

void vector_report(const char *what, const struct vector_score *score)
{
	printf("\n    %s: %u valid, %u invalid, %u acceptable (%u of them accepted); %u wrong ", what, score->valid,
	       score->invalid, score->acceptable, score->taken, score->wrong);
}
