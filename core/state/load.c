/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a snapshot in three steps: everything is checked and every register's present value read; then all are
 * written; and if the engine refuses one, those before it get their old values back, last first.
 *
 * Read-only registers are compared, not written: a guest that saw one processor must not wake up on another. Volatile
 * ones that this engine lacks or will not take are left alone.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"

struct change {
	const struct axvcpu_reg *reg;
	const uint8_t *value; /* in the snapshot */
	uint8_t old[AXVCPU_REG_SIZE_MAX];
};

struct plan {
	const struct axvcpu_reg *regs; /* of the architecture */
	uint32_t reg_count;
	struct change *changes; /* as many as the architecture has registers */
	uint32_t count;
};

static int is_planned(const struct plan *plan, const struct axvcpu_reg *reg)
{
	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->changes[i].reg == reg)
			return 1;
	return 0;
}

static int32_t identify(const struct plan *plan, const struct record *record, const struct axvcpu_reg **ret_reg)
{
	const struct axvcpu_reg *reg = axvcpu_reg_by_id(record->id);
	int length = (int)record->name_length;

	if (!reg || reg < plan->regs || reg >= plan->regs + plan->reg_count)
		return error_set(AXVCPU_ERROR_NOT_FOUND,
				 "the snapshot has a register %.*s (0x%llx) that this architecture has not", length,
				 record->name, (unsigned long long)record->id);
	if (strlen(reg->name) != record->name_length || memcmp(reg->name, record->name, record->name_length))
		return error_set(AXVCPU_ERROR_INVALID_DATA, "the snapshot is malformed: it calls register %s %.*s",
				 reg->name, length, record->name);
	if (reg->size != record->value_size)
		return error_set(AXVCPU_ERROR_INVALID_DATA,
				 "the snapshot is malformed: register %s has %u bytes, not %u", reg->name, reg->size,
				 record->value_size);
	if (is_planned(plan, reg))
		return error_set(AXVCPU_ERROR_INVALID_DATA, "the snapshot is malformed: it has register %s twice",
				 reg->name);
	*ret_reg = reg;
	return 0;
}

static int32_t compare(const struct change *change)
{
	const struct axvcpu_reg *reg = change->reg;

	if (reg->flags & AXVCPU_REG_VOLATILE || !memcmp(change->old, change->value, reg->size))
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT,
			 "%s (%s) is read-only, and this engine's value differs from the snapshot's", reg->name,
			 reg->doc);
}

/* Plans one register: reads what it is now. Read-only ones are done with that. */
static int32_t plan_record(struct axvcpu *vcpu, struct plan *plan, const struct record *record)
{
	struct change *change = &plan->changes[plan->count];
	int32_t error = identify(plan, record, &change->reg);

	if (error)
		return error;
	change->value = record->value;
	error = reg_read(vcpu, change->reg, change->old);
	if (error == AXVCPU_ERROR_NOT_FOUND && change->reg->flags & AXVCPU_REG_VOLATILE)
		return 0;
	if (error)
		return error;
	plan->count++;
	return change->reg->flags & AXVCPU_REG_READ_ONLY ? compare(change) : 0;
}

static int32_t make_plan(struct axvcpu *vcpu, struct plan *plan, struct reader *reader)
{
	struct record record;
	int32_t error = 0;
	int more;

	while (!error && (more = reader_next(reader, &record)) != 0)
		error = more < 0 ? AXVCPU_ERROR_INVALID_DATA : plan_record(vcpu, plan, &record);
	return error;
}

static int is_written(const struct change *change)
{
	return !(change->reg->flags & AXVCPU_REG_READ_ONLY);
}

/* The error text of the refusal must outlive the way back. */
static int32_t roll_back(struct axvcpu *vcpu, const struct plan *plan, uint32_t done, int32_t error)
{
	char text[512];

	strncpy(text, axvcpu_error_text(), sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	while (done-- > 0)
		if (is_written(&plan->changes[done]))
			reg_write(vcpu, plan->changes[done].reg, plan->changes[done].old);
	return error_set(error, "%s; the vCPU is as it was before", text);
}

/*
 * An engine may take registers together, and find out only then that they do not go together: reading one back makes it
 * say so now, and not at the next run.
 */
static int32_t read_back(struct axvcpu *vcpu, const struct plan *plan)
{
	uint8_t value[AXVCPU_REG_SIZE_MAX];

	return plan->count ? reg_read(vcpu, plan->changes[0].reg, value) : 0;
}

static int32_t carry_out(struct axvcpu *vcpu, const struct plan *plan)
{
	int32_t error;

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];

		error = is_written(change) ? reg_write(vcpu, change->reg, change->value) : 0;
		if (error && !(change->reg->flags & AXVCPU_REG_VOLATILE))
			return roll_back(vcpu, plan, i, error);
	}
	error = read_back(vcpu, plan);
	return error ? roll_back(vcpu, plan, plan->count, error) : 0;
}

static int32_t load(struct axvcpu *vcpu, struct reader *reader)
{
	struct plan plan = { .count = 0 };
	int32_t error;

	plan.regs = axvcpu_regs(reader->header.arch, &plan.reg_count);
	/* One more than there can be, so that a record that is too much has room to be refused in. */
	plan.changes = calloc(plan.reg_count + 1, sizeof(*plan.changes));
	if (!plan.changes)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory to load a snapshot of %u registers",
				 plan.reg_count);
	error = make_plan(vcpu, &plan, reader);
	if (!error)
		error = carry_out(vcpu, &plan);
	free(plan.changes);
	return error;
}

static int32_t check_arch(const struct axvcpu *vcpu, uint32_t found)
{
	uint32_t arch;
	int32_t error = vcpu_arch(vcpu, &arch);

	if (error || arch == found)
		return error;
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "vCPU %u is a %s one, and the snapshot is of %s", vcpu->id,
			 axvcpu_arch_name(arch), axvcpu_arch_name(found));
}

int32_t axvcpu_load_state(struct axvcpu *vcpu, const void *snapshot, size_t size)
{
	struct axvcpu *before;
	struct reader reader;
	int32_t error;

	error = reader_init(&reader, snapshot, size);
	if (!error)
		error = check_arch(vcpu, reader.header.arch);
	if (!error)
		error = vcpu_enter(vcpu, "load_state", &before);
	if (error)
		return error;
	return vcpu_leave(vcpu, "load_state", before, load(vcpu, &reader));
}
