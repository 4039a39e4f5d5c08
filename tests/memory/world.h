/* SPDX-License-Identifier: Apache-2.0 */
/* One driver with one module and all of its secrets, and how it is looked at. */
#ifndef COFFER_TESTS_MEMORY_WORLD_H
#define COFFER_TESTS_MEMORY_WORLD_H

#include "client.h"
#include "table.h"

#define KEYS 8
#define PIN_SIZE 24

struct paths {
	const char *driver, *coffer, *softhsm_opt;
	const char *fail; /* tests/fault/fail.so, preloaded where failures are injected */
	bool quick;  /* fewer looks, and nothing of this machine is changed: no swap file, no core_pattern */
};

struct world {
	enum subject who;
	const struct paths *paths;
	char dir[256];    /* of its own: wallets, configuration, cores */
	char wallets[300];
	char wallet[340]; /* coffer's file */
	struct driver d;
	struct secrets *s;
	size_t kept;      /* secrets that the plain driver has been given */

	char user_pin[PIN_SIZE + 1], so_pin[PIN_SIZE + 1], new_pin[PIN_SIZE + 1], bad_pin[PIN_SIZE + 1];
	char label[32 + 1];
	uint8_t seed[KEYS][32], message[KEYS][32];
	uint8_t value[64], object_label[24], object_id[20];
	uint8_t wallet_key[32];
	uint64_t slot, session, key[KEYS], data;
	bool is_coffer;
};

/* A world with new secrets and no driver yet. `configuration` is added to coffer.conf. */
bool world_new(struct world *w, enum subject who, const struct paths *paths, const char *configuration);
/* Ends the driver and removes the directory. */
void world_free(struct world *w);
/* A driver with the module initialised. */
bool world_start(struct world *w, const char *preload);
/* A token with both PINs. */
bool world_token(struct world *w);
/* A session, logged in with that PIN; what follows from the PIN, and the coffer key, are known from then on. */
bool world_login(struct world *w, const char *pin);
/* KEYS imported token keys, each proved to be the one whose secrets are looked for, and a private data object. */
bool world_objects(struct world *w);
/* The key's signature is what the seed makes. */
bool world_sign(struct world *w, unsigned key);
/* A request for that signature. */
void world_ask_sign(struct world *w, struct asking *q, uint32_t flags, unsigned key);
/* A request for a private data object. */
void world_ask_data(struct world *w, struct asking *q, uint32_t flags);

/* A random time of at most so many milliseconds. */
void world_wait(unsigned ms);

/* Looks at its memory once. */
void world_look(struct world *w, const char *moment, enum promise promise);
/* At `n` random instants, between which it goes on with what it does. */
void world_look_often(struct world *w, const char *moment, unsigned n);
/* The same moment in all places that can be had: memory in both ways, a child's memory, gcore, swap, files. */
void world_look_everywhere(struct world *w, const char *moment, enum promise promise);

#endif
