/* SPDX-License-Identifier: Apache-2.0 */
/* The x86_64 board's memory map, ports and interrupts: a PC's, without PCI and firmware. The devices and the ACPI
 * tables come from here. */
#ifndef CLI_BOARD_X86_64_MAP_H
#define CLI_BOARD_X86_64_MAP_H

/* Memory: below the hole, and the rest from 4 GiB on. */
#define X86_64_RAM_BASE UINT64_C(0)
#define X86_64_RAM_LOW_END UINT64_C(0xc0000000)
#define X86_64_RAM_HIGH_BASE UINT64_C(0x100000000)

/* From here to 1 MiB guests look for the ACPI tables' root, and memory is not theirs. */
#define X86_64_ACPI_BASE UINT64_C(0xe0000)

#define X86_64_IOAPIC_BASE 0xfec00000u
#define X86_64_LAPIC_BASE 0xfee00000u /* where the local APICs are at reset */
#define X86_64_RESET_VALUE 6u         /* what to write to the port RESET */

/* clang-format off */
/* PORT(NAME, first, count, interrupt or 0) */
#define X86_64_PORTS(PORT) \
	PORT(PIC1,     0x20,  2,  0) \
	PORT(PIT,      0x40,  4,  0) \
	PORT(SPEAKER,  0x61,  1,  0) \
	PORT(KEYBOARD, 0x64,  1,  0) \
	PORT(RTC,      0x70,  2,  8) \
	PORT(POST,     0x80,  1,  0) \
	PORT(SYSTEM,   0x92,  1,  0) \
	PORT(PIC2,     0xa0,  2,  0) \
	PORT(EXIT,     0xf4,  4,  0) \
	PORT(COM1,     0x3f8, 8,  4) \
	PORT(ELCR,     0x4d0, 2,  0) \
	PORT(PM,       0x600, 12, 9) \
	PORT(RESET,    0xcf9, 1,  0)
/* clang-format on */

#define X86_64_PORT_CONSTANTS(name, first, count, irq) \
	X86_64_##name##_PORT = (first), X86_64_##name##_PORTS = (count), X86_64_##name##_IRQ = (irq),
enum { X86_64_PORTS(X86_64_PORT_CONSTANTS) };
#undef X86_64_PORT_CONSTANTS

/* The timer's interrupt is at another pin of the IOAPIC than at the 8259, as on every PC. */
enum { X86_64_TIMER_IRQ = 0, X86_64_TIMER_PIN = 2 };

#endif
