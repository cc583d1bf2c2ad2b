/* SPDX-License-Identifier: Apache-2.0 */
/* The UART's registers, one function each in a table by offset. See uart16550.h. */
#include "uart16550.h"

enum {
	IER_RECEIVED = 0x01,
	IER_TRANSMITTED = 0x02,
	IER_MASK = 0x0f,
	IIR_NONE = 0x01,
	IIR_TRANSMITTED = 0x02,
	IIR_RECEIVED = 0x04,
	IIR_FIFOS = 0xc0,
	FCR_ENABLE = 0x01,
	LCR_DIVISOR = 0x80,
	MCR_MASK = 0x1f,
	MCR_LOOP = 0x10,
	LSR_READY = 0x01,
	LSR_EMPTY = 0x60, /* holding register and transmitter */
	MSR_CARRIER_DSR_CTS = 0xb0,
};

static bool has_character(const struct uart16550 *uart)
{
	return uart->mcr & MCR_LOOP ? uart->looped : uart->peer.ready(uart->peer.context);
}

/* The interrupt identification of what is pending, highest priority first (data sheet, table 4). */
static uint8_t pending(const struct uart16550 *uart)
{
	if ((uart->ier & IER_RECEIVED) && has_character(uart))
		return IIR_RECEIVED;
	if ((uart->ier & IER_TRANSMITTED) && uart->thr_empty)
		return IIR_TRANSMITTED;
	return IIR_NONE;
}

void uart16550_update(struct uart16550 *uart)
{
	irq_set(&uart->irq, pending(uart) != IIR_NONE);
}

static bool divisor_selected(const struct uart16550 *uart)
{
	return uart->lcr & LCR_DIVISOR;
}

static uint8_t read_data(struct uart16550 *uart)
{
	int c;

	if (divisor_selected(uart))
		return (uint8_t)uart->divisor;
	if (uart->mcr & MCR_LOOP) {
		uart->looped = false;
		return uart->loop;
	}
	c = uart->peer.receive(uart->peer.context);
	return c < 0 ? 0 : (uint8_t)c;
}

static void write_data(struct uart16550 *uart, uint8_t value)
{
	if (divisor_selected(uart)) {
		uart->divisor = (uint16_t)((uart->divisor & 0xff00) | value);
		return;
	}
	if (uart->mcr & MCR_LOOP) {
		uart->loop = value;
		uart->looped = true;
	} else {
		uart->peer.send(uart->peer.context, value);
	}
	uart->thr_empty = true; /* it was sent at once */
}

static uint8_t read_ier(struct uart16550 *uart)
{
	return divisor_selected(uart) ? (uint8_t)(uart->divisor >> 8) : uart->ier;
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
	if (divisor_selected(uart)) {
		uart->divisor = (uint16_t)((uart->divisor & 0xff) | value << 8);
		return;
	}
	if (value & ~uart->ier & IER_TRANSMITTED) /* enabling it with an empty transmitter interrupts at once */
		uart->thr_empty = true;
	uart->ier = value & IER_MASK;
}

static uint8_t read_iir(struct uart16550 *uart)
{
	uint8_t iir = pending(uart);

	if (iir == IIR_TRANSMITTED)
		uart->thr_empty = false;
	return iir | (uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
	uart->fcr = value;
}

static uint8_t read_lcr(struct uart16550 *uart)
{
	return uart->lcr;
}

static void write_lcr(struct uart16550 *uart, uint8_t value)
{
	uart->lcr = value;
}

static uint8_t read_mcr(struct uart16550 *uart)
{
	return uart->mcr;
}

static void write_mcr(struct uart16550 *uart, uint8_t value)
{
	uart->mcr = value & MCR_MASK;
}

static uint8_t read_lsr(struct uart16550 *uart)
{
	return LSR_EMPTY | (has_character(uart) ? LSR_READY : 0);
}

/* In loop-back the modem outputs DTR, RTS, OUT1 and OUT2 are the inputs DSR, CTS, RI and DCD. */
static uint8_t read_msr(struct uart16550 *uart)
{
	uint8_t mcr = uart->mcr;

	if (!(mcr & MCR_LOOP))
		return MSR_CARRIER_DSR_CTS;
	return (uint8_t)((mcr & 1) << 5 | (mcr & 2) << 3 | (mcr & 4) << 4 | (mcr & 8) << 4);
}

static uint8_t read_scr(struct uart16550 *uart)
{
	return uart->scr;
}

static void write_scr(struct uart16550 *uart, uint8_t value)
{
	uart->scr = value;
}

static void write_nothing(struct uart16550 *uart, uint8_t value)
{
	(void)uart;
	(void)value;
}

enum { REG_LSR = 5 };

static const struct {
	uint8_t (*read)(struct uart16550 *uart);
	void (*write)(struct uart16550 *uart, uint8_t value);
} registers[8] = {
	{ read_data, write_data }, { read_ier, write_ier },     { read_iir, write_fcr },     { read_lcr, write_lcr },
	{ read_mcr, write_mcr },   { read_lsr, write_nothing }, { read_msr, write_nothing }, { read_scr, write_scr },
};

/* The bus has eight data lines: a wider access reaches the register at its address alone. */
static uint64_t uart_read(struct device *device, uint64_t offset, unsigned width)
{
	struct uart16550 *uart = (struct uart16550 *)device;
	uint8_t value;

	(void)width;
	if (offset >= 8)
		return 0;
	value = registers[offset].read(uart);
	device->idle_reads = offset == REG_LSR && !(value & LSR_READY) ? device->idle_reads + 1 : 0;
	uart16550_update(uart);
	return value;
}

static void uart_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct uart16550 *uart = (struct uart16550 *)device;

	(void)width;
	if (offset >= 8)
		return;
	device->idle_reads = 0;
	registers[offset].write(uart, (uint8_t)value);
	uart16550_update(uart);
}

static const struct device_ops ops = {
	.name = "uart16550",
	.read = uart_read,
	.write = uart_write,
};

void uart16550_init(struct uart16550 *uart, const struct uart_peer *peer, const struct irq_line *irq)
{
	*uart = (struct uart16550){ .device.ops = &ops, .peer = *peer, .irq = *irq, .divisor = 12 };
}
