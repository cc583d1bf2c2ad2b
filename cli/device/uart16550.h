/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An NS16550A UART (National Semiconductor PC16550D data sheet), as far as software can tell: registers at byte offsets
 * 0 to 7.
 *
 * The line is as fast as the host and the other end is flow controlled: the transmitter is always empty, and a
 * character stays with the sender until the guest reads it. So nothing can overrun, and a guest that clears the receive
 * FIFO while it sets the UART up loses nothing that was typed ahead.
 */
#ifndef CLI_DEVICE_UART16550_H
#define CLI_DEVICE_UART16550_H

#include "device.h"

/* The other end of the line. */
struct uart_peer {
	bool (*ready)(void *context);           /* whether a character waits */
	int (*receive)(void *context);          /* takes it, -1 when there is none */
	void (*send)(void *context, uint8_t c); /* never blocks */
	void *context;
};

struct uart16550 {
	struct device device;
	struct uart_peer peer;
	struct irq_line irq;
	uint8_t ier, fcr, lcr, mcr, scr;
	uint16_t divisor;
	bool thr_empty; /* the transmitter became empty and nobody was told yet */
	bool looped;    /* in loop-back: `loop` holds a character */
	uint8_t loop;
};

void uart16550_init(struct uart16550 *uart, const struct uart_peer *peer, const struct irq_line *irq);

/* Says that the peer has a character: drives the interrupt line anew. */
void uart16550_update(struct uart16550 *uart);

#endif
