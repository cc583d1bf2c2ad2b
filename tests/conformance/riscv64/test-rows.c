/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the rows of .test files: each is a cmocka test of its own, called FILE:NAME.
 *
 * A row is executed in several ways that must come to the same end: freely, up to a store that leaves the guest behind
 * its last instruction; one instruction at a time; and one at a time with the whole state carried to another vCPU
 * before each. Everything that a row does not say changes must stay as it was: all registers and all memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/unit.h"
#include "machine.h"
#include "row.h"

enum way { WAY_FREE, WAY_STEP, WAY_MOVE, WAYS };
static const char *const way_names[] = { "freely", "step by step", "moving between vCPUs" };

enum {
	TICK_NS = 100,
	TERMINATOR = 0x00002023, /* sw zero, 0(zero): without translation an MmioWrite to 0 */
	BUDGET = 1000,           /* instructions after which a row has gone astray */
	LEAF_EXECUTABLE = 0xcb,  /* V, R, X, A, D */
	LEAF_USER = 0x10
};

/* What a run of a row came to. */
struct outcome {
	struct axvcpu_exit exit;
	struct machine_state before, at_exit, after;
};

struct expectation {
	const struct row *row;
	const struct settings *settings;
	char why[300]; /* the first difference */
};

static struct machine machine;
static uint8_t memory_before[ROW_RAM_SIZE];
static uint8_t rom_before[ROW_ROM_SIZE];

static uint64_t start_of(const struct row *row)
{
	return settings_word(&row->before, ROW_WORD_AT, ROW_CODE);
}

static uint64_t reg_setting(const struct settings *settings, uint64_t id, uint64_t otherwise)
{
	const struct setting *setting = settings_find(settings, SETTING_REG, id);

	return setting ? setting->value : otherwise;
}

static uint64_t satp_of(const struct row *row)
{
	return reg_setting(&row->before, AXVCPU_RISCV64_CSR(0x180), 0);
}

static bool translated(const struct row *row)
{
	for (unsigned i = 0; i < row->before.count; i++)
		if (row->before.list[i].kind == SETTING_MAP)
			return true;
	return false;
}

/* The pc when a row is over: where the trap leads, what the row says, or the end of its instructions. */
static uint64_t last_pc(const struct row *row, const struct settings *after)
{
	uint64_t stvec = reg_setting(&row->before, AXVCPU_RISCV64_CSR(0x105), ROW_STVEC);
	uint64_t otherwise = start_of(row) + row->code_size;

	if (settings_has(after, ROW_WORD_TRAP))
		otherwise = stvec & ~UINT64_C(3);
	else if (settings_has(after, ROW_WORD_INTERRUPT))
		otherwise = (stvec & ~UINT64_C(3)) + (stvec & 1 ? 4 * settings_word(after, ROW_WORD_INTERRUPT, 0) : 0);
	return reg_setting(after, AXVCPU_RISCV64_PC, otherwise);
}

/* Code that runs at a virtual address outside RAM lies at the same offset in the page CODE. */
static uint64_t code_gpa(const struct row *row)
{
	uint64_t start = start_of(row);

	return start - ROW_RAM < ROW_RAM_SIZE ? start : ROW_CODE + (start & 0xfff);
}

/* Rows with page tables have their code and trap handler mapped where they are, and say the rest themselves. */
static void map_row(const struct row *row)
{
	uint64_t user = reg_setting(&row->before, AXVCPU_RISCV64_MODE, 1) ? 0 : LEAF_USER;
	uint64_t satp = satp_of(row), start = start_of(row) & ~UINT64_C(0xfff);
	bool own_code = false;

	for (unsigned i = 0; i < row->before.count; i++) {
		const struct setting *map = &row->before.list[i];

		if (map->kind != SETTING_MAP)
			continue;
		machine_map(&machine, satp, map->key, map->value, map->flags, map->detail);
		own_code |= map->key >> (12 + 9 * map->detail) == start >> (12 + 9 * map->detail);
	}
	if (!own_code)
		machine_map(&machine, satp, start, code_gpa(row), LEAF_EXECUTABLE | user, 0);
	machine_map(&machine, satp, ROW_STVEC, ROW_STVEC, LEAF_EXECUTABLE, 0);
}

static void fill_memory(const struct row *row)
{
	uint64_t last = last_pc(row, &row->after[0]);

	if (!translated(row) && last - ROW_RAM < ROW_RAM_SIZE - 4)
		machine_store(&machine, last, 4, TERMINATOR);
	machine_write(&machine, code_gpa(row), row->code, row->code_size);
	if (translated(row))
		map_row(row);
	for (unsigned i = 0; i < row->before.count; i++) {
		const struct setting *memory = &row->before.list[i];

		if (memory->kind == SETTING_MEMORY)
			machine_store(&machine, memory->key, memory->detail, memory->value);
	}
}

/* Every general register holds something that no row expects by chance. */
static void fill_registers(const struct row *row)
{
	for (uint64_t i = 1; i < 32; i++)
		assert_ok(axvcpu_set_gpr(machine.vcpu[0], (uint32_t)i, UINT64_C(0xc0ffee0000000000) | i << 32 | i));
	machine_set(&machine, "stvec", ROW_STVEC);
	for (unsigned i = 0; i < row->before.count; i++) {
		const struct setting *reg = &row->before.list[i];

		if (reg->kind == SETTING_REG)
			machine_set_id(&machine, reg->key, reg->value);
	}
	machine_set(&machine, "pc", start_of(row));
}

/* Interrupts are queued, and pend from the next entry on. Returns the bit that sip will have more. */
static uint64_t interrupt_setting(const struct setting *setting)
{
	if (setting->kind != SETTING_WORD)
		return 0;
	if (setting->key == ROW_WORD_INJECT)
		assert_ok(axvcpu_inject_interrupt(machine.vcpu[0], setting->value));
	else if (setting->key == ROW_WORD_LINE)
		assert_ok(axvcpu_set_interrupt_line(machine.vcpu[0], (uint32_t)setting->value, 1));
	else
		return 0;
	return UINT64_C(1) << setting->value;
}

static uint64_t *state_of(struct machine_state *state, uint64_t id)
{
	const struct axvcpu_reg *reg;

	for (unsigned i = 0; (reg = machine_regs(i)); i++)
		if (reg->id == id)
			return &state->value[i];
	fail_msg("no register 0x%llx", (unsigned long long)id);
	return NULL;
}

static void prepare(const struct row *row, struct machine_state *ret_before)
{
	machine_reset(&machine, ROW_CODE);
	machine.now = settings_word(&row->before, ROW_WORD_TIME, 1000) * TICK_NS;
	fill_memory(row);
	fill_registers(row);
	memcpy(memory_before, machine.ram, ROW_RAM_SIZE);
	memcpy(rom_before, machine.rom, ROW_ROM_SIZE);
	machine_save(machine.vcpu[0], ret_before);
	for (unsigned i = 0; i < row->before.count; i++)
		*state_of(ret_before, AXVCPU_RISCV64_CSR(0x144)) |= interrupt_setting(&row->before.list[i]);
}

static void run_once(struct axvcpu_exit *ret_exit)
{
	*ret_exit = (struct axvcpu_exit){ .size = sizeof(*ret_exit) };
	assert_ok(axvcpu_run(machine.vcpu[0], ret_exit));
}

/* Up to the terminator, a breakpoint where there cannot be one, or the row's own exit. */
static void run_freely(const struct row *row, struct axvcpu_exit *ret_exit)
{
	uint64_t last = last_pc(row, &row->after[0]);
	bool own_exit = settings_has(&row->after[0], ROW_WORD_EXIT);

	assert_ok(axvcpu_set_budget(machine.vcpu[0], BUDGET));
	if (translated(row) && !own_exit)
		assert_ok(axvcpu_set_breakpoint(machine.vcpu[0], last, 1));
	run_once(ret_exit);
	if (own_exit)
		return;
	if (!translated(row) && ret_exit->reason == AXVCPU_EXIT_MMIO_WRITE && !ret_exit->mmio_write.addr)
		machine_set(&machine, "pc", machine_get(&machine, "pc") - 4);
	else if (!translated(row) || ret_exit->reason != AXVCPU_EXIT_DEBUG)
		fail_msg("line %u, freely: %s instead of the row's end; pc 0x%llx scause %lld stval 0x%llx", row->line,
			 axvcpu_exit_name(ret_exit->reason), (unsigned long long)machine_get(&machine, "pc"),
			 (long long)machine_get(&machine, "scause"),
			 (unsigned long long)machine_get(&machine, "stval"));
}

/*
 * Whether the state can be carried to another vCPU now: not while interrupts are queued that the engine has not got
 * yet, and a reservation need not survive it (an sc may fail at any time).
 */
static bool movable(const struct row *row, uint64_t step)
{
	bool queued = settings_has(&row->before, ROW_WORD_INJECT) || settings_has(&row->before, ROW_WORD_LINE);

	return (step || !queued) && machine_get(&machine, "reservation") == UINT64_MAX;
}

/* An instruction at a time; `move`: each on another vCPU than the one before. */
static void run_steps(const struct row *row, bool move, struct axvcpu_exit *ret_exit)
{
	uint64_t steps = settings_word(&row->before, ROW_WORD_STEPS, row->instructions);

	for (uint64_t i = 0; i < steps; i++) {
		if (move && movable(row, i))
			machine_move(&machine);
		assert_ok(axvcpu_set_single_step(machine.vcpu[0], 1));
		run_once(ret_exit);
		if (i + 1 < steps && ret_exit->reason != AXVCPU_EXIT_DEBUG)
			fail_msg("line %u: step %llu gave %s", row->line, (unsigned long long)i,
				 axvcpu_exit_name(ret_exit->reason));
	}
	assert_ok(axvcpu_set_single_step(machine.vcpu[0], 0));
}

static bool differs(struct expectation *expectation, const char *what, uint64_t found, uint64_t expected)
{
	if (found == expected)
		return false;
	snprintf(expectation->why, sizeof(expectation->why), "%s is 0x%llx, expected 0x%llx", what,
		 (unsigned long long)found, (unsigned long long)expected);
	return true;
}

static bool exit_differs(struct expectation *expectation, const struct axvcpu_exit *exit)
{
	const struct settings *after = expectation->settings;
	uint64_t reason = settings_word(after, ROW_WORD_EXIT, UINT64_MAX);
	char what[40];

	if (reason == UINT64_MAX)
		return false;
	if (exit->reason != reason) {
		int used = snprintf(expectation->why, sizeof(expectation->why), "expected exit %s, got ",
				    axvcpu_exit_name((uint32_t)reason));

		axvcpu_exit_format(exit, expectation->why + used, sizeof(expectation->why) - (size_t)used);
		return true;
	}
	for (unsigned i = 0; i < after->count; i++) {
		const struct setting *field = &after->list[i];
		uint64_t found = 0;

		if (field->kind != SETTING_FIELD)
			continue;
		memcpy(&found, (const char *)exit + field->key, field->detail);
		snprintf(what, sizeof(what), "byte %llu of the exit", (unsigned long long)field->key);
		if (differs(expectation, what, found, field->value))
			return true;
	}
	return false;
}

/* A trap to S-mode, as the manual's "Supervisor Trap" sections have it, written into the expected registers. */
static void promise_trap(const struct expectation *expectation, struct machine_state *expected)
{
	const struct settings *after = expectation->settings;
	bool interrupt = settings_has(after, ROW_WORD_INTERRUPT);
	uint64_t cause = settings_word(after, interrupt ? ROW_WORD_INTERRUPT : ROW_WORD_TRAP, 0);
	uint64_t *mode = state_of(expected, AXVCPU_RISCV64_MODE);
	uint64_t *sstatus = state_of(expected, AXVCPU_RISCV64_CSR(0x100));

	*state_of(expected, AXVCPU_RISCV64_CSR(0x142)) = cause | (uint64_t)interrupt << 63;
	*state_of(expected, AXVCPU_RISCV64_CSR(0x141)) = settings_word(after, ROW_WORD_EPC, start_of(expectation->row));
	*state_of(expected, AXVCPU_RISCV64_CSR(0x143)) = settings_word(after, ROW_WORD_TVAL, 0);
	*sstatus = (*sstatus & ~(ROW_SIE | ROW_SPIE | ROW_SPP)) | (*sstatus & ROW_SIE ? ROW_SPIE : 0) |
		   (*mode ? ROW_SPP : 0);
	*mode = 1;
}

static bool registers_differ(struct expectation *expectation, const struct outcome *outcome)
{
	const struct settings *after = expectation->settings;
	struct machine_state expected = outcome->before;
	const struct axvcpu_reg *reg;

	if (settings_has(after, ROW_WORD_TRAP) || settings_has(after, ROW_WORD_INTERRUPT))
		promise_trap(expectation, &expected);
	for (unsigned i = 0; (reg = machine_regs(i)); i++) {
		uint64_t value = reg_setting(after, reg->id, expected.value[i]);

		if (reg->id == AXVCPU_RISCV64_PC)
			value = last_pc(expectation->row, after);
		if (differs(expectation, reg->name, outcome->after.value[i], value))
			return true;
	}
	return false;
}

/* `expected` becomes the memory that the row promises. */
static void promise_memory(const struct expectation *expectation, uint8_t *expected)
{
	for (unsigned i = 0; i < expectation->settings->count; i++) {
		const struct setting *setting = &expectation->settings->list[i];

		if (setting->kind == SETTING_MEMORY && setting->key - ROW_RAM < ROW_RAM_SIZE)
			memcpy(expected + (setting->key - ROW_RAM), &setting->value, setting->detail);
		if (setting->kind == SETTING_WORD && setting->key == ROW_WORD_PTE)
			expected[machine.first_leaf - ROW_RAM] = (uint8_t)setting->value;
	}
}

static bool memory_differs(struct expectation *expectation)
{
	static uint8_t expected[ROW_RAM_SIZE];
	char what[40];

	memcpy(expected, memory_before, ROW_RAM_SIZE);
	promise_memory(expectation, expected);
	if (memcmp(machine.rom, rom_before, ROW_ROM_SIZE)) {
		snprintf(expectation->why, sizeof(expectation->why), "ROM was written");
		return true;
	}
	if (!memcmp(machine.ram, expected, ROW_RAM_SIZE))
		return false;
	for (uint64_t i = 0; i < ROW_RAM_SIZE; i++) {
		snprintf(what, sizeof(what), "the byte at 0x%llx", (unsigned long long)(ROW_RAM + i));
		if (machine.ram[i] != expected[i])
			return differs(expectation, what, machine.ram[i], expected[i]);
	}
	return false;
}

/* A read exit has changed nothing, and the answer finishes the instruction. */
static bool answer_differs(struct expectation *expectation, struct outcome *outcome, enum way way)
{
	const struct setting *answer = settings_find(expectation->settings, SETTING_WORD, ROW_WORD_ANSWER);
	const struct axvcpu_reg *reg;

	if (!answer)
		return false;
	for (unsigned i = 0; expectation->row->instructions == 1 && (reg = machine_regs(i)); i++)
		if (differs(expectation, reg->name, outcome->at_exit.value[i], outcome->before.value[i]))
			return true;
	if (way == WAY_MOVE) { /* the read is not part of the state: the other vCPU does it again */
		machine_move(&machine);
		run_once(&outcome->exit);
	}
	assert_ok(axvcpu_complete_read(machine.vcpu[0], &outcome->exit, answer->value));
	machine_save(machine.vcpu[0], &outcome->after);
	return false;
}

static bool alternative_differs(const struct row *row, unsigned alternative, enum way way, struct outcome *outcome)
{
	struct expectation expectation = { .row = row, .settings = &row->after[alternative] };
	bool different = exit_differs(&expectation, &outcome->exit) || answer_differs(&expectation, outcome, way) ||
			 registers_differ(&expectation, outcome) || memory_differs(&expectation);

	if (different && alternative + 1 == row->alternatives)
		fail_msg("line %u, %s: %s", row->line, way_names[way], expectation.why);
	return different;
}

static void check_way(const struct row *row, enum way way)
{
	struct outcome outcome;

	prepare(row, &outcome.before);
	if (way == WAY_FREE)
		run_freely(row, &outcome.exit);
	else
		run_steps(row, way == WAY_MOVE, &outcome.exit);
	machine_save(machine.vcpu[0], &outcome.after);
	outcome.at_exit = outcome.after;
	for (unsigned i = 0; i < row->alternatives; i++)
		if (!alternative_differs(row, i, way, &outcome))
			return;
}

/* Taking an interrupt is no instruction, and a second alternative may end elsewhere. */
static bool applies(const struct row *row, enum way way)
{
	if (way == WAY_FREE)
		return row->alternatives == 1 || last_pc(row, &row->after[0]) == last_pc(row, &row->after[1]);
	return !settings_has(&row->after[0], ROW_WORD_INTERRUPT);
}

static void check_row(void **state)
{
	for (enum way way = WAY_FREE; way < WAYS; way++)
		if (applies(*state, way))
			check_way(*state, way);
}

static int create(void **state)
{
	(void)state;
	machine_create(&machine);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	machine_destroy(&machine);
	return 0;
}

/* The tests of a file, one per row. A text with a parse error is a failure of its own. */
static int run_file(const char *path, const char *only)
{
	struct rows rows;
	struct CMUnitTest *tests;
	size_t count = 0;
	int failures;

	if (!rows_read(path, &rows)) {
		fprintf(stderr, "%s\n", rows.error);
		return 1;
	}
	tests = calloc(rows.count + 1u, sizeof(*tests));
	for (unsigned i = 0; tests && i < rows.count; i++)
		if (!only || !strcmp(only, rows.list[i].name))
			tests[count++] = (struct CMUnitTest){ rows.list[i].name, check_row, NULL, NULL, &rows.list[i] };
	failures = tests ? _cmocka_run_group_tests(path, tests, count, create, destroy) : 1;
	free(tests);
	rows_free(&rows);
	return failures;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE.test [ROW]\n", argv[0]);
		return 2;
	}
	return run_file(argv[1], argc > 2 ? argv[2] : NULL) != 0;
}
