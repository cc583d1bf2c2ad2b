/* SPDX-License-Identifier: Apache-2.0 */
/* Has its note, but exports no axarch_vcpu_ops. */
#include "../minimal.h"

#undef AXARCH_SYMBOL
#define AXARCH_SYMBOL __attribute__((used)) static const struct axarch_vcpu_ops hidden_ops

MINIMAL_PLUGIN("missing-symbol", .kick = minimal_plain);
