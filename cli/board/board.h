/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a board is to the machine: one const table per kind of board, one object per machine. A board of another
 * architecture adds a folder with its own table; nothing in machine.c knows a device or a firmware call.
 */
#ifndef CLI_BOARD_BOARD_H
#define CLI_BOARD_BOARD_H

#include <pthread.h>

#include "../device/device.h"
#include "../device/uart16550.h"
#include "../machine.h"

struct axvcpu_exit;
struct board;
struct boot;
struct boot_request;
struct ram_range;

/* A memory access to what belongs to one cpu alone, such as its interrupt controller. */
struct local_access {
	uint64_t gpa;
	uint64_t value; /* in, or out */
	unsigned width;
	bool write;
	bool handled; /* out: false leaves it to the bus */
};

struct board_type {
	const char *name;
	uint32_t arch; /* AXVCPU_ARCH_* */

	/* Where memory is: from ram_base on; what does not fit below ram_low_end, if that is not 0, from ram_high_base
	 * on. */
	uint64_t ram_base, ram_low_end, ram_high_base;
	uint64_t load_address; /* of flat binaries */

	/* Fields of the backends' create config that the machine fills in, where a backend has them. */
	const char *id_field;
	const char *count_field;
	const char *fdt_field;

	/* What the guest finds at its start; boot.h has the parts that it is made of. Statuses: USAGE, DATA, HOST. */
	int (*prepare_boot)(const struct boot_request *request, struct boot *boot);

	/* The image that runs without one: a flat binary for load_address. */
	const uint8_t *builtin_guest;
	size_t builtin_guest_size;

	/* Makes the board of a machine. Statuses: HOST. */
	int (*create)(struct machine *machine, struct board **ret_board);
	void (*destroy)(struct board *board);

	/* The rest of the reset state of a cpu that starts, after axvcpu_setup. */
	int32_t (*prepare_cpu)(struct board *board, struct cpu *cpu);

	/* Whether anything but another cpu can end the cpu's halt; NULL: always. */
	bool (*may_wake)(struct board *board, struct cpu *cpu);

	/* Exits whose meaning is the architecture's, on the cpu's thread. An error is the engine's. NULL: there is no
	 * such exit on this board. */
	int32_t (*hypercall)(struct board *board, struct cpu *cpu, const struct axvcpu_exit_hypercall *call);
	int32_t (*cpu_up)(struct board *board, struct cpu *cpu, const struct axvcpu_exit_cpu_up *up);
	int32_t (*send_ipi)(struct board *board, struct cpu *cpu, const struct axvcpu_exit_send_ipi *ipi);
	int32_t (*sysreg_read)(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit); /* completes it */
	int32_t (*sysreg_write)(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit);
	int32_t (*interrupt_window)(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit);

	/* Memory accesses of a cpu, before they go to the bus; NULL: all go there. */
	int32_t (*local_mmio)(struct board *board, struct cpu *cpu, struct local_access *access);

	/* The main thread: the console has input; when tick wants to be called next (UINT64_MAX: never); time has
	 * passed. */
	void (*input_came)(struct board *board);
	uint64_t (*due_in_ns)(struct board *board);
	void (*tick)(struct board *board);
};

/* The first member of each board's own struct. */
struct board {
	struct machine *machine;
	struct bus bus;
	struct bus ports;
	pthread_mutex_t lock; /* around every call of a device */
};

extern const struct board_type board_riscv64;
extern const struct board_type board_x86_64;

/* Fills ret_ranges (of LAYOUT_RAM_MAX) with where `size` bytes of memory are, in order; how many ranges there are. */
size_t board_ram(const struct board_type *type, uint64_t size, struct ram_range *ret_ranges);

/* The board for guests of an architecture, or NULL. */
const struct board_type *board_for(uint32_t arch);

/* What boards share: the console as the other end of a UART, the time of day in nanoseconds since 1970, and the end of
 * a machine whose guest reports a failure (a code but 0). */
struct uart_peer board_console_peer(const struct machine *machine);
uint64_t board_wall_clock_ns(void);
void board_report_failure(struct machine *machine, uint32_t code);

#endif
