/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled with headers in which set_gpr takes its arguments in another order. */
#include "../minimal.h"

/* The rows before set_gpr, and set_gpr as it is not. */
static const char patched_text[] = "CLASS create 0 (u32, vm_id)(u32, vcpu_id)(config, config)(self_out, ret_self)\n"
				   "VCPU destroy 0 \n"
				   "VCPU set_entry 0 (u64, entry)\n"
				   "VCPU set_ept_root 0 (u64, ept_root)\n"
				   "VCPU setup 0 (config, config)\n"
				   "VCPU run 0 (exit, exit)\n"
				   "VCPU bind 0 \n"
				   "VCPU unbind 0 \n"
				   "VCPU set_gpr 0 (u64, value)(u32, index)\n";

MINIMAL_PLUGIN("patched-op-list", .ops_text = patched_text);
