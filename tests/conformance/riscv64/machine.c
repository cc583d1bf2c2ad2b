/* SPDX-License-Identifier: Apache-2.0 */
/* The test machine. See machine.h. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "../../unit/unit.h"

enum { PAGE_BITS = 12, LEVEL_BITS = 9, PTE_VALID = 1, TICK_NS = 100 };

const char *machine_backend_name(void)
{
	const char *name = getenv("AXVCPU_CONFORMANCE_BACKEND");

	return name ? name : "sim-riscv64";
}

static uint64_t machine_clock(void *context)
{
	return ((struct machine *)context)->now;
}

static void add_slot(struct machine *machine, uint64_t gpa, uint64_t size, uint32_t flags, struct axvcpu_slot *ret_slot)
{
	*ret_slot =
		(struct axvcpu_slot){ .size_of_struct = sizeof(*ret_slot), .gpa = gpa, .size = size, .flags = flags };
	assert_ok(axvcpu_space_add(machine->space, ret_slot));
}

struct axvcpu *machine_vcpu(struct machine *machine, uint32_t id, uint32_t halt_policy, const char *more)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .vcpu_id = id, .halt_policy = halt_policy };
	struct axvcpu_config *config;
	struct axvcpu *vcpu;

	assert_ok(axvcpu_config_create(machine->backend, AXVCPU_CONFIG_CREATE, &config));
	assert_ok(axvcpu_config_set_u64(config, "hart_id", 0, id));
	assert_ok(axvcpu_config_parse(config, more));
	info.config = config;
	assert_ok(axvcpu_create(machine->backend, &info, &vcpu));
	axvcpu_config_destroy(config);
	return vcpu;
}

void machine_create(struct machine *machine)
{
	struct axvcpu_slot slot;

	memset(machine, 0, sizeof(*machine));
	assert_ok(axvcpu_backend_open(machine_backend_name(), &machine->backend));
	assert_ok(axvcpu_space_create(&machine->space));
	add_slot(machine, ROW_RAM, ROW_RAM_SIZE, 0, &slot);
	machine->ram = slot.host;
	machine->ram_id = slot.id;
	add_slot(machine, ROW_ROM, ROW_ROM_SIZE, AXVCPU_SLOT_ROM, &slot);
	machine->rom = slot.host;
	for (uint32_t i = 0; i < MACHINE_VCPUS; i++)
		machine->vcpu[i] = machine_vcpu(machine, i, AXVCPU_HALT_EXIT, "");
}

void machine_destroy(struct machine *machine)
{
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		assert_ok(axvcpu_destroy(machine->vcpu[i]));
	assert_ok(axvcpu_space_destroy(machine->space));
	axvcpu_backend_close(machine->backend);
	rows_free(&machine->programs);
}

void machine_restart(struct machine *machine, unsigned vcpu, uint64_t entry)
{
	struct axvcpu *which = machine->vcpu[vcpu];

	assert_ok(axvcpu_reset(which));
	assert_ok(axvcpu_set_clock(which, machine_clock, machine));
	assert_ok(axvcpu_setup(which, entry, axvcpu_space_root(machine->space), NULL));
	assert_ok(axvcpu_bind(which));
}

void machine_reset(struct machine *machine, uint64_t entry)
{
	machine->now = 1000 * TICK_NS;
	machine->next_table = ROW_TABLES + AXVCPU_PAGE_SIZE;
	machine->first_leaf = 0;
	memset(machine->ram, 0, ROW_RAM_SIZE);
	memset(machine->rom, 0, ROW_ROM_SIZE);
	assert_ok(axvcpu_space_mark_written(machine->space, ROW_RAM, ROW_RAM_SIZE));
	assert_ok(axvcpu_space_mark_written(machine->space, ROW_ROM, ROW_ROM_SIZE));
	machine_restart(machine, 0, entry);
}

void machine_write(struct machine *machine, uint64_t gpa, const void *data, size_t size)
{
	assert_ok(axvcpu_space_write(machine->space, gpa, data, size));
}

void machine_store(struct machine *machine, uint64_t gpa, unsigned size, uint64_t value)
{
	machine_write(machine, gpa, &value, size);
}

uint64_t machine_load(struct machine *machine, uint64_t gpa, unsigned size)
{
	uint64_t value = 0;

	assert_ok(axvcpu_space_read(machine->space, gpa, &value, size));
	return value;
}

void machine_read_programs(struct machine *machine, const char *path)
{
	if (!rows_read(path, &machine->programs))
		fail_msg("%s", machine->programs.error);
}

static const struct row *find_program(const struct machine *machine, const char *name)
{
	for (unsigned i = 0; i < machine->programs.count; i++)
		if (!strcmp(machine->programs.list[i].name, name))
			return &machine->programs.list[i];
	fail_msg("no program is called '%s'", name);
	return NULL;
}

void machine_code(struct machine *machine, const char *name, uint64_t gpa)
{
	const struct row *program = find_program(machine, name);

	machine_write(machine, gpa, program->code, program->code_size);
}

uint64_t machine_program(struct machine *machine, const char *name)
{
	const struct row *program = find_program(machine, name);
	uint64_t start = settings_word(&program->before, ROW_WORD_AT, ROW_CODE);

	machine_write(machine, start, program->code, program->code_size);
	for (unsigned i = 0; i < program->before.count; i++) {
		const struct setting *reg = &program->before.list[i];

		if (reg->kind == SETTING_REG)
			machine_set_id(machine, reg->key, reg->value);
	}
	machine_set(machine, "pc", start);
	return start + program->code_size;
}

static unsigned levels_of(uint64_t satp)
{
	return satp >> 60 == 9 ? 4 : 3;
}

static uint64_t pte_of(uint64_t pa, uint64_t flags)
{
	return (pa >> PAGE_BITS) << 10 | flags;
}

/* The next table below the entry at `gpa`, made when it is not there. */
static uint64_t table_below(struct machine *machine, uint64_t gpa)
{
	uint64_t entry = machine_load(machine, gpa, 8);

	if (!entry) {
		entry = pte_of(machine->next_table, PTE_VALID);
		machine->next_table += AXVCPU_PAGE_SIZE;
		machine_store(machine, gpa, 8, entry);
	}
	return (entry >> 10) << PAGE_BITS;
}

void machine_map(struct machine *machine, uint64_t satp, uint64_t va, uint64_t pa, uint64_t flags, unsigned level)
{
	uint64_t table = ROW_TABLES, gpa = 0;

	for (unsigned i = levels_of(satp); i-- > level;) {
		gpa = table + 8 * (va >> (PAGE_BITS + LEVEL_BITS * i) & 511);
		if (i > level)
			table = table_below(machine, gpa);
	}
	machine_store(machine, gpa, 8, pte_of(pa, flags));
	if (!machine->first_leaf)
		machine->first_leaf = gpa;
}

uint64_t machine_get(struct machine *machine, const char *name)
{
	uint64_t value = 0;

	assert_ok(axvcpu_get_reg_u64(machine->vcpu[0], name, &value));
	return value;
}

void machine_set_id(struct machine *machine, uint64_t id, uint64_t value)
{
	if (id == AXVCPU_RISCV64_CSR(0x100))
		value |= ROW_UXL;
	assert_ok(axvcpu_set_reg(machine->vcpu[0], id, &value, sizeof(value)));
}

void machine_set(struct machine *machine, const char *name, uint64_t value)
{
	machine_set_id(machine, axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, name)->id, value);
}

void machine_run(struct machine *machine, struct axvcpu_exit *ret_exit, uint32_t reason)
{
	char text[256];

	*ret_exit = (struct axvcpu_exit){ .size = sizeof(*ret_exit) };
	assert_ok(axvcpu_run(machine->vcpu[0], ret_exit));
	if (ret_exit->reason == reason)
		return;
	axvcpu_exit_format(ret_exit, text, sizeof(text));
	fail_msg("expected %s, but the run ended with %s at pc 0x%llx", axvcpu_exit_name(reason), text,
		 (unsigned long long)machine_get(machine, "pc"));
}

static bool compared(const struct axvcpu_reg *reg)
{
	return !(reg->flags & (AXVCPU_REG_VOLATILE | AXVCPU_REG_ALIAS)) &&
	       AXVCPU_REG_ID_GROUP(reg->id) != AXVCPU_REG_FP && reg->id != AXVCPU_RISCV64_CSR(0x001) &&
	       reg->id != AXVCPU_RISCV64_CSR(0x002) && AXVCPU_REG_ID_GROUP(reg->id) != AXVCPU_REG_EVENT;
}

const struct axvcpu_reg *machine_regs(unsigned index)
{
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(AXVCPU_ARCH_RISCV64, &count);

	for (uint32_t i = 0; i < count; i++)
		if (compared(&regs[i]) && !index--)
			return &regs[i];
	return NULL;
}

void machine_save(struct axvcpu *vcpu, struct machine_state *ret_state)
{
	const struct axvcpu_reg *reg;

	memset(ret_state, 0, sizeof(*ret_state));
	for (unsigned i = 0; (reg = machine_regs(i)); i++)
		(void)axvcpu_get_reg(vcpu, reg->id, &ret_state->value[i], reg->size);
}

void machine_move(struct machine *machine)
{
	static _Alignas(8) uint8_t snapshot[16384];
	struct axvcpu *from = machine->vcpu[0], *to = machine->vcpu[1];
	size_t size;

	assert_ok(axvcpu_save_state(from, snapshot, sizeof(snapshot), &size));
	assert_ok(axvcpu_unbind(from));
	machine_restart(machine, 1, ROW_CODE);
	assert_ok(axvcpu_load_state(to, snapshot, size));
	machine->vcpu[0] = to;
	machine->vcpu[1] = from;
}
