/* SPDX-License-Identifier: Apache-2.0 */
/* See pc.h. */
#include "pc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RAM_SIZE = 0x100000,
	TABLES = 0x1000,
	GDT = 0x3000,
	IDT = 0x4000,
	TSS = 0x5000,
	STUBS = 0x8000,
	RING0_STACK = 0x90000
};
enum {
	CODE0 = 0x08,
	DATA0 = 0x10,
	DATA3 = 0x18,
	CODE3 = 0x20,
	TASK = 0x28,
	TSS_BITMAP = 0x68,
	TSS_LIMIT = TSS_BITMAP + 0x20
};
enum { LARGE_PAGE = 0x87, TABLE = 0x07 };

/* The create config, as the plugin declares it. */
struct create_config {
	uint32_t apic_id, cpus, cpuid;
	char features[1024];
	uint32_t tsc_khz;
	char msr_exits[256];
	uint8_t deterministic;
	uint32_t code_cache;
};

static uint8_t *ram;

static void must(int32_t error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, fake_host_error());
		abort();
	}
}

void pc_store(uint64_t gpa, uint64_t value)
{
	memcpy(ram + gpa, &value, sizeof(value));
}

uint64_t pc_load(uint64_t gpa)
{
	uint64_t value;

	memcpy(&value, ram + gpa, sizeof(value));
	return value;
}

uint8_t *pc_ram(void)
{
	return ram;
}

void pc_set(struct x86_cpu *cpu, uint64_t id, uint64_t value)
{
	must(axarch_vcpu_ops.set_reg(cpu, id, &value, sizeof(value)), "set_reg");
}

uint64_t pc_get(struct x86_cpu *cpu, uint64_t id)
{
	uint64_t value;

	must(axarch_vcpu_ops.get_reg(cpu, id, &value, sizeof(value)), "get_reg");
	return value;
}

static void write_tables(void)
{
	static const uint64_t gdt[] = { 0, UINT64_C(0x00af9b000000ffff), UINT64_C(0x00cf93000000ffff),
					UINT64_C(0x00cff3000000ffff), UINT64_C(0x00affb000000ffff) };

	pc_store(TABLES, (TABLES + 0x1000) | TABLE);
	pc_store(TABLES + 0x1000, LARGE_PAGE);
	memcpy(ram + GDT, gdt, sizeof(gdt));
	for (unsigned vector = 0; vector < 32; vector++) {
		pc_store(IDT + 16 * vector, (STUBS + 4 * vector) | CODE0 << 16 | UINT64_C(0x8e00) << 32);
		pc_store(STUBS + 4 * vector, 0xe6 | vector << 8 | 0xf4u << 16); /* out %al, $vector; hlt */
	}
	pc_store(TSS + 4, RING0_STACK);
	memcpy(ram + TSS + 0x66, &(uint16_t){ TSS_BITMAP }, 2);
	memset(ram + TSS + TSS_BITMAP, 0xff, TSS_LIMIT - TSS_BITMAP + 1);
	ram[TSS + TSS_BITMAP + PC_PORT_DONE / 8] = 0xf0;
}

static void set_segment(struct x86_cpu *cpu, unsigned segment, uint64_t selector, uint64_t base, uint64_t limit,
			uint64_t attributes)
{
	const uint64_t parts[] = { selector, base, limit, attributes };

	for (unsigned i = 0; i < 4; i++)
		pc_set(cpu, AXVCPU_X86_64_SEGMENT(segment, i), parts[i]);
}

static void enter_long_mode(struct x86_cpu *cpu, unsigned ring)
{
	pc_set(cpu, AXVCPU_X86_64_CR(0), 0x80000031);
	pc_set(cpu, AXVCPU_X86_64_CR(3), TABLES);
	pc_set(cpu, AXVCPU_X86_64_CR(4), 0x620);
	pc_set(cpu, AXVCPU_X86_64_MSR(0xc0000080), 0xd01);
	set_segment(cpu, X86_CS, ring ? CODE3 | ring : CODE0, 0, UINT32_MAX, ring ? 0xa0fb : 0xa09b);
	for (unsigned i = X86_ES; i <= X86_GS; i++)
		if (i != X86_CS)
			set_segment(cpu, i, ring ? DATA3 | ring : DATA0, 0, UINT32_MAX, ring ? 0xc0f3 : 0xc093);
	set_segment(cpu, X86_TR, TASK, TSS, TSS_LIMIT, 0x8b);
	pc_set(cpu, AXVCPU_X86_64_TABLE(0, 0), GDT);
	pc_set(cpu, AXVCPU_X86_64_TABLE(0, 1), TASK + 15);
	pc_set(cpu, AXVCPU_X86_64_TABLE(1, 0), IDT);
	pc_set(cpu, AXVCPU_X86_64_TABLE(1, 1), 32 * 16 - 1);
	pc_set(cpu, AXVCPU_X86_64_GPR(X86_RSP), PC_STACK);
	pc_set(cpu, AXVCPU_X86_64_RIP, PC_CODE);
}

struct x86_cpu *pc_start_with(const char *features, unsigned ring, const void *code, size_t size)
{
	const struct axarch_vcpu_ops *ops = &axarch_vcpu_ops;
	struct create_config config = { .cpus = 1, .tsc_khz = 1000000, .deterministic = 1, .code_cache = 1 };
	uint32_t setup = 0;
	void *self;

	snprintf(config.features, sizeof(config.features), "%s", features);

	ram = fake_host_add(0, RAM_SIZE, 0);
	write_tables();
	memcpy(ram + PC_CODE, code, size);
	must(ops->create(fake_host(), 0, 0, &config, &self), "create");
	must(ops->set_entry(self, 0), "set_entry");
	must(ops->set_ept_root(self, FAKE_ROOT), "set_ept_root");
	must(ops->setup(self, &setup), "setup");
	must(ops->bind(self), "bind");
	enter_long_mode(self, ring);
	return self;
}

struct x86_cpu *pc_start(unsigned ring, const void *code, size_t size)
{
	return pc_start_with("", ring, code, size);
}

void pc_end(struct x86_cpu *cpu)
{
	axarch_vcpu_ops.unbind(cpu);
	axarch_vcpu_ops.destroy(cpu);
	fake_host_clear();
}

uint32_t pc_run(struct x86_cpu *cpu, struct axvcpu_exit *exit)
{
	*exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	must(axarch_vcpu_ops.run(cpu, exit), "run");
	return exit->reason;
}

uint32_t pc_run_to_port(struct x86_cpu *cpu)
{
	struct axvcpu_exit exit;

	if (pc_run(cpu, &exit) == AXVCPU_EXIT_IO_WRITE)
		return exit.io_write.port;
	fprintf(stderr, "exit %u instead of a port, rip 0x%llx\n", exit.reason,
		(unsigned long long)pc_get(cpu, AXVCPU_X86_64_RIP));
	abort();
}

uint64_t pc_fault_rip(struct x86_cpu *cpu, bool has_code)
{
	return pc_load(pc_get(cpu, AXVCPU_X86_64_GPR(X86_RSP)) + (has_code ? 8 : 0));
}
