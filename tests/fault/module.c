/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call that the system may refuse is refused in turn, in the built module with its real libraries:
 * the answer is a defined return value and no wrong one, the same call works afterwards, nothing stays
 * unlocked that should be locked, nothing of the wallet is lost, nothing leaks.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coffer/coffer.h"
#include "fail.h"
#include "p11.h"
#include "unit.h"

#define NOBODY 65534

static fail_arm_fn arm;
static fail_disarm_fn disarm;
static struct p11 m;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static struct p11_pair pair;
static CK_BYTE expected[64];

static const char *const kinds[FAIL_KINDS] = {
	"malloc", "mmap", "mlock", "memfd_secret", "madvise", "mprotect", "lock init", "pthread_create",
	"open", "read", "write", "fsync", "ftruncate",
};

/* What a module may say when the system fails it. */
static bool is_refusal(CK_RV rv)
{
	static const CK_RV refusals[] = {
		CKR_HOST_MEMORY,   CKR_DEVICE_MEMORY,	CKR_GENERAL_ERROR,	    CKR_FUNCTION_FAILED,
		CKR_DEVICE_ERROR,  CKR_CANT_LOCK,	CKR_TOKEN_NOT_RECOGNIZED,   CKR_TOKEN_RESOURCE_EXCEEDED,
		CKR_DEVICE_REMOVED, CKR_TOKEN_WRITE_PROTECTED,
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (rv == refusals[i])
			return true;
	return false;
}

struct operation {
	const char *name;
	bool (*before)(void);           /* without faults */
	CK_RV (*run)(void);             /* with one */
	bool (*after)(CK_RV rv);        /* without: is all as it should be after that answer? */
};

static unsigned long refused[FAIL_KINDS];

/* Sentence by sentence, so that a failure names the call that was refused. */
static void complain(const struct operation *o, int kind, long n, const char *what, CK_RV rv)
{
	printf("\n    %s, %s number %ld refused: %s (0x%lx)", o->name, kinds[kind], n, what, rv);
	CU_FAIL("see above");
}

/* False when there are no more calls of this kind. */
static bool refuse_one(const struct operation *o, int kind, long n)
{
	bool failed;
	CK_RV rv;

	if (o->before != NULL && !o->before()) {
		complain(o, kind, n, "what comes before it failed", CKR_OK);
		return false;
	}
	arm(kind, n);
	rv = o->run();
	failed = disarm();
	refused[kind] += failed ? 1 : 0;
	if (!failed && rv != CKR_OK)
		complain(o, kind, n, "a failure that nobody caused", rv);
	if (failed && rv != CKR_OK && !is_refusal(rv))
		complain(o, kind, n, "a wrong answer", rv);
	if (!o->after(rv)) {
		complain(o, kind, n, "afterwards not all is as it should be", rv);
		return false;
	}
	return failed;
}

/* libcrypto alone allocates some thousand times when it is loaded: beyond the first, every so many. */
#define EACH 1000
#define STRIDE 13

static void refuse_all(const struct operation *o)
{
	for (int kind = 0; kind < FAIL_KINDS; kind++)
		for (long n = 0; n < 20000 && refuse_one(o, kind, n); n += n < EACH ? 1 : STRIDE)
			;
}

/* ---- the state that is checked ---- */

static CK_STATE state_of(void)
{
	CK_SESSION_INFO info = { .state = 99 };

	return m.f->C_GetSessionInfo(session, &info) == CKR_OK ? info.state : 99;
}

static CK_ULONG secrets(void)
{
	CK_UTF8CHAR name[] = COFFER_INTERFACE_NAME;
	COFFER_PROTECTION protection = { 0 };
	CK_INTERFACE *found;
	const COFFER_FUNCTIONS *f;

	if (m.get_interface(name, NULL, &found, 0) != CKR_OK)
		return 99;
	f = found->pFunctionList;
	return f->Protection(&protection) == CKR_OK ? protection.secret_count : 99;
}

static bool signs(void)
{
	CK_BYTE signature[64];

	return p11_sign(&m, session, pair.priv, NULL, "x", 1, signature) == CKR_OK &&
	       memcmp(signature, expected, 64) == 0;
}

static bool log_in(void)
{
	CK_RV rv = p11_login(&m, session, CKU_USER, P11_USER_PIN);

	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN;
}

static bool log_out(void)
{
	CK_RV rv = m.f->C_Logout(session);

	return (rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN) && state_of() == CKS_RW_PUBLIC_SESSION;
}

static CK_ULONG count_keys(void)
{
	return p11_find(&m, session, NULL, 0, NULL, 0);
}

/* ---- operations ---- */

static CK_RV run_login(void)
{
	return p11_login(&m, session, CKU_USER, P11_USER_PIN);
}

static bool after_login(CK_RV rv)
{
	if (rv != CKR_OK && (state_of() != CKS_RW_PUBLIC_SESSION || secrets() != 0))
		return false;
	if (rv == CKR_OK && state_of() != CKS_RW_USER_FUNCTIONS)
		return false;
	return log_in() && signs();
}

static CK_RV run_wrong_login(void)
{
	CK_RV rv = p11_login(&m, session, CKU_USER, "not the PIN");

	/* To be told from a refusal; anything else is a wrong answer. */
	return rv == CKR_PIN_INCORRECT ? CKR_OK : rv == CKR_OK ? CKR_FUNCTION_NOT_SUPPORTED : rv;
}

static bool after_wrong_login(CK_RV rv)
{
	(void)rv;
	return state_of() == CKS_RW_PUBLIC_SESSION && secrets() == 0 && log_in() && log_out();
}

static CK_RV run_logout(void)
{
	return m.f->C_Logout(session);
}

static bool after_logout(CK_RV rv)
{
	return rv == CKR_OK && state_of() == CKS_RW_PUBLIC_SESSION && secrets() == 0;
}

static CK_RV run_sign(void)
{
	CK_BYTE signature[64] = { 0 };
	CK_RV rv = p11_sign(&m, session, pair.priv, NULL, "x", 1, signature);

	return rv == CKR_OK && memcmp(signature, expected, 64) != 0 ? CKR_SIGNATURE_INVALID : rv;
}

static bool after_sign(CK_RV rv)
{
	(void)rv;
	return signs();
}

/* A key that is not in the cache of opened ones. */
static bool before_cold_sign(void)
{
	return log_out() && log_in();
}

static CK_ULONG keys_before;
static struct p11_pair made;

static bool before_generate(void)
{
	keys_before = count_keys();
	return log_in() && keys_before != CK_UNAVAILABLE_INFORMATION;
}

static CK_RV run_generate(void)
{
	return p11_generate(&m, session, true, "made", &made);
}

/* Both keys are there or neither; a commit that could not be reported may have happened. */
static bool after_generate(CK_RV rv)
{
	CK_OBJECT_HANDLE found[2];
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"made", 4 };
	CK_ULONG n = p11_find(&m, session, &label, 1, found, 2), now = count_keys();

	if ((n != 0 && n != 2) || now != keys_before + n || (rv == CKR_OK && n != 2))
		return false;
	for (CK_ULONG i = 0; i < n; i++)
		if (m.f->C_DestroyObject(session, found[i]) != CKR_OK)
			return false;
	return signs();
}

static CK_RV run_destroy(void)
{
	CK_RV rv = m.f->C_DestroyObject(session, made.pub);

	return rv == CKR_OK ? m.f->C_DestroyObject(session, made.priv) : rv;
}

static bool before_destroy(void)
{
	return before_generate() && run_generate() == CKR_OK;
}

static bool after_destroy(CK_RV rv)
{
	(void)m.f->C_DestroyObject(session, made.pub);
	(void)m.f->C_DestroyObject(session, made.priv);
	return (rv != CKR_OK || count_keys() == keys_before) && count_keys() == keys_before && signs();
}

static CK_UTF8CHAR pins[2][16] = { P11_USER_PIN, "another-1234" };

static CK_RV run_set_pin(void)
{
	return m.f->C_SetPIN(session, pins[0], strlen((char *)pins[0]), pins[1], strlen((char *)pins[1]));
}

static CK_RV pin_opens(int i)
{
	CK_RV rv = m.f->C_Login(session, CKU_USER, pins[i], strlen((char *)pins[i]));

	if (rv == CKR_OK)
		(void)m.f->C_Logout(session);
	return rv;
}

/* One of the two PINs opens the wallet, the other does not. */
static bool after_set_pin(CK_RV rv)
{
	CK_RV old = pin_opens(0), new = pin_opens(1);

	if (rv == CKR_OK && (old != CKR_PIN_INCORRECT || new != CKR_OK))
		return false;
	if (new == CKR_OK)
		return old == CKR_PIN_INCORRECT &&
		       m.f->C_SetPIN(session, pins[1], strlen((char *)pins[1]), pins[0],
				     strlen((char *)pins[0])) == CKR_OK;
	return old == CKR_OK && new == CKR_PIN_INCORRECT;
}

static CK_RV run_find(void)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"key", 3 };
	CK_OBJECT_HANDLE found[4];
	CK_ULONG n = 0;
	CK_RV rv = m.f->C_FindObjectsInit(session, &label, 1);

	if (rv != CKR_OK)
		return rv;
	rv = m.f->C_FindObjects(session, found, 4, &n);
	(void)m.f->C_FindObjectsFinal(session);
	return rv == CKR_OK && n != 2 ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static const struct operation in_session[] = {
	{ "C_Login", log_out, run_login, after_login },
	{ "C_Login with a wrong PIN", log_out, run_wrong_login, after_wrong_login },
	{ "C_Logout", log_in, run_logout, after_logout },
	{ "C_Sign", log_in, run_sign, after_sign },
	{ "the first C_Sign with a key", before_cold_sign, run_sign, after_sign },
	{ "C_FindObjects", log_in, run_find, after_sign },
	{ "C_GenerateKeyPair", before_generate, run_generate, after_generate },
	{ "C_DestroyObject", before_destroy, run_destroy, after_destroy },
	{ "C_SetPIN", log_out, run_set_pin, after_set_pin },
};

/* ---- C_Initialize and C_Finalize ---- */

static unsigned files_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

static unsigned long locked_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmLck:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

static unsigned files_at_rest;

static CK_RV run_initialize(void)
{
	return m.f->C_Initialize(NULL);
}

/* A wallet that could not be opened then is there as soon as somebody looks for new ones. */
static bool wallet_is_there(void)
{
	CK_ULONG n = 0;

	return m.f->C_GetSlotList(CK_FALSE, NULL, &n) == CKR_OK && p11_find_slot(&m, "fault") == slot;
}

static bool after_initialize(CK_RV rv)
{
	if (rv != CKR_OK && (files_open() != files_at_rest || locked_kib() != 0))
		return false;
	if (rv != CKR_OK && m.f->C_Initialize(NULL) != CKR_OK)
		return false;
	return wallet_is_there() && m.f->C_Finalize(NULL) == CKR_OK &&
	       files_open() == files_at_rest && locked_kib() == 0;
}

static const struct operation initialize = { "C_Initialize", NULL, run_initialize, after_initialize };

static bool start_again(void)
{
	session = 0;
	return m.f->C_Initialize(NULL) == CKR_OK && (session = p11_session(&m, slot, true)) != 0;
}

static CK_RV run_finalize(void)
{
	return m.f->C_Finalize(NULL);
}

static bool after_finalize(CK_RV rv)
{
	return rv == CKR_OK && files_open() == files_at_rest && locked_kib() == 0;
}

static const struct operation finalize = { "C_Finalize", start_again, run_finalize, after_finalize };

static bool start_public(void)
{
	return m.f->C_Initialize(NULL) == CKR_OK && (session = p11_session(&m, slot, false)) != 0;
}

/* Starts the thread that locks idle wallets: without it a wallet locks at the next call. */
static bool after_first_login(CK_RV rv)
{
	return after_login(rv) && after_finalize(m.f->C_Finalize(NULL));
}

static const struct operation first_login = { "the first C_Login", start_public, run_login, after_first_login };

/* ---- the tests ---- */

static void begin(const char *configuration)
{
	REQUIRE(p11_load(&m, configuration));
	files_at_rest = files_open();
	REQUIRE(m.f->C_Initialize(NULL) == CKR_OK);
	slot = p11_token(&m, "fault");
	session = p11_session(&m, slot, true);
	REQUIRE(session != 0);
	REQUIRE(p11_generate(&m, session, true, "key", &pair) == CKR_OK);
	REQUIRE(p11_sign(&m, session, pair.priv, NULL, "x", 1, expected) == CKR_OK);
}

static void report(const char *sentence, void *context)
{
	(void)context;
	printf("\n    %s", sentence);
}

static bool wallet_is_whole(void)
{
	CK_UTF8CHAR name[] = COFFER_INTERFACE_NAME;
	CK_ULONG objects = 0, faults = 99;
	CK_INTERFACE *found;
	const COFFER_FUNCTIONS *f;

	if (!log_in() || m.get_interface(name, NULL, &found, 0) != CKR_OK)
		return false;
	f = found->pFunctionList;
	return f->Verify(session, report, NULL, &objects, &faults) == CKR_OK && faults == 0;
}

static void test_operations(const char *configuration)
{
	begin(configuration);
	for (size_t i = 0; i < sizeof(in_session) / sizeof(in_session[0]); i++) {
		size_t before = mallinfo2().uordblks;

		refuse_all(&in_session[i]);
		/* Some hundred times a little would be more; SQLite's cache grows by less. */
		CHECK(mallinfo2().uordblks < before + 32768);
	}
	CHECK(wallet_is_whole());
	p11_stop(&m);
}

static void test_secret_memory(void)
{
	test_operations("");
}

static void test_locked_memory(void)
{
	test_operations("memory = locked\n");
}

static void test_life_with(const char *configuration)
{
	begin(configuration);
	REQUIRE(m.f->C_Finalize(NULL) == CKR_OK);
	refuse_all(&initialize);
	refuse_all(&finalize);
	refuse_all(&first_login);
	REQUIRE(start_again());
	CHECK(wallet_is_whole());
	p11_stop(&m);
}

/* A build with lock-order traps notes each thread's locks in thread-local memory, those of the module's own thread too; and
 * when there is none for a new thread, the C library ends the process. */
#ifdef COFFER_DEBUG
#define WITH_THREAD false
#else
#define WITH_THREAD true
#endif

static void test_life(void)
{
	test_life_with(WITH_THREAD ? "idle-lock = 3600\n" : "");
	test_life_with("memory = locked\n");
}

/* In a child, as an ordinary user who may read the wallet's directory but not write into it. */
static int use_read_only(void)
{
	struct p11_pair new_pair;
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/wallets", m.dir.path);
	if (chmod(path, 0500) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
		return 2;
	if (m.f->C_Initialize(NULL) != CKR_OK)
		return 3;
	session = p11_session(&m, slot, false);
	if (session == 0 || run_wrong_login() != CKR_OK)
		return 4;
	if (run_login() != CKR_OK || !signs())
		return 5;
	return p11_generate(&m, session, true, "new", &new_pair) == CKR_TOKEN_WRITE_PROTECTED ? 0 : 6;
}

static int give_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return geteuid() == 0 ? lchown(path, NOBODY, NOBODY) : 0;
}

static void test_read_only(void)
{
	int status = -1;
	pid_t pid;

	begin("");
	REQUIRE(m.f->C_Finalize(NULL) == CKR_OK);
	REQUIRE(nftw(m.dir.path, give_away, 16, FTW_PHYS) == 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(use_read_only());
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (status != 0)
		printf("\n    step %d failed", WEXITSTATUS(status));
	CHECK(status == 0);
	p11_stop(&m);
}

static void test_everything_was_refused(void)
{
	for (int kind = 0; kind < FAIL_KINDS; kind++)
		if (refused[kind] == 0 && (kind != FAIL_THREAD || WITH_THREAD)) {
			printf("\n    no %s was ever refused", kinds[kind]);
			CU_FAIL("see above");
		}
}

/* Loads the program anew with the preloaded library. */
static int preload(char **argv)
{
	char path[4096];
	const char *build = getenv("COFFER_BUILD"), *sanitizers = getenv("COFFER_SANITIZERS");

	if (sanitizers != NULL && strcmp(sanitizers, "no") != 0) {
		printf("SKIP: sanitizers have allocation functions of their own\n");
		return 77;
	}
	(void)snprintf(path, sizeof(path), "%s/tests/fault/.libs/fail.so", build != NULL ? build : ".");
	if (access(path, R_OK) != 0 || setenv("LD_PRELOAD", path, 1) != 0) {
		fprintf(stderr, "%s is missing\n", path);
		return 99;
	}
	(void)setenv("TMPDIR", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0);
	(void)execv("/proc/self/exe", argv);
	return 99;
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		{ "refused during C_Initialize and C_Finalize: nothing leaks", test_life },
		{ "refused during operations, with secret memory", test_secret_memory },
		{ "the same with locked memory", test_locked_memory },
		{ "a directory that may not be written: PINs are told from each other, keys are used", test_read_only },
		{ "each kind of call was among them", test_everything_was_refused },
		{ NULL, NULL },
	};

	(void)argc;
	arm = (fail_arm_fn)dlsym(RTLD_DEFAULT, "fail_arm");
	disarm = (fail_disarm_fn)dlsym(RTLD_DEFAULT, "fail_disarm");
	if (arm == NULL || disarm == NULL)
		return preload(argv);
	return unit_main("faults: the built module", tests);
}
