/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may differ: the written list, which docs/lockstep.md shows. Registers that are never compared are here; what
 * single instructions leave undefined is the architecture's (x86_64.c).
 */
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "lockstep.h"

/* By name; a "*" at the end stands for anything. They are carried over when the VMM changes registers. */
static const struct {
	const char *name;
	uint64_t mask;
	const char *why;
} not_compared[] = {
	{ "rflags", 0x10000, "RF: it is 1 or 0 between two instructions by how an engine has come there" },
	{ "fop", UINT64_MAX, "processors differ in when they keep the x87 unit's last opcode and pointers" },
	{ "fip", UINT64_MAX, "the same" },
	{ "fdp", UINT64_MAX, "the same" },
	{ "lapic.*", UINT64_MAX, "an engine's own interrupt controller" },
	{ "kvm_*", UINT64_MAX, "an engine's paravirtual clocks" },
	{ "tsc_*", UINT64_MAX, "time" },
	{ "exception.*", UINT64_MAX,
	  "what is being delivered is compared when it was; numbers of past events stay in some engines" },
	{ "interrupt.*", UINT64_MAX, "the same" },
	{ "nmi.injected", UINT64_MAX, "the same" },
	{ "nmi.pending", UINT64_MAX, "the same" },
	{ "smi.*", UINT64_MAX, "the same" },
	{ "sipi.vector", UINT64_MAX, "the same" },
	{ "dr6", UINT64_MAX, "the fixed bits, and those of breakpoints that are off, differ by processor" },
};

/* A part of a segment that means nothing when the segment is not present. */
static const char *const parts_of_segments[] = { "es", "ss", "ds", "fs", "gs", "ldtr" };

static bool matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	return pattern[length - 1] == '*' ? !strncmp(pattern, name, length - 1) : !strcmp(pattern, name);
}

uint64_t differ_mask(const struct lockstep *lockstep, const struct axvcpu_reg *reg)
{
	const struct options *options = &lockstep->options;
	uint64_t mask = UINT64_MAX;

	for (size_t i = 0; i < sizeof(not_compared) / sizeof(not_compared[0]); i++)
		if (matches(not_compared[i].name, reg->name))
			mask &= ~not_compared[i].mask;
	for (unsigned i = 0; i < options->ignored_count; i++)
		if (matches(options->ignored[i].name, reg->name))
			mask &= ~options->ignored[i].mask;
	return mask;
}

const char *differ_depends(const struct axvcpu_reg *reg, uint64_t *ret_bit)
{
	static const char *const names[] = { "es.attributes", "ss.attributes", "ds.attributes",
					     "fs.attributes", "gs.attributes", "ldtr.attributes" };
	const char *dot = strchr(reg->name, '.');

	*ret_bit = 0x80; /* present */
	for (size_t i = 0; dot && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(parts_of_segments[i]);
		bool is_base = !strcmp(dot, ".base") && *reg->name != 'f' && *reg->name != 'g';

		if ((size_t)(dot - reg->name) == length && !strncmp(reg->name, parts_of_segments[i], length) &&
		    (is_base || !strcmp(dot, ".limit")))
			return names[i];
	}
	return NULL;
}

/* The bits of a register of up to 8 bytes that differ; all ones of a larger one. */
static uint64_t changed(const struct lockstep *lockstep, const struct row *row)
{
	uint64_t one = 0, other = 0;

	if (row->reg->size > sizeof(one))
		return UINT64_MAX;
	memcpy(&one, lockstep->primary.now + row->offset, row->reg->size);
	memcpy(&other, lockstep->shadow.now + row->offset, row->reg->size);
	return (one ^ other) & row->mask;
}

static bool differs(const struct lockstep *lockstep, const struct row *row)
{
	return !row_is_same(row, lockstep->primary.now, lockstep->shadow.now);
}

static bool registers_may_differ(const struct lockstep *lockstep, const struct instruction *instruction)
{
	const struct registers *registers = &lockstep->registers;

	for (uint32_t i = 0; i < registers->count; i++) {
		const struct row *row = &registers->rows[i];

		if (differs(lockstep, row) &&
		    (!lockstep->arch->may_differ ||
		     changed(lockstep, row) & ~lockstep->arch->may_differ(lockstep, instruction, row)))
			return false;
	}
	return true;
}

int32_t differ_level_memory(struct lockstep *lockstep, bool *ret_alike)
{
	static const struct instruction none;

	*ret_alike = lockstep->arch->allow_memory && lockstep->arch->allow_memory(lockstep, &none);
	return *ret_alike ? memory_collect(lockstep) : 0;
}

int32_t differ_allow(struct lockstep *lockstep, const struct instruction *instruction, bool *ret_left)
{
	int32_t error = memory_collect(lockstep);

	*ret_left = true;
	if (error || !registers_may_differ(lockstep, instruction))
		return error;
	if (memory_compare(lockstep, NULL, 0) &&
	    (!lockstep->arch->allow_memory || !lockstep->arch->allow_memory(lockstep, instruction)))
		return 0;
	*ret_left = false;
	lockstep->counts.allowed++;
	return registers_copy(lockstep, SHADOW, lockstep->shadow.now, lockstep->primary.now);
}
