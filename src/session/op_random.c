/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "session/bodies.h"

/*
 * The random numbers are the kernel's, and so is the pool that a seed is mixed into; what cannot be
 * mixed in is not silently dropped.
 */
CK_RV do_C_SeedRandom(struct call *call, CK_BYTE_PTR seed, CK_ULONG seed_len)
{
	struct span rest = span(seed, seed_len);
	int fd;

	(void)call;
	if (seed == NULL && seed_len != 0)
		return CKR_ARGUMENTS_BAD;
	fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return CKR_RANDOM_SEED_NOT_SUPPORTED;
	while (rest.n != 0) {
		ssize_t n = write(fd, rest.p, rest.n);

		if (n > 0)
			rest = span_skip(rest, (size_t)n);
		else if (n == 0 || errno != EINTR)
			break;
	}
	(void)close(fd);
	return rest.n == 0 ? CKR_OK : CKR_RANDOM_SEED_NOT_SUPPORTED;
}

CK_RV do_C_GenerateRandom(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len)
{
	(void)call;
	if (data == NULL && data_len != 0)
		return CKR_ARGUMENTS_BAD;
	if (data_len != 0)
		randombytes_buf(data, data_len);
	return CKR_OK;
}
