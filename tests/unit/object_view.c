/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at objects: C_GetAttributeValue, matching and search terms, what a key may do; and the encoding itself. */
#include "object_kit.h"

static void key(struct kit_object *o, bool sensitive, bool extractable)
{
	struct kit_build k = kit_generate_private();

	kit_add(&k, CKA_SENSITIVE, sensitive ? &kit_yes : &kit_no, 1);
	kit_add(&k, CKA_EXTRACTABLE, extractable ? &kit_yes : &kit_no, 1);
	kit_add(&k, CKA_LABEL, "label", 5);
	REQUIRE(kit_build(&k, o) == CKR_OK);
}

static const uint8_t point[32] = { 0x58, 0x66, 1 };

static void public_key(struct kit_object *o)
{
	static const CK_MECHANISM_TYPE allowed[] = { CKM_EDDSA, CKM_SHA256 };
	struct kit_build k = kit_create(&kit_public);

	KIT_ADD(&k, CKA_KEY_TYPE, kit_edwards);
	KIT_ADD(&k, CKA_EC_PARAMS, kit_ed25519);
	KIT_ADD(&k, CKA_EC_POINT, point);
	KIT_ADD(&k, CKA_ALLOWED_MECHANISMS, allowed);
	kit_add(&k, CKA_ID, "id", 2);
	kit_add(&k, CKA_END_DATE, "20301231", 8);
	REQUIRE(kit_build(&k, o) == CKR_OK);
}

/* As a release wrote it that did not know one of the attributes. */
static void without(const struct kit_object *from, CK_ATTRIBUTE_TYPE type, struct kit_object *out)
{
	struct attrs_writer w = { .room = MSPAN_OF(out->bytes), .failed = CKR_OK };
	struct attrs_cursor c = { 0 };
	struct attr at;

	while (attrs_next(kit_attrs(from), &c, &at))
		if (at.type != type)
			attrs_write(&w, at.type, at.value);
	REQUIRE(w.failed == CKR_OK && w.n < from->n);
	out->n = w.n;
}

/* ---- C_GetAttributeValue ---- */

static void each_attribute_is_answered_for_itself(void)
{
	struct kit_object o;
	uint8_t value[64], id[8], label[2];
	CK_ATTRIBUTE t[] = { { CKA_VALUE, value, sizeof(value) }, { CKA_ENCRYPT, value, sizeof(value) },
			     { CKA_LABEL, label, sizeof(label) }, { CKA_ID, id, sizeof(id) }, { CKA_LABEL, NULL, 0 } };

	key(&o, true, true);
	/* The first error is the answer; what can be answered is. */
	CHECK(object_get(NULL, kit_attrs(&o), OBJECT_FORM_DER, t, 5) == CKR_ATTRIBUTE_SENSITIVE);
	CHECK(t[0].ulValueLen == CK_UNAVAILABLE_INFORMATION && t[1].ulValueLen == CK_UNAVAILABLE_INFORMATION);
	CHECK(t[2].ulValueLen == CK_UNAVAILABLE_INFORMATION && t[3].ulValueLen == 0 && t[4].ulValueLen == 5);
	CHECK(object_get(NULL, kit_attrs(&o), OBJECT_FORM_DER, t + 1, 1) == CKR_ATTRIBUTE_TYPE_INVALID);
	t[2].ulValueLen = 2;
	CHECK(object_get(NULL, kit_attrs(&o), OBJECT_FORM_DER, t + 2, 1) == CKR_BUFFER_TOO_SMALL);
	CHECK(object_get(NULL, kit_attrs(&o), OBJECT_FORM_DER, NULL, 0) == CKR_OK);
}

static void a_value_is_shown_only_where_both_flags_allow(void)
{
	struct kit_object o;
	uint8_t out[256];
	CK_ULONG n;

	for (int i = 0; i < 4; i++) {
		bool shown = i == 1; /* not sensitive and extractable */

		key(&o, (i & 2) != 0, (i & 1) != 0);
		CHECK(kit_get(&o, CKA_VALUE, OBJECT_FORM_DER, out, &n) == (shown ? CKR_OK : CKR_ATTRIBUTE_SENSITIVE));
		CHECK(n == (shown ? 32 : CK_UNAVAILABLE_INFORMATION));
	}
}

static void a_point_is_shown_in_the_callers_form(void)
{
	struct kit_object o;
	uint8_t out[256];
	CK_ULONG n;

	public_key(&o);
	CHECK(kit_get(&o, CKA_EC_POINT, OBJECT_FORM_RAW, out, &n) == CKR_OK);
	CHECK(n == 32 && memcmp(out, point, 32) == 0);
	CHECK(kit_get(&o, CKA_EC_POINT, OBJECT_FORM_DER, out, &n) == CKR_OK);
	CHECK(n == 34 && out[0] == 0x04 && out[1] == 32 && memcmp(out + 2, point, 32) == 0);
	/* The one beside a private key is nobody's to see. */
	key(&o, false, true);
	CHECK(kit_get(&o, CKA_EC_POINT, OBJECT_FORM_DER, out, &n) == CKR_ATTRIBUTE_TYPE_INVALID);
}

static void integers_are_the_callers(void)
{
	struct kit_object o;
	CK_MECHANISM_TYPE mechanism[2] = { 0 };
	CK_KEY_TYPE type = 0;
	CK_ATTRIBUTE t[] = { { CKA_ALLOWED_MECHANISMS, mechanism, sizeof(mechanism) }, { CKA_KEY_TYPE, &type, sizeof(type) } };

	public_key(&o);
	CHECK(object_get(NULL, kit_attrs(&o), OBJECT_FORM_DER, t, 2) == CKR_OK);
	CHECK(mechanism[0] == CKM_EDDSA && mechanism[1] == CKM_SHA256 && type == CKK_EC_EDWARDS);
	t[0].ulValueLen = sizeof(mechanism) - 1;
	CHECK(object_get(NULL, kit_attrs(&o), OBJECT_FORM_DER, t, 1) == CKR_BUFFER_TOO_SMALL);
}

static void what_is_not_set_is_not_there(void)
{
	struct kit_object o;
	uint8_t out[256];
	CK_ULONG n;

	key(&o, true, false);
	CHECK(kit_get(&o, CKA_ALLOWED_MECHANISMS, OBJECT_FORM_DER, out, &n) == CKR_ATTRIBUTE_TYPE_INVALID);
	CHECK(kit_get(&o, CKA_START_DATE, OBJECT_FORM_DER, out, &n) == CKR_OK && n == 0);
}

/* ---- searches ---- */

static bool matches(const struct kit_object *o, CK_ATTRIBUTE_TYPE type, const void *value, size_t n)
{
	CK_ATTRIBUTE t = { type, (void *)value, n };

	return object_matches(NULL, kit_attrs(o), (struct template){ &t, 1 });
}

static void a_match_is_every_attribute_with_its_value(void)
{
	struct kit_object o;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, (void *)&kit_private, sizeof(kit_private) }, { CKA_LABEL, (void *)"label", 5 },
			     { CKA_SIGN, (void *)&kit_yes, 1 } };

	key(&o, true, false);
	CHECK(object_matches(NULL, kit_attrs(&o), (struct template){ NULL, 0 }));
	CHECK(object_matches(NULL, kit_attrs(&o), (struct template){ t, 3 }));
	t[2].pValue = (void *)&kit_no;
	CHECK(!object_matches(NULL, kit_attrs(&o), (struct template){ t, 3 }));
	CHECK(!matches(&o, CKA_LABEL, "labe", 4) && !matches(&o, CKA_LABEL, "label ", 6));
	CHECK(matches(&o, CKA_ID, "", 0) && !matches(&o, CKA_ID, "x", 1));
	CHECK(!matches(&o, CKA_MODULUS, "x", 1));       /* of another class */
	CHECK(!matches(&o, CKA_SIGN, "\2", 1));         /* no boolean */
	CHECK(!matches(&o, CKA_CLASS, &kit_private, 4)); /* no CK_ULONG */
}

static void a_secret_is_no_oracle(void)
{
	static const uint8_t seed[32] = { 1 };
	struct kit_object o;

	key(&o, true, false);
	CHECK(!matches(&o, CKA_VALUE, seed, 32));
	key(&o, true, true);
	CHECK(!matches(&o, CKA_VALUE, seed, 32));
	key(&o, false, false);
	CHECK(!matches(&o, CKA_VALUE, seed, 32));
	key(&o, false, true);
	CHECK(matches(&o, CKA_VALUE, seed, 32));
}

static void a_point_matches_in_every_encoding(void)
{
	struct kit_object o;
	uint8_t octets[34] = { 0x04, 0x20 }, bits[35] = { 0x03, 0x21, 0x00 };

	public_key(&o);
	memcpy(octets + 2, point, 32);
	memcpy(bits + 3, point, 32);
	CHECK(matches(&o, CKA_EC_POINT, point, 32) && matches(&o, CKA_EC_POINT, octets, 34) && matches(&o, CKA_EC_POINT, bits, 35));
	octets[33] ^= 1;
	CHECK(!matches(&o, CKA_EC_POINT, octets, 34) && !matches(&o, CKA_EC_POINT, point, 31));
	/* The hidden one is found by nobody. */
	key(&o, false, true);
	CHECK(!matches(&o, CKA_EC_POINT, "\2", 32));
}

static void an_objects_terms_and_a_templates_are_the_same(void)
{
	struct kit_object o;
	struct attr of_object[OBJECT_TERMS_MAX], of_template[8];
	uint8_t octets[34] = { 0x04, 0x20 }, room[64];
	CK_ATTRIBUTE t[] = { { CKA_CLASS, (void *)&kit_public, sizeof(kit_public) }, { CKA_ID, (void *)"id", 2 },
			     { CKA_EC_POINT, octets, 34 }, { CKA_VERIFY, (void *)&kit_yes, 1 }, { CKA_LABEL, NULL, 0 } };
	size_t n, m, same = 0;
	bool impossible;

	memcpy(octets + 2, point, 32);
	public_key(&o);
	n = object_terms(NULL, kit_attrs(&o), of_object);
	m = object_template_terms((struct template){ t, 5 }, of_template, MSPAN_OF(room), &impossible);
	CHECK(!impossible && m == 3); /* CKA_VERIFY is no term, an empty label is none */
	for (size_t i = 0; i < m; i++)
		for (size_t k = 0; k < n; k++)
			same += of_template[i].type == of_object[k].type && span_eq(of_template[i].value, of_object[k].value);
	CHECK(same == m);
	/* The most selective comes first. */
	CHECK(of_template[0].type == CKA_ID && of_template[m - 1].type == CKA_CLASS);
	CHECK(of_object[0].type == CKA_UNIQUE_ID && of_object[n - 1].type == CKA_CLASS);
}

static void a_template_that_no_object_can_match_is_impossible(void)
{
	struct attr terms[8];
	uint8_t room[64];
	bool impossible;
	CK_ATTRIBUTE unknown = { CKA_VENDOR_DEFINED | 0x777777, (void *)"x", 1 }, malformed = { CKA_SIGN, (void *)"\7", 1 };

	CHECK(object_template_terms((struct template){ &unknown, 1 }, terms, MSPAN_OF(room), &impossible) == 0 && impossible);
	CHECK(object_template_terms((struct template){ &malformed, 1 }, terms, MSPAN_OF(room), &impossible) == 0 && impossible);
	CHECK(object_template_terms((struct template){ NULL, 0 }, terms, MSPAN_OF(room), &impossible) == 0 && !impossible);
}

static void no_secret_is_a_term(void)
{
	struct kit_object o;
	struct attr terms[OBJECT_TERMS_MAX];
	size_t n;

	key(&o, false, true);
	n = object_terms(NULL, kit_attrs(&o), terms);
	for (size_t i = 0; i < n; i++)
		CHECK(terms[i].type != CKA_VALUE && terms[i].type != CKA_EC_POINT);
}

/* ---- keys ---- */

static void usage_is_what_the_key_says(void)
{
	struct kit_object o;
	struct kit_build k = kit_create(&kit_data);
	struct object_usage u;

	public_key(&o);
	CHECK(object_usage_of(NULL, kit_attrs(&o), &u) == CKR_OK);
	CHECK(u.class == CKO_PUBLIC_KEY && u.key_type == CKK_EC_EDWARDS && u.bits == 255);
	CHECK(u.verify && !u.sign && !u.encrypt && !u.wrap && !u.derive);
	CHECK(u.mechanisms_limited && u.mechanism_count == 2 && u.mechanism[0] == CKM_EDDSA && u.mechanism[1] == CKM_SHA256);
	CHECK(u.start_date[0] == '\0' && memcmp(u.end_date, "20301231", 8) == 0);
	key(&o, true, false);
	CHECK(object_usage_of(NULL, kit_attrs(&o), &u) == CKR_OK);
	CHECK(u.sign && !u.verify && u.sensitive && !u.extractable && !u.always_authenticate && !u.mechanisms_limited);
	REQUIRE(kit_build(&k, &o) == CKR_OK);
	CHECK(object_usage_of(NULL, kit_attrs(&o), &u) == CKR_KEY_HANDLE_INVALID);
}

static void material_is_what_a_mechanism_needs_and_no_more(void)
{
	struct kit_object o, m;
	struct attrs_writer w = { .room = MSPAN_OF(m.bytes), .failed = CKR_OK };
	struct attrs_cursor c = { 0 };
	struct attr at;
	unsigned n = 0;

	key(&o, true, false);
	CHECK(object_key_material(NULL, kit_attrs(&o), &w) == CKR_OK);
	while (attrs_next(attrs_written(&w), &c, &at)) {
		CHECK(at.type == CKA_VALUE || at.type == CKA_EC_PARAMS || at.type == CKA_EC_POINT);
		n++;
	}
	CHECK(n == 3 && !c.bad);
	w = (struct attrs_writer){ .room = mspan(m.bytes, 20), .failed = CKR_OK };
	CHECK(object_key_material(NULL, kit_attrs(&o), &w) == CKR_DEVICE_MEMORY);
}

/* ---- the encoding ---- */

static void records_are_found_and_walked(void)
{
	uint8_t room[200];
	struct attrs_writer w = { .room = MSPAN_OF(room), .failed = CKR_OK };
	struct attrs_cursor c = { 0 };
	struct span v;
	struct attr at;

	attrs_write(&w, 1, span_str("one"));
	attrs_write_bool(&w, 5, true);
	attrs_write_ulong(&w, 9, 0x0102030405060708);
	REQUIRE(w.failed == CKR_OK);
	CHECK(attrs_find(attrs_written(&w), 1, &v) && span_eq(v, span_str("one")));
	CHECK(attrs_bool(attrs_written(&w), 5, false) && attrs_ulong(attrs_written(&w), 9, 0) == 0x0102030405060708);
	CHECK(!attrs_find(attrs_written(&w), 4, &v) && !attrs_find(attrs_written(&w), 10, &v));
	/* Of another size than was asked for: as if it were not there. */
	CHECK(!attrs_bool(attrs_written(&w), 1, false) && attrs_ulong(attrs_written(&w), 5, 77) == 77);
	for (unsigned i = 0; i < 3; i++)
		CHECK(attrs_next(attrs_written(&w), &c, &at) && at.type == 1 + 4 * i);
	CHECK(!attrs_next(attrs_written(&w), &c, &at) && !c.bad);
}

static void an_encoding_cut_anywhere_is_noticed(void)
{
	uint8_t room[100];
	struct attrs_writer w = { .room = MSPAN_OF(room), .failed = CKR_OK };
	size_t whole[3] = { 0 };

	attrs_write(&w, 1, span_str("one"));
	whole[1] = w.n;
	attrs_write(&w, 2, span_str("two"));
	whole[2] = w.n;
	for (size_t n = 0; n <= w.n; n++) {
		struct attrs_cursor c = { 0 };
		struct attr at;

		while (attrs_next((struct attrs){ span(room, n) }, &c, &at))
			;
		CHECK(c.bad == (n != whole[0] && n != whole[1] && n != whole[2]));
	}
}

static void a_full_writer_writes_nothing_more(void)
{
	uint8_t room[20];
	struct attrs_writer w = { .room = MSPAN_OF(room), .failed = CKR_OK };

	attrs_write(&w, 1, span_str("12345678"));
	CHECK(w.failed == CKR_OK && w.n == 20);
	attrs_write(&w, 2, SPAN_EMPTY);
	CHECK(w.failed == CKR_DEVICE_MEMORY && w.n == 20);
}

/* CKA_ENCAPSULATE and CKA_DECAPSULATE are younger than the first wallets. */
static void a_truth_value_that_is_younger_than_the_object_is_false(void)
{
	static const CK_ATTRIBUTE_TYPE types[] = { CKA_ENCAPSULATE, CKA_DECAPSULATE };
	struct kit_object now, old, again;
	uint8_t out[256];
	CK_ULONG n;

	for (size_t i = 0; i < 2; i++) {
		CK_ATTRIBUTE off = { types[i], (void *)&kit_no, 1 }, on = { types[i], (void *)&kit_yes, 1 };

		if (i == 0)
			public_key(&now);
		else
			key(&now, true, true);
		without(&now, types[i], &old);
		CHECK(kit_get(&old, types[i], OBJECT_FORM_DER, out, &n) == CKR_OK && n == 1 && out[0] == CK_FALSE);
		CHECK(object_matches(NULL, kit_attrs(&old), (struct template){ &off, 1 }));
		CHECK(!object_matches(NULL, kit_attrs(&old), (struct template){ &on, 1 }));
		/* And is like any other when it is changed. */
		CHECK(kit_change(&old, &on, 1, false, false, &again) == CKR_OK && kit_is(&again, types[i], true));
		/* Of another kind of object it is none. */
		CHECK(kit_get(&old, types[1 - i], OBJECT_FORM_DER, out, &n) == CKR_ATTRIBUTE_TYPE_INVALID);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "each attribute is answered for itself, the first error is the code", each_attribute_is_answered_for_itself },
		{ "a value is shown only where both flags allow it", a_value_is_shown_only_where_both_flags_allow },
		{ "a point is shown in the caller's form", a_point_is_shown_in_the_callers_form },
		{ "integers are the caller's CK_ULONG", integers_are_the_callers },
		{ "what is not set is not there", what_is_not_set_is_not_there },
		{ "a truth value that is younger than the object is false", a_truth_value_that_is_younger_than_the_object_is_false },
		{ "a match is every attribute with its value", a_match_is_every_attribute_with_its_value },
		{ "a secret is no oracle", a_secret_is_no_oracle },
		{ "a point matches in every encoding", a_point_matches_in_every_encoding },
		{ "an object's terms and a template's are the same", an_objects_terms_and_a_templates_are_the_same },
		{ "a template that no object can match is impossible", a_template_that_no_object_can_match_is_impossible },
		{ "no secret is a term", no_secret_is_a_term },
		{ "usage is what the key says", usage_is_what_the_key_says },
		{ "material is what a mechanism needs and no more", material_is_what_a_mechanism_needs_and_no_more },
		{ "records are found and walked", records_are_found_and_walked },
		{ "an encoding cut anywhere is noticed", an_encoding_cut_anywhere_is_noticed },
		{ "a full writer writes nothing more", a_full_writer_writes_nothing_more },
		{ NULL, NULL },
	};

	return kit_main("object/view, object/template", tests);
}
