/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/p11.h"

#define LABEL "bench"

static CK_UTF8CHAR user_pin[] = "user-1234", so_pin[] = "officer-5678";
#define PIN_N(pin) (sizeof(pin) - 1)

static CK_FUNCTION_LIST_3_2 *list_3_2(const struct subject *s)
{
	CK_UTF8CHAR name[] = "PKCS 11";
	CK_VERSION version = { 3, 2 };
	CK_INTERFACE *interface = NULL;
	CK_C_GetInterface get = (CK_C_GetInterface)p11_symbol(s, "C_GetInterface");

	return get != NULL && get(name, &version, &interface, 0) == CKR_OK && interface != NULL ? interface->pFunctionList : NULL;
}

static unsigned long load(struct subject *s, struct p11 *p)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **);

	p->library = dlopen(s->path, RTLD_NOW | RTLD_LOCAL);
	if (p->library == NULL) {
		fprintf(stderr, "%s: %s\n", s->name, dlerror());
		return BENCH_NO_MODULE;
	}
	*(void **)&get_list = dlsym(p->library, "C_GetFunctionList");
	if (get_list == NULL)
		return BENCH_NO_MODULE;
	p->f_3_2 = list_3_2(s);
	return get_list(&p->f);
}

CK_RV p11_initialize(const struct p11 *p)
{
	CK_C_INITIALIZE_ARGS args[2] = { { 0 } }; /* NSS reads one member more than the specification has */

	args[0].flags = CKF_OS_LOCKING_OK;
	args[0].pReserved = (void *)(uintptr_t)p->reserved;
	return p->f->C_Initialize(args);
}

static void version_note(struct subject *s, const struct p11 *p)
{
	CK_INFO info;

	if (p->f->C_GetInfo(&info) == CKR_OK)
		(void)snprintf(s->version, sizeof(s->version), "%u.%u", info.libraryVersion.major,
			       info.libraryVersion.minor);
}

static void label_padded(CK_UTF8CHAR out[32])
{
	memset(out, ' ', 32);
	memcpy(out, LABEL, sizeof(LABEL) - 1);
}

/* The slot of our token (`ours`), or one without an initialised token. */
static bool find_slot(const struct p11 *p, bool ours, CK_SLOT_ID *slot)
{
	CK_SLOT_ID ids[64];
	CK_ULONG n = 64;
	CK_UTF8CHAR label[32];
	CK_TOKEN_INFO info;

	label_padded(label);
	if (p->f->C_GetSlotList(CK_TRUE, ids, &n) != CKR_OK)
		return false;
	for (CK_ULONG i = 0; i < n; i++) {
		bool made;

		if (p->f->C_GetTokenInfo(ids[i], &info) != CKR_OK)
			continue;
		made = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
		if (ours ? made && memcmp(info.label, label, sizeof(label)) == 0 : !made) {
			*slot = ids[i];
			return true;
		}
	}
	return false;
}

CK_RV p11_session(const struct p11 *p, CK_SESSION_HANDLE *session)
{
	return p->f->C_OpenSession(p->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session);
}

CK_RV p11_login(const struct p11 *p, CK_SESSION_HANDLE *session)
{
	CK_RV rv = p11_session(p, session);

	if (rv == CKR_OK)
		rv = p->f->C_Login(*session, CKU_USER, user_pin, PIN_N(user_pin));
	return rv;
}

static CK_RV set_pin(const struct p11 *p, CK_ULONG so_pin_n)
{
	CK_SESSION_HANDLE session;
	CK_RV rv = p11_session(p, &session);

	if (rv == CKR_OK)
		rv = p->f->C_Login(session, CKU_SO, so_pin, so_pin_n);
	if (rv == CKR_OK)
		rv = p->f->C_InitPIN(session, user_pin, PIN_N(user_pin));
	if (rv == CKR_OK)
		rv = p->f->C_Logout(session);
	return rv == CKR_OK ? p->f->C_CloseSession(session) : rv;
}

static CK_RV make_token(const struct subject *s, struct p11 *p)
{
	CK_UTF8CHAR label[32];
	CK_RV rv;

	if (s->peer->ready_made) {
		p->slot = s->peer->slot;
		return set_pin(p, 0);
	}
	label_padded(label);
	if (!find_slot(p, false, &p->slot))
		return CKR_SLOT_ID_INVALID;
	rv = p->f->C_InitToken(p->slot, so_pin, PIN_N(so_pin), label);
	if (rv != CKR_OK)
		return rv;
	/* SoftHSM gives a new token another slot. */
	return find_slot(p, true, &p->slot) ? set_pin(p, PIN_N(so_pin)) : CKR_SLOT_ID_INVALID;
}

CK_RV p11_find_token(const struct subject *s, struct p11 *p)
{
	if (s->peer->ready_made) {
		p->slot = s->peer->slot;
		return CKR_OK;
	}
	return find_slot(p, true, &p->slot) ? CKR_OK : CKR_SLOT_ID_INVALID;
}

static unsigned long open_token(struct subject *s, struct p11 *p)
{
	unsigned long rv = load(s, p);

	if (rv == CKR_OK)
		rv = p11_initialize(p);
	if (rv != CKR_OK)
		return rv;
	version_note(s, p);
	rv = p->populated != 0 ? p11_find_token(s, p) : make_token(s, p);
	return rv == CKR_OK ? p11_login(p, &p->session) : rv;
}

unsigned long p11_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	struct p11 *p = calloc(1, sizeof(*p));

	if (p == NULL || !s->peer->configure(s->directory, settings)) {
		free(p);
		return BENCH_NO_MODULE;
	}
	s->own = p;
	p->populated = keys;
	p->reserved = s->peer->reserved != NULL ? s->peer->reserved(s->directory) : NULL;
	return open_token(s, p);
}

void *p11_symbol(const struct subject *s, const char *name)
{
	const struct p11 *p = s->own;

	return dlsym(p->library, name);
}

void p11_close(struct subject *s)
{
	struct p11 *p = s->own;

	if (p != NULL && p->f != NULL)
		(void)p->f->C_Finalize(NULL);
}

const struct driver driver_pkcs11 = {
	.open = p11_open,
	.prepare = p11_prepare,
	.populate = p11_populate,
	.close = p11_close,
};
