/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of PKCS#11 3.0 and 3.2, each in both directions. */
#include <string.h>

#include "driver_work.h"

#define TAG_SIZE 16

CK_RV do_sign_message(struct work *w)
{
	CK_FUNCTION_LIST_3_2 *f = module_functions_3_2;
	struct parameter p;
	CK_RV rv;

	if (f == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = f->C_MessageSignInit(w->session, mechanism_of(w, &p), w->r->head.number[1]);
	if (rv != CKR_OK)
		return rv;
	w->a->head.size = ANSWER_BYTES_MAX;
	rv = f->C_SignMessage(w->session, NULL, 0, w->data.p, w->data.n, w->a->bytes, &w->a->head.size);
	(void)f->C_MessageSignFinal(w->session);
	return rv;
}

/* A message's parameter: the nonce that was sent, the tag where it goes. */
struct message {
	CK_BYTE tag[TAG_SIZE];
	union {
		CK_GCM_MESSAGE_PARAMS gcm;
		CK_CCM_MESSAGE_PARAMS ccm;
		CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS aead;
	} as;
	CK_MECHANISM mechanism;
};

static void message_shape(struct work *w, struct message *m, CK_ULONG data_n)
{
	CK_BYTE_PTR nonce = w->params.p;
	CK_ULONG n = w->params.n;

	m->mechanism = (CK_MECHANISM){ w->r->head.number[2], &m->as, sizeof(m->as.aead) };
	switch (m->mechanism.mechanism) {
	case CKM_AES_GCM:
		m->as.gcm = (CK_GCM_MESSAGE_PARAMS){ nonce, n, 0, CKG_NO_GENERATE, m->tag, 8 * TAG_SIZE };
		m->mechanism.ulParameterLen = sizeof(m->as.gcm);
		break;
	case CKM_AES_CCM:
		m->as.ccm = (CK_CCM_MESSAGE_PARAMS){ data_n, nonce, n, 0, CKG_NO_GENERATE, m->tag, TAG_SIZE };
		m->mechanism.ulParameterLen = sizeof(m->as.ccm);
		break;
	default:
		m->as.aead = (CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS){ nonce, 8 * n, m->tag };
	}
}

static CK_RV decrypt_message(struct work *w, struct message *m, CK_MECHANISM *type)
{
	CK_FUNCTION_LIST_3_2 *f = module_functions_3_2;
	CK_ULONG n = (CK_ULONG)(ROOM_SLOT_SIZE / 4);
	CK_RV rv = f->C_MessageDecryptInit(w->session, type, w->r->head.number[1]);

	if (rv != CKR_OK)
		return rv;
	rv = f->C_DecryptMessage(w->session, m->mechanism.pParameter, m->mechanism.ulParameterLen, NULL, 0, w->a->bytes,
				 w->a->head.size, w->rest, &n);
	(void)f->C_MessageDecryptFinal(w->session);
	return rv;
}

CK_RV do_encrypt_message(struct work *w)
{
	CK_FUNCTION_LIST_3_2 *f = module_functions_3_2;
	CK_MECHANISM type = { w->r->head.number[2], NULL, 0 };
	struct message m = { .tag = { 0 } };
	CK_RV rv;

	if (f == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	message_shape(w, &m, w->data.n);
	rv = f->C_MessageEncryptInit(w->session, &type, w->r->head.number[1]);
	if (rv != CKR_OK)
		return rv;
	w->a->head.size = ANSWER_BYTES_MAX;
	rv = f->C_EncryptMessage(w->session, m.mechanism.pParameter, m.mechanism.ulParameterLen, NULL, 0, w->data.p, w->data.n,
				 w->a->bytes, &w->a->head.size);
	(void)f->C_MessageEncryptFinal(w->session);
	return rv == CKR_OK ? decrypt_message(w, &m, &type) : rv;
}

CK_RV do_wrap_authenticated(struct work *w)
{
	CK_FUNCTION_LIST_3_2 *f = module_functions_3_2;
	struct message m = { .tag = { 0 } };
	CK_RV rv;

	if (f == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	message_shape(w, &m, 32); /* the only kind of key that is wrapped here */
	w->a->head.size = ANSWER_BYTES_MAX;
	rv = f->C_WrapKeyAuthenticated(w->session, &m.mechanism, w->r->head.number[1], w->r->head.number[3], NULL, 0, w->a->bytes,
				       &w->a->head.size);
	if (rv != CKR_OK)
		return rv;
	return f->C_UnwrapKeyAuthenticated(w->session, &m.mechanism, w->r->head.number[1], w->a->bytes, w->a->head.size, w->attr,
					   w->attrs, NULL, 0, &w->a->head.number[0]);
}

CK_RV do_encapsulate(struct work *w)
{
	struct parameter p;

	if (module_functions_3_2 == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	w->a->head.size = ANSWER_BYTES_MAX;
	return module_functions_3_2->C_EncapsulateKey(w->session, mechanism_of(w, &p), w->r->head.number[1], w->attr, w->attrs,
						      w->a->bytes, &w->a->head.size, &w->a->head.number[0]);
}

CK_RV do_decapsulate(struct work *w)
{
	struct parameter p;

	if (module_functions_3_2 == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	return module_functions_3_2->C_DecapsulateKey(w->session, mechanism_of(w, &p), w->r->head.number[1], w->attr, w->attrs,
						      w->data.p, w->data.n, &w->a->head.number[0]);
}
