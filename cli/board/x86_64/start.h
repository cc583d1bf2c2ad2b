/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU's state at the start, by its mode (Intel SDM volume 3: 3.4.5 segment descriptors, 4.5 4-level paging, 10.1
 * processor state after reset), and the tables in memory that go with it.
 */
#ifndef CLI_BOARD_X86_64_START_H
#define CLI_BOARD_X86_64_START_H

#include <stddef.h>
#include <stdint.h>

struct boot;

/* Real: 16 bits. Protected: 32 bits, flat segments, no paging. Long: 64 bits, memory mapped to itself. */
enum start_mode { START_REAL, START_PROTECTED, START_LONG };

struct start {
	enum start_mode mode;
	uint64_t entry;
	uint64_t gdt;         /* address; not in real mode */
	uint64_t page_tables; /* address; in long mode alone */
};

/* Adds all registers but the general ones to the boot's. */
void start_add_registers(const struct start *start, struct boot *boot);

#define START_GDT_SIZE 48u

/* The descriptors of the segments that the registers are set to. */
void start_make_gdt(enum start_mode mode, uint8_t ret_gdt[START_GDT_SIZE]);

/* Bytes of page tables that map [0, end) to itself, of 4 GiB at least and 512 GiB at most. */
size_t start_page_tables_size(uint64_t end);

/* The tables, of that size, to lie at `address`. */
void start_make_page_tables(uint64_t address, size_t size, uint8_t *ret_tables);

#endif
