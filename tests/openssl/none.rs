// SPDX-License-Identifier: Apache-2.0
// A package must have a target.
