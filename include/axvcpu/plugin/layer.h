/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: shared objects that stand between the host and a backend (or another layer) and see the calls go by.
 *
 * A layer exports one const data symbol, `axarch_layer`. It is attached per vCPU when the vCPU is created, outermost
 * first in the user's list, and detached before the vCPU is destroyed. For each op it either has a function of its own,
 * which calls the slot below when it wants to, or NULL: then the host binds straight to what is below, at no cost.
 */
#ifndef AXVCPU_PLUGIN_LAYER_H
#define AXVCPU_PLUGIN_LAYER_H

#include <axvcpu/error.h>
#include <axvcpu/plugin/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AXARCH_LAYER_MAGIC UINT64_C(0x31595241584c4121)

/* The vCPU ops of a layer; a layer sees create as attach and destroy as its own op followed by detach. */
#define AXARCH_LAYER_MEMBER_CLASS(name)
#define AXARCH_LAYER_MEMBER_PERCPU(name)
#define AXARCH_LAYER_MEMBER_VCPU(name) axarch_##name##_fn name;
#define AXARCH_LAYER_MEMBER_(scope, name, presence, since, where, arguments, doc) AXARCH_LAYER_MEMBER_##scope(name)
struct axarch_layer_ops {
	AXARCH_VCPU_OPS(AXARCH_LAYER_MEMBER_)
};
#undef AXARCH_LAYER_MEMBER_
#undef AXARCH_LAYER_MEMBER_CLASS
#undef AXARCH_LAYER_MEMBER_PERCPU
#undef AXARCH_LAYER_MEMBER_VCPU

/* What the host knows about one op, for layers that treat all alike. Lives as long as the process. */
struct axarch_op_info {
	uint32_t size;
	uint32_t index;        /* position among the vCPU ops */
	const char *name;
	const char *signature; /* "i32(ptr,u32,u64)": the result, self, then the arguments */
	const char *arguments; /* "(u32, index)(u64, value)": kinds of AXARCH_KINDS and names */
};

/* Calls what is below with (possibly changed) arguments; args[0] is set by the host. */
struct axarch_below {
	int32_t (*call)(const struct axarch_below *below, void **args);
};

struct axarch_origin;

/* Where a layer is attached. Pointers live as long as the vCPU. */
struct axarch_layer_site {
	uint32_t size;
	uint32_t vm_id;
	uint32_t vcpu_id;
	uint32_t arch;
	const char *backend_id;
	const struct axarch_dispatch *below;
	struct axarch_origin *origin; /* since 1.2: the vCPU, for <axvcpu/plugin/engine.h> */
};

struct axarch_layer {
	uint64_t magic;
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t struct_size;
	const char *id;       /* the name users type; the file is axvcpu-layer-ID.so */
	const char *summary;
	const char *options;  /* one line on the options text that attach understands */
	const char *ops_text; /* AXARCH_OPS_TEXT */

	/*
	 * [vcpu-thread] `options` is what the user wrote after "ID=", "" when nothing; it is copied by who needs it later.
	 * On failure nothing is left behind.
	 */
	int32_t (*attach)(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
			  void **ret_self);
	void (*detach)(void *self);

	const struct axarch_layer_ops *ops; /* NULL or members NULL: straight through */

	/*
	 * NULL, or: called around every op that `ops` leaves NULL, whatever its signature (libffi closures, made before the first
	 * run). args[0] is the layer's self, args[i] point to the arguments; the result is the op's. [the op's thread]
	 */
	int32_t (*around)(void *self, const struct axarch_op_info *op, void **args, const struct axarch_below *below);
};

#define AXARCH_LAYER(...) \
	extern const struct axarch_layer axarch_layer; \
	__attribute__((visibility("default"))) const struct axarch_layer axarch_layer = { \
		.magic = AXARCH_LAYER_MAGIC, \
		.abi_major = AXARCH_LAYER_ABI_MAJOR, \
		.abi_minor = AXARCH_LAYER_ABI_MINOR, \
		.struct_size = sizeof(struct axarch_layer), \
		.ops_text = AXARCH_OPS_TEXT, \
		__VA_ARGS__ \
	}

#define AXARCH_LAYER_ABI_MAJOR 1
#define AXARCH_LAYER_ABI_MINOR 2

#ifdef __cplusplus
}
#endif
#endif
