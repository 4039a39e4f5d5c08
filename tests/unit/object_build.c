/* SPDX-License-Identifier: Apache-2.0 */
/* Objects out of templates: what must, may and must not be given, what is added (PKCS#11, chapter 4). */
#include "object_kit.h"

static void the_class_says_what_there_must_be(void)
{
	struct kit_object o;
	struct kit_build k = { .class = KIT_NONE, .key_type = KIT_NONE };
	static const CK_OBJECT_CLASS profile = CKO_PROFILE, strange = 0x777;
	static const uint8_t seed[32] = { 1 };

	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE);
	k = kit_create(&profile);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_VALUE_INVALID);
	k = kit_create(&strange);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_VALUE_INVALID);
	k = kit_create(&kit_data);
	CHECK(kit_build(&k, &o) == CKR_OK);
	k = kit_create(&kit_private);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE); /* CKA_KEY_TYPE */
	KIT_ADD(&k, CKA_KEY_TYPE, kit_edwards);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE); /* CKA_EC_PARAMS */
	KIT_ADD(&k, CKA_EC_PARAMS, kit_ed25519);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE); /* CKA_VALUE */
	KIT_ADD(&k, CKA_VALUE, seed);
	CHECK(kit_build(&k, &o) == CKR_OK);
	k = kit_create(&kit_certificate);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE); /* CKA_CERTIFICATE_TYPE */
	KIT_ADD(&k, CKA_CERTIFICATE_TYPE, kit_x509);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE); /* CKA_SUBJECT */
	kit_add(&k, CKA_SUBJECT, "s", 1);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCOMPLETE); /* CKA_VALUE or CKA_URL */
	kit_add(&k, CKA_URL, "https://example.org/c", 21);
	CHECK(kit_build(&k, &o) == CKR_OK);
}

static void what_the_mechanism_makes_the_template_may_not_deny(void)
{
	struct kit_object o;
	struct kit_build k = kit_generate_private();

	KIT_ADD(&k, CKA_CLASS, kit_private);
	KIT_ADD(&k, CKA_KEY_TYPE, kit_edwards);
	CHECK(kit_build(&k, &o) == CKR_OK);
	k = kit_generate_private();
	KIT_ADD(&k, CKA_CLASS, kit_public);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCONSISTENT);
	k = kit_generate_private();
	KIT_ADD(&k, CKA_KEY_TYPE, kit_aes);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCONSISTENT);
}

static void what_must_not_be_given_is_refused(void)
{
	static const CK_ATTRIBUTE_TYPE ours[] = { CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE };
	static const CK_MECHANISM_TYPE mechanism = CKM_EDDSA;
	struct kit_object o;
	struct kit_build k;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		k = kit_generate_private();
		KIT_ADD(&k, ours[i], kit_yes);
		CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_READ_ONLY);
	}
	k = kit_generate_private();
	KIT_ADD(&k, CKA_KEY_GEN_MECHANISM, mechanism);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_READ_ONLY);
	k = kit_create(&kit_data);
	kit_add(&k, CKA_UNIQUE_ID, "x", 1);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_READ_ONLY);
	/* Footnote 4: the value of a key that is generated. */
	k = kit_generate_private();
	kit_add(&k, CKA_VALUE, "0123456789abcdef0123456789abcdef", 32);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCONSISTENT);
	/* Of another class; unknown to the specification. */
	k = kit_create(&kit_data);
	KIT_ADD(&k, CKA_SIGN, kit_yes);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_TYPE_INVALID);
	k = kit_create(&kit_data);
	kit_add(&k, CKA_VENDOR_DEFINED | 0x777777, "x", 1);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_TYPE_INVALID);
	/* Kept beside a private key, and nobody's to give. */
	k = kit_create(&kit_private);
	KIT_ADD(&k, CKA_KEY_TYPE, kit_edwards);
	KIT_ADD(&k, CKA_EC_PARAMS, kit_ed25519);
	kit_add(&k, CKA_VALUE, "0123456789abcdef0123456789abcdef", 32);
	kit_add(&k, CKA_EC_POINT, "0123456789abcdef0123456789abcdef", 32);
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_TYPE_INVALID);
}

static void malformed_values_are_refused(void)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const void *value;
		CK_ULONG n;
	} bad[] = {
		{ CKA_TOKEN, "\2", 1 },		   { CKA_TOKEN, "\1\0", 2 },	      { CKA_TOKEN, "", 0 },
		{ CKA_TOKEN, NULL, 1 },		   { CKA_TOKEN, NULL, 0 },	      { CKA_PRIVATE, "\377", 1 },
		{ CKA_SENSITIVE, "\2", 1 },	   { CKA_START_DATE, "2024010", 7 },  { CKA_START_DATE, "20241301", 8 },
		{ CKA_START_DATE, "20240001", 8 }, { CKA_START_DATE, "20240100", 8 }, { CKA_START_DATE, "20240132", 8 },
		{ CKA_START_DATE, "2024010a", 8 }, { CKA_LABEL, NULL, 5 },	      { CKA_ID, "x", CK_UNAVAILABLE_INFORMATION },
		{ CKA_ALLOWED_MECHANISMS, "1234567", 7 }, { CKA_ALLOWED_MECHANISMS, "1", 8 * 33 },
	};
	struct kit_object o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kit_build k = kit_generate_private();

		kit_add(&k, bad[i].type, bad[i].value, bad[i].n);
		CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_VALUE_INVALID);
	}
}

static void a_type_twice_and_an_array_that_is_not_there(void)
{
	struct kit_object o;
	struct kit_build k = kit_create(&kit_data);
	struct object_head head;

	kit_add(&k, CKA_LABEL, "a", 1);
	kit_add(&k, CKA_LABEL, "b", 1);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCONSISTENT);
	CHECK(object_head(OBJECT_CREATE, (struct template){ NULL, 1 }, KIT_NONE, KIT_NONE, 0, &head) == CKR_ARGUMENTS_BAD);
	CHECK(object_head(OBJECT_CREATE, (struct template){ k.t, CK_UNAVAILABLE_INFORMATION }, KIT_NONE, KIT_NONE, 0, &head) ==
	      CKR_ARGUMENTS_BAD);
}

static void defaults_are_the_specifications(void)
{
	struct kit_object o;
	struct kit_build k = kit_create(&kit_data);

	REQUIRE(kit_build(&k, &o) == CKR_OK);
	CHECK(kit_is(&o, CKA_TOKEN, false) && kit_is(&o, CKA_PRIVATE, false) && kit_is(&o, CKA_MODIFIABLE, true));
	CHECK(kit_is(&o, CKA_COPYABLE, true) && kit_is(&o, CKA_DESTROYABLE, true));
	CHECK(kit_has(&o, CKA_LABEL, SPAN_EMPTY) && kit_has(&o, CKA_VALUE, SPAN_EMPTY));
	CHECK(kit_has(&o, CKA_UNIQUE_ID, span_str("01020304-0506-4708-890a-0b0c0d0e0f10")));
}

static void a_private_key_is_private_sensitive_and_stays_here(void)
{
	struct kit_object o;
	struct kit_build k = kit_generate_private();

	REQUIRE(kit_build(&k, &o) == CKR_OK);
	CHECK(kit_is(&o, CKA_PRIVATE, true) && kit_is(&o, CKA_SENSITIVE, true) && kit_is(&o, CKA_EXTRACTABLE, false));
	CHECK(kit_is(&o, CKA_SIGN, true) && kit_is(&o, CKA_DECRYPT, false) && kit_is(&o, CKA_DERIVE, false));
	CHECK(kit_is(&o, CKA_LOCAL, true) && kit_is(&o, CKA_ALWAYS_SENSITIVE, true) && kit_is(&o, CKA_NEVER_EXTRACTABLE, true));
	CHECK(attrs_ulong(kit_attrs(&o), CKA_KEY_GEN_MECHANISM, 0) == CKM_EC_EDWARDS_KEY_PAIR_GEN);
	CHECK(!attrs_bool(kit_attrs(&o), CKA_WRAP_WITH_TRUSTED, true));
}

static void history_is_only_what_was_made_here(void)
{
	struct kit_object o;
	struct kit_build k = kit_generate_private();

	KIT_ADD(&k, CKA_SENSITIVE, kit_no);
	KIT_ADD(&k, CKA_EXTRACTABLE, kit_yes);
	REQUIRE(kit_build(&k, &o) == CKR_OK);
	CHECK(kit_is(&o, CKA_LOCAL, true) && kit_is(&o, CKA_ALWAYS_SENSITIVE, false) && kit_is(&o, CKA_NEVER_EXTRACTABLE, false));
	k = kit_create(&kit_secret);
	KIT_ADD(&k, CKA_KEY_TYPE, kit_generic);
	kit_add(&k, CKA_VALUE, "secret", 6);
	REQUIRE(kit_build(&k, &o) == CKR_OK);
	CHECK(kit_is(&o, CKA_SENSITIVE, true) && kit_is(&o, CKA_EXTRACTABLE, false));
	CHECK(kit_is(&o, CKA_LOCAL, false) && kit_is(&o, CKA_ALWAYS_SENSITIVE, false) && kit_is(&o, CKA_NEVER_EXTRACTABLE, false));
	CHECK(attrs_ulong(kit_attrs(&o), CKA_KEY_GEN_MECHANISM, 0) == CK_UNAVAILABLE_INFORMATION);
	CHECK(attrs_ulong(kit_attrs(&o), CKA_VALUE_LEN, 0) == 6);
}

static void trusted_is_the_sos_to_say(void)
{
	struct kit_object o;

	for (int so = 0; so < 2; so++) {
		struct kit_build k = kit_create(&kit_certificate);

		KIT_ADD(&k, CKA_CERTIFICATE_TYPE, kit_x509);
		kit_add(&k, CKA_SUBJECT, "s", 1);
		kit_add(&k, CKA_VALUE, "v", 1);
		KIT_ADD(&k, CKA_TRUSTED, kit_yes);
		k.by_so = so == 1;
		CHECK(kit_build(&k, &o) == (so == 1 ? CKR_OK : CKR_ATTRIBUTE_READ_ONLY));
	}
}

static void what_holds_a_secret_is_sealed_whatever_it_says(void)
{
	CK_ATTRIBUTE t[] = { { CKA_CLASS, (void *)&kit_secret, sizeof(kit_secret) },
			     { CKA_KEY_TYPE, (void *)&kit_aes, sizeof(kit_aes) },
			     { CKA_PRIVATE, (void *)&kit_no, 1 },
			     { CKA_TOKEN, (void *)&kit_yes, 1 } };
	struct object_head head;

	CHECK(object_head(OBJECT_CREATE, (struct template){ t, 4 }, KIT_NONE, KIT_NONE, 0, &head) == CKR_OK);
	CHECK(head.is_sealed && !head.is_private && head.is_token);
	t[0] = (CK_ATTRIBUTE){ CKA_CLASS, (void *)&kit_data, sizeof(kit_data) };
	t[1] = (CK_ATTRIBUTE){ CKA_PRIVATE, (void *)&kit_yes, 1 };
	CHECK(object_head(OBJECT_CREATE, (struct template){ t, 2 }, KIT_NONE, KIT_NONE, 0, &head) == CKR_OK);
	CHECK(head.is_sealed && head.is_private && !head.is_token && head.key_type == CK_UNAVAILABLE_INFORMATION);
}

static struct kit_build public_key(const void *params, size_t n)
{
	static const uint8_t point[32] = { 0x58, 0x66, 1 };
	struct kit_build k = kit_create(&kit_public);

	KIT_ADD(&k, CKA_KEY_TYPE, kit_edwards);
	kit_add(&k, CKA_EC_PARAMS, params, n);
	KIT_ADD(&k, CKA_EC_POINT, point);
	return k;
}

static void key_info_is_computed_and_not_contradicted(void)
{
	static const uint8_t head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
	uint8_t info[44] = { 0 };
	struct kit_object o;
	struct kit_build k = public_key(kit_ed25519, sizeof(kit_ed25519));

	memcpy(info, head, sizeof(head));
	memcpy(info + sizeof(head), k.t[k.count - 1].pValue, 32);
	REQUIRE(kit_build(&k, &o) == CKR_OK);
	CHECK(kit_has(&o, CKA_PUBLIC_KEY_INFO, SPAN_OF(info)));
	KIT_ADD(&k, CKA_PUBLIC_KEY_INFO, info);
	CHECK(kit_build(&k, &o) == CKR_OK);
	info[20] ^= 1;
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCONSISTENT);
}

static void a_curve_is_named_in_every_way_in_circulation(void)
{
	static const struct {
		const char *params;
		size_t n;
		CK_RV rv;
	} row[] = {
		{ "\x06\x03\x2b\x65\x70", 5, CKR_OK },
		{ "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 11, CKR_OK },
		{ "\x13\x0c" "edwards25519", 14, CKR_OK },
		{ "\x13\x07" "Ed25519", 9, CKR_OK },
		{ "\x06\x03\x2b\x65\x6e", 5, CKR_CURVE_NOT_SUPPORTED }, /* X25519: of the other key type */
		{ "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, CKR_CURVE_NOT_SUPPORTED }, /* P-256 */
		{ "\x13\x0c" "edwards25518", 14, CKR_CURVE_NOT_SUPPORTED },
		{ "\x30\x00", 2, CKR_DOMAIN_PARAMS_INVALID },
		{ "", 0, CKR_DOMAIN_PARAMS_INVALID },
	};
	struct kit_object o;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct kit_build k = public_key(row[i].params, row[i].n);

		CHECK(kit_build(&k, &o) == row[i].rv);
		if (row[i].rv == CKR_OK)
			CHECK(kit_has(&o, CKA_EC_PARAMS, span(row[i].params, row[i].n))); /* as it came in */
	}
}

static void a_point_is_kept_raw_whatever_it_came_in(void)
{
	uint8_t octets[34] = { 0x04, 0x20 }, bits[35] = { 0x03, 0x21, 0x00 };
	struct kit_build k = public_key(kit_ed25519, sizeof(kit_ed25519));
	CK_ATTRIBUTE *point = &k.t[k.count - 1];
	struct span raw = span(point->pValue, 32);
	struct kit_object o;

	memcpy(octets + 2, raw.p, 32);
	memcpy(bits + 3, raw.p, 32);
	CHECK(kit_build(&k, &o) == CKR_OK && kit_has(&o, CKA_EC_POINT, raw));
	*point = (CK_ATTRIBUTE){ CKA_EC_POINT, octets, 34 };
	CHECK(kit_build(&k, &o) == CKR_OK && kit_has(&o, CKA_EC_POINT, raw));
	point->ulValueLen = 33;
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_VALUE_INVALID);
	*point = (CK_ATTRIBUTE){ CKA_EC_POINT, bits, 35 };
	CHECK(kit_build(&k, &o) == CKR_OK && kit_has(&o, CKA_EC_POINT, raw));
	bits[2] = 1; /* unused bits */
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_VALUE_INVALID);
	*point = (CK_ATTRIBUTE){ CKA_EC_POINT, octets, 31 };
	CHECK(kit_build(&k, &o) == CKR_ATTRIBUTE_VALUE_INVALID);
}

static void values_suit_their_key_type(void)
{
	static const CK_KEY_TYPE types[] = { CKK_AES, CKK_GENERIC_SECRET };
	uint8_t value[64] = { 1 };
	struct kit_object o;

	for (size_t t = 0; t < 2; t++)
		for (size_t n = 0; n <= 40; n++) {
			struct kit_build k = kit_create(&kit_secret);
			bool right = t == 0 ? n == 16 || n == 24 || n == 32 : n != 0;

			KIT_ADD(&k, CKA_KEY_TYPE, types[t]);
			kit_add(&k, CKA_VALUE, value, n);
			CHECK(kit_build(&k, &o) == (right ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID));
		}
	for (size_t n = 0; n <= 64; n++) {
		struct kit_build k = kit_create(&kit_private);

		KIT_ADD(&k, CKA_KEY_TYPE, kit_edwards);
		KIT_ADD(&k, CKA_EC_PARAMS, kit_ed25519);
		kit_add(&k, CKA_VALUE, value, n);
		CHECK(kit_build(&k, &o) == (n == 32 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID));
	}
}

static void dates_are_in_order(void)
{
	struct kit_object o;
	struct kit_build k = kit_generate_private();

	kit_add(&k, CKA_START_DATE, "20250101", 8);
	kit_add(&k, CKA_END_DATE, "20241231", 8);
	CHECK(kit_build(&k, &o) == CKR_TEMPLATE_INCONSISTENT);
	k.t[k.count - 1].pValue = (void *)"20250101";
	CHECK(kit_build(&k, &o) == CKR_OK);
	k.t[k.count - 1].ulValueLen = 0; /* none */
	CHECK(kit_build(&k, &o) == CKR_OK);
}

static void room_that_is_too_small_is_said(void)
{
	static uint8_t large[9000];
	struct kit_object o;
	struct kit_build k = kit_create(&kit_data);
	struct object_head head;

	KIT_ADD(&k, CKA_VALUE, large);
	CHECK(kit_build(&k, &o) == CKR_DEVICE_MEMORY);
	CHECK(object_head(OBJECT_CREATE, (struct template){ k.t, k.count }, KIT_NONE, KIT_NONE, 0, &head) == CKR_OK);
	CHECK(head.room > sizeof(large));
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "the class says what there must be", the_class_says_what_there_must_be },
		{ "what the mechanism makes the template may not deny", what_the_mechanism_makes_the_template_may_not_deny },
		{ "what must not be given is refused", what_must_not_be_given_is_refused },
		{ "malformed values are refused", malformed_values_are_refused },
		{ "a type twice, and an array that is not there, are refused", a_type_twice_and_an_array_that_is_not_there },
		{ "defaults are the specification's", defaults_are_the_specifications },
		{ "a private key is private, sensitive, and stays here", a_private_key_is_private_sensitive_and_stays_here },
		{ "history is only what was made here", history_is_only_what_was_made_here },
		{ "CKA_TRUSTED is the SO's to say", trusted_is_the_sos_to_say },
		{ "what holds a secret is sealed, whatever CKA_PRIVATE says", what_holds_a_secret_is_sealed_whatever_it_says },
		{ "CKA_PUBLIC_KEY_INFO is computed and not contradicted", key_info_is_computed_and_not_contradicted },
		{ "a curve is named in every way in circulation, and given out as it came", a_curve_is_named_in_every_way_in_circulation },
		{ "a point is kept raw, whatever it came in", a_point_is_kept_raw_whatever_it_came_in },
		{ "values suit their key type", values_suit_their_key_type },
		{ "dates are in order", dates_are_in_order },
		{ "room that is too small is said", room_that_is_too_small_is_said },
		{ NULL, NULL },
	};

	return kit_main("object/build", tests);
}
