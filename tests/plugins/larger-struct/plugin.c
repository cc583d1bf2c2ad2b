/* SPDX-License-Identifier: Apache-2.0 */
/* Of a newer minor: one more op behind those that the host knows. It loads; the op is not called. */
#include "../minimal.h"

struct newer_ops {
	struct axarch_vcpu_ops known;
	int32_t (*teleport)(void *self);
};

/* The symbol of AXARCH_PLUGIN becomes the start of a larger one. */
#undef AXARCH_SYMBOL
#define AXARCH_SYMBOL static const struct axarch_vcpu_ops known_ops

MINIMAL_PLUGIN("larger-struct", .kick = minimal_plain);

extern const struct newer_ops axarch_vcpu_ops __attribute__((visibility("default")));
const struct newer_ops axarch_vcpu_ops = {
	.known = {
		.magic = AXARCH_MAGIC,
		.abi_major = AXARCH_ABI_MAJOR,
		.abi_minor = AXARCH_ABI_MINOR + 1,
		.struct_size = sizeof(struct newer_ops),
		.description = &axarch_note_.body.description,
		.ops_text = AXARCH_OPS_TEXT "VCPU teleport 1 \n",
		.create_by_value = (void (*)(void))minimal_create,
		.setup_by_value = (void (*)(void))minimal_setup,
		.create = axarch_create_thunk_,
		.setup = axarch_setup_thunk_,
		.kick = minimal_plain,
		MINIMAL_OPS,
	},
	.teleport = minimal_plain,
};

__attribute__((used)) static const void *const keep = &known_ops;
