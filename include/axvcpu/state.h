/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a vCPU: registers by name and by number, and snapshots of all of them in one self-describing format.
 *
 * The registers of each architecture are the rows of <axvcpu/regs/ARCH.h>. All values are little-endian bytes of the row's
 * size. Thread: the vCPU's, not while it runs; the tables are [any-thread].
 *
 * Snapshot format (little-endian): the header below, then per register { u64 id, u32 size, u32 name length, name, value }, each
 * padded to 8 bytes with zeros. Registers with the flags ALIAS or LOCAL are not part of it. Loading leaves out volatile registers
 * that the engine lacks, compares read-only ones instead of writing them, and refuses everything else that it does not know by
 * name. A register that the snapshot lacks stays as it is.
 */
#ifndef AXVCPU_STATE_H
#define AXVCPU_STATE_H

#include <stddef.h>

#include <axvcpu/error.h>
#include <axvcpu/regs/reg.h>

#ifdef __cplusplus
extern "C" {
#endif

struct axvcpu;

#define AXVCPU_REG_SIZE_MAX 64u

struct axvcpu_reg {
	uint64_t id;
	uint32_t size;  /* bytes, at most AXVCPU_REG_SIZE_MAX */
	uint32_t flags; /* AXVCPU_REG_* */
	const char *name;
	const char *alias; /* another usual name, or "" */
	const char *doc;
};

struct axvcpu_snapshot_header {
	uint64_t magic;   /* AXVCPU_SNAPSHOT_MAGIC */
	uint32_t version; /* 1 */
	uint32_t arch;    /* AXVCPU_ARCH_* */
	uint32_t count;   /* registers that follow */
	uint32_t size;    /* bytes in all, with this header */
};

#define AXVCPU_SNAPSHOT_MAGIC UINT64_C(0x5453534355564158) /* "XAVUCSST" */

/* An architecture's registers, in order; NULL and 0 for one that the library does not know. */
AXVCPU_API const struct axvcpu_reg *axvcpu_regs(uint32_t arch, uint32_t *ret_count);
/* By name or alias ("x10", "a0"), and by number; NULL when there is none. */
AXVCPU_API const struct axvcpu_reg *axvcpu_reg_by_name(uint32_t arch, const char *name);
AXVCPU_API const struct axvcpu_reg *axvcpu_reg_by_id(uint64_t id);
/* "riscv64" for AXVCPU_ARCH_RISCV64, "unknown"; and back, 0 when there is none. */
AXVCPU_API const char *axvcpu_arch_name(uint32_t arch);
AXVCPU_API uint32_t axvcpu_arch_by_name(const char *name);

/* One register. `size` must be the row's. Errors: NOT_FOUND (the engine has no such register), INVALID_INPUT, UNSUPPORTED. */
AXVCPU_API int32_t axvcpu_get_reg(struct axvcpu *vcpu, uint64_t id, void *ret_value, uint32_t size);
AXVCPU_API int32_t axvcpu_set_reg(struct axvcpu *vcpu, uint64_t id, const void *value, uint32_t size);

/* One register of up to 8 bytes, by name. An unknown name is NOT_FOUND and the text has the nearest one. */
AXVCPU_API int32_t axvcpu_get_reg_u64(struct axvcpu *vcpu, const char *name, uint64_t *ret_value);
AXVCPU_API int32_t axvcpu_set_reg_u64(struct axvcpu *vcpu, const char *name, uint64_t value);

/* Writes a snapshot of all registers that the engine has, aliases apart. ret_size gets the bytes; with buffer NULL, those needed.
 * Errors: INVALID_INPUT (capacity; the text says how much is needed), UNSUPPORTED. */
AXVCPU_API int32_t axvcpu_save_state(struct axvcpu *vcpu, void *buffer, size_t capacity, size_t *ret_size);

/* Loads a snapshot, made on any engine of the same architecture. The whole snapshot is checked before anything is written; a
 * register that this engine lacks or a value that it refuses is named, and what was written before is put back.
 * Errors: INVALID_DATA (malformed), NOT_FOUND, INVALID_INPUT, UNSUPPORTED. */
AXVCPU_API int32_t axvcpu_load_state(struct axvcpu *vcpu, const void *snapshot, size_t size);

/* Goes through a snapshot without a vCPU. `each` returns 0 to go on. Errors: INVALID_DATA. */
AXVCPU_API int32_t axvcpu_snapshot_walk(const void *snapshot, size_t size,
					int (*each)(void *context, uint64_t id, const char *name, const void *value,
						    uint32_t value_size),
					void *context);

#ifdef __cplusplus
}
#endif
#endif
