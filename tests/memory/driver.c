/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that uses a PKCS#11 module and holds no secret in clear itself; the scanner looks into
 * it.  driver [--plain] [--refuse-memfd-secret] MODULE: requests on descriptor 0, answers on 1.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_ops.h"

#define THREADS_MAX (ROOM_SLOTS - 1)

static struct {
	struct request *stored;
	atomic_bool stop;
	unsigned threads;
	pthread_t thread[THREADS_MAX];
	CK_SESSION_HANDLE session[THREADS_MAX];
	_Atomic uint64_t operations, first_bad;
} load;

static bool read_all(void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(0, (uint8_t *)p + at, n - at);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static bool write_all(const void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = write(1, (const uint8_t *)p + at, n - at);

		if (put <= 0)
			return false;
		at += (size_t)put;
	}
	return true;
}

static bool read_request(struct request *r)
{
	r->n = 0;
	if (!read_all(&r->head, sizeof(r->head)) || r->head.fields > FIELDS_MAX)
		return false;
	for (uint32_t i = 0; i < r->head.fields; i++)
		r->n += r->head.size[i];
	return r->n <= REQUEST_BYTES_MAX && read_all(r->masked, r->n) && read_all(r->mask, r->n);
}

static void store(const struct request *r)
{
	struct request **end = &load.stored;
	struct request *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return;
	memcpy(copy, r, sizeof(*copy));
	copy->next = NULL;
	while (*end != NULL)
		end = &(*end)->next;
	*end = copy;
}

static void forget(void)
{
	while (load.stored != NULL) {
		struct request *r = load.stored;

		load.stored = r->next;
		free(r);
	}
}

static bool makes_object(uint32_t op)
{
	return op == DO_CREATE || op == DO_GENERATE || op == DO_GENERATE_PAIR || op == DO_DERIVE || op == DO_UNWRAP ||
	       op == DO_WRAP_AUTHENTICATED || op == DO_ENCAPSULATE || op == DO_DECAPSULATE;
}

/* What a thread makes it destroys again, so that the load can go on for ever. */
static void repeat(const struct request *r, unsigned slot, CK_SESSION_HANDLE s, struct answer *a)
{
	uint32_t op = r->head.op & ~(uint32_t)DO_STORE;

	perform(r, slot, s, a);
	if (a->head.rv == CKR_OK && makes_object(op))
		a->head.rv = module_functions->C_DestroyObject(s, a->head.number[0]);
	room_wipe(slot);
}

static void *work(void *arg)
{
	unsigned i = (unsigned)((CK_SESSION_HANDLE *)arg - load.session);
	struct answer *a = malloc(sizeof(*a));

	/* Whole rounds, and one at least: what is stopped at once has done something too. */
	do {
		for (struct request *r = load.stored; a != NULL && r != NULL; r = r->next) {
			uint64_t none = CKR_OK;

			repeat(r, i + 1, load.session[i], a);
			if (a->head.rv != CKR_OK)
				(void)atomic_compare_exchange_strong(&load.first_bad, &none, a->head.rv);
			load.operations++;
		}
	} while (a != NULL && !load.stop);
	free(a);
	return NULL;
}

static CK_RV start(const struct request *r)
{
	load.stop = false;
	load.operations = 0;
	load.first_bad = CKR_OK;
	for (load.threads = 0; load.threads < r->head.number[1]; load.threads++) {
		unsigned i = load.threads;
		CK_RV rv = module_functions->C_OpenSession(r->head.number[0],
							   CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
							   NULL, &load.session[i]);

		if (rv != CKR_OK)
			return rv;
		if (pthread_create(&load.thread[i], NULL, work, &load.session[i]) != 0)
			return CKR_HOST_MEMORY;
	}
	return CKR_OK;
}

static CK_RV stop(struct answer *a)
{
	load.stop = true;
	for (unsigned i = 0; i < load.threads; i++) {
		(void)pthread_join(load.thread[i], NULL);
		(void)module_functions->C_CloseSession(load.session[i]);
	}
	load.threads = 0;
	a->head.number[0] = load.operations;
	a->head.number[1] = load.first_bad;
	return CKR_OK;
}

static pid_t fork_sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(120);
		for (;;)
			(void)pause();
	}
	return pid;
}

/* What is no call into the module. False: perform() knows it. */
static bool answer_self(const struct request *r, struct answer *a)
{
	a->head = (struct answer_head){ .rv = CKR_OK };
	a->elsewhere = NULL;
	switch (r->head.op) {
	case DO_HELLO:
		room_where(&a->head.number[0], &a->head.number[1]);
		return true;
	case DO_KEEP:
		room_keep(0, r);
		return true;
	case DO_FORK:
		a->head.number[0] = (uint64_t)fork_sleeper();
		return true;
	case DO_WRITE:
		a->elsewhere = (const void *)(uintptr_t)r->head.number[0];
		a->head.size = r->head.number[1];
		return true;
	case DO_FAIL:
		a->head.rv = fail_in_calls((long)r->head.number[0], (long)r->head.number[1]);
		return true;
	case DO_START:
		a->head.rv = start(r);
		return true;
	case DO_STOP:
		a->head.rv = stop(a);
		return true;
	case DO_FORGET:
		forget();
		return true;
	case DO_ABORT:
		abort();
	default:
		return false;
	}
}

static void answer(const struct request *r, struct answer *a)
{
	if ((r->head.op & DO_STORE) != 0) {
		a->head = (struct answer_head){ .rv = CKR_OK };
		a->elsewhere = NULL;
		store(r);
	} else if (!answer_self(r, a)) {
		perform(r, 0, 0, a);
	}
}

int main(int argc, char **argv)
{
	static struct request r;
	static struct answer a;
	bool plain = false, refuse = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--plain") == 0)
			plain = true;
		else if (strcmp(argv[i], "--refuse-memfd-secret") == 0)
			refuse = true;
		else
			module_path = argv[i];
	}
	if (module_path == NULL || !room_open(plain) || (refuse && !room_refuse_secret_memory()))
		return 1;
	while (read_request(&r)) {
		answer(&r, &a);
		if (!write_all(&a.head, sizeof(a.head)) ||
		    !write_all(a.elsewhere != NULL ? a.elsewhere : a.bytes, a.head.size))
			return 1;
		room_wipe(0);
	}
	return 0;
}
