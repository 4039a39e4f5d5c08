/* SPDX-License-Identifier: Apache-2.0 */
/* This process: what others may see of it, and what it may lock. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "vault/switch.h"

bool process_lock_limit(unsigned long *bytes)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	*bytes = limit.rlim_cur;
	return syscall(SYS_capget, &header, data) != 0 || (data[0].effective & 1u << CAP_IPC_LOCK) == 0;
}

/* A wallet that was opened as descriptor 1 would get what is printed.  What takes the place of a closed one can neither be
 * read nor written, so that output which goes nowhere is still noticed. */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY | O_PATH);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

void process_harden(void)
{
	unsigned long limit;

	fill_standard_descriptors();
#ifndef WITH_ASAN /* whose look for leaks debugs the process */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (!process_lock_limit(&limit))
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}
