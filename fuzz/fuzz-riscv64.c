/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random guests on the simulated riscv64 hart: CSRs and registers from the input's head, then pages of code, data and
 * page tables. Nothing that a guest does may crash the host, touch memory outside of its slots (the address sanitizer
 * sees it) or hang (the budget ends every run). The VMM answers each exit with something plausible.
 */
#include <stdlib.h>
#include <string.h>

#include <axvcpu/regs/riscv64.h>

#include "fake-host.h"

extern const struct axarch_vcpu_ops axarch_vcpu_ops;

#define OPS (&axarch_vcpu_ops)
#define RAM UINT64_C(0x80000000)
enum { PAGES = 4, BUDGET = 3000, EXITS = 200 };

/* What the plugin's create config is. */
struct create {
	uint64_t hart_id, dtb_addr;
	uint8_t deterministic;
	uint32_t code_cache;
};

/* The head of the input. */
struct head {
	uint8_t translation; /* low bits: none, Sv39, Sv48 */
	uint8_t mode;
	uint16_t pc;
	uint64_t sstatus, sie, sip, stvec, scounteren, compare;
	uint64_t x[8]; /* s0 to a5 */
};

static void set(void *self, uint64_t id, uint64_t value)
{
	OPS->set_reg(self, id, &value, sizeof(value));
}

static void load_head(void *self, const struct head *head)
{
	static const uint64_t modes[] = { 0, 8, 9, 8 };
	uint64_t satp_mode = modes[head->translation % 4];

	for (unsigned i = 0; i < 8; i++)
		set(self, AXVCPU_RISCV64_X(8 + i), head->x[i] % 3 ? RAM + head->x[i] % (PAGES * 4096) : head->x[i]);
	set(self, AXVCPU_RISCV64_CSR(0x100), (head->sstatus & 0xc0122) | UINT64_C(2) << 32);
	set(self, AXVCPU_RISCV64_CSR(0x104), head->sie & 0x222);
	set(self, AXVCPU_RISCV64_CSR(0x144), head->sip & 0x222);
	set(self, AXVCPU_RISCV64_CSR(0x105), RAM + (head->stvec & 0x3ffd));
	set(self, AXVCPU_RISCV64_CSR(0x106), head->scounteren & 7);
	set(self, AXVCPU_RISCV64_EVENT(0), head->compare);
	set(self, AXVCPU_RISCV64_CSR(0x180), satp_mode ? satp_mode << 60 | (RAM + 4096) >> 12 : 0);
	set(self, AXVCPU_RISCV64_MODE, head->mode & 1);
}

/* 0: go on. */
static int answer(void *self, const struct axvcpu_exit *exit)
{
	switch (exit->reason) {
	case AXVCPU_EXIT_MMIO_READ:
		OPS->complete_read(self, exit, exit->mmio_read.addr);
		return 0;
	case AXVCPU_EXIT_SEND_IPI:
		OPS->inject_interrupt(self, 1);
		return 0;
	case AXVCPU_EXIT_HYPERCALL:
		OPS->set_return_value(self, exit->hypercall.args[0]);
		return 0;
	case AXVCPU_EXIT_MMIO_WRITE:
		OPS->set_interrupt_line(self, 9, (uint32_t)exit->mmio_write.data & 1);
		return 0;
	case AXVCPU_EXIT_CPU_UP:
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
	struct create config = { .deterministic = 1, .code_cache = 1 };
	struct head head = { 0 };
	uint32_t setup = 0;
	uint8_t *ram;
	void *self;

	memcpy(&head, data, size < sizeof(head) ? size : sizeof(head));
	data += size < sizeof(head) ? size : sizeof(head);
	size -= size < sizeof(head) ? size : sizeof(head);
	ram = fake_host_add(RAM, PAGES * 4096, head.translation & 8 ? AXARCH_SLOT_LOG_DIRTY : 0);
	memcpy(ram, data, size < PAGES * 4096 ? size : PAGES * 4096);
	if (OPS->create(fake_host(), 0, 0, &config, &self))
		abort();
	if (!OPS->set_entry(self, RAM + (head.pc & 0x3ffe)) && !OPS->set_ept_root(self, FAKE_ROOT) &&
	    !OPS->setup(self, &setup)) {
		load_head(self, &head);
		OPS->set_single_step(self, head.translation & 16 ? 1 : 0);
		run(self);
	}
	OPS->destroy(self);
	fake_host_clear();
	return 0;
}
