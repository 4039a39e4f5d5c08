/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define CHUNK_PAGES ((size_t)4096)
/* Argon2id's working memory may be locked too; guarded regions are small. */
#define REGION_MAX ((uint64_t)1 << 20)

static FILE *proc_file(pid_t pid, const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

static bool parse_area(const char *line, struct area *a)
{
	unsigned long from, to;
	char perms[8];
	int path = 0;

	if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %n", &from, &to, perms, &path) != 3 || perms[4] != '\0')
		return false;
	*a = (struct area){ .from = from, .to = to, .readable = perms[0] == 'r', .writable = perms[1] == 'w' };
	(void)snprintf(a->path, sizeof(a->path), "%.*s", (int)strcspn(line + path, "\n"), line + path);
	a->secret = strstr(a->path, "secretmem") != NULL;
	return true;
}

size_t process_areas(pid_t pid, bool flags, struct area **out)
{
	FILE *f = proc_file(pid, flags ? "smaps" : "maps");
	size_t n = 0, room = 0;
	char line[512];
	struct area a;

	*out = NULL;
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (n > 0 && strncmp(line, "VmFlags:", 8) == 0) {
			struct area *last = &(*out)[n - 1];

			last->arena = strstr(line, " lo") != NULL && strstr(line, " dd") != NULL &&
				      strstr(line, " dc") != NULL && last->to - last->from < REGION_MAX;
		}
		if (!parse_area(line, &a))
			continue;
		if (n == room) {
			room = room == 0 ? 128 : 2 * room;
			*out = realloc(*out, room * sizeof(**out));
			if (*out == NULL)
				abort();
		}
		(*out)[n++] = a;
	}
	if (f != NULL)
		(void)fclose(f);
	return n;
}

/* Memory as it was: a run of pages each. */
struct snapshot {
	struct run {
		struct area area;
		size_t n;
		uint8_t *p;
	} *run;
	size_t runs, room;
};

struct scan {
	pid_t pid;
	enum how how;
	int mem, pagemap;
	struct secrets *secrets;
	struct tally *tally;
	struct snapshot *copy; /* not NULL: pages are kept in it, not looked through */
	const struct area *area;
	uint8_t *buffer;
};

static void hit(enum kind k, size_t at, size_t n, void *arg)
{
	struct scan *s = arg;

	(void)at;
	(void)n;
	if (s->area != NULL && s->area->arena) {
		s->tally->inside[k]++;
		return;
	}
	s->tally->outside[k]++;
	if (s->area != NULL)
		(void)snprintf(s->tally->where, sizeof(s->tally->where), "%lx %.40s", (unsigned long)s->area->from,
			       s->area->path);
}

static size_t read_at(const struct scan *s, uint64_t at, uint8_t *p, size_t n)
{
	struct iovec here = { p, n }, there = { (void *)(uintptr_t)at, n };
	ssize_t got = s->how == HOW_PROC_MEM ? pread(s->mem, p, n, (off_t)at) :
					       process_vm_readv(s->pid, &here, 1, &there, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

static void keep_run(struct snapshot *c, const struct area *area, const uint8_t *p, size_t n)
{
	if (c->runs == c->room) {
		c->room = c->room == 0 ? 256 : 2 * c->room;
		c->run = realloc(c->run, c->room * sizeof(*c->run));
		if (c->run == NULL)
			abort();
	}
	c->run[c->runs] = (struct run){ *area, n, malloc(n) };
	if (c->run[c->runs].p == NULL)
		abort();
	memcpy(c->run[c->runs++].p, p, n);
}

static void scan_run(struct scan *s, uint64_t from, size_t pages)
{
	size_t got = read_at(s, from, s->buffer, pages * PAGE);

	if (s->copy != NULL) {
		if (got > 0)
			keep_run(s->copy, s->area, s->buffer, got);
		return;
	}
	s->tally->scanned += got;
	s->tally->refused += pages * PAGE - got;
	secrets_scan(s->secrets, s->buffer, got, hit, s);
}

/* Present (bit 63) or swapped (bit 62): the others have never been written, or are clean pages of a file. */
static bool is_there(uint64_t entry)
{
	return entry >> 62 != 0;
}

static void scan_area(struct scan *s)
{
	uint64_t entry[CHUNK_PAGES];
	size_t pages = (size_t)(s->area->to - s->area->from) / PAGE;

	for (size_t done = 0; done < pages; done += CHUNK_PAGES) {
		size_t n = pages - done < CHUNK_PAGES ? pages - done : CHUNK_PAGES;
		off_t where = (off_t)((s->area->from / PAGE + done) * sizeof(entry[0]));

		if (pread(s->pagemap, entry, n * sizeof(entry[0]), where) != (ssize_t)(n * sizeof(entry[0])))
			continue;
		for (size_t i = 0, run; i < n; i += run) {
			for (run = 0; i + run < n && is_there(entry[i + run]);)
				run++;
			if (run > 0)
				scan_run(s, s->area->from + (done + i) * PAGE, run);
			else
				run = 1;
		}
	}
}

static bool open_scan(struct scan *s)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)s->pid);
	s->mem = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)s->pid);
	s->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	s->buffer = malloc(CHUNK_PAGES * PAGE);
	return s->mem >= 0 && s->pagemap >= 0 && s->buffer != NULL;
}

static void close_scan(struct scan *s)
{
	if (s->mem >= 0)
		(void)close(s->mem);
	if (s->pagemap >= 0)
		(void)close(s->pagemap);
	free(s->buffer);
}

static bool wanted(const struct area *a, uint64_t skip, uint64_t skip_n)
{
	if (strncmp(a->path, "[v", 2) == 0)
		return false; /* vvar, vdso, vsyscall: the kernel's own */
	return a->from < skip || a->from >= skip + skip_n;
}

static bool scan_all(struct scan *s, uint64_t skip, uint64_t skip_n)
{
	struct area *areas;
	size_t n = process_areas(s->pid, true, &areas);
	bool ok = n > 0 && open_scan(s);

	for (size_t i = 0; ok && i < n; i++) {
		s->area = &areas[i];
		if (wanted(s->area, skip, skip_n))
			scan_area(s);
	}
	close_scan(s);
	free(areas);
	return ok;
}

bool process_scan(pid_t pid, enum how how, struct secrets *secrets, uint64_t skip, uint64_t skip_n,
		  struct tally *t)
{
	struct scan s = { .pid = pid, .how = how, .secrets = secrets, .tally = t };

	return scan_all(&s, skip, skip_n);
}

struct snapshot *process_snapshot(pid_t pid, uint64_t skip, uint64_t skip_n)
{
	struct scan s = { .pid = pid, .how = HOW_PROC_MEM, .copy = calloc(1, sizeof(*s.copy)) };

	if (s.copy == NULL || scan_all(&s, skip, skip_n))
		return s.copy;
	snapshot_free(s.copy);
	return NULL;
}

void snapshot_scan(const struct snapshot *copy, struct secrets *secrets, struct tally *t)
{
	for (size_t i = 0; i < copy->runs; i++) {
		struct scan s = { .tally = t, .area = &copy->run[i].area };

		t->scanned += copy->run[i].n;
		secrets_scan(secrets, copy->run[i].p, copy->run[i].n, hit, &s);
	}
}

void snapshot_free(struct snapshot *copy)
{
	for (size_t i = 0; copy != NULL && i < copy->runs; i++)
		free(copy->run[i].p);
	if (copy != NULL)
		free(copy->run);
	free(copy);
}

size_t process_read(pid_t pid, uint64_t at, void *p, size_t n)
{
	struct scan s = { .pid = pid, .how = HOW_VM_READV };

	return read_at(&s, at, p, n);
}

bool process_maps(pid_t pid, uint64_t bytes)
{
	struct area *areas;
	size_t n = process_areas(pid, false, &areas);
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found |= areas[i].writable && areas[i].to - areas[i].from >= bytes;
	free(areas);
	return found;
}

/* The state letter of a thread. */
static char state_of(pid_t pid, const char *task)
{
	char name[300], line[512], state = '?';
	char *end;
	FILE *f;

	(void)snprintf(name, sizeof(name), "task/%.200s/stat", task);
	f = proc_file(pid, name);
	if (f == NULL)
		return '?';
	if (fgets(line, sizeof(line), f) != NULL && (end = strrchr(line, ')')) != NULL)
		state = end[2];
	(void)fclose(f);
	return state;
}

static bool all_stopped(pid_t pid)
{
	char path[64];
	struct dirent *e;
	bool all = true;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' && state_of(pid, e->d_name) != 'T')
			all = false;
	(void)closedir(dir);
	return all;
}

bool process_stop(pid_t pid)
{
	if (kill(pid, SIGSTOP) != 0)
		return false;
	for (int i = 0; i < 20000; i++) {
		if (all_stopped(pid))
			return true;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 }, NULL);
	}
	return false;
}

void process_continue(pid_t pid)
{
	(void)kill(pid, SIGCONT);
}

unsigned long process_locked_kib(pid_t pid)
{
	FILE *f = proc_file(pid, "status");
	unsigned long kib = 0;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmLck:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

void tally_buffer(struct secrets *secrets, const uint8_t *p, size_t n, struct tally *t)
{
	struct scan s = { .secrets = secrets, .tally = t };

	t->scanned += n;
	secrets_scan(secrets, p, n, hit, &s);
}

unsigned long tally_total(const unsigned long hits[KINDS])
{
	unsigned long sum = 0;

	for (int k = 0; k < KINDS; k++)
		sum += hits[k];
	return sum;
}
