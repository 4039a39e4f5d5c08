/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C_ functions: each is its row of api.def, and does nothing but ask the guard, then its body.  Each list is an
 * expansion with a prefix, a version and a form of CKA_EC_POINT of its own: raw since 3.1.
 */
#include "cryptoki/api.h"
#include "cryptoki/bodies.h"
#include "cryptoki/guard.h"
#include "session/bodies.h"

#define HANDLE_MODULE 0
#define HANDLE_SLOT slot
#define HANDLE_SESSION session

static const struct guard_list list_240 = { { 2, 40 }, OBJECT_FORM_DER };
static const struct guard_list list_300 = { { 3, 0 }, OBJECT_FORM_DER };
static const struct guard_list list_320 = { { 3, 2 }, OBJECT_FORM_RAW };

#define FUNCTION(function, list, body, subject, need, parameters, arguments)                       \
	CK_RV function parameters                                                                  \
	{                                                                                          \
		static const struct guard_row row = { #body, SUBJECT_##subject, NEED_##need, &list }; \
		struct call on_stack, *call = &on_stack;                                           \
		CK_RV rv = guard_enter(call, &row, HANDLE_##subject);                              \
                                                                                                   \
		return rv == CKR_OK ? guard_leave(call, do_##body arguments) : rv;                 \
	}

#define HAND(since, name, parameters)

/* Functions without a mechanism have no use for their parameters. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define API(since, name, subject, need, parameters, arguments) \
	IN_240_##since(FUNCTION(name, list_240, name, subject, need, parameters, arguments))
#include "cryptoki/api.def"
#undef API

#define API(since, name, subject, need, parameters, arguments) \
	IN_300_##since(FUNCTION(v300_##name, list_300, name, subject, need, parameters, arguments))
#include "cryptoki/api.def"
#undef API

#define API(since, name, subject, need, parameters, arguments) \
	IN_320_##since(FUNCTION(v320_##name, list_320, name, subject, need, parameters, arguments))
#include "cryptoki/api.def"
