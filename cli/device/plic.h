/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PLIC (RISC-V Platform-Level Interrupt Controller Specification 1.0): level-triggered sources, one context per hart.
 * Registers are 32 bits; offsets: 0 priorities, 0x1000 pending, 0x2000 + 0x80 * context enables,
 * 0x200000 + 0x1000 * context threshold, and claim and complete behind it.
 */
#ifndef CLI_DEVICE_PLIC_H
#define CLI_DEVICE_PLIC_H

#include "device.h"

#define PLIC_SOURCES 96u /* numbered from 1 */
#define PLIC_CONTEXTS_MAX 64u
#define PLIC_WORDS (PLIC_SOURCES / 32 + 1)
#define PLIC_PRIORITY_MAX 7u
#define PLIC_SIZE 0x600000u

struct plic_context {
	uint32_t enable[PLIC_WORDS];
	uint32_t threshold;
	bool output;
};

struct plic {
	struct device device;
	unsigned context_count;
	void (*set_output)(void *context, unsigned plic_context, bool level);
	void *context;
	uint8_t priority[PLIC_SOURCES + 1];
	uint32_t level[PLIC_WORDS];     /* what the devices drive */
	uint32_t pending[PLIC_WORDS];   /* requests that the gateways forwarded */
	uint32_t in_flight[PLIC_WORDS]; /* claimed and not completed: the gateway forwards nothing */
	struct plic_context contexts[PLIC_CONTEXTS_MAX];
};

/* set_output is called when the interrupt of a context goes up or down. */
void plic_init(struct plic *plic, unsigned contexts,
	       void (*set_output)(void *context, unsigned plic_context, bool level), void *context);

/* Drives source `number`; numbers that do not exist are ignored. An irq_line's function, with the PLIC as its context.
 */
void plic_set_source(void *plic, unsigned number, bool level);

#endif
