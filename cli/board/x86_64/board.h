/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the x86_64 board share. */
#ifndef CLI_BOARD_X86_64_BOARD_H
#define CLI_BOARD_X86_64_BOARD_H

#include "../../device/acpi_pm.h"
#include "../../device/cmos_rtc.h"
#include "../../device/i8254.h"
#include "../../device/i8259.h"
#include "../../device/ioapic.h"
#include "../../device/lapic.h"
#include "../../device/pc_ports.h"
#include "../../device/uart16550.h"
#include "../board.h"

struct x86_64_board {
	struct board board;
	struct apic_bus apics;
	struct ioapic ioapic;
	struct i8259 pic;
	struct i8254 pit;
	struct cmos_rtc rtc;
	struct acpi_pm pm;
	struct pc_ports ports;
	struct uart16550 com1;
	uint64_t tsc_khz[MACHINE_CPUS_MAX]; /* of the engine; 0: not asked yet */
	uint64_t wakes_at_ns;               /* when the main thread looks at the board next, by itself */
};

static inline struct x86_64_board *x86_64(struct board *board)
{
	return (struct x86_64_board *)board;
}

#endif
