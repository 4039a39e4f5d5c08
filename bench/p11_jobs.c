/* SPDX-License-Identifier: Apache-2.0 */
/* One function for each operation: the calls that are timed. */
#include <stdlib.h>
#include <string.h>

#include "bench/p11.h"

/* ---- signing, verifying, encrypting ---- */

static CK_OBJECT_HANDLE next_key(const struct lane *lane)
{
	const struct p11_choice *c = lane->job->own;

	/* Two threads start at different ends. */
	return c->key[(lane->turn + lane->number * c->n / 2) % c->n];
}

static CK_FUNCTION_LIST *functions(const struct lane *lane)
{
	const struct p11 *p = lane->job->subject->own;

	return p->f;
}

static unsigned long step_sign(struct lane *lane)
{
	CK_FUNCTION_LIST *f = functions(lane);
	struct p11_mechanism mechanism;
	CK_ULONG n = lane->out_n;
	CK_RV rv = f->C_SignInit(lane->session, p11_mechanism(lane, &mechanism), next_key(lane));

	return rv == CKR_OK ? f->C_Sign(lane->session, lane->message, lane->job->row->size, lane->out, &n) : rv;
}

static unsigned long step_verify(struct lane *lane)
{
	const struct p11_choice *c = lane->job->own;
	CK_FUNCTION_LIST *f = functions(lane);
	struct p11_mechanism mechanism;
	CK_RV rv = f->C_VerifyInit(lane->session, p11_mechanism(lane, &mechanism), c->pub[0]);

	/* The signature was made when the lane was. */
	return rv == CKR_OK ? f->C_Verify(lane->session, lane->message, lane->job->row->size, lane->out,
					  (CK_ULONG)(uintptr_t)lane->own) : rv;
}

static unsigned long step_encrypt(struct lane *lane)
{
	CK_FUNCTION_LIST *f = functions(lane);
	struct p11_mechanism mechanism;
	CK_ULONG n = lane->out_n;
	CK_RV rv = f->C_EncryptInit(lane->session, p11_mechanism(lane, &mechanism), next_key(lane));

	return rv == CKR_OK ? f->C_Encrypt(lane->session, lane->message, lane->job->row->size, lane->out, &n) : rv;
}

static unsigned long step_decrypt(struct lane *lane)
{
	CK_FUNCTION_LIST *f = functions(lane);
	struct p11_mechanism mechanism;
	CK_ULONG n = lane->message_n;
	CK_RV rv = f->C_DecryptInit(lane->session, p11_mechanism(lane, &mechanism), next_key(lane));

	/* The ciphertext was made when the lane was. */
	return rv == CKR_OK ? f->C_Decrypt(lane->session, lane->out, (CK_ULONG)(uintptr_t)lane->own,
					   lane->message, &n) : rv;
}

static unsigned long step_wrap(struct lane *lane)
{
	struct p11_mechanism mechanism;
	CK_ULONG n = lane->out_n;

	return functions(lane)->C_WrapKey(lane->session, p11_mechanism(lane, &mechanism), next_key(lane),
					  (CK_OBJECT_HANDLE)(uintptr_t)lane->own, lane->out, &n);
}

static unsigned long step_digest(struct lane *lane)
{
	CK_FUNCTION_LIST *f = functions(lane);
	CK_MECHANISM mechanism = { lane->job->row->mechanism, NULL, 0 };
	CK_ULONG n = lane->out_n;
	CK_RV rv = f->C_DigestInit(lane->session, &mechanism);

	return rv == CKR_OK ? f->C_Digest(lane->session, lane->message, lane->job->row->size, lane->out, &n) : rv;
}

static unsigned long step_random(struct lane *lane)
{
	return functions(lane)->C_GenerateRandom(lane->session, lane->out, lane->job->row->size);
}

/* ---- keys ---- */

/* Their IDs are above those that a search looks for. */
#define MADE_ID (1ul << 40)

static unsigned long generate(struct lane *lane, bool token)
{
	CK_OBJECT_HANDLE pub, key;
	CK_RV rv = p11_generate(lane->job->subject->own, lane->session, lane->job->row->key, token, MADE_ID + lane->turn,
				&pub, &key);

	if (rv != CKR_OK)
		return rv;
	lane->made[lane->made_n++] = key;
	if (pub != 0)
		lane->made[lane->made_n++] = pub;
	return CKR_OK;
}

static unsigned long step_generate(struct lane *lane)
{
	return generate(lane, false);
}

static unsigned long step_generate_token(struct lane *lane)
{
	return generate(lane, true);
}

/* A secret that comes out of another key: of the row's size. */
struct shared {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG size;
	CK_BBOOL yes, no;
	CK_ATTRIBUTE template[6];
};

#define SHARED_N (sizeof(((struct shared *)NULL)->template) / sizeof(CK_ATTRIBUTE))

static CK_ATTRIBUTE *shared_of(const struct lane *lane, struct shared *s)
{
	*s = (struct shared){ .class = CKO_SECRET_KEY, .type = CKK_GENERIC_SECRET, .size = lane->job->row->size, .yes = CK_TRUE,
			      .no = CK_FALSE,
			      .template = { { CKA_CLASS, &s->class, sizeof(s->class) },
					    { CKA_KEY_TYPE, &s->type, sizeof(s->type) },
					    { CKA_TOKEN, &s->no, sizeof(s->no) },
					    { CKA_VALUE_LEN, &s->size, sizeof(s->size) },
					    { CKA_SENSITIVE, &s->yes, sizeof(s->yes) },
					    { CKA_EXTRACTABLE, &s->no, sizeof(s->no) } } };
	return s->template;
}

static unsigned long made(struct lane *lane, CK_RV rv)
{
	lane->made_n += rv == CKR_OK;
	return rv;
}

static unsigned long step_derive(struct lane *lane)
{
	struct shared shared;
	struct p11_mechanism mechanism;

	return made(lane, functions(lane)->C_DeriveKey(lane->session, p11_mechanism(lane, &mechanism), next_key(lane),
						       shared_of(lane, &shared), SHARED_N, &lane->made[lane->made_n]));
}

static CK_FUNCTION_LIST_3_2 *functions_3_2(const struct lane *lane)
{
	const struct p11 *p = lane->job->subject->own;

	return p->f_3_2;
}

/* `n`: the room in the lane's output, then the ciphertext's length. */
static CK_RV encapsulate(struct lane *lane, CK_ULONG *n)
{
	const struct p11_choice *c = lane->job->own;
	struct shared shared;
	struct p11_mechanism mechanism;

	return made(lane, functions_3_2(lane)->C_EncapsulateKey(lane->session, p11_mechanism(lane, &mechanism), c->pub[0],
								shared_of(lane, &shared), SHARED_N, lane->out, n,
								&lane->made[lane->made_n]));
}

static unsigned long step_encapsulate(struct lane *lane)
{
	CK_ULONG n = lane->out_n;

	return encapsulate(lane, &n);
}

static unsigned long step_decapsulate(struct lane *lane)
{
	struct shared shared;
	struct p11_mechanism mechanism;

	/* The ciphertext was made when the lane was. */
	return made(lane, functions_3_2(lane)->C_DecapsulateKey(lane->session, p11_mechanism(lane, &mechanism), next_key(lane),
								shared_of(lane, &shared), SHARED_N, lane->out,
								(CK_ULONG)(uintptr_t)lane->own, &lane->made[lane->made_n]));
}

static unsigned long tidy_made(struct lane *lane)
{
	CK_RV rv = CKR_OK;

	while (lane->made_n > 0 && rv == CKR_OK)
		rv = functions(lane)->C_DestroyObject(lane->session, lane->made[--lane->made_n]);
	return rv;
}

static unsigned long step_find(struct lane *lane)
{
	const struct p11_choice *c = lane->job->own;
	const struct p11 *p = lane->job->subject->own;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_OBJECT_HANDLE found[2];
	CK_ULONG count;
	unsigned char id[8];
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, id, sizeof(id) } };
	CK_RV rv;

	/* An order without locality: 2654435761 is a prime near 2^32 divided by the golden ratio. */
	key_id(lane->job->row->key, (unsigned long)(lane->turn * 2654435761u % c->n), id);
	rv = p11_find(p, lane->session, template, 2, found, 1, &count);
	return rv == CKR_OK && count != 1 ? CKR_GENERAL_ERROR : rv;
}

/* ---- sessions and login ---- */

static unsigned long step_session(struct lane *lane)
{
	CK_SESSION_HANDLE session;
	CK_RV rv = p11_session(lane->job->subject->own, &session);

	return rv == CKR_OK ? functions(lane)->C_CloseSession(session) : rv;
}

static unsigned long step_login(struct lane *lane)
{
	struct p11 *p = lane->job->subject->own;
	CK_RV rv = p11_initialize(p);

	return rv == CKR_OK ? p11_login(p, &p->session) : rv;
}

static unsigned long tidy_login(struct lane *lane)
{
	return functions(lane)->C_Finalize(NULL);
}

/* ---- preparing ---- */

static struct p11_choice *choice_new(struct job *job, unsigned long n)
{
	struct p11_choice *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->n = n;
	job->own = c;
	return c;
}

static CK_OBJECT_HANDLE *handles_copy(const CK_OBJECT_HANDLE *from, unsigned long n)
{
	CK_OBJECT_HANDLE *to = calloc(n, sizeof(*to));

	if (to == NULL)
		abort();
	memcpy(to, from, n * sizeof(*to));
	return to;
}

static CK_RV with_keys(struct p11 *p, struct job *job)
{
	unsigned long n = job->row->many ? job->settings->turn : 1;
	struct p11_choice *c = choice_new(job, p->populated != 0 && n > p->populated ? p->populated : n);
	struct p11_keys *keys;
	CK_RV rv = p11_keys_ensure(p, job->row->key, c->n, &keys);

	if (rv != CKR_OK)
		return rv;
	/* Copies: the arrays move when another row wants more keys. */
	c->key = handles_copy(keys->key, c->n);
	c->pub = handles_copy(keys->pub, c->n);
	return CKR_OK;
}

/* Searches go through all keys that are there. */
static CK_RV with_search(struct p11 *p, struct job *job)
{
	if (p->populated == 0)
		return with_keys(p, job);
	(void)choice_new(job, p->populated);
	return CKR_OK;
}

/* What a row verifies or decrypts, made before anything is timed: into the lane's output, with its length as the lane's own. */
static CK_RV with_input(struct p11 *p, struct job *job, CK_C_SignInit init, CK_C_Sign make, bool by_public)
{
	CK_RV rv = with_keys(p, job);

	for (unsigned i = 0; rv == CKR_OK && i < job->row->lanes; i++) {
		struct lane *lane = &job->lane[i];
		struct p11_mechanism mechanism;
		const struct p11_choice *c = job->own;
		CK_ULONG n = lane->out_n;

		rv = init(lane->session, p11_mechanism(lane, &mechanism), by_public && job->row->key->pair ? c->pub[0] : c->key[0]);
		if (rv == CKR_OK)
			rv = make(lane->session, lane->message, job->row->size, lane->out, &n);
		lane->own = (void *)(uintptr_t)n;
	}
	return rv;
}

static CK_RV with_signature(struct p11 *p, struct job *job)
{
	return with_input(p, job, p->f->C_SignInit, p->f->C_Sign, false);
}

static CK_RV with_ciphertext(struct p11 *p, struct job *job)
{
	return with_input(p, job, p->f->C_EncryptInit, p->f->C_Encrypt, true);
}

/* The functions are those of 3.2; a module that has such keys has them. */
static CK_RV with_encapsulation(struct p11 *p, struct job *job)
{
	return p->f_3_2 == NULL ? NOT_OFFERED : with_keys(p, job);
}

static CK_RV with_encapsulated(struct p11 *p, struct job *job)
{
	CK_RV rv = with_encapsulation(p, job);

	for (unsigned i = 0; rv == CKR_OK && i < job->row->lanes; i++) {
		CK_ULONG n = job->lane[i].out_n;

		rv = encapsulate(&job->lane[i], &n);
		job->lane[i].own = (void *)(uintptr_t)n;
		if (rv == CKR_OK)
			rv = tidy_made(&job->lane[i]);
	}
	return rv;
}

/* Its own public half is as good a peer as any. */
static CK_RV with_peer(struct p11 *p, struct job *job)
{
	CK_RV rv = with_keys(p, job);
	struct p11_point *point = calloc(1, sizeof(*point));

	if (point == NULL)
		abort();
	if (rv == CKR_OK && job->row->key->pair)
		rv = p11_point_of(p, ((struct p11_choice *)job->own)->pub[0], point);
	for (unsigned i = 0; i < job->row->lanes; i++)
		job->lane[i].own = point;
	return rv;
}

static CK_RV with_wrapped(struct p11 *p, struct job *job)
{
	CK_ULONG size = job->row->size;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_MECHANISM mechanism = { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
	CK_ATTRIBUTE template[] = { { CKA_TOKEN, &no, sizeof(no) }, { CKA_VALUE_LEN, &size, sizeof(size) },
				    { CKA_EXTRACTABLE, &yes, sizeof(yes) } };
	CK_RV rv = with_keys(p, job);

	for (unsigned i = 0; rv == CKR_OK && i < job->row->lanes; i++) {
		CK_OBJECT_HANDLE key;

		rv = p->f->C_GenerateKey(job->lane[i].session, &mechanism, template, sizeof(template) / sizeof(template[0]), &key);
		job->lane[i].own = (void *)(uintptr_t)key;
	}
	return rv;
}

/* What a generated key needs that a module may lack is found out before anything is timed. */
static CK_RV with_kind(struct p11 *p, struct job *job)
{
	struct p11_keys *keys;

	return p11_keys_ensure(p, job->row->key, 1, &keys);
}

static CK_RV without_login(struct p11 *p, struct job *job)
{
	CK_RV rv = p->f->C_Finalize(NULL);

	/* SoftHSM's tokens change their slots at the next start. */
	if (rv == CKR_OK)
		rv = p11_initialize(p);
	if (rv == CKR_OK)
		rv = p11_find_token(job->subject, p);
	return rv == CKR_OK ? p->f->C_Finalize(NULL) : rv;
}

static const struct {
	unsigned long (*step)(struct lane *lane);
	unsigned long (*tidy)(struct lane *lane);
	unsigned batch_max;
	CK_RV (*prepare)(struct p11 *p, struct job *job);
	CK_RV (*check)(struct job *job);
} operations[OPS] = {
	[OP_SIGN] = { step_sign, NULL, 0, with_keys, p11_check_signature },
	[OP_VERIFY] = { step_verify, NULL, 0, with_signature, NULL },
	[OP_ENCRYPT] = { step_encrypt, NULL, 0, with_keys, p11_check_ciphertext },
	[OP_DECRYPT] = { step_decrypt, NULL, 0, with_ciphertext, p11_check_plaintext },
	[OP_DERIVE] = { step_derive, tidy_made, 16, with_peer, NULL },
	[OP_ENCAPSULATE] = { step_encapsulate, tidy_made, 16, with_encapsulation, NULL },
	[OP_DECAPSULATE] = { step_decapsulate, tidy_made, 16, with_encapsulated, NULL },
	[OP_WRAP] = { step_wrap, NULL, 0, with_wrapped, NULL },
	[OP_DIGEST] = { step_digest, NULL, 0, NULL, p11_check_digest },
	[OP_RANDOM] = { step_random, NULL, 0, NULL, NULL },
	[OP_GENERATE] = { step_generate, tidy_made, 16, with_kind, NULL },
	[OP_GENERATE_TOKEN] = { step_generate_token, tidy_made, 16, with_kind, NULL },
	[OP_FIND] = { step_find, NULL, 0, with_search, NULL },
	[OP_SESSION] = { step_session, NULL, 0, NULL, NULL },
	[OP_LOGIN] = { step_login, tidy_login, 1, without_login, NULL },
};

unsigned long p11_prepare(struct subject *s, struct job *job)
{
	struct p11 *p = s->own;
	CK_RV rv = CKR_OK;

	job->step = operations[job->row->op].step;
	job->tidy = operations[job->row->op].tidy;
	job->batch_max = operations[job->row->op].batch_max;
	for (unsigned i = 0; i < job->row->lanes && rv == CKR_OK; i++)
		rv = p11_session(p, &job->lane[i].session);
	if (rv == CKR_OK && operations[job->row->op].prepare != NULL)
		rv = operations[job->row->op].prepare(p, job);
	if (rv == CKR_OK && operations[job->row->op].check != NULL)
		rv = operations[job->row->op].check(job);
	return rv;
}
