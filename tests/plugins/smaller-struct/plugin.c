/* SPDX-License-Identifier: Apache-2.0 */
/* Of an older minor: its struct ends before kick. It loads; what lies behind the end is not looked at. */
#include "../minimal.h"

MINIMAL_PLUGIN("smaller-struct", .struct_size = offsetof(struct axarch_vcpu_ops, kick), .kick = minimal_plain);
