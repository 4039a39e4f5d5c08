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
	/* Beyond FIPS 180: as Python's hashlib has them, "abc" also as RFC 1321, FIPS 202's examples and RFC 7693 have it. */
	{ CKM_MD5,
	  "d41d8cd98f00b204e9800998ecf8427e",
	  "900150983cd24fb0d6963f7d28e17f72",
	  "8215ef0796a20bcaaae116d3876c664a",
	  "7707d6ae4e027c70eea2a935c2296f21" },
	{ CKM_SHA3_224,
	  "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
	  "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
	  "543e6868e1666c1a643630df77367ae5a62a85070a51c14cbf665cbc",
	  "d69335b93325192e516a912e6d19a15cb51c6ed5c15243e7a7fd653c" },
	{ CKM_SHA3_256,
	  "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
	  "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
	  "916f6061fe879741ca6469b43971dfdb28b1a32dc36cb3254e812be27aad1d18",
	  "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1" },
	{ CKM_SHA3_384,
	  "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
	  "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
	  "79407d3b5916b59c3e30b09822974791c313fb9ecc849e406f23592d04f625dc8c709b98b43b3852b337216179aa7fc7",
	  "eee9e24d78c1855337983451df97c8ad9eedf256c6334f8e948d252d5e0e76847aa0774ddb90a842190d2c558b4b8340" },
	{ CKM_SHA3_512,
	  "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
	  "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
	  "afebb2ef542e6579c50cad06d2e578f9f8dd6881d7dc824d26360feebf18a4fa73e3261122948efcfd492e74e82e2189ed0fb440d187f382270cb455f21dd185",
	  "3c3a876da14034ab60627c077bb98f7e120a2a5370212dffb3385a18d4f38859ed311d0a9d5141ce9cc5c66ee689b266a8aa18ace8282a0e0db596c90b0a7b87" },
	{ CKM_BLAKE2B_160,
	  "3345524abf6bbe1809449224b5972c41790b6cf2",
	  "384264f676f39536840523f284921cdc68b6846b",
	  "94137afe4d2750846a78f8615acae12ed0feb275",
	  "9b512a5ed7d52ddeb8d8762e4b6dd880b25ea54d" },
	{ CKM_BLAKE2B_256,
	  "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
	  "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
	  "90a0bcf5e5a67ac1578c2754617994cfc248109275a809a0721feebd1e918738",
	  "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4" },
	{ CKM_BLAKE2B_384,
	  "b32811423377f52d7862286ee1a72ee540524380fda1724a6f25d7978c6fd3244a6caf0498812673c5e05ef583825100",
	  "6f56a82c8e7ef526dfe182eb5212f7db9df1317e57815dbda46083fc30f54ee6c66ba83be64b302d7cba6ce15bb556f4",
	  "a294d0d11671ec3e3034f30b498f4010e9507878d301a4c9e075273674ef25559ce5975ddc3b38a8bc1e8a00877445d9",
	  "92650b7746765a98701ec2077c3603127c62525c8543477c8519d6cc53ac5a9f0098ed56eb7aaf03ca50bfe046e7bba3" },
	{ CKM_BLAKE2B_512,
	  "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
	  "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
	  "ce741ac5930fe346811175c5227bb7bfcd47f42612fae46c0809514f9e0e3a11ee1773287147cdeaeedff50709aa716341fe65240f4ad6777d6bfaf9726e5e52",
	  "98fb3efb7206fd19ebf69b6f312cf7b64e3b94dbe1a17107913975a793f177e1d077609d7fba363cbba00d05f7aa4e4fa8715d6428104c0a75643b0ff3fd3eaf" },
};

#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static const char two_blocks_of_64[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char two_blocks_of_128[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
					"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

static bool has_blocks_of_64(CK_MECHANISM_TYPE type)
{
	return type == CKM_MD5 || type == CKM_SHA_1 || type == CKM_SHA224 || type == CKM_SHA256;
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
