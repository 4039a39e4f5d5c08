/* SPDX-License-Identifier: Apache-2.0 */
/* C_SetAttributeValue and C_CopyObject: footnotes 8, 10, 11, 12 and the rules of a copy. */
#include "object_kit.h"

static const uint8_t unique_of_kit[] = "01020304-0506-4708-890a-0b0c0d0e0f10";

static void key(struct kit_object *o, bool sensitive, bool extractable)
{
	struct kit_build k = kit_generate_private();

	kit_add(&k, CKA_SENSITIVE, sensitive ? &kit_yes : &kit_no, 1);
	kit_add(&k, CKA_EXTRACTABLE, extractable ? &kit_yes : &kit_no, 1);
	REQUIRE(kit_build(&k, o) == CKR_OK);
}

static void certificate(struct kit_object *o, bool trusted)
{
	struct kit_build k = kit_create(&kit_certificate);

	KIT_ADD(&k, CKA_CERTIFICATE_TYPE, kit_x509);
	kit_add(&k, CKA_SUBJECT, "s", 1);
	kit_add(&k, CKA_VALUE, "v", 1);
	if (trusted)
		KIT_ADD(&k, CKA_TRUSTED, kit_yes);
	k.by_so = trusted;
	REQUIRE(kit_build(&k, o) == CKR_OK);
}

static void data(struct kit_object *o, CK_ATTRIBUTE_TYPE type, const CK_BBOOL *value)
{
	struct kit_build k = kit_create(&kit_data);

	kit_add(&k, type, value, 1);
	REQUIRE(kit_build(&k, o) == CKR_OK);
}

static void what_may_change_changes_and_the_rest_stays(void)
{
	struct kit_object old, new;
	CK_ATTRIBUTE t[] = { { CKA_LABEL, (void *)"new", 3 }, { CKA_ID, (void *)"id", 2 }, { CKA_SIGN, (void *)&kit_no, 1 },
			     { CKA_START_DATE, (void *)"20240101", 8 } };
	struct attrs_cursor a = { 0 }, b = { 0 };
	struct attr was, is;

	key(&old, true, false);
	REQUIRE(kit_change(&old, t, 4, false, false, &new) == CKR_OK);
	CHECK(kit_has(&new, CKA_LABEL, span_str("new")) && kit_has(&new, CKA_ID, span_str("id")) && kit_is(&new, CKA_SIGN, false));
	CHECK(kit_has(&new, CKA_START_DATE, span_str("20240101")));
	while (attrs_next(kit_attrs(&old), &a, &was)) {
		REQUIRE(attrs_next(kit_attrs(&new), &b, &is));
		CHECK(was.type == is.type);
		if (was.type != CKA_LABEL && was.type != CKA_ID && was.type != CKA_SIGN && was.type != CKA_START_DATE)
			CHECK(span_eq(was.value, is.value));
	}
	CHECK(!attrs_next(kit_attrs(&new), &b, &is) && !b.bad);
}

static void what_may_not_change_does_not(void)
{
	static const CK_ATTRIBUTE_TYPE fixed_bool[] = { CKA_TOKEN, CKA_PRIVATE, CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE,
							CKA_LOCAL, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE,
							CKA_ALWAYS_AUTHENTICATE };
	static const CK_MECHANISM_TYPE mechanism = CKM_EDDSA;
	struct kit_object old;

	key(&old, true, false);
	for (size_t i = 0; i < sizeof(fixed_bool) / sizeof(fixed_bool[0]); i++) {
		CHECK(kit_set(&old, fixed_bool[i], &kit_yes, 1, false) == CKR_ATTRIBUTE_READ_ONLY);
		CHECK(kit_set(&old, fixed_bool[i], &kit_no, 1, true) == CKR_ATTRIBUTE_READ_ONLY);
	}
	CHECK(kit_set(&old, CKA_CLASS, &kit_private, sizeof(kit_private), false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_KEY_TYPE, &kit_edwards, sizeof(kit_edwards), false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_VALUE, "0123456789abcdef0123456789abcdef", 32, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_EC_PARAMS, kit_ed25519, 5, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_UNIQUE_ID, unique_of_kit, 36, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_KEY_GEN_MECHANISM, &mechanism, sizeof(mechanism), false) == CKR_ATTRIBUTE_READ_ONLY);
	/* Which mechanisms a key serves, and whose key it is, is said once. */
	CHECK(kit_set(&old, CKA_ALLOWED_MECHANISMS, &mechanism, sizeof(mechanism), false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_PUBLIC_KEY_INFO, "other", 5, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_copy(&old, CKA_ALLOWED_MECHANISMS, &mechanism, sizeof(mechanism)) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_copy(&old, CKA_PUBLIC_KEY_INFO, "other", 5) == CKR_ATTRIBUTE_READ_ONLY);
	/* None of this kind of object, hidden, malformed. */
	CHECK(kit_set(&old, CKA_ENCRYPT, &kit_yes, 1, false) == CKR_ATTRIBUTE_TYPE_INVALID);
	CHECK(kit_set(&old, CKA_EC_POINT, kit_ed25519, 5, false) == CKR_ATTRIBUTE_TYPE_INVALID);
	CHECK(kit_set(&old, CKA_SIGN, "\2", 1, false) == CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK(kit_set(&old, CKA_SIGN, NULL, 1, false) == CKR_ATTRIBUTE_VALUE_INVALID);
}

static void sensitive_and_not_extractable_are_for_ever(void)
{
	struct kit_object old;

	key(&old, true, false);
	CHECK(kit_set(&old, CKA_SENSITIVE, &kit_no, 1, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_EXTRACTABLE, &kit_yes, 1, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_SENSITIVE, &kit_no, 1, true) == CKR_ATTRIBUTE_READ_ONLY); /* not even by the SO */
	CHECK(kit_copy(&old, CKA_SENSITIVE, &kit_no, 1) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_copy(&old, CKA_EXTRACTABLE, &kit_yes, 1) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_SENSITIVE, &kit_yes, 1, false) == CKR_OK);
	CHECK(kit_set(&old, CKA_EXTRACTABLE, &kit_no, 1, false) == CKR_OK);
}

static void tightening_leaves_history_as_it_was(void)
{
	struct kit_object old, new;
	CK_ATTRIBUTE t[] = { { CKA_SENSITIVE, (void *)&kit_yes, 1 }, { CKA_EXTRACTABLE, (void *)&kit_no, 1 } };

	key(&old, false, true);
	REQUIRE(kit_change(&old, t, 2, false, false, &new) == CKR_OK);
	CHECK(kit_is(&new, CKA_SENSITIVE, true) && kit_is(&new, CKA_EXTRACTABLE, false));
	CHECK(kit_is(&new, CKA_ALWAYS_SENSITIVE, false) && kit_is(&new, CKA_NEVER_EXTRACTABLE, false));
	CHECK(kit_set(&new, CKA_SENSITIVE, &kit_no, 1, false) == CKR_ATTRIBUTE_READ_ONLY);
}

static void wrap_with_trusted_once_on_stays_on(void)
{
	struct kit_object old, new;
	CK_ATTRIBUTE t = { CKA_WRAP_WITH_TRUSTED, (void *)&kit_yes, 1 };

	key(&old, true, true);
	REQUIRE(kit_change(&old, &t, 1, false, false, &new) == CKR_OK);
	CHECK(kit_set(&new, CKA_WRAP_WITH_TRUSTED, &kit_no, 1, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_copy(&new, CKA_WRAP_WITH_TRUSTED, &kit_no, 1) == CKR_ATTRIBUTE_READ_ONLY);
}

static void trusted_is_set_by_the_so_and_then_fixed(void)
{
	struct kit_object old;

	certificate(&old, false);
	CHECK(kit_set(&old, CKA_TRUSTED, &kit_yes, 1, false) == CKR_ATTRIBUTE_READ_ONLY);
	CHECK(kit_set(&old, CKA_TRUSTED, &kit_yes, 1, true) == CKR_OK);
	CHECK(kit_set(&old, CKA_ID, "id", 2, false) == CKR_OK);
	CHECK(kit_set(&old, CKA_CERTIFICATE_CATEGORY, &kit_x509, sizeof(kit_x509), false) == CKR_ATTRIBUTE_READ_ONLY);
	certificate(&old, true);
	CHECK(kit_set(&old, CKA_ID, "id", 2, false) == CKR_ACTION_PROHIBITED);
	CHECK(kit_set(&old, CKA_TRUSTED, &kit_no, 1, true) == CKR_OK);
}

static void what_is_not_modifiable_is_not_modified_but_copied(void)
{
	struct kit_object old, new;
	CK_ATTRIBUTE t[] = { { CKA_LABEL, (void *)"new", 3 }, { CKA_MODIFIABLE, (void *)&kit_yes, 1 } };

	data(&old, CKA_MODIFIABLE, &kit_no);
	CHECK(kit_set(&old, CKA_LABEL, "new", 3, false) == CKR_ACTION_PROHIBITED);
	REQUIRE(kit_change(&old, t, 2, true, false, &new) == CKR_OK);
	CHECK(kit_has(&new, CKA_LABEL, span_str("new")) && kit_is(&new, CKA_MODIFIABLE, true));
}

static void copies_follow_copyable_and_destroyable(void)
{
	struct kit_object old, new;

	data(&old, CKA_COPYABLE, &kit_no);
	CHECK(kit_change(&old, NULL, 0, true, false, &new) == CKR_ACTION_PROHIBITED);
	CHECK(kit_set(&old, CKA_LABEL, "new", 3, false) == CKR_OK);
	data(&old, CKA_DESTROYABLE, &kit_no);
	CHECK(kit_copy(&old, CKA_DESTROYABLE, &kit_yes, 1) == CKR_ATTRIBUTE_READ_ONLY);
	data(&old, CKA_DESTROYABLE, &kit_yes);
	CHECK(kit_copy(&old, CKA_DESTROYABLE, &kit_no, 1) == CKR_OK);
	CHECK(kit_copy(&old, CKA_COPYABLE, &kit_no, 1) == CKR_OK);
}

static void a_private_object_has_no_public_copy(void)
{
	struct kit_object old, new;
	CK_ATTRIBUTE to_private = { CKA_PRIVATE, (void *)&kit_yes, 1 };
	struct object_head head;

	data(&old, CKA_PRIVATE, &kit_yes);
	CHECK(kit_copy(&old, CKA_PRIVATE, &kit_no, 1) == CKR_TEMPLATE_INCONSISTENT);
	data(&old, CKA_PRIVATE, &kit_no);
	REQUIRE(kit_change(&old, &to_private, 1, true, false, &new) == CKR_OK);
	CHECK(kit_is(&new, CKA_PRIVATE, true));
	CHECK(object_copy_head(NULL, kit_attrs(&old), (struct template){ &to_private, 1 }, &head) == CKR_OK);
	CHECK(head.is_private && head.is_sealed && !head.is_token && head.room > new.n);
}

static void a_copy_has_its_own_unique_id_and_takes_none(void)
{
	struct kit_object old, new;

	key(&old, true, false);
	REQUIRE(kit_change(&old, NULL, 0, true, false, &new) == CKR_OK);
	CHECK(kit_has(&new, CKA_UNIQUE_ID, span_str("ff000000-0000-4000-8000-000000000000")));
	CHECK(kit_is(&new, CKA_LOCAL, true) && kit_is(&new, CKA_ALWAYS_SENSITIVE, true));
	CHECK(kit_copy(&old, CKA_UNIQUE_ID, unique_of_kit, 36) == CKR_ATTRIBUTE_READ_ONLY);
	/* A value that a copy keeps anyway may be said. */
	CHECK(kit_copy(&old, CKA_CLASS, &kit_private, sizeof(kit_private)) == CKR_OK);
	CHECK(kit_copy(&old, CKA_CLASS, &kit_public, sizeof(kit_public)) == CKR_ATTRIBUTE_READ_ONLY);
}

static void dates_stay_in_order(void)
{
	struct kit_object old, new;
	CK_ATTRIBUTE t = { CKA_START_DATE, (void *)"20250101", 8 };

	key(&old, true, false);
	REQUIRE(kit_change(&old, &t, 1, false, false, &new) == CKR_OK);
	CHECK(kit_set(&new, CKA_END_DATE, "20241231", 8, false) == CKR_TEMPLATE_INCONSISTENT);
	CHECK(kit_set(&new, CKA_END_DATE, "20250101", 8, false) == CKR_OK);
}

static void one_thing_wrong_changes_nothing(void)
{
	struct kit_object old, new = { .n = 0 };
	CK_ATTRIBUTE t[] = { { CKA_LABEL, (void *)"new", 3 }, { CKA_SENSITIVE, (void *)&kit_no, 1 } };
	CK_ATTRIBUTE twice[] = { { CKA_LABEL, (void *)"a", 1 }, { CKA_LABEL, (void *)"b", 1 } };

	key(&old, true, false);
	CHECK(kit_change(&old, t, 2, false, false, &new) == CKR_ATTRIBUTE_READ_ONLY && new.n == 0);
	CHECK(kit_change(&old, twice, 2, false, false, &new) == CKR_TEMPLATE_INCONSISTENT && new.n == 0);
}

static void a_damaged_encoding_is_an_error_of_the_device(void)
{
	struct kit_object old, cut;

	key(&old, true, false);
	cut = old;
	cut.n = old.n - 1;
	CHECK(kit_set(&cut, CKA_LABEL, "new", 3, false) == CKR_DEVICE_ERROR);
	cut.n = 0;
	CHECK(kit_set(&cut, CKA_LABEL, "new", 3, false) == CKR_DEVICE_ERROR);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what may change changes, and the rest stays", what_may_change_changes_and_the_rest_stays },
		{ "what may not change does not", what_may_not_change_does_not },
		{ "sensitive and not extractable are for ever, in copies, too", sensitive_and_not_extractable_are_for_ever },
		{ "tightening leaves history as it was", tightening_leaves_history_as_it_was },
		{ "CKA_WRAP_WITH_TRUSTED once on stays on", wrap_with_trusted_once_on_stays_on },
		{ "CKA_TRUSTED is set by the SO, and then the certificate is fixed", trusted_is_set_by_the_so_and_then_fixed },
		{ "what is not modifiable is not modified, but copied", what_is_not_modifiable_is_not_modified_but_copied },
		{ "copies follow CKA_COPYABLE and CKA_DESTROYABLE", copies_follow_copyable_and_destroyable },
		{ "a private object has no public copy", a_private_object_has_no_public_copy },
		{ "a copy has a unique ID of its own and takes none", a_copy_has_its_own_unique_id_and_takes_none },
		{ "dates stay in order", dates_stay_in_order },
		{ "one thing wrong in a template changes nothing", one_thing_wrong_changes_nothing },
		{ "a damaged encoding is an error of the device", a_damaged_encoding_is_an_error_of_the_device },
		{ NULL, NULL },
	};

	return kit_main("object/change", tests);
}
