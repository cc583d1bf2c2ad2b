/* SPDX-License-Identifier: Apache-2.0 */
/* The riscv64 board: its devices, and how they are wired to the bus, the PLIC, the console and the machine's end. */
#include <stdlib.h>

#include "../../builtin/riscv64.h"
#include "../../device/plic.h"
#include "../../device/rtc_goldfish.h"
#include "../../device/sifive_test.h"
#include "../../device/uart16550.h"
#include "../../fail.h"
#include "../board.h"
#include "boot.h"
#include "map.h"
#include "sbi.h"

struct riscv64_board {
	struct board board;
	struct uart16550 uart;
	struct plic plic;
	struct rtc_goldfish rtc;
	struct sifive_test test;
};

static struct riscv64_board *riscv64(struct board *board)
{
	return (struct riscv64_board *)board;
}

static void set_external_interrupt(void *machine, unsigned hart, bool level)
{
	machine_set_line(machine, hart, RISCV64_EXTERNAL_INTERRUPT, level);
}

static void test_ended(void *machine, enum sifive_test_end end, unsigned code)
{
	switch (end) {
	case SIFIVE_TEST_PASS:
		machine_ended(machine, MACHINE_POWER_OFF, STATUS_OK, NULL);
		break;
	case SIFIVE_TEST_FAIL:
		board_report_failure(machine, code);
		break;
	case SIFIVE_TEST_RESET:
		machine_ended(machine, MACHINE_RESET, STATUS_RESET, NULL);
		break;
	}
}

static void init_devices(struct riscv64_board *board, struct machine *machine)
{
	const struct uart_peer peer = board_console_peer(machine);
	const struct irq_line uart_irq = { plic_set_source, &board->plic, RISCV64_UART_IRQ };
	const struct irq_line rtc_irq = { plic_set_source, &board->plic, RISCV64_RTC_IRQ };

	plic_init(&board->plic, machine->cpu_count, set_external_interrupt, machine);
	uart16550_init(&board->uart, &peer, &uart_irq);
	rtc_goldfish_init(&board->rtc, board_wall_clock_ns, &rtc_irq, machine_wake, machine);
	sifive_test_init(&board->test, test_ended, machine);
}

static bool plug_in(struct riscv64_board *board)
{
	struct device *const TEST = &board->test.device, *const RTC = &board->rtc.device,
			     *const PLIC = &board->plic.device, *const UART = &board->uart.device;
	bool fits = true;

#define PLUG_IN(name, base, size, irq) fits = bus_add(&board->board.bus, name, base, size) && fits;
	RISCV64_MAP(PLUG_IN)
#undef PLUG_IN
	return fits;
}

static int create(struct machine *machine, struct board **ret_board)
{
	struct riscv64_board *board = calloc(1, sizeof(*board));

	if (!board)
		return fail(STATUS_HOST, "no memory for the board");
	board->board.machine = machine;
	pthread_mutex_init(&board->board.lock, NULL);
	init_devices(board, machine);
	if (!plug_in(board)) {
		free(board);
		return fail(STATUS_HOST, "the board's devices overlap");
	}
	*ret_board = &board->board;
	return STATUS_OK;
}

static void destroy(struct board *board)
{
	pthread_mutex_destroy(&board->lock);
	free(board);
}

enum { REG_A0 = 10, REG_A1 = 11 };

/* The boot protocol and SBI's HSM agree: hart id in a0, the device tree or the caller's argument in a1. */
static int32_t prepare_cpu(struct board *board, struct cpu *cpu)
{
	int32_t error = axvcpu_set_gpr(cpu->vcpu, REG_A0, cpu->id);

	(void)board;
	return error ? error : axvcpu_set_gpr(cpu->vcpu, REG_A1, cpu->argument);
}

static void input_came(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	uart16550_update(&riscv64(board)->uart);
	pthread_mutex_unlock(&board->lock);
}

static uint64_t due_in_ns(struct board *board)
{
	uint64_t due;

	pthread_mutex_lock(&board->lock);
	due = rtc_goldfish_due_in(&riscv64(board)->rtc);
	pthread_mutex_unlock(&board->lock);
	return due;
}

static void tick(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	rtc_goldfish_tick(&riscv64(board)->rtc);
	pthread_mutex_unlock(&board->lock);
}

const struct board_type board_riscv64 = {
	.name = "riscv64",
	.arch = AXVCPU_ARCH_RISCV64,
	.ram_base = RISCV64_RAM_BASE,
	.load_address = RISCV64_LOAD_ADDRESS,
	.id_field = "hart_id",
	.fdt_field = "dtb_addr",
	.prepare_boot = riscv64_prepare_boot,
	.builtin_guest = builtin_riscv64,
	.builtin_guest_size = sizeof(builtin_riscv64),
	.create = create,
	.destroy = destroy,
	.prepare_cpu = prepare_cpu,
	.hypercall = sbi_hypercall,
	.cpu_up = sbi_hart_start,
	.send_ipi = sbi_send_ipi,
	.input_came = input_came,
	.due_in_ns = due_in_ns,
	.tick = tick,
};
