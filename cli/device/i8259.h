/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PC's pair of 8259A interrupt controllers (Intel 8259A data sheet), the second cascaded into input 2 of the first,
 * with the edge/level control registers of EISA and PCI machines (ELCR, ports 0x4d0 and 0x4d1).
 */
#ifndef CLI_DEVICE_I8259_H
#define CLI_DEVICE_I8259_H

#include "device.h"

struct i8259;

/* One of the two; a device of two ports. */
struct i8259_chip {
	struct device device;
	struct i8259 *pair;
	bool is_slave;
	uint8_t level;    /* what is driven, a bit per input */
	uint8_t request;  /* IRR */
	uint8_t service;  /* ISR */
	uint8_t mask;     /* IMR */
	uint8_t triggers; /* ELCR: 1 is level-triggered */
	uint8_t base;     /* ICW2: the vector of input 0 */
	uint8_t lowest;   /* the input with the lowest priority */
	uint8_t icw1, icw4;
	uint8_t expected; /* the ICW that the odd port waits for; 0: none */
	bool reads_service;
	bool polls;
	bool special_mask;
	bool rotates; /* on automatic EOI */
	bool output;
};

struct i8259 {
	struct i8259_chip chips[2]; /* master, slave */
	struct device elcr;         /* two ports */
	struct irq_line output;     /* INTR */
};

void i8259_init(struct i8259 *pic, const struct irq_line *output);

/* Drives input 0 to 15; others, and 2, are ignored. An irq_line's function, with the pair as its context. */
void i8259_set_irq(void *pic, unsigned irq, bool level);

/* The processor's acknowledge cycle: the vector, which is a spurious one when nothing is pending. */
uint8_t i8259_acknowledge(struct i8259 *pic);

#endif
