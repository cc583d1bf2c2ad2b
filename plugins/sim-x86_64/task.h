/* SPDX-License-Identifier: Apache-2.0 */
/* Task switches (SDM 3, chapter 7). */
#ifndef PLUGINS_SIM_X86_64_TASK_H
#define PLUGINS_SIM_X86_64_TASK_H

#include "segment.h"

enum x86_task_cause {
	X86_TASK_JUMP,
	X86_TASK_CALL, /* interrupts too: the new task returns to the old one */
	X86_TASK_RETURN
};

struct x86_task_switch {
	enum x86_task_cause cause;
	uint16_t selector; /* of the new TSS */
	struct x86_descriptor tss;
	uint64_t rip;   /* where the old task goes on */
	uint32_t flags; /* as the old task's are saved */
	bool has_code;  /* an error code goes onto the new task's stack */
	uint32_t code;
};

/* Reads and checks the TSS that a task gate leads to. */
bool x86_read_task(struct x86_cpu *cpu, uint16_t selector, struct x86_descriptor *ret_tss);

/*
 * Switches to a task that is present. False: nothing has changed. True: the processor is in the new task at *ret_rip;
 * an exception that the switch met there, or its debug trap, is pending in cpu->exception.
 */
bool x86_switch_task(struct x86_cpu *cpu, const struct x86_task_switch *task, uint64_t *ret_rip);

/* What iret does with NT set. `rip` and `flags` are those of the task that ends. */
bool x86_return_from_task(struct x86_cpu *cpu, uint64_t rip, uint32_t flags, uint64_t *ret_rip);

#endif
