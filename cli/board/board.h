/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a board is to the machine: one const table per kind of board, one object per machine. A board of another
 * architecture adds a folder with its own table; nothing in machine.c knows a device or a firmware call.
 */
#ifndef CLI_BOARD_BOARD_H
#define CLI_BOARD_BOARD_H

#include <pthread.h>

#include "../device/device.h"
#include "../machine.h"

struct axvcpu_exit;
struct board;
struct layout;

/* What a device tree is to say; the boot's command line and initrd are added to it later (boot.h). */
struct fdt_info {
	const char *engine; /* "sim-riscv64 0.1.0" */
	uint64_t memory_size;
	unsigned cpus;
};

struct board_type {
	const char *name;
	uint32_t arch;        /* AXVCPU_ARCH_* */
	uint16_t elf_machine; /* EM_* */
	uint64_t ram_base;
	uint64_t load_address; /* of flat binaries */

	/* Fields of the backends' create config that the machine fills in, where a backend has them. */
	const char *id_field;
	const char *fdt_field;

	/* The device tree, in `capacity` bytes at ret_fdt; 0, or a negative libfdt error. */
	int (*make_fdt)(const struct fdt_info *info, void *ret_fdt, size_t capacity);

	/* The image that runs without one: a flat binary for load_address. */
	const uint8_t *builtin_guest;
	size_t builtin_guest_size;

	/* Makes the board of a machine. Statuses: HOST. */
	int (*create)(struct machine *machine, struct board **ret_board);
	void (*destroy)(struct board *board);

	/* The rest of the reset state of a hart that starts, after axvcpu_setup. */
	int32_t (*prepare_cpu)(struct board *board, struct cpu *cpu);

	/* Exits whose meaning is the architecture's, on the hart's thread. An error is the engine's. */
	int32_t (*hypercall)(struct board *board, struct cpu *cpu, const struct axvcpu_exit_hypercall *call);
	int32_t (*cpu_up)(struct board *board, struct cpu *cpu, const struct axvcpu_exit_cpu_up *up);
	int32_t (*send_ipi)(struct board *board, struct cpu *cpu, const struct axvcpu_exit_send_ipi *ipi);

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
	pthread_mutex_t lock; /* around every call of a device */
};

extern const struct board_type board_riscv64;

/* The board for guests of an architecture, or NULL. */
const struct board_type *board_for(uint32_t arch);

#endif
