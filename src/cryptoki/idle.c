/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/idle.h"

#include <signal.h>
#include <time.h>

#include "cryptoki/module.h"

static struct timespec after_ms(uint64_t ms)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* False when it is time to end. */
static bool sleep_for(uint64_t ms)
{
	struct timespec until = after_ms(ms);
	bool go_on;

	(void)pthread_mutex_lock(&module.waiting);
	if (!module.idle.stop)
		(void)pthread_cond_timedwait(&module.changed, &module.waiting, &until);
	go_on = !module.idle.stop;
	(void)pthread_mutex_unlock(&module.waiting);
	return go_on;
}

static void *watch(void *arg)
{
	const uint64_t whole = (uint64_t)module.config->idle_lock_s * 1000;
	uint64_t left;

	(void)arg;
	do {
		slots_lock_idle(module.slots, &left);
		/* A wallet that is unlocked meanwhile has the whole time before it. */
	} while (sleep_for(left < whole ? left : whole));
	return NULL;
}

static bool start(void)
{
	sigset_t all, before;
	bool started;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return false;
	started = pthread_create(&module.idle.thread, NULL, watch, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void idle_watch(void)
{
	if (module.config->idle_lock_s == 0 || !module.may_thread || atomic_load(&module.idle.running))
		return;
	(void)pthread_mutex_lock(&module.waiting);
	if (!atomic_load(&module.idle.running)) {
		module.idle.stop = false;
		atomic_store(&module.idle.running, start());
	}
	(void)pthread_mutex_unlock(&module.waiting);
}

void idle_end(void)
{
	if (!atomic_load(&module.idle.running))
		return;
	(void)pthread_mutex_lock(&module.waiting);
	module.idle.stop = true;
	(void)pthread_cond_broadcast(&module.changed);
	(void)pthread_mutex_unlock(&module.waiting);
	(void)pthread_join(module.idle.thread, NULL);
	atomic_store(&module.idle.running, false);
}

void idle_forget(void)
{
	atomic_store(&module.idle.running, false);
}

/* A host that unloads the module without C_Finalize must not be left with a thread whose code is gone. */
static __attribute__((destructor)) void unloaded(void)
{
	if (module_is_open())
		idle_end();
}
