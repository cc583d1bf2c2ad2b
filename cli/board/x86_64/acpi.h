/* SPDX-License-Identifier: Apache-2.0 */
/* The x86_64 board's ACPI tables. */
#ifndef CLI_BOARD_X86_64_ACPI_H
#define CLI_BOARD_X86_64_ACPI_H

#include <stddef.h>
#include <stdint.h>

struct acpi_info {
	unsigned cpus;
	uint64_t base; /* where the tables will lie; the RSDP comes first */
};

/* Writes the tables, of at most `capacity` bytes. Statuses: HOST. */
int x86_64_acpi_make(const struct acpi_info *info, uint8_t *ret_tables, size_t capacity, size_t *ret_size);

#endif
