/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

_Atomic(fault_hook_fn) fault_hook;
