/* SPDX-License-Identifier: Apache-2.0 */
/* mechanisms: what C_GetMechanismList and C_GetMechanismInfo say. */
#include "base/mem.h"
#include "ck/names.h"
#include "cli/cli.h"

const struct option_row options_mechanisms[] = { OPTION_END };

static const struct ability {
	CK_FLAGS flag;
	const char *name;
} abilities[] = {
	{ CKF_DIGEST, "digest" },
	{ CKF_SIGN, "sign" },
	{ CKF_VERIFY, "verify" },
	{ CKF_SIGN_RECOVER, "sign-recover" },
	{ CKF_VERIFY_RECOVER, "verify-recover" },
	{ CKF_ENCRYPT, "encrypt" },
	{ CKF_DECRYPT, "decrypt" },
	{ CKF_MESSAGE_SIGN, "message-sign" },
	{ CKF_MESSAGE_VERIFY, "message-verify" },
	{ CKF_MESSAGE_ENCRYPT, "message-encrypt" },
	{ CKF_MESSAGE_DECRYPT, "message-decrypt" },
	{ CKF_GENERATE, "generate" },
	{ CKF_GENERATE_KEY_PAIR, "generate-key-pair" },
	{ CKF_WRAP, "wrap" },
	{ CKF_UNWRAP, "unwrap" },
	{ CKF_DERIVE, "derive" },
	{ CKF_ENCAPSULATE, "encapsulate" },
	{ CKF_DECAPSULATE, "decapsulate" },
};

#define LINE_ROOM 256

static json_t *abilities_of(CK_FLAGS flags, char line[LINE_ROOM])
{
	json_t *list = must(json_array());
	size_t n = 0;

	line[0] = '\0';
	for (size_t i = 0; i < sizeof(abilities) / sizeof(abilities[0]); i++) {
		if ((flags & abilities[i].flag) == 0)
			continue;
		(void)must(json_array_append_new(list, json_string(abilities[i].name)) == 0 ? list : NULL);
		n += (size_t)snprintf(line + n, LINE_ROOM - n, "%s%s", n == 0 ? "" : " ", abilities[i].name);
	}
	return list;
}

static void name_of(CK_MECHANISM_TYPE type, char name[64])
{
	const char *known = name_of_mechanism(type);

	if (known != NULL)
		(void)snprintf(name, 64, "%s", known);
	else
		(void)snprintf(name, 64, "0x%lx", type);
}

static json_t *add(CK_MECHANISM_TYPE type, const CK_MECHANISM_INFO *info, struct table *t)
{
	char name[64], sizes[64] = "", line[LINE_ROOM];
	json_t *can = abilities_of(info->flags, line);

	name_of(type, name);
	if (info->ulMaxKeySize != 0 && info->ulMinKeySize == info->ulMaxKeySize)
		(void)snprintf(sizes, sizeof(sizes), "%lu", info->ulMinKeySize);
	else if (info->ulMaxKeySize != 0)
		(void)snprintf(sizes, sizeof(sizes), "%lu-%lu", info->ulMinKeySize, info->ulMaxKeySize);
	table_cell(t, name);
	table_cell(t, sizes);
	table_cell(t, line);
	return must(json_pack("{s:s, s:I, s:I, s:I, s:o}", "name", name, "type", (json_int_t)type, "min_key_size",
			      (json_int_t)info->ulMinKeySize, "max_key_size", (json_int_t)info->ulMaxKeySize, "can", can));
}

static enum outcome list_of(const struct cli *cli, CK_SLOT_ID slot, CK_MECHANISM_TYPE **list, CK_ULONG *n)
{
	CK_RV rv = cli->p11->C_GetMechanismList(slot, NULL, n);

	if (rv == CKR_OK) {
		*list = must(mem_array(*n + 1, sizeof(**list)));
		rv = cli->p11->C_GetMechanismList(slot, *list, n);
	}
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot list the mechanisms");
}

/* Any slot will do where no wallet was named: all have the same mechanisms, but for a wallet's own policy. */
static enum outcome any_slot(const struct cli *cli, CK_SLOT_ID *slot)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	CK_RV rv = cli->p11->C_GetSlotList(CK_FALSE, NULL, &n);

	if (rv == CKR_OK) {
		slots = must(mem_array(n + 1, sizeof(*slots)));
		rv = cli->p11->C_GetSlotList(CK_FALSE, slots, &n);
	}
	if (rv != CKR_OK || n == 0)
		return fail_rv(cli, rv, "cannot list the slots");
	*slot = slots[n - 1]; /* the one for new wallets */
	return OUTCOME_OK;
}

enum outcome cmd_mechanisms(struct cli *cli)
{
	static const char *const head[] = { "MECHANISM", "KEY SIZES", "CAN" };
	AUTO_FREE CK_MECHANISM_TYPE *list = NULL;
	AUTO(table) t = table_new(3, head);
	json_t *all;
	CK_ULONG n = 0;
	CK_SLOT_ID slot;
	enum outcome outcome = cli->argument[0] != NULL ? wallet_chosen(cli, &slot, NULL) : any_slot(cli, &slot);

	if (outcome == OUTCOME_OK)
		outcome = list_of(cli, slot, &list, &n);
	if (outcome != OUTCOME_OK)
		return outcome;
	all = must(json_array());
	for (CK_ULONG i = 0; i < n; i++) {
		CK_MECHANISM_INFO info;

		if (cli->p11->C_GetMechanismInfo(slot, list[i], &info) == CKR_OK)
			(void)must(json_array_append_new(all, add(list[i], &info, t)) == 0 ? all : NULL);
	}
	if (cli->json)
		return out_json(all);
	json_decref(all);
	table_print(t);
	return OUTCOME_OK;
}
