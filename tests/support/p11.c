/* SPDX-License-Identifier: Apache-2.0 */
#include "p11.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const CK_BYTE ed25519_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};

const char *p11_module_path(void)
{
	const char *path = getenv("COFFER_MODULE");

	if (path != NULL && path[0] != '\0')
		return path;
	fprintf(stderr, "COFFER_MODULE must name the module to be tested\n");
	exit(99);
}

static bool file_write(const char *dir, const char *name, const char *text, const char *text2)
{
	char path[400];
	FILE *f;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f == NULL)
		return false;
	ok = fputs(text, f) >= 0 && fputs(text2, f) >= 0;
	return fclose(f) == 0 && ok;
}

bool p11_configure(const struct p11 *m, const char *extra)
{
	char path[400], softhsm[400];

	(void)snprintf(softhsm, sizeof(softhsm), "directories.tokendir = %s/wallets\n", m->dir.path);
	if (!file_write(m->dir.path, "coffer.conf", "argon2-memory = 1024\nargon2-passes = 1\n",
			extra != NULL ? extra : "") ||
	    !file_write(m->dir.path, "softhsm2.conf", softhsm, "log.level = ERROR\n"))
		return false;
	(void)snprintf(path, sizeof(path), "%s/wallets", m->dir.path);
	(void)mkdir(path, 0700);
	if (setenv("COFFER_DIR", path, 1) != 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/coffer.conf", m->dir.path);
	if (setenv("COFFER_CONF", path, 1) != 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/softhsm2.conf", m->dir.path);
	return setenv("SOFTHSM2_CONF", path, 1) == 0;
}

bool p11_bind(struct p11 *m)
{
	CK_C_GetFunctionList get_list;
	CK_VERSION v3 = {3, 0}, v32 = {3, 2};
	CK_INTERFACE *interface = NULL;
	CK_UTF8CHAR name[] = "PKCS 11";

	get_list = (CK_C_GetFunctionList)dlsym(m->library, "C_GetFunctionList");
	m->get_interface = (CK_C_GetInterface)dlsym(m->library, "C_GetInterface");
	m->get_interface_list = (CK_C_GetInterfaceList)dlsym(m->library, "C_GetInterfaceList");
	m->f3 = NULL;
	m->f32 = NULL;
	if (get_list == NULL || get_list(&m->f) != CKR_OK)
		return false;
	if (m->get_interface != NULL && m->get_interface(name, &v3, &interface, 0) == CKR_OK)
		m->f3 = interface->pFunctionList;
	if (m->get_interface != NULL && m->get_interface(name, &v32, &interface, 0) == CKR_OK)
		m->f32 = interface->pFunctionList;
	return true;
}

/* A copy of the one in use: a test that ended in its middle leaves it to the next one to clean up. */
static struct p11 live;

bool p11_load(struct p11 *m, const char *extra)
{
	if (live.library != NULL)
		p11_stop(&live);
	memset(m, 0, sizeof(*m));
	if (!tempdir_new(&m->dir) || !p11_configure(m, extra))
		return false;
	m->is_coffer = strstr(p11_module_path(), "coffer") != NULL;
	m->library = dlopen(p11_module_path(), RTLD_NOW | RTLD_LOCAL);
	if (m->library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
	if (!p11_bind(m))
		return false;
	live = *m;
	return true;
}

bool p11_start(struct p11 *m)
{
	return p11_load(m, NULL) && m->f->C_Initialize(NULL) == CKR_OK;
}

void p11_stop(struct p11 *m)
{
	CK_RV rv;

	if (m->f != NULL) {
		rv = m->f->C_Finalize(NULL);
		if (rv != CKR_OK && rv != CKR_CRYPTOKI_NOT_INITIALIZED)
			fprintf(stderr, "C_Finalize: 0x%lx\n", rv);
	}
	p11_unload(m);
}

void p11_unload(struct p11 *m)
{
	if (m->library != NULL)
		(void)dlclose(m->library);
	tempdir_remove(&m->dir);
	memset(m, 0, sizeof(*m));
	memset(&live, 0, sizeof(live));
}

/* Of LeakSanitizer, where it is there. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

void p11_leak_begin(void)
{
	if (__lsan_disable != NULL)
		__lsan_disable();
}

void p11_leak_end(void)
{
	if (__lsan_enable != NULL)
		__lsan_enable();
}

#define SLOTS_MAX 64

static CK_ULONG slots(const struct p11 *m, CK_SLOT_ID ids[SLOTS_MAX])
{
	CK_ULONG n = SLOTS_MAX;

	return m->f->C_GetSlotList(CK_FALSE, ids, &n) == CKR_OK ? n : 0;
}

CK_SLOT_ID p11_empty_slot(const struct p11 *m)
{
	CK_SLOT_ID ids[SLOTS_MAX];
	CK_TOKEN_INFO info;
	CK_ULONG n = slots(m, ids);

	for (CK_ULONG i = 0; i < n; i++)
		if (m->f->C_GetTokenInfo(ids[i], &info) == CKR_OK &&
		    (info.flags & CKF_TOKEN_INITIALIZED) == 0)
			return ids[i];
	return P11_NO_SLOT;
}

static void label_pad(const char *label, CK_UTF8CHAR out[32])
{
	size_t n = strlen(label);

	memset(out, ' ', 32);
	memcpy(out, label, n < 32 ? n : 32);
}

CK_SLOT_ID p11_find_slot(const struct p11 *m, const char *label)
{
	CK_SLOT_ID ids[SLOTS_MAX];
	CK_TOKEN_INFO info;
	CK_UTF8CHAR padded[32];
	CK_ULONG n = slots(m, ids);

	label_pad(label, padded);
	for (CK_ULONG i = 0; i < n; i++)
		if (m->f->C_GetTokenInfo(ids[i], &info) == CKR_OK &&
		    (info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
		    memcmp(info.label, padded, sizeof(padded)) == 0)
			return ids[i];
	return P11_NO_SLOT;
}

CK_RV p11_login(const struct p11 *m, CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin)
{
	return m->f->C_Login(session, user, (CK_UTF8CHAR *)pin, strlen(pin));
}

CK_SLOT_ID p11_token(const struct p11 *m, const char *label)
{
	CK_UTF8CHAR padded[32], so[] = P11_SO_PIN, user[] = P11_USER_PIN;
	CK_SLOT_ID slot = p11_empty_slot(m);
	CK_SESSION_HANDLE session;
	CK_RV rv;

	label_pad(label, padded);
	if (slot == P11_NO_SLOT || m->f->C_InitToken(slot, so, sizeof(so) - 1, padded) != CKR_OK)
		return P11_NO_SLOT;
	/* SoftHSM gives the token another slot. */
	slot = p11_find_slot(m, label);
	if (slot == P11_NO_SLOT ||
	    m->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) != CKR_OK)
		return P11_NO_SLOT;
	rv = p11_login(m, session, CKU_SO, P11_SO_PIN);
	if (rv == CKR_OK)
		rv = m->f->C_InitPIN(session, user, sizeof(user) - 1);
	if (m->f->C_CloseSession(session) != CKR_OK || rv != CKR_OK)
		return P11_NO_SLOT;
	return slot;
}

CK_SESSION_HANDLE p11_session(const struct p11 *m, CK_SLOT_ID slot, bool login)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	if (m->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) != CKR_OK)
		return 0;
	if (!login)
		return session;
	rv = p11_login(m, session, CKU_USER, P11_USER_PIN);
	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? session : 0;
}

CK_RV p11_generate(const struct p11 *m, CK_SESSION_HANDLE session, bool token, const char *name,
		   struct p11_pair *pair)
{
	CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
	CK_BBOOL yes = CK_TRUE, on_token = token ? CK_TRUE : CK_FALSE;
	CK_BYTE oid[sizeof(ed25519_oid)];
	void *text = (void *)name;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_TOKEN, on_token), ATTR(CKA_EC_PARAMS, oid),
			      ATTR(CKA_VERIFY, yes), {CKA_LABEL, text, strlen(name)},
			      {CKA_ID, text, strlen(name)}};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_TOKEN, on_token), ATTR(CKA_SIGN, yes), ATTR(CKA_PRIVATE, yes),
			       ATTR(CKA_SENSITIVE, yes), {CKA_LABEL, text, strlen(name)},
			       {CKA_ID, text, strlen(name)}};

	memcpy(oid, ed25519_oid, sizeof(oid));
	return m->f->C_GenerateKeyPair(session, &mechanism, pub, sizeof(pub) / sizeof(pub[0]), priv,
				       sizeof(priv) / sizeof(priv[0]), &pair->pub, &pair->priv);
}

CK_RV p11_import(const struct p11 *m, CK_SESSION_HANDLE session, const CK_BYTE *seed,
		 CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BYTE oid[sizeof(ed25519_oid)];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_TOKEN, no),
			    ATTR(CKA_PRIVATE, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_EC_PARAMS, oid),
			    {CKA_VALUE, (void *)seed, 32}};

	memcpy(oid, ed25519_oid, sizeof(oid));
	return m->f->C_CreateObject(session, t, sizeof(t) / sizeof(t[0]), key);
}

CK_RV p11_import_public(const struct p11 *m, CK_SESSION_HANDLE session, const CK_BYTE *point,
			CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BYTE oid[sizeof(ed25519_oid)], der[34] = {0x04, 0x20};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_TOKEN, no),
			    ATTR(CKA_VERIFY, yes), ATTR(CKA_EC_PARAMS, oid), ATTR(CKA_EC_POINT, der)};

	memcpy(oid, ed25519_oid, sizeof(oid));
	memcpy(der + 2, point, 32);
	return m->f->C_CreateObject(session, t, sizeof(t) / sizeof(t[0]), key);
}

static CK_MECHANISM eddsa(CK_EDDSA_PARAMS *params_opt)
{
	return (CK_MECHANISM){CKM_EDDSA, params_opt, params_opt != NULL ? sizeof(*params_opt) : 0};
}

CK_RV p11_sign(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
	       CK_EDDSA_PARAMS *params_opt, const void *data, size_t size, CK_BYTE signature[64])
{
	CK_MECHANISM mechanism = eddsa(params_opt);
	CK_ULONG n = 64;
	CK_RV rv = m->f->C_SignInit(session, &mechanism, key);

	if (rv == CKR_OK)
		rv = m->f->C_Sign(session, (CK_BYTE *)data, size, signature, &n);
	return rv == CKR_OK && n != 64 ? CKR_GENERAL_ERROR : rv;
}

CK_RV p11_verify(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
		 CK_EDDSA_PARAMS *params_opt, const void *data, size_t size,
		 const CK_BYTE signature[64])
{
	CK_MECHANISM mechanism = eddsa(params_opt);
	CK_RV rv = m->f->C_VerifyInit(session, &mechanism, key);

	if (rv == CKR_OK)
		rv = m->f->C_Verify(session, (CK_BYTE *)data, size,
				    (CK_BYTE *)signature, 64);
	return rv;
}

CK_ULONG p11_find(const struct p11 *m, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n,
		  CK_OBJECT_HANDLE *found, CK_ULONG max)
{
	CK_OBJECT_HANDLE page[16];
	CK_ULONG total = 0, got;

	if (m->f->C_FindObjectsInit(session, template, n) != CKR_OK)
		return CK_UNAVAILABLE_INFORMATION;
	do {
		if (m->f->C_FindObjects(session, page, 16, &got) != CKR_OK)
			return CK_UNAVAILABLE_INFORMATION;
		for (CK_ULONG i = 0; i < got; i++, total++)
			if (total < max)
				found[total] = page[i];
	} while (got > 0);
	return m->f->C_FindObjectsFinal(session) == CKR_OK ? total : CK_UNAVAILABLE_INFORMATION;
}

bool p11_get(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	     CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG size)
{
	CK_ATTRIBUTE a = {type, value, size};

	return m->f->C_GetAttributeValue(session, object, &a, 1) == CKR_OK && a.ulValueLen == size;
}

bool p11_get_bool(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		  CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL b = CK_FALSE;

	return p11_get(m, session, object, type, &b, sizeof(b)) && b == CK_TRUE;
}

bool p11_check_rv(const char *file, unsigned line, const char *call, CK_RV got, CK_RV want)
{
	if (got != want)
		printf("\n    %s:%u: %s gave 0x%lx, not 0x%lx", file, line, call, got, want);
	return got == want;
}

bool p11_check_either(const char *file, unsigned line, const char *call, CK_RV got, CK_RV one,
		      CK_RV other)
{
	if (got != one && got != other)
		printf("\n    %s:%u: %s gave 0x%lx, not 0x%lx or 0x%lx", file, line, call, got, one, other);
	return got == one || got == other;
}
