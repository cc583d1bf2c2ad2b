/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions and interrupts: their delivery, and the return from it (SDM 3, chapters 6 and 20). */
#ifndef PLUGINS_SIM_X86_64_INTERRUPT_H
#define PLUGINS_SIM_X86_64_INTERRUPT_H

#include "x86.h"

enum x86_delivery {
	X86_DELIVERED,            /* or the exception that a task switch met in its new task is pending */
	X86_DELIVERY_EXIT,        /* the run ends (cpu->stopped), and nothing has changed: to be tried again */
	X86_DELIVERY_TRIPLE_FAULT /* a triple fault */
};

/* Outside of executors, with pc at the instruction that is next: for a fault the one that raised it. */

/* Delivers cpu->exception, or what follows from trying. It is pending no longer, unless the run ends. */
enum x86_delivery x86_deliver(struct x86_cpu *cpu);
/* An external interrupt that the processor accepts; it leaves a halt. */
enum x86_delivery x86_deliver_interrupt(struct x86_cpu *cpu, unsigned vector);
/* The same; further ones are masked until iret. */
enum x86_delivery x86_deliver_nmi(struct x86_cpu *cpu);

/* What raises an interrupt. */
enum x86_source {
	X86_BY_EXCEPTION,
	X86_BY_INT_N, /* int n */
	X86_BY_INT3,  /* and into: checks DPL, and knows nothing of virtual-8086 mode */
	X86_BY_INT1,
	X86_BY_INTERRUPT /* external, or NMI */
};

struct x86_event {
	enum x86_source source;
	uint8_t vector;
	bool has_code;
	uint32_t code;
	uint64_t rip;   /* that is saved */
	uint64_t flags; /* that are saved */
};

/*
 * Goes through the IDT once. For executors of int n and the like. False: an exception or an exit is under way, and
 * nothing has changed. True: the handler is at *ret_rip of the new cs, after a task switch perhaps (x86_switch_task).
 */
bool x86_interrupt(struct x86_cpu *cpu, const struct x86_event *event, uint64_t *ret_rip);

/* iret of that operand size in bytes; `next` is the rip behind it. As x86_interrupt. */
bool x86_return_from_interrupt(struct x86_cpu *cpu, unsigned size, uint64_t next, uint64_t *ret_rip);

#endif
