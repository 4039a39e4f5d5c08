/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that locks wallets which nobody has used for a while (configuration: idle-lock).  There is one only
 * when that is configured, from the first call on a session to C_Finalize, and none where the application forbids threads
 * (CKF_LIBRARY_CANT_CREATE_OS_THREADS): then a wallet locks at the next call.  It blocks every signal, so that the
 * host's handlers never run on it.
 */
#ifndef COFFER_CRYPTOKI_IDLE_H
#define COFFER_CRYPTOKI_IDLE_H

/* Starts the thread when it is wanted and not there. When it cannot be had, wallets lock at the next call. */
void idle_watch(void);
/* Ends it. Module closing, `waiting` not held. */
void idle_end(void);
/* In a child: the parent's thread is not here. */
void idle_forget(void);

#endif
