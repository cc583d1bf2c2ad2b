/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables of the x86_64 board (Advanced Configuration and Power Interface Specification 6.4, chapter 5): RSDP,
 * XSDT, FADT, FACS, MADT and a DSDT with the processors, the serial port and the clock. Knows no guest memory.
 */
#ifndef CLI_BOARD_X86_64_ACPI_H
#define CLI_BOARD_X86_64_ACPI_H

#include <stddef.h>
#include <stdint.h>

struct acpi_info {
	unsigned cpus; /* APIC ids 0 to cpus - 1 */
	uint64_t base; /* guest-physical address of the tables, a multiple of 64 and below 4 GiB */
};

/* Writes the tables, the RSDP first, and how many bytes they take. Statuses: HOST (they do not fit into capacity). */
int x86_64_acpi_make(const struct acpi_info *info, uint8_t *ret_tables, size_t capacity, size_t *ret_size);

#endif
