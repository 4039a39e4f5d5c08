/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: `key = value` lines, `#` comments.  Read once at C_Initialize from the first
 * that exists of $COFFER_CONF, $XDG_CONFIG_HOME/coffer/coffer.conf (else ~/.config), SYSCONFDIR/coffer/coffer.conf.
 * One row in config.c for each key: name, type, default, help; coffer.conf(5) is written from the same rows.
 * A set-user-ID program ignores the environment.
 */
#ifndef COFFER_BASE_CONFIG_H
#define COFFER_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/status.h"

struct config {
	char *directory;             /* wallets: $COFFER_DIR, else `directory`, else $XDG_DATA_HOME/coffer (~/.local/share/coffer), root: /var/lib/coffer */
	bool allow_unlocked_memory;  /* allow-unlocked-memory = no */
	bool allow_unsafe_wrapping;  /* allow-unsafe-wrapping = no */
	bool deterministic_ecdsa;    /* deterministic-ecdsa = no */
	bool prefer_locked;          /* memory = secret | locked */
	uint32_t argon2_memory_kib;  /* argon2-memory = 65536 (KiB) */
	uint32_t argon2_passes;      /* argon2-passes = 3 */
	uint32_t pin_min;            /* pin-min-length = 4 */
	uint32_t pin_limit;          /* pin-failures-limit = 0: never lock */
	uint32_t idle_lock_s;        /* idle-lock = 0: off */
	uint32_t rsa_min_bits;       /* rsa-min-bits = 2048 */
	char *disabled_mechanisms;   /* disabled-mechanisms: CKM_... names; empty: none */
	char *enabled_mechanisms;    /* enabled-mechanisms: of those that are off by themselves; empty: none */
	enum config_point { CONFIG_POINT_AUTO, CONFIG_POINT_DER, CONFIG_POINT_RAW } ec_point; /* ec-point = auto|der|raw */
	char *auth_credential;       /* authentication-credential: a file, or a name under $CREDENTIALS_DIRECTORY; empty: off */
	char *trace_file;            /* trace: function names and return values, never data; empty: off */
};

/* INVALID: the sentence names file, line and what is allowed there. */
struct cf_status config_load(struct config **out) CF_CHECKED;
/* From this text only (tests, fuzzing); `name` for messages. */
struct cf_status config_parse(const char *name, const char *text, struct config **out) CF_CHECKED;
void config_free(struct config *c);
AUTO_DEFINE(config, config_free)

/* The file that config_load() reads: false when there is none, or its name does not fit. */
bool config_file(char *out, size_t room);

/* The rows, for the manual and `coffer doctor`. */
struct config_row {
	const char *name;
	const char *values;   /* what may be given */
	const char *standard; /* the default, in words */
	const char *help;
};
const struct config_row *config_rows(unsigned *count);
/* The value of a row in `c` as it would be written in the file; false when it is too long for `out`. */
bool config_value(const struct config *c, unsigned row, char *out, size_t room);
/* Whether it is the row's default. */
bool config_is_standard(const struct config *c, unsigned row);

#endif
