/* SPDX-License-Identifier: Apache-2.0 */
/* Templates through the object room: built, looked at, changed, copied, searched. */
#include "fuzz.h"
#include "object/object.h"
#include "vault/vault.h"

struct work {
	struct feed feed;
	uint8_t old[1 << 16], new[1 << 16];
};

static void look(struct attrs attrs, struct fuzz_template *t)
{
	struct attr terms[OBJECT_TERMS_MAX], wanted[8];
	struct object_usage usage;
	uint8_t room[64];
	bool impossible;

	EXPECT(object_terms(NULL, attrs, terms) <= OBJECT_TERMS_MAX);
	EXPECT(object_template_terms((struct template){ t->attr, t->count }, wanted, MSPAN_OF(room), &impossible) <= 8);
	if (object_matches(NULL, attrs, (struct template){ t->attr, t->count }))
		EXPECT(!impossible);
	(void)object_usage_of(NULL, attrs, &usage);
}

/* What comes out is in order and whole. */
static void check(struct attrs attrs)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	CK_ATTRIBUTE_TYPE last = 0;
	bool first = true;

	while (attrs_next(attrs, &cursor, &at)) {
		EXPECT(first || at.type > last);
		first = false;
		last = at.type;
	}
	EXPECT(!cursor.bad);
}

static void get(struct attrs attrs, struct feed *f)
{
	CK_ATTRIBUTE a[4];
	void *owned[4];

	for (int i = 0; i < 4; i++) {
		size_t n = feed_u8(f);

		owned[i] = fuzz_copy(span("", 0));
		free(owned[i]);
		owned[i] = malloc(n + 1);
		a[i] = (CK_ATTRIBUTE){ feed_u64(f), n % 2 == 0 ? NULL : owned[i], n };
	}
	(void)object_get(NULL, attrs, feed_u8(f) % 2 == 0 ? OBJECT_FORM_DER : OBJECT_FORM_RAW, a, 4);
	for (int i = 0; i < 4; i++)
		free(owned[i]);
}

static void change(struct work *w, struct attrs attrs, struct vault_scope *scope)
{
	static const uint8_t unique_id[16] = { 1 };
	struct attrs_writer writer = { .room = MSPAN_OF(w->new), .failed = CKR_OK };
	struct fuzz_template t;
	struct object_head head;
	uint8_t how = feed_u8(&w->feed);

	fuzz_template(&w->feed, &t);
	(void)object_copy_head(scope, attrs, (struct template){ t.attr, t.count }, &head);
	if (object_change(scope, attrs, (struct template){ t.attr, t.count }, (how & 1) != 0, (how & 2) != 0, unique_id, &writer) ==
	    CKR_OK)
		check(attrs_written(&writer));
	look(attrs, &t);
	fuzz_template_release(&t);
}

static void build(struct vault_scope *scope, void *arg)
{
	struct work *w = arg;
	struct attrs_writer writer = { .room = MSPAN_OF(w->old), .failed = CKR_OK };
	struct object_request r = { .gen_mechanism = CK_UNAVAILABLE_INFORMATION };
	uint8_t how = feed_u8(&w->feed);
	struct fuzz_template t;

	r.use = (enum object_use)(how % 4);
	r.by_so = (how & 4) != 0;
	fuzz_template(&w->feed, &t);
	r.template = (struct template){ t.attr, t.count };
	if (object_head(r.use, r.template, CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION, 0, &r.head) == CKR_OK &&
	    object_build(scope, &r, &writer) == CKR_OK) {
		struct attrs attrs = attrs_written(&writer);

		EXPECT(writer.n <= r.head.room);
		check(attrs);
		look(attrs, &t);
		get(attrs, &w->feed);
		change(w, attrs, scope);
	}
	fuzz_template_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct work w;
	static bool open;

	if (!open)
		EXPECT(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	open = true;
	w.feed = (struct feed){ span(data, size) };
	EXPECT(cf_ok(vault_run(build, &w)));
	return 0;
}
