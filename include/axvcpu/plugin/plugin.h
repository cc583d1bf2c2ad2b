/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of a backend: one shared object, one exported data symbol, `axarch_vcpu_ops`.
 *
 * A plugin includes this header alone and ends with AXARCH_PLUGIN(...). plugins/mock is the complete example to copy.
 * Everything else in the shared object is hidden (-fvisibility=hidden), and it links to nothing of the library.
 *
 * Versions: the major must match. A plugin of a newer minor runs on an older host with the ops that both know, and the
 * reverse: `struct_size` says which members are there, missing ones are NULL. A host refuses a plugin with one error that
 * lists everything that is wrong.
 */
#ifndef AXVCPU_PLUGIN_PLUGIN_H
#define AXVCPU_PLUGIN_PLUGIN_H

#include <axvcpu/error.h>
#include <axvcpu/plugin/config.h>
#include <axvcpu/plugin/host.h>
#include <axvcpu/plugin/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AXARCH_MAGIC UINT64_C(0x3155504356584121) /* "!AXVCPU1" */
#define AXARCH_ABI_MAJOR 1
#define AXARCH_ABI_MINOR 2

/* CAPABILITY(NAME, bit, "what") */
#define AXARCH_CAPABILITIES(CAPABILITY) \
	CAPABILITY(SIMULATED, 1, "executes the guest in software") \
	CAPABILITY(HARDWARE, 2, "executes the guest on the host's processor") \
	CAPABILITY(DETERMINISTIC, 4, "has a mode in which two runs are identical") \
	CAPABILITY(GUEST_MEMORY, 8, "executes instructions from the address space (a scripted backend does not)")

#define AXARCH_CAPABILITY_CONSTANT(name, bit, text) AXARCH_CAPABILITY_##name = bit,
enum { AXARCH_CAPABILITIES(AXARCH_CAPABILITY_CONSTANT) };
#undef AXARCH_CAPABILITY_CONSTANT

/*
 * What a plugin says of itself. It lies in the ELF note (owner AXARCH_NOTE_OWNER, type AXARCH_NOTE_TYPE, section .note.axvcpu),
 * followed there by the fields of the create config and then those of the setup config. Free of pointers, so that it
 * can be read from the file without running the plugin. Texts end with a NUL.
 */
struct axarch_description {
	uint64_t magic;        /* AXARCH_MAGIC */
	uint32_t size;         /* sizeof(struct axarch_description): the fields follow at this offset */
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t arch;         /* AXVCPU_ARCH_*; 0: any (a scripted backend takes it from its create config) */
	uint32_t reserved;
	uint64_t capabilities; /* AXARCH_CAPABILITY_* */
	char id[32];           /* the name users type: lower case, digits, '-' and '_'; the file is axvcpu-ID.so */
	char version[32];
	char licence[32];      /* an SPDX expression */
	char summary[128];     /* one line */
	struct axarch_schema create;
	struct axarch_schema setup;
};

#define AXARCH_NOTE_OWNER "AXVCPU-NOTE" /* 12 bytes with its NUL: the description behind it is aligned to 8 */
#define AXARCH_NOTE_TYPE 0x41585631u

/* One function of an extension. The signature is "RESULT(KIND,KIND,...)" of the kinds i32 i64 u32 u64 ptr str void. */
struct axarch_function {
	const char *name;
	const char *signature;
	void (*fn)(void);
	const char *doc;
};

/* An extension by "name/revision", for instance "axvcpu.dirty-log/1". Lives as long as the process. */
struct axarch_extension {
	uint32_t size;
	uint32_t function_count;
	const char *name;
	const struct axarch_function *functions;
};

#define AXARCH_OP_MEMBER_(scope, name, presence, since, where, arguments, doc) axarch_##name##_fn name;

struct axarch_vcpu_ops {
	uint64_t magic;
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t struct_size; /* sizeof(struct axarch_vcpu_ops) of the plugin's compiler */
	const struct axarch_description *description;
	const char *ops_text; /* AXARCH_OPS_TEXT of the headers that the plugin was compiled with: catches patched headers */

	/* Called once per process before any op; the table stays valid. NULL: not interested. An error refuses the plugin. */
	int32_t (*host_init)(const struct axarch_host *host);

	/* [any-thread] The extension of that name and revision, or NULL. NULL here: the plugin has none. */
	const struct axarch_extension *(*get_extension)(const char *name);

	/* The author's create and setup, that take their config by value. The host calls them with libffi. */
	void (*create_by_value)(void);
	void (*setup_by_value)(void);

	/* create and setup here are made by AXARCH_PLUGIN and take a pointer to the config: the way without libffi. */
	AXARCH_VCPU_OPS(AXARCH_OP_MEMBER_)
};

/* In a static build the symbol is private and has a name of its own: see <axvcpu/static.h>. */
#ifdef AXARCH_STATIC_NAME
#define AXARCH_SYMBOL static const struct axarch_vcpu_ops AXARCH_STATIC_NAME
#define AXARCH_NOTE_PLACE __attribute__((aligned(8)))
#else
#define AXARCH_SYMBOL \
	extern const struct axarch_vcpu_ops axarch_vcpu_ops; \
	__attribute__((visibility("default"))) const struct axarch_vcpu_ops axarch_vcpu_ops
#define AXARCH_NOTE_PLACE __attribute__((section(".note.axvcpu"), used, aligned(8)))
#endif

/* Keeps the commas of the description's initialisers together. */
#define AXARCH_ABOUT(...) __VA_ARGS__

/*
 * Ends a plugin: emits the note, the thunks and the symbol.
 *
 *   create_tag, CREATE, create_fn   the create config's AXARCH_CONFIG, and
 *        int32_t create_fn(const struct axarch_host *, uint32_t vm_id, uint32_t vcpu_id, struct create_tag, void **ret_self)
 *   setup_tag, SETUP, setup_fn      the setup config's, and int32_t setup_fn(void *self, struct setup_tag)
 *   about                           AXARCH_ABOUT(.arch = ..., .id = "...", .version, .licence, .summary, .capabilities)
 *   ...                             the other ops, by designated initialisers
 */
#define AXARCH_PLUGIN(create_tag, CREATE, create_fn, setup_tag, SETUP, setup_fn, about, ...) \
	static const struct { \
		uint32_t owner_size, description_size, type; \
		char owner[12]; \
		struct { \
			struct axarch_description description; \
			struct axarch_field create[create_tag##_field_count]; \
			struct axarch_field setup[setup_tag##_field_count]; \
		} body; \
	} axarch_note_ AXARCH_NOTE_PLACE = { \
		.owner_size = sizeof(AXARCH_NOTE_OWNER), \
		.description_size = sizeof(axarch_note_.body), \
		.type = AXARCH_NOTE_TYPE, \
		.owner = AXARCH_NOTE_OWNER, \
		.body = { \
			.description = { .magic = AXARCH_MAGIC, .size = sizeof(struct axarch_description), \
					 .abi_major = AXARCH_ABI_MAJOR, .abi_minor = AXARCH_ABI_MINOR, \
					 .create = AXARCH_SCHEMA_(create_tag), .setup = AXARCH_SCHEMA_(setup_tag), about }, \
			.create = { AXARCH_FIELD_RECORDS(create_tag, CREATE) }, \
			.setup = { AXARCH_FIELD_RECORDS(setup_tag, SETUP) }, \
		}, \
	}; \
	static int32_t axarch_create_thunk_(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, \
					    const void *config, void **ret_self) \
	{ \
		return create_fn(host, vm_id, vcpu_id, *(const struct create_tag *)config, ret_self); \
	} \
	static int32_t axarch_setup_thunk_(void *self, const void *config) \
	{ \
		return setup_fn(self, *(const struct setup_tag *)config); \
	} \
	AXARCH_SYMBOL = { \
		.magic = AXARCH_MAGIC, \
		.abi_major = AXARCH_ABI_MAJOR, \
		.abi_minor = AXARCH_ABI_MINOR, \
		.struct_size = sizeof(struct axarch_vcpu_ops), \
		.description = &axarch_note_.body.description, \
		.ops_text = AXARCH_OPS_TEXT, \
		.create_by_value = (void (*)(void))create_fn, \
		.setup_by_value = (void (*)(void))setup_fn, \
		.create = axarch_create_thunk_, \
		.setup = axarch_setup_thunk_, \
		__VA_ARGS__ \
	}

#define AXARCH_SCHEMA_(tag) \
	{ .struct_size = sizeof(struct tag), .struct_align = __alignof__(struct tag), .field_count = tag##_field_count, \
	  .field_size = sizeof(struct axarch_field) }

#ifdef __cplusplus
}
#endif
#endif
