/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs, made of the decoder's own rows, executed twice: in chained blocks with a random budget, and
 * instruction by instruction. Both must come to the same state at the same number of instructions, whatever traps,
 * exits and interrupts lie between. The code is in ROM, so that no program changes itself.
 */
#include "../unit.h"

#include "decode.h"
#include "machine.h"

#define OPS (&axarch_vcpu_ops)
#define CODE UINT64_C(0x90000000)
enum { CODE_SIZE = 0x4000, PROGRAMS = 150, LENGTH = 3000, MEMORY = 0x4000 };

static uint64_t random_state;

/* xorshift64* */
static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static bool is_wanted(const struct rv_row *row)
{
	return strcmp(row->name, "wfi") && strcmp(row->name, "fence.i") && strcmp(row->name, "sret");
}

/* Fills the ROM with instructions that exist; the fields between their fixed bits are random. */
static void make_program(uint8_t *code)
{
	unsigned count, at = 0;
	const struct rv_row *rows = rv_rows(&count);

	while (at < CODE_SIZE) {
		const struct rv_row *row = &rows[random_number() % count];
		uint32_t insn = ((uint32_t)random_number() & ~row->mask) | row->value;
		unsigned length = rv_length(row->value);

		if (!is_wanted(row) || length > CODE_SIZE - at)
			continue;
		memcpy(code + at, &insn, length);
		at += length;
	}
}

struct result {
	uint64_t x[32], pc, instructions, exceptions, hash, sepc, sstatus;
};

/* A VMM whose answers depend on the exit alone. False: it ends here. */
static bool answer(struct rv_hart *hart, const struct axvcpu_exit *exit)
{
	switch (exit->reason) {
	case AXVCPU_EXIT_MMIO_READ:
		OPS->complete_read(hart, exit, exit->mmio_read.addr * 7);
		return true;
	case AXVCPU_EXIT_NESTED_PAGE_FAULT: /* it would be tried again: skip it, whatever its length */
		hart->cpu.pc = CODE + (hart->cpu.pc + 4) % CODE_SIZE / 2 * 2;
		return true;
	case AXVCPU_EXIT_PREEMPTION_TIMER:
		return false;
	}
	return true;
}

static uint64_t hash_memory(const uint8_t *ram)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < MEMORY; i++)
		hash = hash * 31 + ram[i];
	return hash;
}

static void start_registers(struct rv_hart *hart, uint64_t seed)
{
	uint64_t stvec = CODE + 0x100, sie = RV_BIT(RV_TIMER), sstatus = RV_SSTATUS_SIE | RV_SSTATUS_UXL_64;

	random_state = seed;
	for (unsigned i = 1; i < 32; i++)
		hart->cpu.x[i] = random_number() % 2 ? RAM + random_number() % MEMORY / 8 * 8 : random_number();
	OPS->set_reg(hart, AXVCPU_RISCV64_CSR(CSR_STVEC), &stvec, 8);
	OPS->set_reg(hart, AXVCPU_RISCV64_CSR(CSR_SIE), &sie, 8);
	OPS->set_reg(hart, AXVCPU_RISCV64_CSR(CSR_SSTATUS), &sstatus, 8);
}

/* Executes `length` instructions, in runs of at most `budget`, or in single steps where it is 0. */
static void execute(struct rv_hart *hart, uint64_t length, uint64_t budget)
{
	struct axvcpu_exit exit;

	OPS->set_single_step(hart, budget == 0);
	while (sim_cpu_retired(&hart->cpu) < length) {
		uint64_t left = length - sim_cpu_retired(&hart->cpu);

		OPS->set_budget(hart, budget && budget < left ? budget : left);
		machine_run(hart, &exit);
		answer(hart, &exit);
	}
}

static struct result run_program(uint64_t seed, const uint8_t *ram, uint64_t budget)
{
	struct rv_hart *hart = machine_hart(0, CODE, true);
	struct result result = { .instructions = 0 };

	start_registers(hart, seed);
	execute(hart, LENGTH, budget);
	memcpy(result.x, hart->cpu.x, sizeof(result.x));
	result.pc = hart->cpu.pc;
	result.instructions = sim_cpu_retired(&hart->cpu);
	result.exceptions = hart->exceptions;
	result.hash = hash_memory(ram);
	result.sepc = hart->sepc;
	result.sstatus = hart->sstatus;
	machine_free(hart);
	return result;
}

static void blocks_equal_single_steps(void **unused)
{
	uint64_t executed = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
		uint8_t *ram = machine_start(NULL, 0), *code = fake_host_add(CODE, CODE_SIZE, AXARCH_SLOT_ROM);
		struct result stepped, chained;

		random_state = seed;
		make_program(code);
		stepped = run_program(seed, ram, 0);
		memset(ram, 0, MEMORY);
		chained = run_program(seed, ram, 1 + seed * seed % 997);
		if (memcmp(&stepped, &chained, sizeof(stepped)))
			fail_msg("program %u: pc 0x%llx and 0x%llx", (unsigned)seed, (unsigned long long)stepped.pc,
				 (unsigned long long)chained.pc);
		executed += stepped.instructions;
		machine_end();
	}
	assert_true(executed > PROGRAMS * LENGTH / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(blocks_equal_single_steps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
