/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `coffer doctor` looks at: each probe adds findings about one subject.  Files of the system are read below `root`,
 * so that a test, or somebody who examines another system's disk, can give another one.
 */
#ifndef COFFER_CLI_DOCTOR_H
#define COFFER_CLI_DOCTOR_H

#include "base/config.h"
#include "cli/cli.h"

enum severity {
	SEVERITY_OK,     /* as it should be */
	SEVERITY_NOTE,   /* good to know */
	SEVERITY_WEAK,   /* a protection is missing */
	SEVERITY_BROKEN, /* wallets, or one of them, cannot be used */
};

struct finding {
	enum severity severity;
	const char *subject; /* of the probe's row */
	char *text, *advice; /* advice NULL: nothing to do */
};

struct doctor {
	struct cli *cli;
	const char *root;     /* "" for this system */
	const char *subject;  /* of the probe that runs */
	CK_RV started;        /* C_Initialize */
	char why[512];        /* the sentence behind it */
	struct config *config; /* NULL: it cannot be read */
	COFFER_PROTECTION protection; /* when started */
	bool swap_is_plain;   /* set by the probe of swap, for those behind it */
	struct finding *finding;
	size_t count, room;
};

/* Adds a finding about the current subject. `advice_opt` says what to do. */
void found(struct doctor *d, enum severity severity, const char *advice_opt, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The start of a text file below the root, without the last line end; false when it is not there. */
bool system_text(const struct doctor *d, const char *path, char *out, size_t room);

/* In the order of their rows in cmd_doctor.c. */
void probe_memory(struct doctor *d);
void probe_mechanisms(struct doctor *d);
void probe_limit(struct doctor *d);
void probe_swap(struct doctor *d);
void probe_hibernation(struct doctor *d);
void probe_cores(struct doctor *d);
void probe_debuggers(struct doctor *d);
void probe_configuration(struct doctor *d);
void probe_directory(struct doctor *d);
void probe_wallets(struct doctor *d);
void probe_clock(struct doctor *d);

#endif
