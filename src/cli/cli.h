/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of the tool share.
 *
 * A command is a row in commands.def, a function `enum outcome cmd_<id>(struct cli *cli)` and a table
 * `const struct option_row options_<id>[]`.  main.c has parsed the words before it calls the function:
 *
 *	const struct option_row options_show[] = { OPTIONS_PIN, { "long", NULL, "with its objects", NULL }, OPTION_END };
 *
 *	enum outcome cmd_show(struct cli *cli)
 *	{
 *		CK_SESSION_HANDLE session;
 *		enum outcome outcome = session_unlock(cli, 0, &session);
 *
 *		if (outcome != OUTCOME_OK)
 *			return outcome;                        // the reason was printed
 *		rv = cli->p11->C_...(session, ...);
 *		if (rv != CKR_OK)
 *			return fail_rv(cli, rv, "cannot ...");
 *		if (cli->json)
 *			return out_json(json_pack(...));
 *		out_line("...");
 *		return OUTCOME_OK;
 *	}
 *
 * It talks to the tokens as any program would: through cli->p11 (the 3.2 list, so CKA_EC_POINT is raw) and cli->coffer
 * (the "Vendor Coffer" interface).  Nothing is closed by hand: C_Finalize ends sessions and logins when the command is over.
 * What people and programs read goes to standard output by out_; the one sentence of a failure to standard error by fail_.
 */
#ifndef COFFER_CLI_CLI_H
#define COFFER_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/span.h"
#include "ck/ck.h"
#include "coffer/coffer.h"
#include "vault/input.h"

/* ---- exit status (fail.c; coffer(1) lists them) ---- */

enum outcome {
	OUTCOME_OK = 0,        /* done, and durable where something was changed */
	OUTCOME_FAILED = 1,    /* anything that has no number of its own */
	OUTCOME_USAGE = 2,     /* the command line */
	OUTCOME_PIN = 3,       /* wrong, locked, not set, too short */
	OUTCOME_NOT_FOUND = 4, /* wallet, key, file */
	OUTCOME_EXISTS = 5,    /* it is there already, and nothing was overwritten */
	OUTCOME_BAD = 6,       /* a signature that is none; a wallet that is damaged or forged */
	OUTCOME_REFUSED = 7,   /* permissions of files, read-only places, what a key's attributes forbid */
	OUTCOME_RESOURCES = 8, /* disk, memory, RLIMIT_MEMLOCK */
	OUTCOME_BUSY = 9,      /* another process holds the wallet: try again */
};

/* ---- one run ---- */

#define ARGUMENTS_MAX 8
#define OPTIONS_MAX   32

/* One option of a command.  A table of them ends with OPTION_END. */
struct option_row {
	const char *name;           /* without "--" */
	const char *value;          /* what stands behind it, in capitals (FILE is completed as one); NULL: it is a switch */
	const char *help;           /* one line, without a full stop */
	const char *const *choices; /* the values that may be given, ended by NULL; NULL: any */
};
#define OPTION_END { NULL, NULL, NULL, NULL }

struct command;

struct cli {
	const struct command *command;
	const char *argument[ARGUMENTS_MAX]; /* by the words of the row's synopsis; NULL when it was left out */
	const char *value[OPTIONS_MAX];      /* by the row of the option: option_text() and option_given() read it */
	bool help;                           /* --help: the command is not run */
	bool json;                           /* --json: exactly one JSON value on standard output */
	const CK_FUNCTION_LIST_3_2 *p11;
	const COFFER_FUNCTIONS *coffer;
};

/* A row of commands.def. */
struct command {
	const char *group, *name;
	enum outcome (*run)(struct cli *cli);
	const struct option_row *options;
	enum command_needs { NEEDS_MODULE, NEEDS_NOTHING } needs;
	const char *arguments, *help;
};

#define GROUP(name, help)
#define COMMAND(group, name, id, needs, arguments, help) \
	enum outcome cmd_##id(struct cli *cli); \
	extern const struct option_row options_##id[];
#include "cli/commands.def"
#undef GROUP
#undef COMMAND

/* ---- this process (process.c) ---- */

/* Nobody but root may look into it, and it leaves no core.  Secrets are in the vault in any case; this is for what a library
 * copies.  All pages are locked only where no limit can be hit: the vault and Argon2id need what there is.  Files that are
 * opened later never become one of the three standard descriptors. */
void process_harden(void);
/* RLIMIT_MEMLOCK in bytes; false when nothing limits what this process may lock. */
bool process_lock_limit(unsigned long *bytes);

/* ---- options (options.c) ---- */

/* Fills argument, value, json and help from the words behind the command's own; prints what is wrong with them: USAGE.
 * With --help among them nothing else is asked of them. */
enum outcome options_parse(struct cli *cli, int argc, char **argv);
/* The text of an option, NULL when it was not given.  The name must be one of the command's table. */
const char *option_text(const struct cli *cli, const char *name);
bool option_given(const struct cli *cli, const char *name);
/* A decimal number; *out stays as it is when the option was not given. USAGE, printed. */
enum outcome option_number(const struct cli *cli, const char *name, unsigned long least, unsigned long most,
			   unsigned long *out);
/* The n-th word of a synopsis ("WALLET [FILE]"), without brackets: false when there is none. */
#define WORD_ROOM 32
bool synopsis_word(const char *arguments, unsigned n, char word[WORD_ROOM], bool *optional);

/* ---- help and the table of commands (help.c) ---- */

extern const struct command commands[];
extern const unsigned command_count;
struct command_group {
	const char *name, *help;
};
extern const struct command_group command_groups[];
extern const unsigned command_group_count;
/* Options that every command has: json, help. */
extern const struct option_row options_common[];
/* NULL when there is none. */
const struct command *command_find(const char *group, const char *name);
const struct command_group *command_group_find(const char *name);
/* All commands; those of one group. */
void help_all(FILE *to);
void help_group(FILE *to, const struct command_group *group);
void help_command(const struct command *command);

/* What the last of the words on a command line may become, for a shell (complete.c). */
enum outcome complete(struct cli *cli, int argc, char **argv);

/* ---- failures (fail.c) ---- */

/* One line on standard error: "coffer: " and what is wrong, with what, and what to do; without a full stop. Returns `outcome`. */
enum outcome fail(enum outcome outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a function that returned `rv`: ": ", the sentence behind it and the name of the CK_RV follow.  The exit status is
 * chosen by both.  Call it before any other C_ function, which would clear the sentence. */
enum outcome fail_rv(const struct cli *cli, CK_RV rv, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* For a status of the rooms below (vault/input.h): error_text() follows. */
enum outcome fail_status(struct cf_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For a system call: strerror(errnum) follows, ENOENT is NOT_FOUND, EEXIST is EXISTS and so on. */
enum outcome fail_errno(int errnum, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `p` itself; when it is NULL the tool ends with a word about memory. For what is small. */
void *must(void *p);

/* ---- output (out.c) ---- */

/* A line for people.  %s arguments that a wallet or a file supplied go through printable() first. */
void out_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Raw bytes to standard output: a signature, say. */
void out_bytes(struct span s);
/* Prints `value` and takes it over; the value is one JSON text and a line end. NULL ends the tool: no memory. */
enum outcome out_json(json_t *value);
/* At the end of main(): everything was written, or FAILED and a sentence about standard output. */
enum outcome out_finish(enum outcome outcome);

/* Text of unknown origin made safe for a terminal: control characters, bytes that are no UTF-8, and marks that change the
 * direction of writing become \xNN. On the heap: AUTO_FREE char *. */
char *printable(struct span text);
/* A JSON string of such text: bytes that are no UTF-8 become U+FFFD. */
json_t *json_text(struct span text);
/* A JSON string of 2 * s.n lower-case hexadecimal digits. */
json_t *json_hex(struct span s);
/* Text padded with blanks, as CK_TOKEN_INFO has it, without them. */
struct span unpadded(const CK_UTF8CHAR *text, size_t n);

/* Lines of cells with their columns aligned, for people.  Cells are copied, made printable, and may be ""; each row has
 * `columns` cells.  The first row is a head where `head` is given (NULL: there is none). */
struct table;
struct table *table_new(unsigned columns, const char *const *head);
void table_cell(struct table *t, const char *text);
void table_free(struct table *t);
AUTO_DEFINE(table, table_free)
void table_print(const struct table *t);

/* ---- PINs and pass phrases (ask.c) ---- */

/* A secret is read from a file (private to its owner), a descriptor, a credential of the service manager, or the terminal;
 * never from an argument or the environment.  One trailing newline is not part of it.  OPTIONS_SECRET("pin", "PIN") in a
 * command's table makes the three options --pin-file, --pin-fd, --pin-credential. */
#define OPTIONS_SECRET(prefix, what) \
	{ prefix "-file", "FILE", "read the " what " from a file that only its owner can read", NULL }, \
	{ prefix "-fd", "FD", "read the " what " from an open file descriptor", NULL }, \
	{ prefix "-credential", "NAME", "read the " what " from that file in $CREDENTIALS_DIRECTORY", NULL }
#define OPTIONS_PIN \
	OPTIONS_SECRET("pin", "user PIN"), { "user", "NAME", "log in as that named user, with the PIN of that user", NULL }
#define OPTIONS_SO_PIN OPTIONS_SECRET("so-pin", "SO PIN")

struct ask {
	const char *prefix; /* of the options: "pin" */
	const char *what;   /* in prompts and sentences: "user PIN of wallet \"x\"" */
	bool twice;         /* a new one: asked again on the terminal, and both must be the same */
	bool optional;      /* an empty one on the terminal, or no terminal, is none: *out is NULL */
};
/* True when one of the three options was given. */
bool ask_given(const struct cli *cli, const char *prefix);
/* The secret in guarded memory, to be passed on in place: guarded_bytes().  USAGE when no option was given and there is no
 * terminal; others as input.h says; printed. */
enum outcome ask(const struct cli *cli, const struct ask *what, struct guarded **out);
/* Asks on the terminal for a line that is no secret, with echo, and compares it: true when it is `expected`. */
bool ask_typed(const char *prompt, const char *expected);

/* ---- wallets and sessions (wallets.c) ---- */

/* The function lists, and C_Initialize; module_start() leaves it to the caller to say what went wrong. */
enum outcome module_open(struct cli *cli);
CK_RV module_start(struct cli *cli);
void module_close(struct cli *cli);

/* The slots of all wallets, those too that cannot be used; without the one for new wallets. On the heap. */
enum outcome wallet_slots(const struct cli *cli, CK_SLOT_ID **slots, CK_ULONG *count);
/* The same, and nothing is printed. */
CK_RV wallet_slots_quietly(const struct cli *cli, CK_SLOT_ID **slots, CK_ULONG *count);
/* The wallet that `name` means: its label, its serial number (16 hexadecimal digits) or a PKCS#11 URI.  NOT_FOUND; USAGE when it
 * means more than one or the URI holds a PIN; BAD when its file cannot be used. */
enum outcome wallet_named(const struct cli *cli, const char *name, CK_SLOT_ID *slot);
/* The wallet of the command's first argument, and its CK_TOKEN_INFO where `info_opt` is given. */
enum outcome wallet_chosen(const struct cli *cli, CK_SLOT_ID *slot, CK_TOKEN_INFO *info_opt);
/* "pkcs11:model=...;token=..." On the heap; the tool ends when there is no memory. */
char *wallet_uri(const CK_TOKEN_INFO *info);
/* The same with the object's parts: id and label may be empty, class is CKO_..., or CK_UNAVAILABLE_INFORMATION for a pair. */
char *object_uri(const CK_TOKEN_INFO *info, CK_OBJECT_CLASS class, struct span id, struct span label);
/* Label and serial number of a token; on the heap. */
char *wallet_label(const CK_TOKEN_INFO *info);
char *wallet_serial(const CK_TOKEN_INFO *info);
/* The file of a wallet, on the heap; NULL when it has none. */
char *wallet_file(const struct cli *cli, CK_SLOT_ID slot);
/* USAGE for a label that wallet_named() would take for something else. */
enum outcome wallet_label_usable(const char *label);
/* "ready", "no user PIN" or "PIN locked". */
const char *wallet_state(const CK_TOKEN_INFO *info);
/* An object with label, serial, uri, slot, path and state, as every command shows a wallet. */
json_t *wallet_json(const struct cli *cli, CK_SLOT_ID slot, const CK_TOKEN_INFO *info);

/* A session with the wallet of the first argument, nobody logged in; `flags`: 0 or CKF_RW_SESSION. */
enum outcome session_open(const struct cli *cli, CK_FLAGS flags, CK_SESSION_HANDLE *session);
/* Logs in; the PIN comes from the options of OPTIONS_PIN (OPTIONS_SO_PIN for CKU_SO), else from the protected authentication
 * path where it is configured, else from the terminal, where a wrong one may be typed again twice. */
enum outcome session_login(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user);
/* C_Login with that PIN, C_LoginUser for the named user of --user. The command has OPTIONS_PIN. */
CK_RV session_login_with(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user, const struct guarded *pin_opt);
/* The PIN alone, for what takes one beside C_Login; *out NULL: the protected authentication path has it. */
enum outcome session_pin(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user, struct guarded **out);
/* Its bytes as the C_ functions take them: in place, NULL for NULL. */
CK_UTF8CHAR_PTR pin_bytes(const struct guarded *pin_opt, CK_ULONG *n);
/* CK_TOKEN_INFO of a session's wallet. */
enum outcome session_wallet(const struct cli *cli, CK_SESSION_HANDLE session, CK_TOKEN_INFO *info);
/* Both, for the user. */
enum outcome session_unlock(const struct cli *cli, CK_FLAGS flags, CK_SESSION_HANDLE *session);
/* Unlocked when a PIN was given by an option, else open: for what shows more to who has the PIN. */
enum outcome session_unlock_if_given(const struct cli *cli, CK_FLAGS flags, CK_SESSION_HANDLE *session);

#endif
