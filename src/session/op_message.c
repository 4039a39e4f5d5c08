/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message-based encryption, decryption, signing and verifying (PKCS#11 3.0 §5.9, §5.11, §5.14, §5.16): one C_Message...Init, then any
 * number of messages, each in one piece or in parts.  A message is an operation of its own that borrows mechanism and key.
 */
#include "session/bodies.h"
#include "session/op_internal.h"
#include "session/session.h"

#include "base/mem.h"

struct process {
	struct op op;             /* mechanism and key; never run itself */
	struct op message;        /* in parts */
	struct mech_message memory;
};

struct messages {
	struct process of[OP_KINDS];
};

static void process_end(struct process *p)
{
	(void)op_end(&p->message, CKR_OK);
	(void)op_end(&p->op, CKR_OK);
	p->memory = (struct mech_message){ 0 };
}

void messages_free(struct messages *m)
{
	for (size_t i = 0; m != NULL && i < OP_KINDS; i++)
		process_end(&m->of[i]);
	mem_free(m);
}

void messages_cancel(struct messages *m, enum op_kind kind)
{
	if (m != NULL)
		process_end(&m->of[kind]);
}

struct op *messages_waiting(struct messages *m)
{
	for (size_t i = 0; m != NULL && i < OP_KINDS; i++)
		if (m->of[i].op.stage != OP_NONE && m->of[i].op.wants_pin)
			return &m->of[i].op;
	return NULL;
}

static CK_RV process_init(struct call *call, enum op_kind kind, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *s = call->session;
	struct access who = session_access(call);

	if (mechanism == NULL) {
		messages_cancel(s->messages, kind);
		return CKR_OK;
	}
	if (s->messages == NULL)
		s->messages = NEW(messages);
	if (s->messages == NULL)
		return CKR_HOST_MEMORY;
	return op_init_messages(&s->messages->of[kind].op, kind, &who, mechanism, key);
}

/* The process that runs, when a message may begin, or goes on, in it. */
static CK_RV process_of(struct call *call, enum op_kind kind, bool goes_on, struct process **out)
{
	struct messages *m = call->session->messages;

	if (m == NULL || m->of[kind].op.stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	*out = &m->of[kind];
	if (goes_on)
		return (*out)->message.stage == OP_NONE ? CKR_OPERATION_NOT_INITIALIZED : CKR_OK;
	return (*out)->message.stage == OP_NONE ? CKR_OK : CKR_OPERATION_ACTIVE;
}

static CK_RV process_final(struct call *call, enum op_kind kind)
{
	struct messages *m = call->session->messages;

	if (m == NULL || m->of[kind].op.stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	process_end(&m->of[kind]);
	return CKR_OK;
}

/* The parameter of one message; mechanisms without messages of their own take none. */
static CK_RV parameter(struct process *p, void *given, CK_ULONG n, struct span aad, union mech_params *out)
{
	CK_FLAGS use = op_call(&p->op, NULL).use;
	CK_RV rv;

	*out = p->op.params;
	if (p->op.mech->impl->message == NULL)
		return given != NULL || n != 0 || aad.n != 0 ? CKR_MECHANISM_PARAM_INVALID : CKR_OK;
	if (span_impossible(aad))
		return CKR_ARGUMENTS_BAD;
	rv = p->op.mech->impl->message(&p->memory, use, given, n, out);
	out->cipher.aad = aad;
	return rv;
}

static CK_RV begin(struct process *p, struct op *message, void *given, CK_ULONG n, struct span aad)
{
	union mech_params params;
	CK_RV rv = parameter(p, given, n, aad, &params);

	return rv == CKR_OK ? op_begin_message(&p->op, &params, message) : rv;
}

/* ---- encryption and decryption ---- */

static CK_RV answer(CK_RV rv, enum op_kind kind)
{
	return kind == OP_DECRYPT && rv == CKR_ENCRYPTED_DATA_INVALID ? CKR_AEAD_DECRYPT_FAILED : rv;
}

/* The tag lies elsewhere: what comes out is as long as what goes in.  Said before a vector is made for the message. */
static CK_RV crypt_message(struct call *call, enum op_kind kind, void *given, CK_ULONG n, struct span aad, struct span data,
			   const struct op_output *out)
{
	struct process *p;
	struct op message;
	bool answered;
	CK_RV rv = process_of(call, kind, false, &p);

	if (rv == CKR_OK && (out->length == NULL || span_impossible(data)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return rv;
	rv = op_offer(data.n, false, out, &answered);
	if (answered)
		return rv;
	rv = begin(p, &message, given, n, aad);
	return rv == CKR_OK ? answer(op_once(&message, call->token, data, out), kind) : rv;
}

static CK_RV crypt_begin(struct call *call, enum op_kind kind, void *given, CK_ULONG n, struct span aad)
{
	struct process *p;
	CK_RV rv = process_of(call, kind, false, &p);

	return rv == CKR_OK ? begin(p, &p->message, given, n, aad) : rv;
}

/* Where the tag is: the parameter comes again with each part, and only the last one's counts. */
static CK_RV place_of_tag(struct process *p, void *given, CK_ULONG n)
{
	struct mech_message none = { 0 };
	union mech_params params;
	CK_RV rv = p->op.mech->impl->message(&none, CKF_DECRYPT, given, n, &params);

	if (rv == CKR_OK && params.cipher.tag_n != p->message.params.cipher.tag_n)
		rv = CKR_MECHANISM_PARAM_INVALID;
	p->message.params.cipher.tag = params.cipher.tag;
	return rv;
}

static CK_RV last_part(struct call *call, struct op *op, struct span part, const struct op_output *out)
{
	CK_ULONG first = *out->length, rest;
	struct op_output now = { out->buffer, &first };
	CK_RV rv = op_transform(op, call->token, part, &now);

	if (rv != CKR_OK)
		return rv;
	rest = *out->length - first;
	now = (struct op_output){ out->buffer + first, &rest };
	rv = op_finish(op, call->token, &now);
	if (rv == CKR_OK)
		*out->length = first + rest;
	return rv;
}

static CK_RV crypt_next(struct call *call, enum op_kind kind, void *given, CK_ULONG n, struct span part, const struct op_output *out,
			CK_FLAGS flags)
{
	struct process *p;
	size_t need;
	bool answered;
	CK_RV rv = process_of(call, kind, true, &p);

	if (rv != CKR_OK)
		return rv;
	if (out->length == NULL || span_impossible(part) || (flags & ~(CK_FLAGS)CKF_END_OF_MESSAGE) != 0)
		return op_end(&p->message, CKR_ARGUMENTS_BAD);
	if ((flags & CKF_END_OF_MESSAGE) == 0)
		return op_transform(&p->message, call->token, part, out);
	rv = op_length(&p->message, p->message.mech->impl->out_len, p->message.gathered.n + part.n, &need);
	if (rv == CKR_OK)
		rv = op_offer(need, false, out, &answered);
	else
		return op_end(&p->message, rv);
	if (answered)
		return rv;
	rv = place_of_tag(p, given, n);
	if (rv != CKR_OK)
		return op_end(&p->message, rv);
	return op_end(&p->message, answer(last_part(call, &p->message, part, out), kind));
}

CK_RV do_C_MessageEncryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return process_init(call, OP_ENCRYPT, mechanism, key);
}

CK_RV do_C_EncryptMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len,
			  CK_BYTE_PTR plain, CK_ULONG plain_len, CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_len)
{
	const struct op_output out = { encrypted, encrypted_len };

	return crypt_message(call, OP_ENCRYPT, given, n, span(associated, associated_len), span(plain, plain_len), &out);
}

CK_RV do_C_EncryptMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len)
{
	return crypt_begin(call, OP_ENCRYPT, given, n, span(associated, associated_len));
}

CK_RV do_C_EncryptMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR plain, CK_ULONG plain_len,
			      CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_len, CK_FLAGS flags)
{
	const struct op_output out = { encrypted, encrypted_len };

	return crypt_next(call, OP_ENCRYPT, given, n, span(plain, plain_len), &out, flags);
}

CK_RV do_C_MessageEncryptFinal(struct call *call)
{
	return process_final(call, OP_ENCRYPT);
}

CK_RV do_C_MessageDecryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return process_init(call, OP_DECRYPT, mechanism, key);
}

CK_RV do_C_DecryptMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len,
			  CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR plain, CK_ULONG_PTR plain_len)
{
	const struct op_output out = { plain, plain_len };

	return crypt_message(call, OP_DECRYPT, given, n, span(associated, associated_len), span(encrypted, encrypted_len), &out);
}

CK_RV do_C_DecryptMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len)
{
	return crypt_begin(call, OP_DECRYPT, given, n, span(associated, associated_len));
}

CK_RV do_C_DecryptMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len,
			      CK_BYTE_PTR plain, CK_ULONG_PTR plain_len, CK_FLAGS flags)
{
	const struct op_output out = { plain, plain_len };

	return crypt_next(call, OP_DECRYPT, given, n, span(encrypted, encrypted_len), &out, flags);
}

CK_RV do_C_MessageDecryptFinal(struct call *call)
{
	return process_final(call, OP_DECRYPT);
}

/* ---- signing and verifying ---- */

CK_RV do_C_MessageSignInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return process_init(call, OP_SIGN, mechanism, key);
}

/* A question for the length, or a short buffer, leaves the message to be signed: the operation was made for it alone. */
CK_RV do_C_SignMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		       CK_ULONG_PTR signature_len)
{
	const struct op_output out = { signature, signature_len };
	struct process *p;
	struct op message;
	CK_RV rv = process_of(call, OP_SIGN, false, &p);

	if (rv == CKR_OK)
		rv = begin(p, &message, given, n, SPAN_EMPTY);
	return rv == CKR_OK ? op_end(&message, op_once(&message, call->token, span(data, data_len), &out)) : rv;
}

static CK_RV begin_parts(struct call *call, enum op_kind kind, void *given, CK_ULONG n)
{
	struct process *p;
	CK_RV rv = process_of(call, kind, false, &p);

	return rv == CKR_OK ? begin(p, &p->message, given, n, SPAN_EMPTY) : rv;
}

CK_RV do_C_SignMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n)
{
	return begin_parts(call, OP_SIGN, given, n);
}

CK_RV do_C_SignMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR part, CK_ULONG part_len,
			   CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
	const struct op_output out = { signature, signature_len };
	struct process *p;
	bool answered;
	size_t need;
	CK_RV rv = process_of(call, OP_SIGN, true, &p);

	if (rv != CKR_OK)
		return rv;
	if (given != NULL || n != 0)
		return op_end(&p->message, CKR_MECHANISM_PARAM_INVALID);
	if (signature_len == NULL)
		return op_update(&p->message, call->token, span(part, part_len));
	rv = op_length(&p->message, p->message.mech->impl->out_len, part_len, &need);
	if (rv != CKR_OK)
		return op_end(&p->message, rv);
	rv = op_offer(need, false, &out, &answered);
	if (answered)
		return rv;
	rv = op_update(&p->message, call->token, span(part, part_len));
	return rv == CKR_OK ? op_finish(&p->message, call->token, &out) : rv;
}

CK_RV do_C_MessageSignFinal(struct call *call)
{
	return process_final(call, OP_SIGN);
}

CK_RV do_C_MessageVerifyInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return process_init(call, OP_VERIFY, mechanism, key);
}

CK_RV do_C_VerifyMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR data, CK_ULONG data_len,
			 CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	struct process *p;
	struct op message;
	CK_RV rv = process_of(call, OP_VERIFY, false, &p);

	if (rv == CKR_OK)
		rv = begin(p, &message, given, n, SPAN_EMPTY);
	return rv == CKR_OK ? op_once_verify(&message, call->token, span(data, data_len), span(signature, signature_len)) : rv;
}

CK_RV do_C_VerifyMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n)
{
	return begin_parts(call, OP_VERIFY, given, n);
}

CK_RV do_C_VerifyMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR part, CK_ULONG part_len,
			     CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	struct process *p;
	CK_RV rv = process_of(call, OP_VERIFY, true, &p);

	if (rv != CKR_OK)
		return rv;
	if (given != NULL || n != 0)
		return op_end(&p->message, CKR_MECHANISM_PARAM_INVALID);
	rv = op_update(&p->message, call->token, span(part, part_len));
	if (rv != CKR_OK || signature == NULL)
		return rv;
	return op_finish_verify(&p->message, call->token, span(signature, signature_len));
}

CK_RV do_C_MessageVerifyFinal(struct call *call)
{
	return process_final(call, OP_VERIFY);
}
