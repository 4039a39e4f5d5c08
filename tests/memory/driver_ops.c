/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_ops.h"

#include <dlfcn.h>
#include <string.h>

#include "driver_work.h"
#include "fault/fail.h"

const char *module_path;
CK_FUNCTION_LIST *module_functions;
CK_FUNCTION_LIST_3_2 *module_functions_3_2;
static void *library;

static void sort_fields(struct work *w, uint8_t *p)
{
	const struct request_head *h = &w->r->head;

	for (uint32_t i = 0; i < h->fields; p += h->size[i++]) {
		switch (h->type[i]) {
		case FIELD_PIN:
			w->pin.p = p, w->pin.n = h->size[i];
			break;
		case FIELD_NEW_PIN:
			w->new_pin.p = p, w->new_pin.n = h->size[i];
			break;
		case FIELD_LABEL:
			w->label.p = p, w->label.n = h->size[i];
			break;
		case FIELD_PARAMS:
			w->params.p = p, w->params.n = h->size[i];
			break;
		case FIELD_DATA:
			w->data.p = p, w->data.n = h->size[i];
			break;
		default:
			w->attr[w->attrs++] = (CK_ATTRIBUTE){ h->type[i], p, h->size[i] };
		}
	}
	w->rest = p;
}

/* NULL: the module is of an earlier version. */
static CK_FUNCTION_LIST_3_2 *find_3_2(void)
{
	CK_C_GetInterface get = (CK_C_GetInterface)dlsym(library, "C_GetInterface");
	CK_UTF8CHAR name[] = "PKCS 11";
	CK_VERSION version = { 3, 2 };
	CK_INTERFACE *found;

	return get != NULL && get(name, &version, &found, 0) == CKR_OK ? found->pFunctionList : NULL;
}

static CK_RV do_open(struct work *w)
{
	CK_C_INITIALIZE_ARGS threads = { .flags = CKF_OS_LOCKING_OK };
	CK_C_GetFunctionList get;

	(void)w;
	library = dlopen(module_path, RTLD_NOW | RTLD_LOCAL);
	get = library == NULL ? NULL : (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&module_functions) != CKR_OK)
		return CKR_GENERAL_ERROR;
	module_functions_3_2 = find_3_2();
	return module_functions->C_Initialize(&threads);
}

/* The slot whose token has the label; with NULL, the one without an initialised token. */
static CK_RV find_slot(const uint8_t *label_opt, CK_SLOT_ID *slot)
{
	CK_SLOT_ID id[64];
	CK_TOKEN_INFO info;
	CK_ULONG n = 64;
	CK_RV rv = module_functions->C_GetSlotList(CK_FALSE, id, &n);

	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
		bool made;

		if (module_functions->C_GetTokenInfo(id[i], &info) != CKR_OK)
			continue;
		made = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
		if (label_opt == NULL ? made : !made || memcmp(info.label, label_opt, 32) != 0)
			continue;
		*slot = id[i];
		return CKR_OK;
	}
	return rv == CKR_OK ? CKR_TOKEN_NOT_PRESENT : rv;
}

static CK_RV set_user_pin(struct work *w, CK_SESSION_HANDLE s)
{
	CK_RV rv = module_functions->C_Login(s, CKU_SO, w->pin.p, w->pin.n);

	if (rv == CKR_OK)
		rv = module_functions->C_InitPIN(s, w->new_pin.p, w->new_pin.n);
	return rv;
}

static CK_RV do_token(struct work *w)
{
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_RV rv = find_slot(NULL, &slot);

	if (rv == CKR_OK)
		rv = module_functions->C_InitToken(slot, w->pin.p, w->pin.n, w->label.p);
	if (rv == CKR_OK)
		rv = find_slot(w->label.p, &slot); /* SoftHSM gives it another slot */
	if (rv == CKR_OK)
		rv = module_functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
						     NULL, &s);
	if (rv != CKR_OK)
		return rv;
	rv = set_user_pin(w, s);
	(void)module_functions->C_CloseSession(s);
	w->a->head.number[0] = slot;
	return rv;
}

static CK_RV do_session(struct work *w)
{
	return module_functions->C_OpenSession(w->r->head.number[0], CKF_SERIAL_SESSION | CKF_RW_SESSION,
					       NULL, NULL, &w->a->head.number[0]);
}

static CK_RV do_login(struct work *w)
{
	return module_functions->C_Login(w->session, w->r->head.number[1], w->pin.p, w->pin.n);
}

static CK_RV do_logout(struct work *w)
{
	return module_functions->C_Logout(w->session);
}

static CK_RV do_set_pin(struct work *w)
{
	return module_functions->C_SetPIN(w->session, w->pin.p, w->pin.n, w->new_pin.p, w->new_pin.n);
}

static CK_RV do_create(struct work *w)
{
	return module_functions->C_CreateObject(w->session, w->attr, w->attrs, &w->a->head.number[0]);
}

static CK_RV do_destroy(struct work *w)
{
	return module_functions->C_DestroyObject(w->session, w->r->head.number[1]);
}

static CK_RV do_find(struct work *w)
{
	CK_ULONG more = 0;
	CK_RV rv = module_functions->C_FindObjectsInit(w->session, w->attr, w->attrs);

	if (rv != CKR_OK)
		return rv;
	rv = module_functions->C_FindObjects(w->session, &w->a->head.number[0], 1, &more);
	w->a->head.number[1] = more;
	(void)module_functions->C_FindObjectsFinal(w->session);
	return rv;
}

static CK_RV do_get(struct work *w)
{
	CK_ATTRIBUTE a = { w->r->head.number[2], w->rest, 4096 };
	CK_RV rv = module_functions->C_GetAttributeValue(w->session, w->r->head.number[1], &a, 1);

	if (rv == CKR_OK) {
		w->a->elsewhere = w->rest;
		w->a->head.size = a.ulValueLen;
	}
	return rv;
}

CK_MECHANISM *mechanism_of(struct work *w, struct parameter *p)
{
	*p = (struct parameter){ .mechanism = { w->r->head.number[2], NULL, 0 }, .p = w->params.p, .n = w->params.n,
				 .password = w->pin.p, .password_n = w->pin.n, .data_n = w->data.n };
	parameter_shape(p);
	return &p->mechanism;
}

/* The attribute of the public half that says what kind of key pair it shall be, and for Diffie-Hellman the base. */
static CK_ULONG public_template(struct work *w, CK_MECHANISM_TYPE type, CK_ATTRIBUTE pub[3])
{
	static CK_BBOOL no = CK_FALSE;
	static CK_ULONG bits = 2048;
	static CK_BYTE two = 2;

	pub[0] = (CK_ATTRIBUTE){ CKA_TOKEN, &no, 1 };
	pub[1] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, w->params.p, w->params.n };
	pub[2] = (CK_ATTRIBUTE){ CKA_BASE, &two, 1 };
	if (type == CKM_RSA_PKCS_KEY_PAIR_GEN)
		pub[1] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
	if (type == CKM_DH_PKCS_KEY_PAIR_GEN)
		pub[1].type = CKA_PRIME;
	if (type == CKM_ML_KEM_KEY_PAIR_GEN || type == CKM_ML_DSA_KEY_PAIR_GEN || type == CKM_SLH_DSA_KEY_PAIR_GEN)
		pub[1].type = CKA_PARAMETER_SET;
	return type == CKM_DH_PKCS_KEY_PAIR_GEN ? 3 : 2;
}

static CK_RV do_generate_pair(struct work *w)
{
	CK_MECHANISM m = { w->r->head.number[2], NULL, 0 };
	CK_OBJECT_HANDLE public_key;
	CK_ATTRIBUTE pub[3];
	CK_ULONG n = public_template(w, m.mechanism, pub);
	CK_RV rv = module_functions->C_GenerateKeyPair(w->session, &m, pub, n, w->attr, w->attrs, &public_key,
						       &w->a->head.number[0]);

	return rv == CKR_OK ? module_functions->C_DestroyObject(w->session, public_key) : rv;
}

static CK_RV do_generate(struct work *w)
{
	struct parameter p;

	return module_functions->C_GenerateKey(w->session, mechanism_of(w, &p), w->attr, w->attrs, &w->a->head.number[0]);
}

static CK_RV do_sign(struct work *w)
{
	struct parameter p;
	CK_RV rv = module_functions->C_SignInit(w->session, mechanism_of(w, &p), w->r->head.number[1]);

	w->a->head.size = ANSWER_BYTES_MAX;
	if (rv == CKR_OK)
		rv = module_functions->C_Sign(w->session, w->data.p, w->data.n, w->a->bytes,
					      &w->a->head.size);
	return rv;
}

static CK_RV do_encrypt(struct work *w)
{
	struct parameter p;
	CK_RV rv = module_functions->C_EncryptInit(w->session, mechanism_of(w, &p), w->r->head.number[1]);

	w->a->head.size = ANSWER_BYTES_MAX;
	if (rv == CKR_OK)
		rv = module_functions->C_Encrypt(w->session, w->data.p, w->data.n, w->a->bytes,
						 &w->a->head.size);
	return rv;
}

/* What comes out stays in the room. */
static CK_RV do_decrypt(struct work *w)
{
	CK_ULONG n = (CK_ULONG)(ROOM_SLOT_SIZE / 4);
	struct parameter p;
	CK_RV rv;

	(void)mechanism_of(w, &p);
	if (p.mechanism.mechanism == CKM_AES_CCM)
		p.as.ccm.ulDataLen -= p.as.ccm.ulMACLen;
	rv = module_functions->C_DecryptInit(w->session, &p.mechanism, w->r->head.number[1]);
	return rv == CKR_OK ? module_functions->C_Decrypt(w->session, w->data.p, w->data.n, w->rest, &n) : rv;
}

/* Of the keys of both sides of a connection, which come in the parameter, one is kept. */
static CK_RV do_derive(struct work *w)
{
	struct parameter p;
	CK_RV rv = module_functions->C_DeriveKey(w->session, mechanism_of(w, &p), w->r->head.number[1], w->attr, w->attrs,
						 &w->a->head.number[0]);

	if (rv != CKR_OK || p.mechanism.pParameter != &p.as.material || p.as.material.pReturnedKeyMaterial != &p.made)
		return rv;
	w->a->head.number[0] = p.made.hClientKey;
	return module_functions->C_DestroyObject(w->session, p.made.hServerKey);
}

static CK_RV do_wrap(struct work *w)
{
	struct parameter p;

	(void)mechanism_of(w, &p);
	if (p.mechanism.mechanism == CKM_AES_CCM)
		p.as.ccm.ulDataLen = 32; /* the only kind of key that is wrapped here */
	w->a->head.size = ANSWER_BYTES_MAX;
	return module_functions->C_WrapKey(w->session, &p.mechanism, w->r->head.number[1], w->r->head.number[3],
					   w->a->bytes, &w->a->head.size);
}

static CK_RV do_unwrap(struct work *w)
{
	struct parameter p;

	(void)mechanism_of(w, &p);
	if (p.mechanism.mechanism == CKM_AES_CCM)
		p.as.ccm.ulDataLen -= p.as.ccm.ulMACLen;
	return module_functions->C_UnwrapKey(w->session, &p.mechanism, w->r->head.number[1], w->data.p, w->data.n, w->attr,
					     w->attrs, &w->a->head.number[0]);
}

static CK_RV do_digest(struct work *w)
{
	struct parameter p;
	CK_RV rv = module_functions->C_DigestInit(w->session, mechanism_of(w, &p));

	w->a->head.size = ANSWER_BYTES_MAX;
	if (rv == CKR_OK)
		rv = module_functions->C_DigestKey(w->session, w->r->head.number[1]);
	return rv == CKR_OK ? module_functions->C_DigestFinal(w->session, w->a->bytes, &w->a->head.size) : rv;
}

/* The type and the flags of each, 8 bytes each. */
static CK_RV do_mechanisms(struct work *w)
{
	CK_MECHANISM_TYPE type[ANSWER_BYTES_MAX / 16];
	CK_ULONG n = sizeof(type) / sizeof(type[0]);
	CK_RV rv = module_functions->C_GetMechanismList(w->r->head.number[0], type, &n);

	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
		CK_MECHANISM_INFO info;
		uint64_t pair[2];

		rv = module_functions->C_GetMechanismInfo(w->r->head.number[0], type[i], &info);
		pair[0] = type[i], pair[1] = info.flags;
		memcpy(w->a->bytes + sizeof(pair) * i, pair, sizeof(pair));
	}
	w->a->head.size = 16 * n;
	return rv;
}

static CK_RV do_close_all(struct work *w)
{
	return module_functions->C_CloseAllSessions(w->r->head.number[0]);
}

static CK_RV do_finalize(struct work *w)
{
	(void)w;
	return module_functions->C_Finalize(NULL);
}

static CK_RV do_close(struct work *w)
{
	(void)w;
	module_functions = NULL;
	return dlclose(library) == 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_RV (*const operations[DO_COUNT])(struct work *w) = {
	[DO_OPEN] = do_open,	   [DO_TOKEN] = do_token,	    [DO_SESSION] = do_session,
	[DO_LOGIN] = do_login,	   [DO_LOGOUT] = do_logout,	    [DO_SET_PIN] = do_set_pin,
	[DO_CREATE] = do_create,   [DO_DESTROY] = do_destroy,	    [DO_FIND] = do_find,
	[DO_GET] = do_get,	   [DO_GENERATE] = do_generate,	    [DO_SIGN] = do_sign,
	[DO_ENCRYPT] = do_encrypt, [DO_DECRYPT] = do_decrypt,	    [DO_DERIVE] = do_derive,
	[DO_WRAP] = do_wrap,	   [DO_UNWRAP] = do_unwrap,	    [DO_DIGEST] = do_digest,
	[DO_GENERATE_PAIR] = do_generate_pair, [DO_MECHANISMS] = do_mechanisms,
	[DO_SIGN_MESSAGE] = do_sign_message, [DO_ENCRYPT_MESSAGE] = do_encrypt_message,
	[DO_WRAP_AUTHENTICATED] = do_wrap_authenticated,
	[DO_ENCAPSULATE] = do_encapsulate, [DO_DECAPSULATE] = do_decapsulate,
	[DO_FINALIZE] = do_finalize, [DO_CLOSE_ALL] = do_close_all, [DO_CLOSE] = do_close,
};

static struct {
	fail_arm_fn arm;
	fail_disarm_fn disarm;
	long kind, skip;
} failing = { .kind = -1 };

CK_RV fail_in_calls(long kind, long skip)
{
	failing.arm = (fail_arm_fn)dlsym(RTLD_DEFAULT, "fail_arm");
	failing.disarm = (fail_disarm_fn)dlsym(RTLD_DEFAULT, "fail_disarm");
	if (failing.arm == NULL || failing.disarm == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	failing.kind = kind;
	failing.skip = skip;
	return CKR_OK;
}

void perform(const struct request *r, unsigned slot, CK_SESSION_HANDLE session, struct answer *a)
{
	struct work w = { .r = r, .session = session != 0 ? session : r->head.number[0], .a = a };
	uint32_t op = r->head.op & ~(uint32_t)DO_STORE;

	a->head = (struct answer_head){ .rv = CKR_FUNCTION_NOT_SUPPORTED };
	a->elsewhere = NULL;
	if (op >= DO_COUNT || operations[op] == NULL)
		return;
	sort_fields(&w, room_unmask(slot, r));
	if (failing.kind >= 0)
		failing.arm(failing.kind, failing.skip);
	a->head.rv = operations[op](&w);
	if (failing.kind >= 0)
		(void)failing.disarm();
	if (a->head.rv != CKR_OK)
		a->head.size = 0;
}
