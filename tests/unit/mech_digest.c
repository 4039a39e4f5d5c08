/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 and SHA-2 against the examples of FIPS 180: nothing, one block, two blocks, a million times "a". */
#include <stdlib.h>

#include "base/codec.h"
#include "mech_kit.h"

#define MILLION 1000000

static const struct example {
	CK_MECHANISM_TYPE type;
	const char *nothing, *abc, *two_blocks, *million;
} examples[] = {
	{ CKM_SHA_1,
	  "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	  "a9993e364706816aba3e25717850c26c9cd0d89d",
	  "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
	  "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
	{ CKM_SHA224,
	  "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
	  "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
	  "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525",
	  "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67" },
	{ CKM_SHA256,
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ CKM_SHA384,
	  "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
	  "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
	  "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985" },
	{ CKM_SHA512,
	  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
	  "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
	{ CKM_SHA512_224,
	  "6ed0dd02806fa89e25de060c19d3ac86cabb87d6a0ddd05c333b84f4",
	  "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa",
	  "23fec5bb94d60b23308192640b0c453335d664734fe40e7268674af9",
	  "37ab331d76f0d36de422bd0edeb22a28accd487b7a8453ae965dd287" },
	{ CKM_SHA512_256,
	  "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
	  "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
	  "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a",
	  "9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21" },
};

#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static const char two_blocks_of_64[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char two_blocks_of_128[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
					"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

static bool has_blocks_of_64(CK_MECHANISM_TYPE type)
{
	return type == CKM_SHA_1 || type == CKM_SHA224 || type == CKM_SHA256;
}

static bool digests_to(CK_MECHANISM_TYPE type, struct span message, size_t piece, const char *expected)
{
	struct kit_call k = { .mech = mech_find(type), .message = message, .piece = piece };
	char hex[2 * sizeof(k.out) + 1];

	if (kit_digest(&k) != CKR_OK)
		return false;
	hex_encode(span(k.out, k.n), hex);
	return strcmp(hex, expected) == 0;
}

static void short_examples(void)
{
	for (size_t i = 0; i < EXAMPLES; i++) {
		const struct example *e = &examples[i];
		const char *two = has_blocks_of_64(e->type) ? two_blocks_of_64 : two_blocks_of_128;

		CHECK(digests_to(e->type, SPAN_EMPTY, 0, e->nothing));
		CHECK(digests_to(e->type, span_str("abc"), 0, e->abc));
		CHECK(digests_to(e->type, span_str(two), 0, e->two_blocks));
		for (size_t piece = 1; piece < strlen(two); piece += 5)
			CHECK(digests_to(e->type, span_str(two), piece, e->two_blocks));
	}
}

static void a_million_in_pieces_of_every_kind(void)
{
	static const size_t pieces[] = { 0, 1, 63, 64, 65, 127, 128, 129, 1000, 99999, MILLION - 1 };
	uint8_t *a = malloc(MILLION);

	REQUIRE(a != NULL);
	memset(a, 'a', MILLION);
	for (size_t i = 0; i < EXAMPLES; i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++)
			CHECK(digests_to(examples[i].type, span(a, MILLION), pieces[k], examples[i].million));
	free(a);
}

static void the_length_is_told_before(void)
{
	for (size_t i = 0; i < EXAMPLES; i++) {
		const struct mech *m = mech_find(examples[i].type);
		struct mech_call call = { .mech = m };
		size_t n = 0;

		REQUIRE(m != NULL);
		CHECK(m->impl->out_len(&call, 12345, &n) == CKR_OK);
		CHECK(n == strlen(examples[i].abc) / 2);
	}
}

static void an_operation_that_is_given_up_releases_its_state(void)
{
	struct kit_call k = { .mech = mech_find(CKM_SHA256), .message = span_str("abc") };
	struct mech_call call = kit_view(&k);

	CHECK(kit_feed(NULL, &k, &call) == CKR_OK);
	k.mech->impl->clear(k.state); /* a leak checker sees what is left */
	k.mech->impl->clear(k.state); /* and nothing is left to release */
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "the short examples, whole and in pieces", short_examples },
		{ "a million times \"a\" in pieces of every kind", a_million_in_pieces_of_every_kind },
		{ "the length is told before", the_length_is_told_before },
		{ "an operation that is given up releases its state", an_operation_that_is_given_up_releases_its_state },
		{ NULL, NULL },
	};

	return kit_main("mech/digest", tests);
}
