/* SPDX-License-Identifier: Apache-2.0 */
#include "places.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool no(const char **why, const char *sentence)
{
	*why = sentence;
	return false;
}

/* The whole of a file, mapped. */
static const uint8_t *map_file(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
		*n = (size_t)st.st_size;
		p = mmap(NULL, *n, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	if (fd >= 0)
		(void)close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static void scan_segments(const uint8_t *core, size_t n, struct secrets *s, struct tally *memory,
			  struct tally *registers)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)(const void *)core;

	for (unsigned i = 0; i < e->e_phnum; i++) {
		const uint8_t *at = core + e->e_phoff + (size_t)i * e->e_phentsize;
		Elf64_Phdr p;

		if (at + sizeof(p) > core + n)
			return;
		memcpy(&p, at, sizeof(p));
		if (p.p_offset >= n)
			continue;
		if (p.p_filesz > n - p.p_offset)
			p.p_filesz = n - p.p_offset;
		if (p.p_type == PT_LOAD || p.p_type == PT_NOTE)
			tally_buffer(s, core + p.p_offset, p.p_filesz, p.p_type == PT_LOAD ? memory : registers);
	}
}

bool place_core(const char *path, struct secrets *s, struct tally *memory, struct tally *registers,
		const char **why)
{
	size_t n = 0;
	const uint8_t *core = map_file(path, &n);

	if (core == NULL)
		return no(why, "no core was written");
	if (n < sizeof(Elf64_Ehdr) || memcmp(core, ELFMAG, SELFMAG) != 0 || core[EI_CLASS] != ELFCLASS64) {
		(void)munmap((void *)(uintptr_t)core, n);
		return no(why, "the core is no 64-bit ELF file");
	}
	scan_segments(core, n, s, memory, registers);
	(void)munmap((void *)(uintptr_t)core, n);
	return true;
}

/* A program by its name, its output to nowhere. */
static int run(const char *const argv[])
{
	int status = -1, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
			_exit(126);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

bool place_gcore(pid_t pid, const char *dir, struct secrets *s, struct tally *t, struct tally *registers,
		 const char **why)
{
	char prefix[300], path[340], id[16];
	bool ok;

	(void)snprintf(prefix, sizeof(prefix), "%s/gcore", dir);
	(void)snprintf(id, sizeof(id), "%d", (int)pid);
	(void)snprintf(path, sizeof(path), "%s.%s", prefix, id);
	switch (run((const char *const[]){ "gcore", "-o", prefix, id, NULL })) {
	case 0:
		break;
	case 127:
		return no(why, "gcore (of gdb) is not installed");
	default:
		return no(why, "gcore may not attach to the process");
	}
	ok = place_core(path, s, t, registers, why);
	(void)unlink(path);
	return ok;
}

/* ---- core_pattern ---- */

#define PATTERN "/proc/sys/kernel/core_pattern"
#define PATTERN_MAX 128

static char old_pattern[PATTERN_MAX + 1];

static bool read_pattern(char *out)
{
	FILE *f = fopen(PATTERN, "re");
	size_t n = f == NULL ? 0 : fread(out, 1, PATTERN_MAX, f);

	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (f != NULL)
		(void)fclose(f);
	return n > 0;
}

static bool write_pattern(const char *text)
{
	int fd = open(PATTERN, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static bool write_script(const char *path, const char *piped_to)
{
	FILE *f = fopen(path, "we");
	bool ok = f != NULL && fprintf(f, "#!/bin/sh\numask 077\nexec cat >'%s'\n", piped_to) > 0;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	return ok && chmod(path, 0700) == 0;
}

bool place_core_pattern(const char *dir, const char *piped_to, const char **why)
{
	char script[PATTERN_MAX + 1], text[PATTERN_MAX + 2];

	if (geteuid() != 0)
		return no(why, "needs root to set core_pattern");
	if (!read_pattern(old_pattern))
		return no(why, "core_pattern cannot be read");
	if (piped_to == NULL)
		return place_core_is_here() || write_pattern("core") || no(why, "core_pattern cannot be written here");
	if (snprintf(script, sizeof(script), "%s/p", dir) >= (int)sizeof(script) - 1)
		return no(why, "the temporary directory's name is too long for core_pattern");
	(void)snprintf(text, sizeof(text), "|%s", script);
	if (!write_script(script, piped_to) || !write_pattern(text)) {
		place_core_pattern_restore();
		return no(why, "core_pattern cannot be written here");
	}
	return true;
}

void place_core_pattern_restore(void)
{
	if (old_pattern[0] != '\0')
		(void)write_pattern(old_pattern);
	old_pattern[0] = '\0';
}

bool place_core_is_here(void)
{
	char pattern[PATTERN_MAX + 1], with_pid[8] = "";
	FILE *f = fopen("/proc/sys/kernel/core_uses_pid", "re");

	if (f == NULL || fgets(with_pid, sizeof(with_pid), f) == NULL)
		with_pid[0] = '?';
	if (f != NULL)
		(void)fclose(f);
	return read_pattern(pattern) && strcmp(pattern, "core") == 0 && with_pid[0] == '0';
}

/* ---- files ---- */

static struct {
	struct secrets *s;
	struct tally *t;
} walking;

static void scan_file(const char *path)
{
	size_t n = 0;
	const uint8_t *p = map_file(path, &n);

	if (p == NULL)
		return;
	tally_buffer(walking.s, p, n, walking.t);
	(void)munmap((void *)(uintptr_t)p, n);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && S_ISREG(st->st_mode))
		scan_file(path);
	return 0;
}

void place_files(pid_t pid, const char *dir, struct secrets *s, struct tally *t)
{
	char path[64 + 256];
	struct dirent *e;
	DIR *d;

	walking.s = s;
	walking.t = t;
	(void)nftw(dir, visit, 16, FTW_PHYS);
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		struct stat st;

		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%.200s", (int)pid, e->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0)
			scan_file(path); /* removed, but still written to */
	}
	if (d != NULL)
		(void)closedir(d);
}
