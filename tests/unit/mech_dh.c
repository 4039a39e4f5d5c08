/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman of PKCS #3 as the room itself computes it: published answers, groups that are refused, values out of range. */
#include <string.h>

#include "groups.h"
#include "mech_kit.h"
#include "vectors.h"

static const uint8_t two[] = { 2 };

struct agreement {
	union mech_params params;
	struct key_view key;
	uint8_t out[1024];
	size_t n;
	CK_RV rv;
};

static void derive_in(struct vault_scope *scope, void *arg)
{
	struct agreement *a = arg;
	struct mech_call call = { .mech = mech_find(CKM_DH_PKCS_DERIVE), .params = &a->params, .key = &a->key };

	a->rv = call.mech->impl->derive(scope, &call, NULL, MSPAN_OF(a->out), &a->n);
}

static struct key_view key_of(struct span prime, struct span base, struct span value)
{
	struct key_view k = { .class = CKO_PRIVATE_KEY, .type = CKK_DH, .bits = 8 * prime.n, .parts = 3 };

	k.part[0] = (struct key_part){ CKA_PRIME, prime };
	k.part[1] = (struct key_part){ CKA_BASE, base };
	k.part[2] = (struct key_part){ CKA_VALUE, value };
	return k;
}

static CK_RV agree(struct agreement *a, const void *peer, size_t n)
{
	CK_MECHANISM given = { CKM_DH_PKCS_DERIVE, (void *)peer, n };

	a->rv = mech_find(CKM_DH_PKCS_DERIVE)->params(&given, &a->params);
	if (a->rv == CKR_OK)
		kit_run(derive_in, a, CKM_DH_PKCS_DERIVE);
	return a->rv;
}

static void published_one(const struct vector *v, void *arg)
{
	struct span peer = vector_bytes(v, "public"), want = vector_bytes(v, "shared");
	struct agreement a = { .n = 0 };
	uint8_t padded[1 + 1024] = { 0 };

	a.key = key_of(vector_bytes(v, "prime"), vector_bytes(v, "base"), vector_bytes(v, "private"));
	vector_judge(v, agree(&a, peer.p, peer.n) == CKR_OK && span_eq(span(a.out, a.n), want), arg);
	/* A Big integer may begin with zeros. */
	memcpy(padded + 1, peer.p, peer.n);
	a.n = 16;
	CHECK(agree(&a, padded, peer.n + 1) == CKR_OK && a.n == 16 && memcmp(a.out, want.p + want.n - 16, 16) == 0);
	a.n = want.n + 1;
	CHECK(agree(&a, peer.p, peer.n) == CKR_KEY_SIZE_RANGE);
}

static void published_answers(void)
{
	struct vectors *f = vectors_open("openssl/ffdhe.json");
	struct vector_score score = { 0 };

	CHECK(vectors_each(f, published_one, &score) == 4);
	vector_report("ffdhe", &score);
	CHECK(score.wrong == 0 && score.valid == 4);
	vectors_close(f);
}

static void public_values_out_of_range(void)
{
	uint8_t p[GROUP_BYTES], y[GROUP_BYTES + 1] = { 0 }, x[32] = { 9 };
	struct agreement a = { .n = 0 };

	group_prime(group_ffdhe2048, p);
	a.key = key_of(SPAN_OF(p), SPAN_OF(two), SPAN_OF(x));
	CHECK(agree(&a, y, 0) == CKR_MECHANISM_PARAM_INVALID && agree(&a, y, sizeof(y)) == CKR_MECHANISM_PARAM_INVALID); /* 0 */
	y[GROUP_BYTES] = 1;
	CHECK(agree(&a, y, sizeof(y)) == CKR_MECHANISM_PARAM_INVALID);
	y[GROUP_BYTES] = 2;
	CHECK(agree(&a, y, sizeof(y)) == CKR_OK && a.n == GROUP_BYTES);
	memcpy(y + 1, p, GROUP_BYTES);
	CHECK(agree(&a, y, sizeof(y)) == CKR_MECHANISM_PARAM_INVALID); /* p */
	y[GROUP_BYTES] = (uint8_t)(y[GROUP_BYTES] - 1);
	CHECK(agree(&a, y, sizeof(y)) == CKR_MECHANISM_PARAM_INVALID); /* p - 1, of order 2 */
	y[GROUP_BYTES] = (uint8_t)(y[GROUP_BYTES] - 1);
	a.n = 0;
	CHECK(agree(&a, y, sizeof(y)) == CKR_OK && a.n == GROUP_BYTES);
	y[0] = 1;
	CHECK(agree(&a, y, sizeof(y)) == CKR_MECHANISM_PARAM_INVALID); /* beyond p */
}

static CK_RV group(struct span prime, struct span base)
{
	struct key_view wanted = key_of(prime, base, SPAN_EMPTY);

	wanted.parts = 2;
	return mech_find(CKM_DH_PKCS_KEY_PAIR_GEN)->impl->check_domain(&wanted);
}

static void groups(void)
{
	uint8_t p[GROUP_BYTES], g[GROUP_BYTES], big[1025];

	group_prime(group_ffdhe2048, p);
	CHECK(group(SPAN_OF(p), SPAN_OF(two)) == CKR_OK);
	CHECK(group(SPAN_OF(p), span("\1", 1)) == CKR_DOMAIN_PARAMS_INVALID);
	CHECK(group(SPAN_OF(p), span("\0", 1)) == CKR_DOMAIN_PARAMS_INVALID);
	CHECK(group(SPAN_OF(p), SPAN_OF(p)) == CKR_DOMAIN_PARAMS_INVALID);
	memcpy(g, p, sizeof(g));
	g[GROUP_BYTES - 1] = (uint8_t)(g[GROUP_BYTES - 1] - 1);
	CHECK(group(SPAN_OF(p), SPAN_OF(g)) == CKR_DOMAIN_PARAMS_INVALID);
	CHECK(group(span(p, GROUP_BYTES - 1), SPAN_OF(two)) == CKR_DOMAIN_PARAMS_INVALID); /* 2040 bits */
	CHECK(group(SPAN_EMPTY, SPAN_OF(two)) == CKR_DOMAIN_PARAMS_INVALID);
	p[100] ^= 1;
	CHECK(group(SPAN_OF(p), SPAN_OF(two)) == CKR_DOMAIN_PARAMS_INVALID); /* no prime */
	group_prime(group_modp14, p);
	CHECK(group(SPAN_OF(p), SPAN_OF(two)) == CKR_OK);
	group_prime(group_own, p);
	CHECK(group(SPAN_OF(p), SPAN_OF(two)) == CKR_OK);
	group_prime(group_rfc5114, p);
	CHECK(group(SPAN_OF(p), SPAN_OF(two)) == CKR_DOMAIN_PARAMS_INVALID); /* its subgroups are small */
	memset(big, 0xff, sizeof(big));
	CHECK(group(SPAN_OF(big), SPAN_OF(two)) == CKR_DOMAIN_PARAMS_INVALID);
	CHECK(group(span(big, 1024), SPAN_OF(two)) == CKR_DOMAIN_PARAMS_INVALID); /* 8192 bits, of nobody's group */
}

struct pair {
	struct key_view wanted;
	uint8_t x[GROUP_BYTES], y[GROUP_BYTES];
	size_t x_n, y_n;
	CK_RV rv;
};

static void generate_in(struct vault_scope *scope, void *arg)
{
	struct pair *p = arg;
	union mech_params params = { 0 };
	struct mech_call call = { .mech = mech_find(CKM_DH_PKCS_KEY_PAIR_GEN), .params = &params };
	struct key_view pub, priv;

	p->rv = call.mech->impl->generate_pair(scope, &call, &p->wanted, &pub, &priv);
	if (p->rv != CKR_OK)
		return;
	p->x_n = key_view_part(&priv, CKA_VALUE).n;
	p->y_n = key_view_part(&pub, CKA_VALUE).n;
	REQUIRE(p->x_n <= GROUP_BYTES && p->y_n <= GROUP_BYTES);
	bytes_copy(p->x, key_view_part(&priv, CKA_VALUE).p, p->x_n);
	bytes_copy(p->y, key_view_part(&pub, CKA_VALUE).p, p->y_n);
}

static CK_RV generate(struct pair *p, struct span prime, CK_ULONG bits)
{
	p->wanted = key_of(prime, SPAN_OF(two), SPAN_EMPTY);
	p->wanted.parts = 2;
	p->wanted.value_bits = bits;
	kit_run(generate_in, p, CKM_DH_PKCS_KEY_PAIR_GEN);
	return p->rv;
}

static void two_new_pairs_agree(void)
{
	static const char *const primes[] = { group_ffdhe2048, group_modp14, group_own };

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		uint8_t prime[GROUP_BYTES];
		struct agreement a = { .n = 0 }, b = { .n = 0 };
		struct pair one, other;

		group_prime(primes[i], prime);
		REQUIRE(generate(&one, SPAN_OF(prime), 0) == CKR_OK && generate(&other, SPAN_OF(prime), 256) == CKR_OK);
		CHECK(one.x_n >= 20 && other.x_n <= 32 && !span_eq(span(one.y, one.y_n), span(other.y, other.y_n)));
		a.key = key_of(SPAN_OF(prime), SPAN_OF(two), span(one.x, one.x_n));
		b.key = key_of(SPAN_OF(prime), SPAN_OF(two), span(other.x, other.x_n));
		CHECK(agree(&a, other.y, other.y_n) == CKR_OK && agree(&b, one.y, one.y_n) == CKR_OK);
		CHECK(a.n == GROUP_BYTES && b.n == GROUP_BYTES && memcmp(a.out, b.out, GROUP_BYTES) == 0);
	}
}

static void private_values_are_long_enough(void)
{
	uint8_t prime[GROUP_BYTES];
	struct pair p;

	group_prime(group_ffdhe2048, prime);
	CHECK(generate(&p, SPAN_OF(prime), 223) == CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK(generate(&p, SPAN_OF(prime), 224) == CKR_OK && p.x_n <= 28);
	CHECK(generate(&p, SPAN_OF(prime), 2047) == CKR_OK);
	CHECK(generate(&p, SPAN_OF(prime), 2048) == CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK(generate(&p, SPAN_OF(prime), CK_UNAVAILABLE_INFORMATION) == CKR_ATTRIBUTE_VALUE_INVALID);
	group_prime(group_own, prime);
	CHECK(generate(&p, SPAN_OF(prime), 223) == CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK(generate(&p, SPAN_OF(prime), 300) == CKR_OK && p.x_n == 38);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what two parties agreed on, in RFC 7919's groups; leading zeros stay", published_answers },
		{ "a public value is between 1 and p - 1", public_values_out_of_range },
		{ "a group has a safe prime of 2048 bits or more, and a base within", groups },
		{ "two new pairs agree, in known groups and in another", two_new_pairs_agree },
		{ "a private value is as long as asked for, and no shorter than the group's strength asks", private_values_are_long_enough },
		{ NULL, NULL },
	};

	return kit_main("mech/dh", tests);
}
