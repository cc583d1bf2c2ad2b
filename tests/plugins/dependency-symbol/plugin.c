/* SPDX-License-Identifier: Apache-2.0 */
/* Exports no axarch_vcpu_ops, but links to a library that does. */
#include "../minimal.h"

int32_t library_kick(void *self);

#undef AXARCH_SYMBOL
#define AXARCH_SYMBOL __attribute__((used)) static const struct axarch_vcpu_ops hidden_ops

MINIMAL_PLUGIN("dependency-symbol", .kick = library_kick);
