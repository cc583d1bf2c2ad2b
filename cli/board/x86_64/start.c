/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <string.h>

#include "../../boot.h"
#include "../../machine.h"
#include "boot.h"
#include "start.h"

/* Selectors of both protected modes; the first two are what Linux' 64-bit boot protocol wants. */
enum { SELECTOR_CODE = 0x10, SELECTOR_DATA = 0x18, SELECTOR_TSS = 0x20 };

/* Attributes, as <axvcpu/regs/x86_64.h> has them: G, D/B, L, P, S and type. */
enum {
	CODE_16 = 0x009b,
	CODE_32 = 0xc09b,
	CODE_64 = 0xa09b,
	DATA_16 = 0x0093,
	DATA_32 = 0xc093,
	LDT = 0x0082,
	TSS_BUSY = 0x008b,
};

enum {
	CR0_PE = 1 << 0,
	CR0_ET = 1 << 4,
	CR4_PAE = 1 << 5,
	EFER_LME = 1 << 8,
	EFER_LMA = 1 << 10,
	RFLAGS_ALWAYS = 1 << 1,
};

#define CR0_PG (UINT64_C(1) << 31)
#define IVT_LIMIT 0x3ffu
#define TSS_LIMIT 0x67u

struct segment_value {
	uint64_t selector, base, limit, attributes;
};

/* What differs by mode. */
static const struct mode {
	uint64_t cr0, cr4, efer;
	struct segment_value code, data, tss;
	uint64_t gdt_limit, idt_limit;
} modes[] = {
	[START_REAL] = { .cr0 = CR0_ET,
			 .code = { 0, 0, 0xffff, CODE_16 },
			 .data = { 0, 0, 0xffff, DATA_16 },
			 .tss = { 0, 0, 0xffff, TSS_BUSY },
			 .gdt_limit = 0xffff,
			 .idt_limit = IVT_LIMIT },
	[START_PROTECTED] = { .cr0 = CR0_ET | CR0_PE,
			      .code = { SELECTOR_CODE, 0, 0xffffffff, CODE_32 },
			      .data = { SELECTOR_DATA, 0, 0xffffffff, DATA_32 },
			      .tss = { SELECTOR_TSS, 0, TSS_LIMIT, TSS_BUSY },
			      .gdt_limit = START_GDT_SIZE - 1 },
	[START_LONG] = { .cr0 = CR0_PG | CR0_ET | CR0_PE,
			 .cr4 = CR4_PAE,
			 .efer = EFER_LME | EFER_LMA,
			 .code = { SELECTOR_CODE, 0, 0xffffffff, CODE_64 },
			 .data = { SELECTOR_DATA, 0, 0xffffffff, DATA_32 },
			 .tss = { SELECTOR_TSS, 0, TSS_LIMIT, TSS_BUSY },
			 .gdt_limit = START_GDT_SIZE - 1 },
};

/* Names of one segment's registers; the literals last as long as the boot does. */
#define ADD_SEGMENT(boot, name, value) \
	do { \
		boot_add_register(boot, name, (value).selector); \
		boot_add_register(boot, name ".base", (value).base); \
		boot_add_register(boot, name ".limit", (value).limit); \
		boot_add_register(boot, name ".attributes", (value).attributes); \
	} while (0)

static void add_segments(const struct mode *mode, const struct segment_value *code, struct boot *boot)
{
	const struct segment_value ldt = { 0, 0, 0xffff, LDT };

	ADD_SEGMENT(boot, "cs", *code);
	ADD_SEGMENT(boot, "ds", mode->data);
	ADD_SEGMENT(boot, "es", mode->data);
	ADD_SEGMENT(boot, "ss", mode->data);
	ADD_SEGMENT(boot, "fs", mode->data);
	ADD_SEGMENT(boot, "gs", mode->data);
	ADD_SEGMENT(boot, "tr", mode->tss);
	ADD_SEGMENT(boot, "ldtr", ldt);
}

/* Control registers in the order in which code would set them: paging comes on last. */
static void add_system_registers(const struct mode *mode, const struct start *start, struct boot *boot)
{
	boot_add_register(boot, "gdtr.base", start->gdt);
	boot_add_register(boot, "gdtr.limit", mode->gdt_limit);
	boot_add_register(boot, "idtr.base", 0);
	boot_add_register(boot, "idtr.limit", mode->idt_limit);
	boot_add_register(boot, "cr3", start->page_tables);
	boot_add_register(boot, "cr4", mode->cr4);
	boot_add_register(boot, "efer", mode->efer);
	boot_add_register(boot, "cr0", mode->cr0);
}

void start_add_registers(const struct start *start, struct boot *boot)
{
	const struct mode *mode = &modes[start->mode];
	struct segment_value code = mode->code;

	if (start->mode == START_REAL) { /* cs:ip, with 64 KiB to each side of cs as far as that goes */
		code.base = start->entry & ~UINT64_C(0xffff);
		code.selector = code.base >> 4;
	}
	add_system_registers(mode, start, boot);
	add_segments(mode, &code, boot);
	boot_add_register(boot, "rflags", RFLAGS_ALWAYS);
	boot_add_register(boot, "rip", start->entry - code.base);
}

/* Of a segment with base 0 and all the limit that it can have. */
static uint64_t descriptor(uint64_t attributes)
{
	return UINT64_C(0x000f00000000ffff) | (attributes & 0xf000) << 40 | (attributes & 0xff) << 40;
}

void start_make_gdt(enum start_mode mode, uint8_t ret_gdt[START_GDT_SIZE])
{
	const uint64_t gdt[START_GDT_SIZE / 8] = {
		[SELECTOR_CODE / 8] = htole64(descriptor(modes[mode].code.attributes)),
		[SELECTOR_DATA / 8] = htole64(descriptor(modes[mode].data.attributes)),
		[SELECTOR_TSS / 8] = htole64(modes[mode].tss.limit | modes[mode].tss.attributes << 40),
	};

	memcpy(ret_gdt, gdt, sizeof(gdt));
}

#define PAGE UINT64_C(4096)
#define ENTRIES 512u
#define GIB (UINT64_C(1) << 30)
#define MIB2 (UINT64_C(2) << 20)

enum { PRESENT = 1 << 0, WRITABLE = 1 << 1, LARGE = 1 << 7 };

/* One table of each upper level, and one of 2 MiB pages for each GiB: pages of 1 GiB not every CPU has. */
size_t start_page_tables_size(uint64_t end)
{
	uint64_t gib = (end + GIB - 1) / GIB;

	gib = gib < 4 ? 4 : gib > ENTRIES ? ENTRIES : gib;
	return (size_t)((2 + gib) * PAGE);
}

static void put_entry(uint8_t *tables, size_t index, uint64_t value)
{
	value = htole64(value);
	memcpy(tables + index * sizeof(value), &value, sizeof(value));
}

void start_make_page_tables(uint64_t address, size_t size, uint8_t *ret_tables)
{
	size_t directories = size / PAGE - 2;

	memset(ret_tables, 0, size);
	put_entry(ret_tables, 0, (address + PAGE) | PRESENT | WRITABLE);
	for (size_t i = 0; i < directories; i++)
		put_entry(ret_tables, ENTRIES + i, (address + (2 + i) * PAGE) | PRESENT | WRITABLE);
	for (size_t i = 0; i < directories * ENTRIES; i++)
		put_entry(ret_tables, 2 * ENTRIES + i, i * MIB2 | PRESENT | WRITABLE | LARGE);
}

int32_t x86_64_start_cpu(struct board *board, struct cpu *cpu)
{
	const struct boot *boot = board->machine->boot;

	if (cpu->id || cpu->entry != boot->entry)
		return 0;
	return boot_set_registers(boot, cpu->vcpu);
}
