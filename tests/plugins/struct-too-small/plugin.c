/* SPDX-License-Identifier: Apache-2.0 */
/* Its struct ends within the mandatory ops. */
#include "../minimal.h"

MINIMAL_PLUGIN("struct-too-small", .struct_size = offsetof(struct axarch_vcpu_ops, inject_interrupt));
