/* SPDX-License-Identifier: Apache-2.0 */
/* Saving a vCPU's state: every register of its architecture that its engine has, aliases apart. */
#include <string.h>

#include "state.h"

/* Writes what fits into the buffer and counts everything. */
struct writer {
	uint8_t *buffer;
	size_t capacity;
	size_t wanted;
	uint32_t count;
};

static void write_record(struct writer *writer, const struct axvcpu_reg *reg, const void *value)
{
	size_t size = record_size(reg);

	if (writer->buffer && writer->wanted + size <= writer->capacity)
		record_write(writer->buffer + writer->wanted, reg, value);
	writer->wanted += size;
	writer->count++;
}

static int32_t write_all_regs(struct axvcpu *vcpu, uint32_t arch, struct writer *writer)
{
	uint8_t value[AXVCPU_REG_SIZE_MAX];
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(arch, &count);

	for (uint32_t i = 0; i < count; i++) {
		int32_t error;

		if (regs[i].flags & (AXVCPU_REG_ALIAS | AXVCPU_REG_LOCAL))
			continue;
		error = reg_read(vcpu, &regs[i], value);
		if (!error)
			write_record(writer, &regs[i], value);
		else if (error != AXVCPU_ERROR_NOT_FOUND)
			return error;
	}
	return 0;
}

static int32_t write_regs(struct axvcpu *vcpu, uint32_t arch, struct writer *writer)
{
	int32_t error;

	error_expect(AXVCPU_ERROR_NOT_FOUND);
	error = write_all_regs(vcpu, arch, writer);
	error_expect(0);
	return error;
}

static int32_t finish(const struct axvcpu *vcpu, uint32_t arch, const struct writer *writer)
{
	struct axvcpu_snapshot_header header = { .magic = AXVCPU_SNAPSHOT_MAGIC,
						 .version = 1,
						 .arch = arch,
						 .count = writer->count,
						 .size = (uint32_t)writer->wanted };

	if (!writer->buffer)
		return 0;
	if (writer->capacity < writer->wanted)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: its snapshot needs %zu bytes, and there is room for %zu", vcpu->id,
				 writer->wanted, writer->capacity);
	memcpy(writer->buffer, &header, sizeof(header));
	return 0;
}

int32_t axvcpu_save_state(struct axvcpu *vcpu, void *buffer, size_t capacity, size_t *ret_size)
{
	struct writer writer = { .buffer = buffer,
				 .capacity = capacity,
				 .wanted = sizeof(struct axvcpu_snapshot_header) };
	struct axvcpu *before;
	uint32_t arch;
	int32_t error;

	error = vcpu_arch(vcpu, &arch);
	if (!error)
		error = vcpu_enter(vcpu, "save_state", &before);
	if (error)
		return error;
	error = vcpu_leave(vcpu, "save_state", before, write_regs(vcpu, arch, &writer));
	if (!error)
		error = finish(vcpu, arch, &writer);
	if (!error)
		*ret_size = writer.wanted;
	return error;
}
