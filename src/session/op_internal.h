/* SPDX-License-Identifier: Apache-2.0 */
/* What op.c has for the other files of the running operation: op_output.c, op_verify.c, op_parts.c. */
#ifndef COFFER_SESSION_OP_INTERNAL_H
#define COFFER_SESSION_OP_INTERNAL_H

#include "session/op.h"

/* What a step of the family needs; it travels to where the key is open. */
struct step {
	struct op *op;
	struct span in;
	struct span signature;
	struct mspan out;
	size_t n;
};

typedef CK_RV (*step_fn)(struct vault_scope *scope, const struct mech_call *call, struct step *step);

struct mech_call op_call(const struct op *op, const struct key_view *view);
/* Runs a step with the key, where the operation has one; in a scope, where its state is guarded. */
CK_RV op_run(struct op *op, step_fn fn, struct step *step);
/* The same for a step that does all of it: nothing of what it makes in the scope is there when it ends. */
CK_RV op_run_whole(struct op *op, step_fn fn, struct step *step);
/* The same without the key. */
CK_RV op_run_state(struct op *op, step_fn fn, struct step *step);

/* The user is still logged in, and has given the PIN once more where the key wants it. */
CK_RV op_check(const struct op *op, struct token *token);

/* The family's own memory for parts, begun. */
CK_RV op_start(struct op *op);
/* For a step that begins, feeds and finishes in one scope: runs it with the family's own memory, which lies on the vault stack. */
CK_RV op_with_state(struct vault_scope *scope, const struct mech_call *call, step_fn fn, struct step *step);
CK_RV op_feed(struct op *op, struct span part);

/* For a key with CKA_COFFER_MESSAGE_PREFIXES: notes how the message begins; says whether the key may sign such a one. */
void op_note_head(struct op *op, struct span part);
CK_RV op_check_head(const struct op *op);

/* A length from the row and what is known of the key in clear: no key is opened. */
CK_RV op_length(const struct op *op, CK_RV (*ask)(const struct mech_call *, size_t, size_t *), size_t in, size_t *out);
/* Answers a length query and a short buffer: *answered, and the operation stays as it is.  `variable`: `need` is only an upper
 * bound, and a buffer is short when the operation finds it so. */
CK_RV op_offer(size_t need, bool variable, const struct op_output *out, bool *answered);
/* Do parts wait for the last one? */
bool op_gathers(const struct op *op);
/* Appends to what waits.  HOST_MEMORY. */
CK_RV op_gather(struct op *op, struct span part);

#endif
