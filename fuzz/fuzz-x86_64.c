/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random guests on the simulated x86-64 processor: its mode and registers from the input's head, then code and data.
 * Descriptor tables and page tables are there to begin with, and the guest's to overwrite. Nothing that a guest does
 * may crash the host, touch memory outside of its slots (the address sanitizer sees it) or hang (the budget ends every
 * run). The VMM answers each exit with something plausible.
 */
#include <stdlib.h>
#include <string.h>

#include <axvcpu/regs/x86_64.h>

#include "fake-host.h"

extern const struct axarch_vcpu_ops axarch_vcpu_ops;

#define OPS (&axarch_vcpu_ops)
enum { RAM_SIZE = 0x10000, ROM = 0x10000, ROM_SIZE = 0x1000, BUDGET = 3000, EXITS = 200 };
/* The input's memory ends where the tables begin. */
enum {
	CODE_END = 0xa000,
	IDT = 0xa000,
	GDT = 0xb000,
	TSS = 0xb800,
	PML4 = 0xc000,
	PDPT = 0xd000,
	PD = 0xe000,
	STACK = 0xfff0
};
enum { REAL, VIRTUAL_8086, PROTECTED_16, PROTECTED_32, PROTECTED_PAE, COMPATIBILITY, LONG, MODES };

/* What the plugin's create config is. */
struct create {
	uint32_t apic_id, cpus, cpuid;
	char features[1024];
	uint32_t tsc_khz;
	char msr_exits[256];
	uint8_t deterministic;
	uint32_t code_cache;
};

/* The head of the input. */
struct head {
	uint8_t mode; /* of MODES */
	uint8_t ring; /* low bits, in modes that have rings; then: bit 2 single step, bit 3 dirty log, bit 4 NMI */
	uint16_t pc;
	uint16_t gates; /* where the interrupt gates lead */
	uint16_t flags;
	uint64_t cr4; /* bits that are set besides */
	uint64_t gpr[8];
};

static void set(void *self, uint64_t id, uint64_t value)
{
	OPS->set_reg(self, id, &value, sizeof(value));
}

static void put(uint8_t *ram, unsigned address, uint64_t value)
{
	memcpy(ram + address, &value, sizeof(value));
}

/* ---- tables ---- */

/* Selectors: code and data of ring r are 8 and 9 entries of their own, as the mode needs them. */
static unsigned code_selector(unsigned ring)
{
	return 0x10 + 0x10 * ring + ring;
}

static unsigned data_selector(unsigned ring)
{
	return code_selector(ring) + 8;
}

static uint64_t attributes(unsigned mode, unsigned ring, int is_code)
{
	uint64_t base = 0x93 | ring << 5 | (is_code ? 8 : 0);

	if (mode == LONG && is_code)
		return base | 0xa000;
	return mode == PROTECTED_16 ? base : base | 0xc000;
}

static uint64_t descriptor(uint64_t bits)
{
	return UINT64_C(0x000f00000000ffff) | (bits & 0xff) << 40 | (bits & 0xf000) << 40;
}

static void fill_tables(uint8_t *ram, const struct head *head, unsigned mode)
{
	unsigned is_wide = mode >= COMPATIBILITY;

	for (unsigned ring = 0; ring < 4; ring++) {
		/* interrupts go to 64-bit code where the processor is in long mode */
		put(ram, GDT + 0x10 + 0x10 * ring, descriptor(attributes(is_wide && !ring ? LONG : mode, ring, 1)));
		put(ram, GDT + 0x18 + 0x10 * ring, descriptor(attributes(mode, ring, 0)));
	}
	put(ram, GDT + 0x60, 0x67 | (uint64_t)TSS << 16 | UINT64_C(0x8b) << 40);
	put(ram, TSS + 4, STACK); /* rsp0; esp0 with ss0 behind it below */
	if (!is_wide)
		put(ram, TSS + 4, STACK | (uint64_t)data_selector(0) << 32);
	for (unsigned vector = 0; vector < 32; vector++)
		put(ram, IDT + (is_wide ? 16 : 8) * vector,
		    (head->gates & 0x7fff) | UINT64_C(0x10) << 16 | UINT64_C(0xee00) << 32);
	put(ram, PML4, PDPT | 7);
	put(ram, PDPT, PD | (is_wide ? 7 : 1));
	put(ram, PD, 0x87);
	put(ram, PD + 8, 0x87 | UINT64_C(1) << 63);
}

/* ---- registers ---- */

static void set_segment(void *self, unsigned segment, uint64_t selector, uint64_t base, uint64_t limit, uint64_t bits)
{
	set(self, AXVCPU_X86_64_SEGMENT(segment, 0), selector);
	set(self, AXVCPU_X86_64_SEGMENT(segment, 1), base);
	set(self, AXVCPU_X86_64_SEGMENT(segment, 2), limit);
	set(self, AXVCPU_X86_64_SEGMENT(segment, 3), bits);
}

static void set_segments(void *self, unsigned mode, unsigned ring)
{
	for (unsigned segment = 0; segment < 6; segment++) {
		int is_code = segment == 1;

		if (mode == REAL || mode == VIRTUAL_8086)
			set_segment(self, segment, 0, 0, 0xffff, mode == REAL ? 0x93 | (is_code ? 8 : 0) : 0xf3);
		else
			set_segment(self, segment, is_code ? code_selector(ring) : data_selector(ring), 0, UINT32_MAX,
				    attributes(mode, ring, is_code));
	}
	set_segment(self, 6, 0x60, TSS, 0x67, 0x8b);
}

static void set_control(void *self, const struct head *head, unsigned mode)
{
	static const struct {
		uint64_t cr0, cr3, cr4, efer;
	} values[MODES] = {
		[REAL] = { 0x30, 0, 0x600, 0 },
		[VIRTUAL_8086] = { 0x31, 0, 0x600, 0 },
		[PROTECTED_16] = { 0x31, 0, 0x600, 0 },
		[PROTECTED_32] = { 0x31, 0, 0x600, 0 },
		[PROTECTED_PAE] = { 0x80010031, PDPT, 0x620, 0x800 },
		[COMPATIBILITY] = { 0x80010031, PML4, 0x620, 0xd01 },
		[LONG] = { 0x80010031, PML4, 0x620, 0xd01 },
	};

	set(self, AXVCPU_X86_64_TABLE(0, 0), GDT);
	set(self, AXVCPU_X86_64_TABLE(0, 1), 0x6f);
	set(self, AXVCPU_X86_64_TABLE(1, 0), mode == REAL ? 0 : IDT);
	set(self, AXVCPU_X86_64_TABLE(1, 1), 0x1ff);
	set(self, AXVCPU_X86_64_CR(3), values[mode].cr3);
	set(self, AXVCPU_X86_64_CR(4), values[mode].cr4 | (head->cr4 & 0x370f0e));
	set(self, AXVCPU_X86_64_MSR(0xc0000080), values[mode].efer);
	set(self, AXVCPU_X86_64_CR(0), values[mode].cr0);
	set(self, AXVCPU_X86_64_XCR(0), 7);
	set(self, AXVCPU_X86_64_MSR(0xc0000081), UINT64_C(0x0013001000000000));
	set(self, AXVCPU_X86_64_MSR(0xc0000082), head->gates & 0x7fff);
}

static void load_head(void *self, const struct head *head)
{
	unsigned mode = head->mode % MODES, ring = mode == VIRTUAL_8086 ? 3 : mode == REAL ? 0 : head->ring & 3;

	set_control(self, head, mode);
	set_segments(self, mode, ring);
	for (unsigned i = 0; i < 8; i++)
		set(self, AXVCPU_X86_64_GPR(i), head->gpr[i] % 3 ? head->gpr[i] % (RAM_SIZE + 0x2000) : head->gpr[i]);
	set(self, AXVCPU_X86_64_GPR(4), head->gpr[4] % 5 ? 0x9ff0 : head->gpr[4]);
	set(self, AXVCPU_X86_64_RFLAGS, (head->flags & 0x247fd5) | 2 | (mode == VIRTUAL_8086 ? 0x20000 : 0));
	set(self, AXVCPU_X86_64_RIP, head->pc % CODE_END);
}

/* ---- the run ---- */

/* 0: go on. */
static int answer(void *self, const struct axvcpu_exit *exit)
{
	switch (exit->reason) {
	case AXVCPU_EXIT_MMIO_READ:
		OPS->complete_read(self, exit, exit->mmio_read.addr);
		return 0;
	case AXVCPU_EXIT_IO_READ:
		OPS->complete_read(self, exit, exit->io_read.port);
		return 0;
	case AXVCPU_EXIT_SYSREG_READ:
		if (exit->sysreg_read.addr & 1)
			OPS->fail_access(self, exit);
		else
			OPS->complete_read(self, exit, exit->sysreg_read.addr);
		return 0;
	case AXVCPU_EXIT_HYPERCALL:
		OPS->set_return_value(self, exit->hypercall.args[0]);
		return 0;
	case AXVCPU_EXIT_IO_WRITE:
		OPS->set_interrupt_line(self, AXVCPU_X86_64_INTR, (uint32_t)exit->io_write.data & 1);
		return 0;
	case AXVCPU_EXIT_INTERRUPT_WINDOW:
		OPS->inject_interrupt(self, 16);
		OPS->set_interrupt_line(self, AXVCPU_X86_64_INTR, 0);
		return 0;
	case AXVCPU_EXIT_MMIO_WRITE:
	case AXVCPU_EXIT_SYSREG_WRITE:
	case AXVCPU_EXIT_DEBUG:
		return 0;
	}
	return 1; /* halts, faults that would come again, the end of the budget */
}

static void run(void *self)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	OPS->set_budget(self, BUDGET);
	for (unsigned i = 0; i < EXITS; i++)
		if (OPS->run(self, &exit) || answer(self, &exit))
			return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct create config = { .cpus = 1, .tsc_khz = 1000000, .deterministic = 1, .code_cache = 1 };
	struct head head = { 0 };
	uint32_t setup = 0;
	uint8_t *ram, *rom;
	void *self;

	memcpy(&head, data, size < sizeof(head) ? size : sizeof(head));
	data += size < sizeof(head) ? size : sizeof(head);
	size -= size < sizeof(head) ? size : sizeof(head);
	ram = fake_host_add(0, RAM_SIZE, head.ring & 8 ? AXARCH_SLOT_LOG_DIRTY : 0);
	rom = fake_host_add(ROM, ROM_SIZE, AXARCH_SLOT_ROM);
	memcpy(ram, data, size < CODE_END ? size : CODE_END);
	memcpy(rom, data, size < ROM_SIZE ? size : ROM_SIZE);
	fill_tables(ram, &head, head.mode % MODES);
	if (OPS->create(fake_host(), 0, 0, &config, &self))
		abort();
	if (!OPS->set_entry(self, 0x1000) && !OPS->set_ept_root(self, FAKE_ROOT) && !OPS->setup(self, &setup)) {
		load_head(self, &head);
		OPS->set_single_step(self, head.ring & 4 ? 1 : 0);
		if (head.ring & 16)
			OPS->inject_interrupt(self, AXVCPU_X86_64_NMI);
		run(self);
	}
	OPS->destroy(self);
	fake_host_clear();
	return 0;
}
