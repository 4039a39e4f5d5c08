/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of api.def as the lists name them.  Each list has entry points of its own, so that a call tells through
 * which interface it came: those of 2.40 have the plain names (and p11-kit's header has their prototypes), those of 3.0 begin
 * with v300_, those of 3.2 with v320_.  Functions that are the same for all lists (HAND) have the plain name only; three of them leave the module.
 */
#ifndef COFFER_CRYPTOKI_API_H
#define COFFER_CRYPTOKI_API_H

#include "ck/ck.h"

#define EXPORTED __attribute__((visibility("default")))

/* IN_<list>_<since>(...): the text, when a function that came with <since> is in <list>. */
#define IN_240_240(...) __VA_ARGS__
#define IN_240_300(...)
#define IN_240_320(...)
#define IN_300_240(...) __VA_ARGS__
#define IN_300_300(...) __VA_ARGS__
#define IN_300_320(...)
#define IN_320_240(...) __VA_ARGS__
#define IN_320_300(...) __VA_ARGS__
#define IN_320_320(...) __VA_ARGS__

#define API(since, name, subject, need, parameters, arguments) \
	IN_240_##since(CK_RV name parameters;) IN_300_##since(CK_RV v300_##name parameters;) \
	IN_320_##since(CK_RV v320_##name parameters;)
#define HAND(since, name, parameters) CK_RV name parameters;
#include "cryptoki/api.def"
#undef API
#undef HAND

#endif
