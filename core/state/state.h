/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder give each other: register rows, records of a snapshot, and registers of an entered
 * vCPU. */
#ifndef CORE_STATE_STATE_H
#define CORE_STATE_STATE_H

#include <axvcpu/state.h>

#include "vcpu/vcpu.h"

/* One register of a snapshot; the pointers lead into it. */
struct record {
	uint64_t id;
	const char *name; /* name_length bytes, no NUL behind it */
	const uint8_t *value;
	uint32_t name_length;
	uint32_t value_size;
};

/* A snapshot that is being read, from its first record on. */
struct reader {
	struct axvcpu_snapshot_header header;
	const uint8_t *at;
	size_t left;
	uint32_t taken; /* records */
};

/* Checks the header. INVALID_DATA. */
int32_t reader_init(struct reader *reader, const void *snapshot, size_t size);
/* 1: there is a record; 0: the end, and all is well; negative: malformed, with an error text. */
int reader_next(struct reader *reader, struct record *ret_record);

/* Bytes of a register's record. */
size_t record_size(const struct axvcpu_reg *reg);
/* Writes a record and returns its size. */
size_t record_write(uint8_t *at, const struct axvcpu_reg *reg, const void *value);

/* The architecture whose registers the vCPU has. UNSUPPORTED when it has no single one. */
int32_t vcpu_arch(const struct axvcpu *vcpu, uint32_t *ret_arch);

/* The ops, on a vCPU that was entered; the register's name goes in front of an error's text. */
int32_t reg_read(struct axvcpu *vcpu, const struct axvcpu_reg *reg, void *ret_value);
int32_t reg_write(struct axvcpu *vcpu, const struct axvcpu_reg *reg, const void *value);

#endif
