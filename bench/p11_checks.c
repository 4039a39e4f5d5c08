/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a module does is what it is timed for. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "bench/p11.h"

static const struct p11 *module_of(const struct job *job)
{
	return job->subject->own;
}

/* The key that undoes what `choice->key[0]` did: the public half, or the secret key itself; 0: not known. */
static CK_OBJECT_HANDLE other_half(const struct job *job)
{
	const struct p11_choice *c = job->own;

	return job->row->key->pair ? c->pub[0] : c->key[0];
}

CK_RV p11_check_signature(struct job *job)
{
	CK_FUNCTION_LIST *f = module_of(job)->f;
	const struct p11_choice *c = job->own;
	struct lane *lane = &job->lane[0];
	struct p11_mechanism mechanism;
	CK_ULONG n = lane->out_n;
	CK_RV rv;

	/* Keys that were taken over have no public half here. */
	if (other_half(job) == 0)
		return CKR_OK;
	rv = f->C_SignInit(lane->session, p11_mechanism(lane, &mechanism), c->key[0]);
	if (rv == CKR_OK)
		rv = f->C_Sign(lane->session, lane->message, job->row->size, lane->out, &n);
	if (rv != CKR_OK)
		return rv;
	rv = f->C_VerifyInit(lane->session, p11_mechanism(lane, &mechanism), other_half(job));
	if (rv == CKR_MECHANISM_INVALID)
		return CKR_OK; /* NSS makes a CMAC and verifies none */
	if (rv == CKR_OK)
		rv = f->C_Verify(lane->session, lane->message, job->row->size, lane->out, n);
	return rv == CKR_SIGNATURE_INVALID || rv == CKR_SIGNATURE_LEN_RANGE ? BENCH_WRONG : rv;
}

static CK_RV decrypts_to(struct lane *lane, CK_OBJECT_HANDLE key, CK_ULONG n, unsigned char *plain)
{
	CK_FUNCTION_LIST *f = module_of(lane->job)->f;
	size_t size = lane->job->row->size;
	struct p11_mechanism mechanism;
	CK_ULONG plain_n = lane->message_n;
	CK_RV rv = f->C_DecryptInit(lane->session, p11_mechanism(lane, &mechanism), key);

	if (rv == CKR_OK)
		rv = f->C_Decrypt(lane->session, lane->out, n, plain, &plain_n);
	if (rv != CKR_OK)
		return rv;
	return plain_n == size && memcmp(plain, lane->message, size) == 0 ? CKR_OK : BENCH_WRONG;
}

static unsigned char *room(const struct lane *lane)
{
	unsigned char *p = malloc(lane->message_n);

	if (p == NULL)
		abort();
	return p;
}

CK_RV p11_check_ciphertext(struct job *job)
{
	CK_FUNCTION_LIST *f = module_of(job)->f;
	const struct p11_choice *c = job->own;
	struct lane *lane = &job->lane[0];
	struct p11_mechanism mechanism;
	CK_ULONG n = lane->out_n;
	unsigned char *plain;
	CK_RV rv = f->C_EncryptInit(lane->session, p11_mechanism(lane, &mechanism), c->key[0]);

	if (rv == CKR_OK)
		rv = f->C_Encrypt(lane->session, lane->message, job->row->size, lane->out, &n);
	if (rv != CKR_OK)
		return rv;
	plain = room(lane);
	rv = memcmp(lane->out, lane->message, job->row->size) == 0 ? BENCH_WRONG : decrypts_to(lane, c->key[0], n, plain);
	free(plain);
	return rv;
}

/* The ciphertext is there already, and its length. */
CK_RV p11_check_plaintext(struct job *job)
{
	const struct p11_choice *c = job->own;
	struct lane *lane = &job->lane[0];
	unsigned char *plain = room(lane);
	CK_RV rv = decrypts_to(lane, c->key[0], (CK_ULONG)(uintptr_t)lane->own, plain);

	free(plain);
	return rv;
}

CK_RV p11_check_digest(struct job *job)
{
	struct lane *lane = &job->lane[0];
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t n = 0;
	CK_RV rv = job->step(lane);

	/* One that libcrypto has not is not checked. */
	if (rv != CKR_OK || job->row->openssl == NULL)
		return rv;
	if (EVP_Q_digest(NULL, job->row->openssl, NULL, lane->message, job->row->size, digest, &n) != 1)
		return BENCH_NO_MODULE;
	return memcmp(digest, lane->out, n) == 0 ? CKR_OK : BENCH_WRONG;
}
