/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/ossl_own.h"

bool ossl_own_is_private(void)
{
	return false;
}

bool ossl_own_open(void)
{
	return true;
}

void ossl_own_close(void)
{
}

void ossl_own_ordinary(bool on)
{
	(void)on;
}
