/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mechanism of the module: a thread does all that can be done with it again and again, with keys that the scanner
 * knows, and they are looked for meanwhile and afterwards.  What is derived, generated or unwrapped is made once so that it
 * can be read, and is looked for too.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "coffer/coffer.h"
#include "coffer/pkcs11-3.h"
#include "keys.h"
#include "mechanisms.h"
#include "moments.h"

/* One row at work. */
struct doing {
	struct world *w;
	struct ring *ring;
	const struct mechanism_row *row;
	uint64_t rv; /* of what failed first */
};

static void ask_parameter(const struct doing *d, struct asking *q)
{
	const struct mechanism_row *r = d->row;
	size_t iv = parameter_iv_size(r->parameter), n;
	const void *fixed = parameter_fixed(r->parameter, &n);

	if (iv > 0)
		ask_field(q, FIELD_PARAMS, d->w->message[1], iv);
	else if (r->parameter == PEER)
		ask_field(q, FIELD_PARAMS, d->ring->peer[r->key].p, d->ring->peer[r->key].n);
	else if (r->parameter == TARGET)
		ask_ulong(q, FIELD_PARAMS, d->ring->target);
	else if (fixed != NULL)
		ask_field(q, FIELD_PARAMS, fixed, n);
	if (r->mechanism == CKM_PKCS5_PBKD2)
		ask_field(q, FIELD_PIN, d->ring->password, sizeof(d->ring->password));
}

static void begin(const struct doing *d, struct asking *q, uint32_t op, uint64_t key)
{
	ask(q, op, d->w->session, key, d->row->mechanism, d->ring->target);
	ask_parameter(d, q);
}

/* Now; then, if it went well, from the load again and again. */
static bool now(struct doing *d, const struct asking *q, struct told *told)
{
	uint64_t rv = tell(&d->w->d, q, told);

	if (rv != CKR_OK && d->rv == CKR_OK)
		d->rv = rv;
	return rv == CKR_OK;
}

static void store(struct doing *d, struct asking *q)
{
	q->head.op |= DO_STORE;
	(void)tell(&d->w->d, q, NULL);
}

static void sign(struct doing *d)
{
	struct asking q;
	struct told told;

	begin(d, &q, DO_SIGN, d->ring->handle[d->row->key]);
	ask_field(&q, FIELD_DATA, d->w->message, d->row->size);
	if (now(d, &q, &told))
		store(d, &q);
}

/* With the public half, where there is one. */
static uint64_t encrypting_key(const struct doing *d)
{
	return d->row->key == RSA_2048 ? d->ring->public_rsa : d->ring->handle[d->row->key];
}

static void encrypt(struct doing *d)
{
	struct asking q;
	struct told told;

	begin(d, &q, DO_ENCRYPT, encrypting_key(d));
	ask_field(&q, FIELD_DATA, d->w->message, d->row->size);
	if (!now(d, &q, &told))
		return;
	store(d, &q);
	begin(d, &q, DO_DECRYPT, d->ring->handle[d->row->key]);
	ask_field(&q, FIELD_DATA, told.bytes, told.head.size);
	if (now(d, &q, NULL))
		store(d, &q);
}

static void ask_secret_key(struct asking *q, uint64_t type, size_t size, bool readable)
{
	ask_ulong(q, CKA_CLASS, CKO_SECRET_KEY);
	if (type != CKK_GENERIC_SECRET || q->head.op != DO_GENERATE)
		ask_ulong(q, CKA_KEY_TYPE, type);
	if (size != 0)
		ask_ulong(q, CKA_VALUE_LEN, size);
	ask_bool(q, CKA_TOKEN, false);
	ask_bool(q, CKA_PRIVATE, true);
	ask_bool(q, CKA_SENSITIVE, !readable);
	ask_bool(q, CKA_EXTRACTABLE, readable);
}

/* The value of a key that may be read is looked for from now on. */
static void learn(struct doing *d, uint64_t key, uint32_t attribute)
{
	struct asking q;
	struct told told;

	ask(&q, DO_GET, d->w->session, key, attribute, 0);
	if (now(d, &q, &told))
		secrets_add(d->w->s, KIND_DERIVED, told.bytes, told.head.size);
}

/* A part of the value is the public key. */
static void learn_pqc(struct doing *d, uint64_t key)
{
	struct asking q;
	struct told told;

	ask(&q, DO_GET, d->w->session, key, CKA_VALUE, 0);
	if (now(d, &q, &told))
		ring_key_add_pqc(d->w->s, d->row->key, KIND_DERIVED, told.bytes);
}

/* All of a key that was generated; then it is destroyed. */
static void learn_all(struct doing *d, uint64_t key)
{
	static const uint32_t rsa[] = { CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT };
	struct asking q;

	if (ring_key_is_pqc(d->row->key))
		learn_pqc(d, key);
	else if (d->row->key != RSA_2048)
		learn(d, key, CKA_VALUE);
	for (size_t i = 0; d->row->key == RSA_2048 && i < sizeof(rsa) / sizeof(rsa[0]); i++)
		learn(d, key, rsa[i]);
	ask(&q, DO_DESTROY, d->w->session, key, 0, 0);
	(void)now(d, &q, NULL);
}

static void wrap(struct doing *d)
{
	struct asking q;
	struct told told;

	begin(d, &q, DO_WRAP, encrypting_key(d));
	if (!now(d, &q, &told))
		return;
	store(d, &q);
	begin(d, &q, DO_UNWRAP, d->ring->handle[d->row->key]);
	ask_field(&q, FIELD_DATA, told.bytes, told.head.size);
	ask_secret_key(&q, CKK_AES, 0, false);
	if (now(d, &q, &told)) {
		store(d, &q);
		ask(&q, DO_DESTROY, d->w->session, told.head.number[0], 0, 0);
		(void)now(d, &q, NULL);
	}
}

static void message(struct doing *d)
{
	struct asking q;
	struct told told;

	begin(d, &q, d->row->use == SIGN_MESSAGE ? DO_SIGN_MESSAGE : DO_ENCRYPT_MESSAGE, d->ring->handle[d->row->key]);
	ask_field(&q, FIELD_DATA, d->w->message, d->row->size);
	if (now(d, &q, &told))
		store(d, &q);
}

static void wrap_authenticated(struct doing *d)
{
	struct asking q;

	begin(d, &q, DO_WRAP_AUTHENTICATED, d->ring->handle[d->row->key]);
	ask_secret_key(&q, CKK_AES, 0, false);
	store(d, &q);
}

/* Not of the key that others are derived from by the same function: a digest is no secret. */
static void digest(struct doing *d)
{
	struct asking q;
	struct told told;

	begin(d, &q, DO_DIGEST, d->ring->target);
	if (now(d, &q, &told))
		store(d, &q);
}

/* What goes to the public key comes back the same: it is read once, and looked for whenever it is opened again. */
static void encapsulate(struct doing *d)
{
	struct asking q, back;
	struct told told;

	begin(d, &q, DO_ENCAPSULATE, d->ring->public_kem);
	ask_secret_key(&q, CKK_GENERIC_SECRET, 0, true);
	if (!now(d, &q, &told))
		return;
	begin(d, &back, DO_DECAPSULATE, d->ring->handle[d->row->key]);
	ask_field(&back, FIELD_DATA, told.bytes, told.head.size);
	ask_secret_key(&back, CKK_GENERIC_SECRET, 0, false);
	learn(d, told.head.number[0], CKA_VALUE);
	ask(&q, DO_DESTROY, d->w->session, told.head.number[0], 0, 0);
	if (!now(d, &q, NULL))
		return;
	store(d, &back);
	begin(d, &q, DO_ENCAPSULATE, d->ring->public_kem);
	ask_secret_key(&q, CKK_GENERIC_SECRET, 0, false);
	store(d, &q);
}

static void ask_derived(const struct doing *d, struct asking *q, bool readable)
{
	if (d->row->use == DERIVE || d->row->use == DERIVE_KEPT) {
		ask_secret_key(q, CKK_GENERIC_SECRET, d->row->size, readable);
	} else if (d->row->use == DERIVE_DATA) {
		ask_ulong(q, CKA_CLASS, CKO_DATA);
		ask_bool(q, CKA_PRIVATE, true);
		ask_ulong(q, CKA_VALUE_LEN, d->row->size);
	}
}

/* The same key each time, once to be read. */
static void derive(struct doing *d)
{
	struct asking q;
	struct told told;

	begin(d, &q, DO_DERIVE, d->ring->handle[d->row->key]);
	ask_derived(d, &q, d->row->use != DERIVE_KEPT);
	if (!now(d, &q, &told))
		return;
	if (d->row->use == DERIVE || d->row->use == DERIVE_DATA)
		learn(d, told.head.number[0], CKA_VALUE);
	ask(&q, DO_DESTROY, d->w->session, told.head.number[0], 0, 0);
	if (!now(d, &q, NULL))
		return;
	begin(d, &q, DO_DERIVE, d->ring->handle[d->row->key]);
	ask_derived(d, &q, false);
	store(d, &q);
}

static void ask_made(const struct doing *d, struct asking *q, bool readable)
{
	size_t n;
	const uint8_t *domain = ring_key_domain(d->row->key, &n);

	begin(d, q, d->row->use == MAKE ? DO_GENERATE : DO_GENERATE_PAIR, 0);
	if (d->row->use == MAKE) {
		ask_secret_key(q, CKK_GENERIC_SECRET, d->row->size, readable);
		return;
	}
	if (n > 0)
		ask_field(q, FIELD_PARAMS, domain, n);
	ask_bool(q, CKA_TOKEN, false);
	ask_bool(q, CKA_PRIVATE, true);
	ask_bool(q, CKA_SENSITIVE, !readable);
	ask_bool(q, CKA_EXTRACTABLE, readable);
}

/* A new key each time; the last one is one that can be read. */
static void make(struct doing *d)
{
	struct asking q;

	ask_made(d, &q, false);
	store(d, &q);
}

static void make_last(struct doing *d)
{
	struct asking q;
	struct told told;

	ask_made(d, &q, true);
	if (now(d, &q, &told))
		learn_all(d, told.head.number[0]);
}

static void begin_all(struct doing *d)
{
	static const struct {
		unsigned use;
		void (*begin)(struct doing *d);
	} uses[] = {
		{ SIGN, sign },
		{ ENCRYPT, encrypt },
		{ WRAP, wrap },
		{ DIGEST, digest },
		{ DERIVE | DERIVE_DATA | DERIVE_KEPT | PUBLIC_HALF | ACCOUNT, derive },
		{ MAKE | MAKE_PAIR, make },
		{ SIGN_MESSAGE | ENCRYPT_MESSAGE, message },
		{ WRAP_AUTHENTICATED, wrap_authenticated },
		{ ENCAPSULATE, encapsulate },
	};

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if ((d->row->use & uses[i].use) != 0)
			uses[i].begin(d);
}

/* "CKM_ECDSA, P-256" */
static void row_name(const struct mechanism_row *r, char *out, size_t room)
{
	bool only = r->key == NO_KEY || r->key == GENERIC || r->key == AES || r->key == RSA_2048;
	const char *form = r->use == SIGN_MESSAGE || r->use == ENCRYPT_MESSAGE ? ", message" :
			   r->use == WRAP_AUTHENTICATED			       ? ", wrap authenticated" : "";

	(void)snprintf(out, room, "%s%s%s%s", r->name, only ? "" : ", ", only ? "" : ring_key_name(r->key), form);
}

static void run(struct doing *d, const char *during, unsigned looks)
{
	struct told told;

	table_check(tell_plain(&d->w->d, DO_START, d->w->slot, 1, NULL) == CKR_OK, "the load could be started");
	world_look(d->w, during, PROMISE_BUSY);
	world_look_often(d->w, during, looks);
	table_check(tell_plain(&d->w->d, DO_STOP, 0, 0, &told) == CKR_OK, "the load could be stopped");
	if (d->rv == CKR_OK)
		d->rv = told.head.number[1];
	table_check(told.head.number[0] > 0, "the load did something");
}

static bool is_listed(struct world *w, uint64_t mechanism)
{
	struct told told;
	uint64_t type = 0;

	(void)tell_plain(&w->d, DO_MECHANISMS, w->slot, 0, &told);
	for (size_t at = 0; at + 16 <= told.head.size && type != mechanism; at += 16)
		memcpy(&type, told.bytes + at, sizeof(type));
	return type == mechanism;
}

static void one_mechanism(struct world *w, struct ring *ring, const struct mechanism_row *row, unsigned looks)
{
	struct doing d = { w, ring, row, CKR_OK };
	char name[48], during[56], after[56];

	row_name(row, name, sizeof(name));
	(void)snprintf(during, sizeof(during), "during %s", name);
	(void)snprintf(after, sizeof(after), "after %s", name);
	begin_all(&d);
	if (d.rv == CKR_OK && row->use != NOTHING) {
		run(&d, during, looks);
		if (row->use == MAKE || row->use == MAKE_PAIR)
			make_last(&d);
		if (ring->ec[row->key] != NULL && row->use == SIGN)
			nonces_look(w, ring->ec[row->key], ring->handle[row->key], row->mechanism, during, looks);
		world_look(w, after, PROMISE_IDLE);
	}
	(void)tell_plain(&w->d, DO_FORGET, 0, 0, NULL);
	if (d.rv != CKR_OK && w->is_coffer) {
		printf("%s: 0x%lx\n", name, (unsigned long)d.rv);
		table_check(false, name);
	}
}

/* A mechanism without a row would be one without a proof. */
static void check_rows(struct world *w)
{
	struct told told;

	table_check(tell_plain(&w->d, DO_MECHANISMS, w->slot, 0, &told) == CKR_OK && told.head.size > 0, "C_GetMechanismList");
	for (size_t at = 0; at + 16 <= told.head.size; at += 16) {
		bool found = false;
		uint64_t type;

		memcpy(&type, told.bytes + at, sizeof(type));
		for (size_t i = 0; i < mechanism_rows_count; i++)
			found |= mechanism_rows[i].mechanism == type;
		if (!found)
			printf("mechanism 0x%lx has no row in tests/support/mechanisms.def\n", (unsigned long)type);
		table_check(found, "each mechanism has a row");
	}
}

void moments_mechanisms(struct world *w, unsigned looks)
{
	struct ring ring = { .target = 0 };

	table_check(ring_fill(&ring, w) || !w->is_coffer, "a key of each kind could be imported");
	if (w->is_coffer)
		check_rows(w);
	for (size_t i = 0; i < mechanism_rows_count; i++)
		if (!mechanism_rows[i].optional || is_listed(w, mechanism_rows[i].mechanism))
			one_mechanism(w, &ring, &mechanism_rows[i], looks);
	ring_free(&ring);
}
