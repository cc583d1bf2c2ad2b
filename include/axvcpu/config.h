/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filled-in configurations: the CreateConfig and SetupConfig of a backend, whose fields are known at run time only.
 *
 * A config starts with the backend's defaults. Fields are set by text ("hart_id=1,isa=rv64imac"), one by one, or all at once
 * from a block of the plugin's own struct. Values are checked against the ranges that the plugin declared; an error names the
 * field, the range and the nearest spelling. Thread: one thread at a time. The caller owns a config and destroys it.
 */
#ifndef AXVCPU_CONFIG_H
#define AXVCPU_CONFIG_H

#include <stddef.h>

#include <axvcpu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct axvcpu_backend;
struct axvcpu_config;
struct axarch_field;

enum { AXVCPU_CONFIG_CREATE = 1, AXVCPU_CONFIG_SETUP = 2 };

/* A config of a backend with its defaults. `kind` is AXVCPU_CONFIG_*. Errors: INVALID_INPUT (kind), NO_MEMORY. */
AXVCPU_API int32_t axvcpu_config_create(struct axvcpu_backend *backend, uint32_t kind, struct axvcpu_config **ret_config);
AXVCPU_API void axvcpu_config_destroy(struct axvcpu_config *config);

/*
 * Parses "name=value,name=value"; "" changes nothing. All or nothing. Numbers are decimal, 0x, 0o or 0b, with the suffixes K M G T
 * (powers of 1024); flags are on/off, yes/no, true/false, 1/0; choices by word; array elements are separated by ':'. A
 * text may be in double quotes, in which \" and \\ stand for themselves. Errors: INVALID_INPUT.
 */
AXVCPU_API int32_t axvcpu_config_parse(struct axvcpu_config *config, const char *text);

/* One field by text, under the same rules. Errors: NOT_FOUND (no such field), INVALID_INPUT (bad value). */
AXVCPU_API int32_t axvcpu_config_set(struct axvcpu_config *config, const char *name, const char *value);

/* One integer, flag or choice. For an array, element `index`; else index is 0. Errors: NOT_FOUND, INVALID_INPUT. */
AXVCPU_API int32_t axvcpu_config_set_u64(struct axvcpu_config *config, const char *name, uint32_t index, uint64_t value);
AXVCPU_API int32_t axvcpu_config_get_u64(const struct axvcpu_config *config, const char *name, uint32_t index,
					 uint64_t *ret_value);

/* A field's value as text that axvcpu_config_set accepts. Errors: NOT_FOUND, INVALID_INPUT (capacity too small). */
AXVCPU_API int32_t axvcpu_config_get(const struct axvcpu_config *config, const char *name, char *ret_text, size_t capacity);

/* All fields from a block of the plugin's own struct, of exactly that size; each is checked. Errors: INVALID_INPUT. */
AXVCPU_API int32_t axvcpu_config_fill(struct axvcpu_config *config, const void *block, size_t size);

/* The block as the plugin's compiler lays it out; valid until the config changes. */
AXVCPU_API const void *axvcpu_config_block(const struct axvcpu_config *config, size_t *ret_size);

/* The backend's fields of that kind: <axvcpu/plugin/config.h> has the struct. They live as long as the backend is open. */
AXVCPU_API const struct axarch_field *axvcpu_config_fields(struct axvcpu_backend *backend, uint32_t kind, uint32_t *ret_count);

#ifdef __cplusplus
}
#endif
#endif
