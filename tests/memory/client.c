/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GONE (~(uint64_t)0)

static void run_driver(const struct driver_options *o, int in, int out)
{
	struct rlimit cores = { RLIM_INFINITY, RLIM_INFINITY };
	const char *argv[6] = { o->program };
	int n = 1;

	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || chdir(o->dir) != 0)
		_exit(126);
	(void)setrlimit(RLIMIT_CORE, &cores);
	if (o->preload != NULL && setenv("LD_PRELOAD", o->preload, 1) != 0)
		_exit(126);
	if (o->plain)
		argv[n++] = "--plain";
	if (o->refuse_secret_memory)
		argv[n++] = "--refuse-memfd-secret";
	argv[n++] = o->module;
	(void)execv(o->program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

bool driver_start(const struct driver_options *options, struct driver *d)
{
	struct told told;
	int in[2], out[2];

	*d = (struct driver){ .pid = -1 };
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return false;
	(void)fflush(NULL);
	d->pid = fork();
	if (d->pid == 0) {
		(void)close(in[1]);
		(void)close(out[0]);
		run_driver(options, in[0], out[1]);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	d->in = in[1];
	d->out = out[0];
	if (d->pid < 0 || tell_plain(d, DO_HELLO, 0, 0, &told) != 0)
		return false;
	d->room = told.head.number[0];
	d->room_n = told.head.number[1];
	return true;
}

int driver_end(struct driver *d)
{
	int status = 0;

	(void)close(d->in);
	(void)close(d->out);
	if (d->pid > 0)
		(void)waitpid(d->pid, &status, 0);
	d->pid = -1;
	return status;
}

void ask(struct asking *q, uint32_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	*q = (struct asking){ .head = { .op = op, .number = { a, b, c, d } } };
}

void ask_field(struct asking *q, uint32_t type, const void *p, size_t n)
{
	if (q->head.fields == FIELDS_MAX || n > sizeof(q->bytes) - q->n)
		abort();
	q->head.type[q->head.fields] = type;
	q->head.size[q->head.fields++] = (uint32_t)n;
	if (n > 0)
		memcpy(q->bytes + q->n, p, n);
	q->n += n;
}

void ask_ulong(struct asking *q, uint32_t type, uint64_t value)
{
	unsigned long v = (unsigned long)value;

	ask_field(q, type, &v, sizeof(v));
}

void ask_bool(struct asking *q, uint32_t type, bool value)
{
	uint8_t v = value ? 1 : 0;

	ask_field(q, type, &v, 1);
}

static bool write_all(int fd, const void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = write(fd, (const uint8_t *)p + at, n - at);

		if (put <= 0)
			return false;
		at += (size_t)put;
	}
	return true;
}

static bool read_all(int fd, void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, (uint8_t *)p + at, n - at);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

bool tell_send(struct driver *d, const struct asking *q)
{
	uint8_t masked[REQUEST_BYTES_MAX], mask[REQUEST_BYTES_MAX];

	randombytes_buf(mask, q->n);
	for (size_t i = 0; i < q->n; i++)
		masked[i] = q->bytes[i] ^ mask[i];
	return write_all(d->in, &q->head, sizeof(q->head)) && write_all(d->in, masked, q->n) &&
	       write_all(d->in, mask, q->n);
}

uint64_t tell_wait(struct driver *d, struct told *told_opt)
{
	static struct told spare;
	struct told *told = told_opt != NULL ? told_opt : &spare;

	if (!read_all(d->out, &told->head, sizeof(told->head)) || told->head.size > sizeof(told->bytes) ||
	    !read_all(d->out, told->bytes, told->head.size))
		return GONE;
	return told->head.rv;
}

uint64_t tell(struct driver *d, const struct asking *q, struct told *told_opt)
{
	return tell_send(d, q) ? tell_wait(d, told_opt) : GONE;
}

uint64_t tell_plain(struct driver *d, uint32_t op, uint64_t a, uint64_t b, struct told *told_opt)
{
	struct asking q;

	ask(&q, op, a, b, 0, 0);
	return tell(d, &q, told_opt);
}
