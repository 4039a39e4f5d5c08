/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences of C_ calls: any order, any handle, any template, mechanism and length.  Each byte chooses a function, the bytes
 * behind it its arguments.  No answer may be one that speaks of a fault inside.  The wallet is put back when it was changed.
 */
#include <fcntl.h>
#include <unistd.h>

#include "ck/names.h"
#include "cryptoki/api.h"
#include "fuzz.h"
#include "tempdir.h"

#define SESSIONS 4
#define OBJECTS 8

static struct {
	struct tempdir dir;
	char wallet[600], kept[600];
	CK_FUNCTION_LIST_3_0 *f;
	CK_SLOT_ID slot;
	bool changed; /* more than the count of failures, which a success sets back */
} world;

struct run {
	struct feed feed;
	CK_SESSION_HANDLE session[SESSIONS];
	CK_OBJECT_HANDLE object[OBJECTS];
	unsigned objects;
	CK_SESSION_HANDLE last;
};

static CK_UTF8CHAR user_pin[] = "1234", so_pin[] = "87654321", wrong_pin[] = "4321";

/* ---- the world around ---- */

static void copy_file(const char *from, const char *to)
{
	static uint8_t bytes[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n = read(in, bytes, sizeof(bytes));

	EXPECT(in >= 0 && out >= 0 && n > 0 && write(out, bytes, (size_t)n) == n);
	(void)close(in);
	(void)close(out);
}

static void end(void)
{
	(void)world.f->C_Finalize(NULL);
	tempdir_remove(&world.dir);
}

static void make_token(void)
{
	static CK_UTF8CHAR label[33] = "fuzz                            ";
	CK_SESSION_HANDLE s;
	CK_ULONG n = 1;

	EXPECT(world.f->C_GetSlotList(CK_FALSE, &world.slot, &n) == CKR_OK);
	EXPECT(world.f->C_InitToken(world.slot, so_pin, 8, label) == CKR_OK);
	EXPECT(world.f->C_OpenSession(world.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s) == CKR_OK);
	EXPECT(world.f->C_Login(s, CKU_SO, so_pin, 8) == CKR_OK);
	EXPECT(world.f->C_InitPIN(s, user_pin, 4) == CKR_OK);
	EXPECT(world.f->C_CloseSession(s) == CKR_OK);
}

static void keep_wallet(void)
{
	char find[700];
	FILE *p;

	(void)snprintf(find, sizeof(find), "ls '%s'/wallets/*.coffer", world.dir.path);
	p = popen(find, "r");
	EXPECT(p != NULL && fgets(world.wallet, sizeof(world.wallet), p) != NULL && pclose(p) == 0);
	world.wallet[strcspn(world.wallet, "\n")] = '\0';
	(void)snprintf(world.kept, sizeof(world.kept), "%s/kept", world.dir.path);
	copy_file(world.wallet, world.kept);
}

static void start(void)
{
	CK_VERSION version = { 3, 0 };
	CK_INTERFACE *interface;
	char text[700], path[600];
	FILE *conf;

	if (world.f != NULL)
		return;
	EXPECT(tempdir_new(&world.dir));
	(void)snprintf(path, sizeof(path), "%s/coffer.conf", world.dir.path);
	(void)snprintf(text, sizeof(text), "directory = %s/wallets\nargon2-memory = 64\nargon2-passes = 1\n", world.dir.path);
	conf = fopen(path, "w");
	EXPECT(conf != NULL && fputs(text, conf) >= 0 && fclose(conf) == 0);
	(void)unsetenv("COFFER_DIR");
	EXPECT(setenv("COFFER_CONF", path, 1) == 0);
	EXPECT(C_GetInterface((CK_UTF8CHAR_PTR) "PKCS 11", &version, &interface, 0) == CKR_OK);
	world.f = interface->pFunctionList;
	EXPECT(world.f->C_Initialize(NULL) == CKR_OK);
	EXPECT(atexit(end) == 0);
	make_token();
	EXPECT(world.f->C_Finalize(NULL) == CKR_OK);
	keep_wallet();
	EXPECT(world.f->C_Initialize(NULL) == CKR_OK);
}

static void put_back(void)
{
	EXPECT(world.f->C_CloseAllSessions(world.slot) == CKR_OK);
	if (!world.changed)
		return;
	world.changed = false;
	EXPECT(world.f->C_Finalize(NULL) == CKR_OK);
	copy_file(world.kept, world.wallet);
	EXPECT(world.f->C_Initialize(NULL) == CKR_OK);
}

/* ---- arguments ---- */

static CK_SESSION_HANDLE session(struct run *r)
{
	uint8_t which = feed_u8(&r->feed);

	r->last = which == 0xff ? feed_u64(&r->feed) : r->session[which % SESSIONS];
	return r->last;
}

static CK_OBJECT_HANDLE object(struct run *r)
{
	uint8_t which = feed_u8(&r->feed);

	return which == 0xff ? feed_u64(&r->feed) : r->object[which % OBJECTS];
}

static CK_RV made(struct run *r, CK_RV rv, CK_OBJECT_HANDLE h)
{
	CK_BBOOL token = CK_FALSE;
	CK_ATTRIBUTE a = { CKA_TOKEN, &token, 1 };

	if (rv != CKR_OK)
		return rv;
	r->object[r->objects++ % OBJECTS] = h;
	EXPECT(world.f->C_GetAttributeValue(r->last, h, &a, 1) == CKR_OK);
	world.changed = world.changed || token == CK_TRUE;
	return rv;
}

/* Room for an output of so many bytes as its length says, or none. */
struct room {
	CK_BYTE *p;
	CK_ULONG n;
};

static struct room room(struct run *r)
{
	uint8_t n = feed_u8(&r->feed);
	struct room out = { NULL, n };

	if (n % 8 != 0) {
		out.p = malloc(n);
		EXPECT(out.p != NULL);
	}
	return out;
}

static CK_RV leave(CK_BYTE *owned, CK_RV rv)
{
	free(owned);
	return rv;
}

struct input {
	CK_BYTE *p;
	CK_ULONG n;
};

static struct input input(struct run *r)
{
	struct span s = feed_string(&r->feed);

	return (struct input){ fuzz_copy(s), s.n };
}

/* ---- calls ---- */

typedef CK_RV (*call_fn)(struct run *r);

static CK_RV open_session(struct run *r)
{
	uint8_t how = feed_u8(&r->feed);
	CK_SLOT_ID slot = how == 0xff ? feed_u64(&r->feed) : world.slot;
	CK_FLAGS flags = (how & 1 ? CKF_SERIAL_SESSION : 0) | (how & 2 ? CKF_RW_SESSION : 0) | CKF_SERIAL_SESSION * (how > 8);

	return world.f->C_OpenSession(slot, flags, NULL, NULL, &r->session[how % SESSIONS]);
}

static CK_RV close_session(struct run *r)
{
	return world.f->C_CloseSession(session(r));
}

static CK_RV login(struct run *r)
{
	uint8_t how = feed_u8(&r->feed);
	CK_USER_TYPE user = how % 5;
	CK_UTF8CHAR *pins[] = { user_pin, so_pin, wrong_pin };
	CK_UTF8CHAR *pin = user < 2 && how < 200 ? (user == CKU_SO ? so_pin : user_pin) : pins[how % 3];

	return world.f->C_Login(session(r), user, pin, strlen((char *)pin));
}

static CK_RV logout(struct run *r)
{
	return world.f->C_Logout(session(r));
}

static CK_RV create(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE h = 0;
	struct fuzz_template t;
	CK_RV rv;

	fuzz_template(&r->feed, &t);
	rv = world.f->C_CreateObject(s, t.attr, t.count, &h);
	fuzz_template_release(&t);
	return made(r, rv, h);
}

static CK_RV copy(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE from = object(r), h = 0;
	struct fuzz_template t;
	CK_RV rv;

	fuzz_template(&r->feed, &t);
	rv = world.f->C_CopyObject(s, from, t.attr, t.count, &h);
	fuzz_template_release(&t);
	return made(r, rv, h);
}

static CK_RV destroy(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);

	return world.f->C_DestroyObject(s, object(r));
}

static CK_RV get(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE h = object(r);
	struct fuzz_template t;
	CK_RV rv;

	fuzz_template(&r->feed, &t);
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.attr[i].ulValueLen == CK_UNAVAILABLE_INFORMATION)
			t.attr[i].ulValueLen = 1; /* as long as it is */
	rv = world.f->C_GetAttributeValue(s, h, t.attr, t.count);
	fuzz_template_release(&t);
	return rv;
}

static CK_RV set(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE h = object(r);
	struct fuzz_template t;
	CK_RV rv;

	fuzz_template(&r->feed, &t);
	rv = world.f->C_SetAttributeValue(s, h, t.attr, t.count);
	world.changed = world.changed || rv == CKR_OK;
	fuzz_template_release(&t);
	return rv;
}

static CK_RV size_of(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_ULONG n;

	return world.f->C_GetObjectSize(s, object(r), &n);
}

static CK_RV find_init(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	struct fuzz_template t;
	CK_RV rv;

	fuzz_template(&r->feed, &t);
	rv = world.f->C_FindObjectsInit(s, t.attr, t.count);
	fuzz_template_release(&t);
	return rv;
}

static CK_RV find(struct run *r)
{
	CK_ULONG n = 0, max = feed_u8(&r->feed) % (OBJECTS + 1);
	CK_RV rv = world.f->C_FindObjects(session(r), r->object, max, &n);

	EXPECT(rv != CKR_OK || n <= max);
	return rv;
}

static CK_RV find_final(struct run *r)
{
	return world.f->C_FindObjectsFinal(session(r));
}

static CK_RV initialise(struct run *r, int which)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE key = object(r);
	CK_RV (*const init[])(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) = {
		world.f->C_SignInit,	    world.f->C_VerifyInit,	   world.f->C_EncryptInit, world.f->C_DecryptInit,
		world.f->C_SignRecoverInit, world.f->C_VerifyRecoverInit,
	};
	struct fuzz_mechanism m;
	CK_RV rv;

	fuzz_mechanism(&r->feed, &m);
	rv = init[which](s, feed_u8(&r->feed) == 0xee ? NULL : &m.mechanism, key);
	fuzz_mechanism_release(&m);
	return rv;
}

static CK_RV sign_init(struct run *r)
{
	return initialise(r, 0);
}

static CK_RV verify_init(struct run *r)
{
	return initialise(r, 1);
}

static CK_RV other_init(struct run *r)
{
	return initialise(r, 2 + feed_u8(&r->feed) % 4);
}

static CK_RV digest_init(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	struct fuzz_mechanism m;
	CK_RV rv;

	fuzz_mechanism(&r->feed, &m);
	rv = world.f->C_DigestInit(s, &m.mechanism);
	fuzz_mechanism_release(&m);
	return rv;
}

/* Data in, room out: the functions that do it in one call. */
static CK_RV whole(struct run *r)
{
	CK_RV (*const fn[])(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) = {
		world.f->C_Sign,	world.f->C_Digest,	  world.f->C_Encrypt, world.f->C_Decrypt,
		world.f->C_SignRecover, world.f->C_VerifyRecover, world.f->C_EncryptUpdate,
		world.f->C_DecryptUpdate, world.f->C_DigestEncryptUpdate, world.f->C_DecryptVerifyUpdate,
	};
	uint8_t which = feed_u8(&r->feed);
	CK_SESSION_HANDLE s = session(r);
	struct input in = input(r);
	struct room out = room(r);
	CK_ULONG before = out.n;
	CK_RV rv = fn[which % (sizeof(fn) / sizeof(fn[0]))](s, in.p, in.n, out.p, &out.n);

	EXPECT(rv != CKR_OK || out.p == NULL || out.n <= before);
	free(in.p);
	return leave(out.p, rv);
}

static CK_RV update(struct run *r)
{
	CK_RV (*const fn[])(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG) = {
		world.f->C_SignUpdate, world.f->C_VerifyUpdate, world.f->C_DigestUpdate, world.f->C_VerifyFinal, world.f->C_SeedRandom,
	};
	uint8_t which = feed_u8(&r->feed);
	CK_SESSION_HANDLE s = session(r);
	struct input in = input(r);

	return leave(in.p, fn[which % (sizeof(fn) / sizeof(fn[0]))](s, in.p, in.n));
}

static CK_RV final(struct run *r)
{
	CK_RV (*const fn[])(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG_PTR) = {
		world.f->C_SignFinal, world.f->C_DigestFinal, world.f->C_EncryptFinal, world.f->C_DecryptFinal,
		world.f->C_GetOperationState,
	};
	uint8_t which = feed_u8(&r->feed);
	CK_SESSION_HANDLE s = session(r);
	struct room out = room(r);
	CK_ULONG before = out.n;
	CK_RV rv = fn[which % (sizeof(fn) / sizeof(fn[0]))](s, out.p, &out.n);

	EXPECT(rv != CKR_OK || out.p == NULL || out.n <= before);
	return leave(out.p, rv);
}

static CK_RV verify(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	struct input in = input(r), signature = input(r);
	CK_RV rv = world.f->C_Verify(s, in.p, in.n, signature.p, signature.n);

	free(in.p);
	return leave(signature.p, rv);
}

static CK_RV set_state(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE key = object(r);
	struct input in = input(r);

	return leave(in.p, world.f->C_SetOperationState(s, in.p, in.n, key, key));
}

static CK_RV generate_pair(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE pub = 0, priv = 0;
	struct fuzz_template a, b;
	struct fuzz_mechanism m;
	CK_RV rv;

	fuzz_mechanism(&r->feed, &m);
	fuzz_template(&r->feed, &a);
	fuzz_template(&r->feed, &b);
	/* Primes take their time. */
	if (m.mechanism.mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN || m.mechanism.mechanism == CKM_RSA_X9_31_KEY_PAIR_GEN)
		m.mechanism.mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN;
	rv = world.f->C_GenerateKeyPair(s, &m.mechanism, a.attr, a.count, b.attr, b.count, &pub, &priv);
	fuzz_mechanism_release(&m);
	fuzz_template_release(&a);
	fuzz_template_release(&b);
	(void)made(r, rv, pub);
	return made(r, rv, priv);
}

static CK_RV generate_or_derive(struct run *r)
{
	uint8_t how = feed_u8(&r->feed);
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE base = object(r), h = 0;
	struct fuzz_template t;
	struct fuzz_mechanism m;
	CK_RV rv;

	fuzz_mechanism(&r->feed, &m);
	fuzz_template(&r->feed, &t);
	if (how % 2 == 0)
		rv = world.f->C_GenerateKey(s, &m.mechanism, t.attr, t.count, &h);
	else
		rv = world.f->C_DeriveKey(s, &m.mechanism, base, t.attr, t.count, &h);
	fuzz_mechanism_release(&m);
	fuzz_template_release(&t);
	return made(r, rv, h);
}

static CK_RV wrap(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE wrapping = object(r), key = object(r);
	struct fuzz_mechanism m;
	struct room out;
	CK_RV rv;

	fuzz_mechanism(&r->feed, &m);
	out = room(r);
	rv = world.f->C_WrapKey(s, &m.mechanism, wrapping, key, out.p, &out.n);
	fuzz_mechanism_release(&m);
	return leave(out.p, rv);
}

static CK_RV unwrap(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	CK_OBJECT_HANDLE key = object(r), h = 0;
	struct input in = input(r);
	struct fuzz_template t;
	struct fuzz_mechanism m;
	CK_RV rv;

	fuzz_mechanism(&r->feed, &m);
	fuzz_template(&r->feed, &t);
	rv = world.f->C_UnwrapKey(s, &m.mechanism, key, in.p, in.n, t.attr, t.count, &h);
	fuzz_mechanism_release(&m);
	fuzz_template_release(&t);
	return leave(in.p, made(r, rv, h));
}

static CK_RV info(struct run *r)
{
	CK_SESSION_INFO session_info;
	CK_TOKEN_INFO token_info;
	CK_MECHANISM_INFO mechanism_info;

	switch (feed_u8(&r->feed) % 3) {
	case 0:
		return world.f->C_GetSessionInfo(session(r), &session_info);
	case 1:
		return world.f->C_GetTokenInfo(world.slot, &token_info);
	default:
		return world.f->C_GetMechanismInfo(world.slot, feed_u64(&r->feed), &mechanism_info);
	}
}

static CK_RV random_bytes(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	struct room out = room(r);

	return leave(out.p, world.f->C_GenerateRandom(s, out.p, out.p == NULL ? 0 : out.n));
}

static CK_RV pins(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	struct input in = input(r);
	uint8_t how = feed_u8(&r->feed);
	CK_RV rv;

	if (how % 2 == 0)
		rv = world.f->C_InitPIN(s, in.p, in.n);
	else
		rv = world.f->C_SetPIN(s, user_pin, 4, in.p, in.n);
	world.changed = true;
	return leave(in.p, rv);
}

static CK_RV cancel(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);

	return world.f->C_SessionCancel(s, feed_u64(&r->feed));
}

static CK_RV digest_key(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);

	return world.f->C_DigestKey(s, object(r));
}

static CK_RV login_user(struct run *r)
{
	CK_SESSION_HANDLE s = session(r);
	struct input name = input(r);

	return leave(name.p, world.f->C_LoginUser(s, CKU_USER, user_pin, 4, name.p, name.n));
}

static const call_fn calls[] = {
	open_session, close_session, login,	  logout,     create,	     copy,	    destroy,	       get,
	set,	      size_of,	     find_init,	  find,	      find_final,    sign_init,	    verify_init,       other_init,
	digest_init,  whole,	     update,	  final,      verify,	     set_state,	    generate_pair,     generate_or_derive,
	wrap,	      unwrap,	     info,	  random_bytes, pins,	     cancel,	    digest_key,	       login_user,
};

/* Both speak of a fault that is not the caller's. */
static bool is_fault(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_DEVICE_ERROR || rv == CKR_FUNCTION_FAILED || name_of_rv(rv) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { .feed = { span(data, size) } };

	start();
	for (int i = 0; i < 64 && r.feed.rest.n > 0; i++) {
		uint8_t which = feed_u8(&r.feed) % (sizeof(calls) / sizeof(calls[0]));
		CK_RV rv = calls[which](&r);

		if (is_fault(rv))
			fprintf(stderr, "call %u: %s\n", which, name_of_rv(rv) == NULL ? "?" : name_of_rv(rv));
		EXPECT(!is_fault(rv));
	}
	put_back();
	return 0;
}
