/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/p11.h"
#include "coffer/coffer.h"

enum command { SLICE, POPULATE, MEMORY, STOP };

struct request {
	enum command command;
	unsigned row, ms;
	unsigned long count;
};

struct hello {
	unsigned long error;
	char version[64];
};

static bool read_all(int fd, void *to, size_t n)
{
	for (char *p = to; n > 0;) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool write_all(int fd, const void *from, size_t n)
{
	for (const char *p = from; n > 0;) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* ---- in the worker ---- */

static void lane_new(struct job *job, unsigned number)
{
	struct lane *lane = &job->lane[number];
	size_t size = job->row->size;

	lane->job = job;
	lane->number = number;
	lane->out_n = size + 20480; /* a signature of SLH-DSA, or what encryption adds */
	lane->message_n = size + 4096;
	lane->message = calloc(1, lane->message_n);
	lane->out = calloc(1, lane->out_n);
	if (lane->message == NULL || lane->out == NULL)
		abort();
	for (size_t i = 0; i < size; i++)
		lane->message[i] = (unsigned char)(i * 31 + number);
}

static struct job *job_new(struct subject *s, const struct settings *settings, unsigned row, unsigned long *error)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		abort();
	job->row = &rows[row];
	job->settings = settings;
	job->subject = s;
	for (unsigned i = 0; i < job->row->lanes; i++)
		lane_new(job, i);
	*error = s->driver->prepare(s, job);
	return job;
}

static void serve_slice(struct subject *s, const struct settings *settings, const struct request *request, int to)
{
	static struct job *jobs[128];
	static unsigned long errors[128];
	struct slice out = { 0 };
	unsigned row = request->row;

	if (jobs[row] == NULL)
		jobs[row] = job_new(s, settings, row, &errors[row]);
	if (errors[row] == 0)
		slice_run(jobs[row], request->ms, &out);
	else
		out.error = errors[row];
	if (out.error != 0)
		errors[row] = out.error;
	(void)write_all(to, &out, sizeof(out));
}

static double cpu_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void serve_populate(struct subject *s, const struct request *request, int to)
{
	struct slice out = { .ops = request->count };
	uint64_t start = clock_wall_ns();
	double cpu = cpu_now_ns();

	out.error = s->driver->populate == NULL ? NOT_OFFERED : s->driver->populate(s, request->count);
	out.wall_ns = (double)(clock_wall_ns() - start) / (double)request->count;
	out.cpu_ns = (cpu_now_ns() - cpu) / (double)request->count;
	(void)write_all(to, &out, sizeof(out));
}

static void coffer_memory(const struct subject *s, struct memory *out)
{
	CK_INTERFACE *interface = NULL;
	CK_UTF8CHAR name[] = COFFER_INTERFACE_NAME;
	CK_C_GetInterface get = p11_symbol(s, "C_GetInterface");
	const COFFER_FUNCTIONS *coffer;
	COFFER_PROTECTION p;

	if (get == NULL || get(name, NULL, &interface, 0) != CKR_OK || interface == NULL)
		return;
	coffer = interface->pFunctionList;
	if (coffer->Protection(&p) != CKR_OK)
		return;
	out->arena = p.arena_bytes;
	out->stacks = p.stack_bytes;
	out->stack_count = p.stack_count;
}

static void serve_memory(const struct subject *s, int to)
{
	struct memory out = { 0 };
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			out.rss_kib = strtoull(line + 6, NULL, 10);
		if (strncmp(line, "VmLck:", 6) == 0)
			out.locked_kib = strtoull(line + 6, NULL, 10);
	}
	if (f != NULL)
		(void)fclose(f);
	if (s->driver == &driver_pkcs11)
		coffer_memory(s, &out);
	(void)write_all(to, &out, sizeof(out));
}

static void serve(struct subject *s, const struct settings *settings, unsigned long keys, int from, int to)
{
	struct hello hello = { .error = s->driver->open(s, settings, keys) };
	struct request request;

	(void)snprintf(hello.version, sizeof(hello.version), "%s", s->version);
	if (!write_all(to, &hello, sizeof(hello)))
		return;
	while (hello.error == 0 && read_all(from, &request, sizeof(request)) && request.command != STOP) {
		if (request.command == SLICE)
			serve_slice(s, settings, &request, to);
		else if (request.command == POPULATE)
			serve_populate(s, &request, to);
		else
			serve_memory(s, to);
	}
	if (s->driver->close != NULL)
		s->driver->close(s);
}

/* ---- in the main process ---- */

void worker_start(struct worker *w, struct subject *s, const struct settings *settings, unsigned long keys)
{
	int there[2], back[2];
	struct hello hello;

	if (pipe(there) != 0 || pipe(back) != 0)
		abort();
	(void)fflush(NULL);
	w->pid = fork();
	if (w->pid < 0)
		abort();
	if (w->pid == 0) {
		/* Not one worker outlives the run. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, s->name); /* perf report --comm coffer */
		(void)close(there[1]);
		(void)close(back[0]);
		serve(s, settings, keys, there[0], back[1]);
		_exit(0);
	}
	(void)close(there[0]);
	(void)close(back[1]);
	w->to = there[1];
	w->from = back[0];
	w->error = BENCH_NO_MODULE;
	if (!read_all(w->from, &hello, sizeof(hello)))
		return;
	w->error = hello.error;
	(void)snprintf(s->version, sizeof(s->version), "%s", hello.version);
}

/* False, and `error` in the answer: the worker is not there (any more). */
static unsigned long ask(struct worker *w, const struct request *request, void *answer, size_t n)
{
	if (w->error == 0 && (!write_all(w->to, request, sizeof(*request)) || !read_all(w->from, answer, n)))
		w->error = BENCH_NO_MODULE;
	return w->error;
}

void worker_slice(struct worker *w, unsigned row, unsigned ms, struct slice *out)
{
	struct request request = { .command = SLICE, .row = row, .ms = ms };
	unsigned long error = ask(w, &request, out, sizeof(*out));

	if (error != 0)
		*out = (struct slice){ .error = error };
}

void worker_populate(struct worker *w, unsigned long count, struct slice *out)
{
	struct request request = { .command = POPULATE, .count = count };
	unsigned long error = ask(w, &request, out, sizeof(*out));

	if (error != 0)
		*out = (struct slice){ .error = error };
}

void worker_memory(struct worker *w, struct memory *out)
{
	struct request request = { .command = MEMORY };

	if (ask(w, &request, out, sizeof(*out)) != 0)
		*out = (struct memory){ 0 };
}

void worker_stop(struct worker *w)
{
	struct request request = { .command = STOP };

	if (w->pid == 0)
		return;
	(void)write_all(w->to, &request, sizeof(request)); /* one that has ended already reads nothing */
	(void)close(w->to);
	(void)close(w->from);
	(void)waitpid(w->pid, NULL, 0);
	w->pid = 0;
}
