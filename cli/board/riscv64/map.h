/* SPDX-License-Identifier: Apache-2.0 */
/* The riscv64 board's memory map and interrupts, like QEMU's virt where guests look. The devices and the FDT come from
 * here. */
#ifndef CLI_BOARD_RISCV64_MAP_H
#define CLI_BOARD_RISCV64_MAP_H

/* clang-format off */
/* DEVICE(NAME, base, size, interrupt or 0) */
#define RISCV64_MAP(DEVICE) \
	DEVICE(TEST,   0x00100000, 0x1000,   0) \
	DEVICE(RTC,    0x00101000, 0x1000,   11) \
	DEVICE(PLIC,   0x0c000000, 0x600000, 0) \
	DEVICE(UART,   0x10000000, 0x100,    10)
/* clang-format on */

#define RISCV64_MAP_CONSTANTS(name, base, size, irq) \
	RISCV64_##name##_BASE = (base), RISCV64_##name##_SIZE = (size), RISCV64_##name##_IRQ = (irq),
enum { RISCV64_MAP(RISCV64_MAP_CONSTANTS) };
#undef RISCV64_MAP_CONSTANTS

#define RISCV64_RAM_BASE UINT64_C(0x80000000)
#define RISCV64_LOAD_ADDRESS \
	UINT64_C(0x80200000) /* what M-mode firmware would take is left free, as on real boards \
			      */
#define RISCV64_TIMEBASE_HZ 10000000u
#define RISCV64_UART_CLOCK_HZ 3686400u
#define RISCV64_ISA "rv64imac_zicntr_zicsr_zifencei"

/* Interrupt numbers of a hart, in sip. */
enum { RISCV64_SOFTWARE_INTERRUPT = 1, RISCV64_EXTERNAL_INTERRUPT = 9 };

#endif
