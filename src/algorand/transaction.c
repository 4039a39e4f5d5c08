/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/transaction.h"

#include <sodium.h>

#include "algorand/hash.h"
#include "algorand/pack.h"
#include "base/error.h"

/* ---- files ---- */

static struct cf_status undo_base64(struct span file, struct buf *out)
{
	size_t n = 0;

	/* A map's first byte is no ASCII. */
	if (file.p[0] >= 0x80) {
		buf_bytes(out, file);
		return buf_status(out);
	}
	CF_TRY(buf_grow(out, file.n));
	if (sodium_base642bin(out->p, file.n, (const char *)file.p, file.n, " \t\r\n", &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return error_set(CF_STATUS(CORRUPT),
				 "the file holds neither transactions nor base64 of some");
	out->n = n;
	return CF_OK;
}

static struct cf_status take_field(struct unpack *u, struct span name, struct txn *out)
{
	struct span *whole = NULL;

	if (span_eq(name, span_str("txn")))
		whole = &out->body;
	else if (span_eq(name, span_str("msig")))
		whole = &out->multisig;
	else if (span_eq(name, span_str("lsig")))
		whole = &out->logic;
	if (whole != NULL) {
		*whole = unpack_whole(u);
		return CF_OK;
	}
	if (span_eq(name, span_str("sig"))) {
		out->signature = unpack_expect(u, PACK_BIN).bytes;
		return out->signature.n == SIGNATURE_SIZE
			       ? CF_OK
			       : error_set(CF_STATUS(CORRUPT), "a signature is no 64 bytes");
	}
	if (span_eq(name, span_str("sgnr"))) {
		out->signer = unpack_expect(u, PACK_BIN).bytes;
		return out->signer.n == ADDRESS_SIZE
			       ? CF_OK
			       : error_set(CF_STATUS(CORRUPT), "a signer is no 32 bytes");
	}
	return error_set(CF_STATUS(CORRUPT), "a signed transaction has no field \"%.*s\"",
			 (int)(name.n > 32 ? 32 : name.n), (const char *)name.p);
}

/* {..., txn: {...}} */
static struct cf_status take_signed(struct span packed, struct txn *out)
{
	struct unpack u = unpack_of(packed);
	uint64_t pairs = unpack_expect(&u, PACK_MAP).number;

	for (uint64_t i = 0; i < pairs; i++)
		CF_TRY(take_field(&u, unpack_expect(&u, PACK_STR).bytes, out));
	return CF_OK;
}

/* A field of a map in place, as it is packed. */
static struct span field_of(struct span map, const char *name)
{
	struct unpack u = unpack_of(map);
	uint64_t pairs = unpack_expect(&u, PACK_MAP).number;

	for (uint64_t i = 0; i < pairs && !u.failed; i++) {
		struct span key = unpack_expect(&u, PACK_STR).bytes, value = unpack_whole(&u);

		if (!u.failed && span_eq(key, span_str(name)))
			return value;
	}
	return SPAN_EMPTY;
}

/* One object of a file: a transaction, or one within a map, whose other fields stay as they are. */
static struct cf_status canonical_object(struct span whole, struct buf *out)
{
	struct unpack u = unpack_of(whole);
	struct pack_value map = unpack_expect(&u, PACK_MAP);
	struct span head;

	if (u.failed)
		return error_set(CF_STATUS(CORRUPT), "it is cut short, or no MessagePack of transactions");
	if (field_of(whole, "txn").n == 0)
		return pack_canonical(whole, out);
	head = span(whole.p, whole.n - u.rest.n);
	buf_bytes(out, head);
	for (uint64_t i = 0; i < map.number; i++) {
		struct span from = u.rest, value;
		bool is_txn = span_eq(unpack_expect(&u, PACK_STR).bytes, span_str("txn"));

		buf_bytes(out, span(from.p, from.n - u.rest.n));
		value = unpack_whole(&u);
		if (u.failed)
			return error_set(CF_STATUS(CORRUPT), "it is cut short");
		if (is_txn)
			CF_TRY(pack_canonical(value, out));
		else
			buf_bytes(out, value);
	}
	return buf_status(out);
}

struct cf_status txn_file_bytes(struct span file, struct buf *out)
{
	AUTO_BUF raw = BUF_INIT(TXN_FILE_MAX);
	struct unpack u;

	if (file.n > TXN_FILE_MAX)
		return error_set(CF_STATUS(LIMIT), "the file is larger than %zu bytes", TXN_FILE_MAX);
	if (file.n == 0)
		return error_set(CF_STATUS(CORRUPT), "the file is empty");
	CF_TRY(undo_base64(file, &raw));
	u = unpack_of(buf_span(&raw));
	while (u.rest.n != 0) {
		struct span whole = unpack_whole(&u);

		if (u.failed)
			return error_set(CF_STATUS(CORRUPT), "it is cut short, or no MessagePack of transactions");
		CF_TRY(canonical_object(whole, out));
	}
	return CF_OK;
}

struct cf_status txn_next(struct span *rest, struct txn *out)
{
	struct unpack u = unpack_of(*rest);
	struct span whole = unpack_whole(&u);
	struct unpack head = unpack_of(whole);

	*out = (struct txn){.body = SPAN_EMPTY};
	if (u.failed || unpack_expect(&head, PACK_MAP).kind != PACK_MAP)
		return error_set(CF_STATUS(CORRUPT),
				 "it is cut short, or no MessagePack of transactions");
	*rest = u.rest;
	if (field_of(whole, "txn").n == 0)
		out->body = whole;
	else
		CF_TRY(take_signed(whole, out));
	CF_TRY(pack_check_canonical(out->body));
	if (field_of(out->body, "type").n == 0)
		return error_set(CF_STATUS(CORRUPT), "it has no type: no transaction");
	return CF_OK;
}

void txn_write(const struct txn *t, struct buf *out)
{
	const struct span optional[] = { t->logic, t->multisig, t->signer, t->signature };
	size_t from = out->n, fields = 1;
	struct pack p;

	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		fields += optional[i].n != 0 ? 1 : 0;
	if (cf_failed(buf_grow(out, t->body.n + t->logic.n + t->multisig.n + t->signer.n +
					    t->signature.n + 64)))
		return;
	p = pack_into(mspan(out->p + from, out->n - from));
	pack_map(&p, fields);
	if (t->logic.n != 0) {
		pack_str(&p, "lsig");
		pack_raw(&p, t->logic);
	}
	if (t->multisig.n != 0) {
		pack_str(&p, "msig");
		pack_raw(&p, t->multisig);
	}
	if (t->signer.n != 0) {
		pack_str(&p, "sgnr");
		pack_bin(&p, t->signer);
	}
	if (t->signature.n != 0) {
		pack_str(&p, "sig");
		pack_bin(&p, t->signature);
	}
	pack_str(&p, "txn");
	pack_raw(&p, t->body);
	out->n = from + p.n;
}

struct span txn_field(const struct txn *t, const char *name)
{
	return field_of(t->body, name);
}

static bool take_32(const struct txn *t, const char *name, uint8_t out[32])
{
	struct unpack u = unpack_of(txn_field(t, name));
	struct span value = unpack_expect(&u, PACK_BIN).bytes;

	memset(out, 0, 32);
	if (value.n == 32)
		memcpy(out, value.p, 32);
	return value.n == 32;
}

void txn_sender(const struct txn *t, uint8_t sender[ADDRESS_SIZE])
{
	(void)take_32(t, "snd", sender);
}

void txn_authority(const struct txn *t, uint8_t address[ADDRESS_SIZE])
{
	if (t->signer.n == ADDRESS_SIZE)
		memcpy(address, t->signer.p, ADDRESS_SIZE);
	else
		txn_sender(t, address);
}

void txn_id(const struct txn *t, uint8_t id[TXN_ID_SIZE])
{
	struct hash_256 h;

	hash_256_init(&h);
	hash_256_add(&h, span_str("TX"));
	hash_256_add(&h, t->body);
	hash_256_end(&h, id);
}

void txn_id_text(const struct txn *t, char text[TXN_ID_TEXT + 1])
{
	uint8_t id[TXN_ID_SIZE];

	txn_id(t, id);
	base32_encode(SPAN_OF(id), text);
}

/* ---- groups ---- */

/* The ID that a transaction would have without its group: the group's ID is made of those. */
static void id_without_group(const struct txn *t, uint8_t id[TXN_ID_SIZE])
{
	struct unpack u = unpack_of(t->body);
	uint64_t pairs = unpack_expect(&u, PACK_MAP).number;
	uint8_t head[9];
	struct pack p = pack_into(MSPAN_OF(head));
	struct hash_256 h;

	hash_256_init(&h);
	hash_256_add(&h, span_str("TX"));
	pack_map(&p, (size_t)pairs - 1);
	hash_256_add(&h, pack_span(&p));
	for (uint64_t i = 0; i < pairs && !u.failed; i++) {
		struct span from = u.rest;
		struct span name = unpack_expect(&u, PACK_STR).bytes;

		(void)unpack_whole(&u);
		if (!span_eq(name, span_str("grp")))
			hash_256_add(&h, span(from.p, from.n - u.rest.n));
	}
	hash_256_end(&h, id);
}

/* SHA-512/256("TG" || {txlist: [id ...]}) */
static void group_id(const struct txn *t, size_t count, uint8_t id[32])
{
	uint8_t packed[16 + GROUP_MAX * (TXN_ID_SIZE + 2)], one[TXN_ID_SIZE];
	struct pack p = pack_into(MSPAN_OF(packed));
	struct hash_256 h;

	pack_map(&p, 1);
	pack_str(&p, "txlist");
	pack_array(&p, count);
	for (size_t i = 0; i < count; i++) {
		id_without_group(&t[i], one);
		pack_bin(&p, SPAN_OF(one));
	}
	hash_256_init(&h);
	hash_256_add(&h, span_str("TG"));
	hash_256_add(&h, pack_span(&p));
	hash_256_end(&h, id);
}

enum txn_group txn_group_of(const struct txn *t, size_t count, size_t i)
{
	uint8_t group[32], other[32];
	size_t from = i, to = i + 1;

	if (!take_32(&t[i], "grp", group))
		return TXN_GROUP_NONE;
	while (from > 0 && take_32(&t[from - 1], "grp", other) && memcmp(group, other, 32) == 0)
		from--;
	while (to < count && take_32(&t[to], "grp", other) && memcmp(group, other, 32) == 0)
		to++;
	if (to - from > GROUP_MAX)
		return TXN_GROUP_INCOMPLETE;
	group_id(t + from, to - from, other);
	return memcmp(group, other, 32) == 0 ? TXN_GROUP_COMPLETE : TXN_GROUP_INCOMPLETE;
}

/* ---- what is signed ---- */

void message_txn(const struct txn *t, struct buf *out)
{
	buf_bytes(out, span_str("TX"));
	buf_bytes(out, t->body);
}

void message_program(struct span program, struct buf *out)
{
	buf_bytes(out, span_str("Program"));
	buf_bytes(out, program);
}

void message_multisig_program(const uint8_t account[ADDRESS_SIZE], struct span program,
			      struct buf *out)
{
	buf_bytes(out, span_str("MsigProgram"));
	buf_bytes(out, span(account, ADDRESS_SIZE));
	buf_bytes(out, program);
}

void message_program_data(const uint8_t contract[ADDRESS_SIZE], struct span data, struct buf *out)
{
	buf_bytes(out, span_str("ProgData"));
	buf_bytes(out, span(contract, ADDRESS_SIZE));
	buf_bytes(out, data);
}

void program_address(struct span program, uint8_t address[ADDRESS_SIZE])
{
	struct hash_256 h;

	hash_256_init(&h);
	hash_256_add(&h, span_str("Program"));
	hash_256_add(&h, program);
	hash_256_end(&h, address);
}
