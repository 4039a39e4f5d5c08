/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the host that arrive during an operation.
 *
 * The kernel writes all registers of the interrupted thread, keys among them, to the stack that the
 * handler uses.  That is the vault stack, which is wiped anyway, unless the thread has an alternate
 * signal stack (sigaltstack(2)), which is the host's ordinary memory: then its used part is wiped when the
 * operation ends.  Blocking signals meanwhile would take two system calls for each signature, three
 * in a hundred of its time.
 *
 * Whether there was a signal costs a load and a store: the kernel clears rseq(2)'s pointer to a critical
 * section whenever it delivers a signal to a thread that is not inside that section, and the section
 * that is named here has no instruction in it.  Where the C library has registered no rseq area,
 * the kernel is asked for the alternate stack after each operation.
 */
#ifndef COFFER_VAULT_INTERRUPT_H
#define COFFER_VAULT_INTERRUPT_H

#include <stdbool.h>

/* From now on signals are noticed. */
void interrupt_watch(void);
/* May one have been delivered since? */
bool interrupt_noticed(void);
/* A system call is made, when something secret was computed already: kernels from 6.19 on do not show a signal that arrives in one, so
 * it is taken for granted.  What a scope draws as random before anything else needs it not: no register has a secret then. */
void interrupt_presume(void);
/* Wipes this thread's alternate signal stack, from its top until as much as the kernel's largest signal frame
 * (AT_MINSIGSTKSZ) is unused in one piece; nothing when it has none.  What is in use of it, when the caller runs on it, is left alone. */
void interrupt_wipe(void);

#endif
