/* SPDX-License-Identifier: Apache-2.0 */
/* The boards there are, their memory, and what they share. */
#include <time.h>

#include "../console/console.h"
#include "../loader/layout.h"
#include "../status.h"
#include "board.h"

const struct board_type *board_for(uint32_t arch)
{
	static const struct board_type *const boards[] = { &board_riscv64, &board_x86_64 };

	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++)
		if (boards[i]->arch == arch)
			return boards[i];
	return NULL;
}

static bool console_ready(void *console)
{
	return console_has_input(console);
}

static int console_receive(void *console)
{
	return console_get(console);
}

static void console_send(void *console, uint8_t c)
{
	console_put(console, c);
}

struct uart_peer board_console_peer(const struct machine *machine)
{
	return (struct uart_peer){ console_ready, console_receive, console_send, machine->console };
}

uint64_t board_wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void board_report_failure(struct machine *machine, uint32_t code)
{
	machine_ended(machine, MACHINE_POWER_OFF, code >= 1 && code <= 62 ? (int)code : STATUS_GUEST_OTHER,
		      "the guest reports failure %u", code);
}

size_t board_ram(const struct board_type *type, uint64_t size, struct ram_range *ret_ranges)
{
	uint64_t low = type->ram_low_end ? type->ram_low_end - type->ram_base : size;

	if (size <= low) {
		ret_ranges[0] = (struct ram_range){ type->ram_base, size };
		return 1;
	}
	ret_ranges[0] = (struct ram_range){ type->ram_base, low };
	ret_ranges[1] = (struct ram_range){ type->ram_high_base, size - low };
	return 2;
}
