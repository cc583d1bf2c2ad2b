/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines for layers: a vCPU on another backend beside the one that a layer stands on, and address spaces of the layer's own. So a
 * layer can compare two engines, or let one help the other out.
 *
 *   const struct axarch_engines *engines = host->get_extension(AXARCH_ENGINES);        NULL: a host before 1.2
 *   engines->open(site->origin, "sim-x86_64", &engine, &dispatch);
 *   dispatch->set_entry.fn(dispatch->set_entry.self, entry); ... set_ept_root, setup, bind, run ...
 *   engines->transfer(site->below, dispatch, site->arch);
 *   engines->close(engine);
 *
 * Ops of an engine that its plugin lacks answer UNSUPPORTED. All functions: [vcpu-thread & !running] of the vCPU concerned; those on
 * spaces [any-thread]. Errors are left with a text.
 */
#ifndef AXVCPU_PLUGIN_ENGINE_H
#define AXVCPU_PLUGIN_ENGINE_H

#include <axvcpu/plugin/ops.h>
#include <axvcpu/space.h>
#include <axvcpu/state.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AXARCH_ENGINES "axvcpu.engines/1"

struct axarch_engine;
struct axarch_origin;
struct axarch_dispatch;

struct axarch_engines {
	uint32_t size; /* of this table as the host knows it */
	uint32_t reserved;

	/*
	 * A vCPU on another backend, by name or path: vm_id and number are those of `origin`, the create config is made of its fields by
	 * name as axvcpu_add_engine does. ret_dispatch lives as long as the engine. Errors: NOT_FOUND, UNSUPPORTED (another architecture),
	 * INVALID_DATA, or what the plugin's create answered.
	 */
	int32_t (*open)(struct axarch_origin *origin, const char *backend, struct axarch_engine **ret_engine,
			const struct axarch_dispatch **ret_dispatch);
	void (*close)(struct axarch_engine *engine); /* NULL is fine; it was unbound before */

	/* Calls setup with the defaults of the backend's setup config. dispatch->setup takes a block, that a layer cannot know. */
	int32_t (*setup)(struct axarch_engine *engine);

	/*
	 * Carries all registers over, as axvcpu_switch does: what `to` lacks must be 0. Both must be between two instructions (the op
	 * finish). On failure the text names the register, and `to` may have part of them: transfer again, or close it.
	 */
	int32_t (*transfer)(const struct axarch_dispatch *from, const struct axarch_dispatch *to, uint32_t arch);

	/* Calls a function of an extension of the engine's backend, as axvcpu_backend_call; the first argument is its vCPU. */
	int32_t (*call)(struct axarch_engine *engine, const char *extension, const char *function, uint64_t *arguments,
			uint32_t count, uint64_t *ret_result);

	/* The library's own, of <axvcpu/state.h>, <axvcpu/space.h> and <axvcpu/vcpu.h>. */
	const struct axvcpu_reg *(*regs)(uint32_t arch, uint32_t *ret_count);
	int32_t (*space_of_root)(uint64_t root, struct axvcpu_space **ret_space);
	int32_t (*space_create)(struct axvcpu_space **ret_space);
	int32_t (*space_destroy)(struct axvcpu_space *space);
	uint64_t (*space_root)(const struct axvcpu_space *space);
	int32_t (*space_add)(struct axvcpu_space *space, struct axvcpu_slot *slot);
	int32_t (*space_remove)(struct axvcpu_space *space, uint32_t id);
	uint32_t (*space_slots)(struct axvcpu_space *space, struct axvcpu_slot *ret_slots, uint32_t capacity);
	int32_t (*space_log_dirty)(struct axvcpu_space *space, uint32_t id, int enabled);
	int32_t (*space_fetch_dirty)(struct axvcpu_space *space, uint32_t id, uint64_t *ret_bitmap, size_t words, int clear);
	int32_t (*space_mark_written)(struct axvcpu_space *space, uint64_t gpa, size_t size);
	int (*exit_format)(const struct axvcpu_exit *exit, char *ret_text, size_t capacity);
	int32_t (*error_code)(void);
	const char *(*error_text)(void); /* of the thread's last error */
};

#ifdef __cplusplus
}
#endif
#endif
