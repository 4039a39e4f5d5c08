/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of running operations, with a family made for it and with real keys. */
#include <string.h>

#include "base/mem.h"
#include "session/session.h"
#include "unit.h"
#include "vault/heap.h"
#include "vault/vault.h"

/* ---- a family whose output is the sum of the bytes, twice ---- */

struct sum_state {
	uint8_t sum;
};

static int begun, cleared;
static CK_RV update_answer;
static bool updated_in_scope;

static CK_RV sum_out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)call;
	(void)in_len;
	*out = 2;
	return CKR_OK;
}

static CK_RV sum_begin(struct vault_scope *scope, const struct mech_call *call)
{
	(void)scope;
	(void)call;
	begun++;
	return CKR_OK;
}

static CK_RV sum_update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	struct sum_state *s = call->state;

	updated_in_scope = scope != NULL && vault_in_scope();
	for (size_t i = 0; i < part.n; i++)
		s->sum = (uint8_t)(s->sum + part.p[i]);
	return update_answer;
}

static CK_RV sum_finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	const struct sum_state *s = call->state;

	(void)scope;
	out.p[0] = out.p[1] = s->sum;
	*n = 2;
	return CKR_OK;
}

static CK_RV sum_finish_verify(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	const struct sum_state *s = call->state;

	(void)scope;
	return signature.n == 2 && signature.p[0] == s->sum ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static void sum_clear(void *state)
{
	(void)state;
	cleared++;
}

static struct mech_impl sum_impl = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = sizeof(struct sum_state),
	.out_len = sum_out_len,
	.begin = sum_begin,
	.update = sum_update,
	.finish = sum_finish,
	.finish_verify = sum_finish_verify,
	.clear = sum_clear,
};

static const struct mech sum = { .flags = CKF_DIGEST, .impl = &sum_impl };

static const uint8_t data[] = { 1, 2, 3 };
static CK_BYTE buffer[8];
static CK_ULONG length;
static const struct op_output output = { buffer, &length };
static const struct op_output query = { NULL, &length };

static struct op ready(void)
{
	begun = cleared = 0;
	update_answer = CKR_OK;
	length = sizeof(buffer);
	return (struct op){ .stage = OP_READY, .mech = &sum };
}

static void nothing_runs_before_init(void)
{
	struct op op = { 0 };

	CHECK(op_once(&op, NULL, SPAN_OF(data), &output) == CKR_OPERATION_NOT_INITIALIZED);
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OPERATION_NOT_INITIALIZED);
	CHECK(op_finish(&op, NULL, &output) == CKR_OPERATION_NOT_INITIALIZED);
	CHECK(op_once_verify(&op, NULL, SPAN_OF(data), SPAN_OF(data)) == CKR_OPERATION_NOT_INITIALIZED);
	CHECK(op_finish_verify(&op, NULL, SPAN_OF(data)) == CKR_OPERATION_NOT_INITIALIZED);
}

static void one_call_is_made_of_parts(void)
{
	struct op op = ready();

	CHECK(op_once(&op, NULL, SPAN_OF(data), &output) == CKR_OK);
	CHECK(length == 2 && buffer[0] == 6);
	CHECK(op.stage == OP_NONE && begun == 1 && cleared == 1);
}

static void parts_add_up(void)
{
	struct op op = ready();

	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	CHECK(op_update(&op, NULL, SPAN_EMPTY) == CKR_OK);
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	CHECK(op_finish(&op, NULL, &output) == CKR_OK);
	CHECK(length == 2 && buffer[0] == 12);
	CHECK(op.stage == OP_NONE && begun == 1 && cleared == 1);
}

static void no_part_at_all_is_an_empty_message(void)
{
	struct op op = ready();

	CHECK(op_finish(&op, NULL, &output) == CKR_OK);
	CHECK(buffer[0] == 0 && begun == 1 && cleared == 1);
}

static void a_length_query_leaves_the_operation(void)
{
	struct op op = ready();

	CHECK(op_once(&op, NULL, SPAN_OF(data), &query) == CKR_OK);
	CHECK(length == 2 && op.stage == OP_READY);
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	CHECK(op_finish(&op, NULL, &query) == CKR_OK);
	CHECK(op.stage == OP_RUNNING);
	CHECK(op_finish(&op, NULL, &output) == CKR_OK && buffer[0] == 6);
}

static void a_short_buffer_leaves_the_operation(void)
{
	struct op op = ready();

	length = 1;
	CHECK(op_once(&op, NULL, SPAN_OF(data), &output) == CKR_BUFFER_TOO_SMALL);
	CHECK(length == 2 && op.stage == OP_READY);
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	length = 0;
	CHECK(op_finish(&op, NULL, &output) == CKR_BUFFER_TOO_SMALL);
	CHECK(length == 2);
	CHECK(op_finish(&op, NULL, &output) == CKR_OK);
}

static void every_other_error_ends_it(void)
{
	const struct op_output no_length = { buffer, NULL };
	struct op op = ready();

	CHECK(op_once(&op, NULL, SPAN_OF(data), &no_length) == CKR_ARGUMENTS_BAD);
	CHECK(op.stage == OP_NONE);
	op = ready();
	CHECK(op_once(&op, NULL, span(NULL, 1), &output) == CKR_ARGUMENTS_BAD);
	CHECK(op.stage == OP_NONE);
	op = ready();
	CHECK(op_update(&op, NULL, span(NULL, 1)) == CKR_ARGUMENTS_BAD);
	CHECK(op.stage == OP_NONE);
	op = ready();
	update_answer = CKR_HOST_MEMORY;
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_HOST_MEMORY);
	CHECK(op.stage == OP_NONE && cleared == 1);
}

static void one_call_cannot_end_parts(void)
{
	struct op op = ready();

	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	CHECK(op_once(&op, NULL, SPAN_OF(data), &output) == CKR_OPERATION_ACTIVE);
	CHECK(op.stage == OP_NONE && cleared == 1);
}

static void verifying_in_one_call_and_in_parts(void)
{
	const uint8_t good[2] = { 6, 6 };
	struct op op = ready();

	CHECK(op_once_verify(&op, NULL, SPAN_OF(data), SPAN_OF(good)) == CKR_OK);
	op = ready();
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	CHECK(op_finish_verify(&op, NULL, SPAN_OF(data)) == CKR_SIGNATURE_INVALID);
	CHECK(op.stage == OP_NONE && cleared == 1);
	op = ready();
	CHECK(op_once_verify(&op, NULL, SPAN_OF(data), span(NULL, 0)) == CKR_ARGUMENTS_BAD);
	CHECK(op.stage == OP_NONE);
}

static void a_state_that_depends_on_a_key_is_guarded(void)
{
	struct op op = ready();
	CK_BYTE out[2];
	CK_ULONG n = sizeof(out);
	const struct op_output whole = { out, &n };

	REQUIRE(cf_ok(vault_open(&(struct vault_config){ 0 })));
	sum_impl.state_kind = MECH_STATE_GUARDED;
	op.guarded = true;
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_OK);
	CHECK(begun == 1 && heap_holds(op.state) && updated_in_scope);
	CHECK(op_finish(&op, NULL, &whole) == CKR_OK && n == 2);
	CHECK(cleared == 1 && heap_blocks() == 0);
	/* In one piece, too. */
	op = ready();
	op.guarded = true;
	updated_in_scope = false;
	CHECK(op_once(&op, NULL, SPAN_OF(data), &whole) == CKR_OK && n == 2);
	CHECK(updated_in_scope && begun == 1 && cleared == 1 && heap_blocks() == 0);
	op = ready();
	op.guarded = true;
	CHECK(op_once_verify(&op, NULL, SPAN_OF(data), SPAN_OF(out)) == CKR_OK);
	CHECK(heap_blocks() == 0);
	sum_impl.state_kind = MECH_STATE_PLAIN;
	vault_close();
}

static void a_family_without_parts_says_so(void)
{
	struct mech_impl one_call_only = { .out_len = sum_out_len };
	const struct mech mech = { .impl = &one_call_only };
	struct op op = ready();

	op.mech = &mech;
	CHECK(op_update(&op, NULL, SPAN_OF(data)) == CKR_FUNCTION_NOT_SUPPORTED);
	CHECK(op.stage == OP_NONE);
}

/* ---- with a token ---- */

static struct config *config;
static struct slots *slots;
static struct sessions *sessions;
static struct token *token;
static CK_SESSION_HANDLE handle;
static struct access who;

static void token_up(void)
{
	static const CK_UTF8CHAR label[32] = "one                             ";
	static const CK_UTF8CHAR so_pin[] = "87654321", user_pin[] = "1234";
	struct session_request request = { .read_write = true };
	char text[512];
	CK_SLOT_ID slot;
	CK_ULONG count = 1;

	(void)snprintf(text, sizeof(text), "directory = %s\nargon2-memory = 1024\nargon2-passes = 1\n", unit_dir());
	REQUIRE(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	REQUIRE(mech_open() == CKR_OK);
	REQUIRE(cf_ok(config_parse("test", text, &config)));
	REQUIRE(slots_open(config, &slots) == CKR_OK);
	REQUIRE(sessions_new(&sessions) == CKR_OK);
	REQUIRE(slots_list(slots, true, &slot, &count) == CKR_OK);
	REQUIRE(token_init(slots, slot, span(so_pin, 8), label) == CKR_OK);
	REQUIRE(slots_token(slots, slot, &token) == CKR_OK);
	request.token = token;
	REQUIRE(sessions_open(sessions, &request, &handle) == CKR_OK);
	REQUIRE(token_do_login(token, CKU_SO, SPAN_EMPTY, span(so_pin, 8)) == CKR_OK);
	REQUIRE(token_init_pin(token, span(user_pin, 4)) == CKR_OK);
	REQUIRE(token_logout(token) == CKR_OK);
	REQUIRE(token_do_login(token, CKU_USER, SPAN_EMPTY, span(user_pin, 4)) == CKR_OK);
	who = (struct access){ .token = token, .session = handle, .read_write = true };
}

static void token_down(void)
{
	sessions_free(sessions);
	token_unref(token);
	slots_close(slots);
	config_free(config);
	mech_close();
	vault_close();
}

static void pair(bool always, bool may_sign, CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv)
{
	static CK_BYTE oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
	CK_BBOOL ask = always, sign = may_sign;
	CK_ATTRIBUTE public_attr[] = { { CKA_EC_PARAMS, oid, sizeof(oid) } };
	CK_ATTRIBUTE private_attr[] = { { CKA_ALWAYS_AUTHENTICATE, &ask, 1 }, { CKA_SIGN, &sign, 1 } };
	union mech_params params = { 0 };

	REQUIRE(keys_generate_pair(&who, mech_find(CKM_EC_EDWARDS_KEY_PAIR_GEN), &params,
				   (struct template){ public_attr, 1 }, (struct template){ private_attr, 2 }, pub, priv) == CKR_OK);
}

static const CK_MECHANISM eddsa = { CKM_EDDSA, NULL, 0 };
static CK_BYTE signature[64];
static CK_ULONG signature_length;
static const struct op_output signed_into = { signature, &signature_length };

static void sign_and_verify(void)
{
	CK_OBJECT_HANDLE pub, priv;
	struct op op = { 0 };

	token_up();
	pair(false, true, &pub, &priv);
	signature_length = sizeof(signature);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_OK);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_OPERATION_ACTIVE);
	CHECK(op_once(&op, token, SPAN_OF(data), &signed_into) == CKR_OK);
	CHECK(signature_length == 64);
	CHECK(op_init(&op, OP_VERIFY, &who, &eddsa, pub) == CKR_OK);
	CHECK(op_update(&op, token, SPAN_OF(data)) == CKR_OK);
	CHECK(op_finish_verify(&op, token, SPAN_OF(signature)) == CKR_OK);
	signature[3] ^= 1;
	CHECK(op_init(&op, OP_VERIFY, &who, &eddsa, pub) == CKR_OK);
	CHECK(op_once_verify(&op, token, SPAN_OF(data), SPAN_OF(signature)) == CKR_SIGNATURE_INVALID);
	token_down();
}

static void init_says_what_is_wrong(void)
{
	const CK_MECHANISM unknown = { CKM_SKIPJACK_CBC64, NULL, 0 }, digest = { CKM_SHA256, NULL, 0 };
	const CK_MECHANISM with_parameter = { CKM_EDDSA, signature, 3 };
	CK_OBJECT_HANDLE pub, priv;
	struct op op = { 0 };

	token_up();
	pair(false, false, &pub, &priv);
	CHECK(op_init(&op, OP_SIGN, &who, &unknown, priv) == CKR_MECHANISM_INVALID);
	CHECK(op_init(&op, OP_SIGN, &who, &digest, priv) == CKR_MECHANISM_INVALID);
	CHECK(op_init(&op, OP_DIGEST, &who, &eddsa, 0) == CKR_MECHANISM_INVALID);
	CHECK(op_init(&op, OP_SIGN, &who, &with_parameter, priv) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, 0) == CKR_KEY_HANDLE_INVALID);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK(op_init(&op, OP_VERIFY, &who, &eddsa, priv) == CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK(op.stage == OP_NONE && op.key == NULL);
	CHECK(op_init(&op, OP_DIGEST, &who, &digest, 0) == CKR_OK);
	CHECK(op_init(&op, OP_DIGEST, &who, NULL, 0) == CKR_OK); /* cancelled */
	CHECK(op.stage == OP_NONE);
	token_down();
}

static void a_logout_ends_what_uses_a_private_key(void)
{
	CK_OBJECT_HANDLE pub, priv;
	struct op op = { 0 };

	token_up();
	pair(false, true, &pub, &priv);
	signature_length = sizeof(signature);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_OK);
	CHECK(token_logout(token) == CKR_OK);
	CHECK(op_once(&op, token, SPAN_OF(data), &signed_into) == CKR_OPERATION_NOT_INITIALIZED);
	CHECK(op.stage == OP_NONE);
	token_down();
}

static void a_key_that_always_asks_waits_for_its_pin(void)
{
	CK_OBJECT_HANDLE pub, priv;
	struct op op = { 0 };

	token_up();
	pair(true, true, &pub, &priv);
	signature_length = sizeof(signature);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_OK);
	CHECK(op.wants_pin);
	CHECK(op_once(&op, token, SPAN_OF(data), &signed_into) == CKR_USER_NOT_LOGGED_IN);
	CHECK(op.stage == OP_NONE && !op.wants_pin);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_OK);
	op.wants_pin = false; /* what C_Login(CKU_CONTEXT_SPECIFIC) does */
	CHECK(op_once(&op, token, SPAN_OF(data), &signed_into) == CKR_OK);
	CHECK(op_init(&op, OP_SIGN, &who, &eddsa, priv) == CKR_OK);
	CHECK(op.wants_pin); /* good for one operation */
	CHECK(op_end(&op, CKR_OK) == CKR_OK);
	token_down();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "nothing runs before it was initialised", nothing_runs_before_init },
		{ "one call is made of parts where a family has no other way", one_call_is_made_of_parts },
		{ "parts add up", parts_add_up },
		{ "no part at all is an empty message", no_part_at_all_is_an_empty_message },
		{ "a length query leaves the operation as it is", a_length_query_leaves_the_operation },
		{ "a short buffer leaves the operation as it is", a_short_buffer_leaves_the_operation },
		{ "every other error ends the operation", every_other_error_ends_it },
		{ "one call cannot end what was begun in parts", one_call_cannot_end_parts },
		{ "verifying in one call and in parts", verifying_in_one_call_and_in_parts },
		{ "a state that depends on a key is guarded", a_state_that_depends_on_a_key_is_guarded },
		{ "a family without parts says so", a_family_without_parts_says_so },
		{ "sign and verify with a generated pair", sign_and_verify },
		{ "initialising says what is wrong, and leaves nothing behind", init_says_what_is_wrong },
		{ "a logout ends what uses a private key", a_logout_ends_what_uses_a_private_key },
		{ "a key that always asks waits for its PIN, each time", a_key_that_always_asks_waits_for_its_pin },
		{ NULL, NULL },
	};

	return unit_main("session/op", tests);
}
