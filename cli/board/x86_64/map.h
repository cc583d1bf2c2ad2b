/* SPDX-License-Identifier: Apache-2.0 */
/* The x86_64 board's memory map. */
#ifndef CLI_BOARD_X86_64_MAP_H
#define CLI_BOARD_X86_64_MAP_H

/* Memory goes up to here, and on from 4 GiB: between them are the devices. */
#define X86_64_RAM_LOW_END UINT64_C(0xc0000000)
#define X86_64_RAM_HIGH_BASE UINT64_C(0x100000000)

/* The ACPI tables lie where a BIOS would have them, up to 1 MiB. */
#define X86_64_ACPI_BASE UINT64_C(0xe0000)

#endif
