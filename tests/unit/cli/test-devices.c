/* SPDX-License-Identifier: Apache-2.0 */
/* The bus, the UART, the RTC and the power-off, by their registers; and all of them under random accesses. */
#include <stdlib.h>

#include "cli.h"
#include "device/rtc_goldfish.h"
#include "device/sifive_test.h"
#include "device/uart16550.h"

/* The other end of a UART, and its interrupt line. */
struct line {
	const char *input;
	char output[16];
	size_t sent;
	bool irq;
};

static bool line_ready(void *context)
{
	return *((struct line *)context)->input;
}

static int line_receive(void *context)
{
	struct line *line = context;

	return *line->input ? (unsigned char)*line->input++ : -1;
}

static void line_send(void *context, uint8_t c)
{
	struct line *line = context;

	line->output[line->sent++ % sizeof(line->output)] = (char)c;
}

static void line_irq(void *context, unsigned number, bool level)
{
	assert_int_equal(number, 10);
	((struct line *)context)->irq = level;
}

static void make_uart(struct uart16550 *uart, struct line *line, const char *input)
{
	const struct uart_peer peer = { line_ready, line_receive, line_send, line };
	const struct irq_line irq = { line_irq, line, 10 };

	*line = (struct line){ .input = input };
	uart16550_init(uart, &peer, &irq);
}

static uint64_t get(struct uart16550 *uart, uint64_t offset)
{
	return uart->device.ops->read(&uart->device, offset, 1);
}

static void set(struct uart16550 *uart, uint64_t offset, uint64_t value)
{
	uart->device.ops->write(&uart->device, offset, 1, value);
}

static void uart_sends_and_receives(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "ab");
	assert_int_equal(get(&uart, 5), 0x61);
	assert_int_equal(get(&uart, 0), 'a');
	assert_int_equal(get(&uart, 0), 'b');
	assert_int_equal(get(&uart, 5), 0x60);
	assert_int_equal(get(&uart, 0), 0);
	set(&uart, 0, 'x');
	assert_int_equal(line.sent, 1);
	assert_int_equal(line.output[0], 'x');
	assert_false(line.irq);
}

static void uart_keeps_what_is_typed_ahead_when_its_fifo_is_cleared(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "k");
	assert_int_equal(get(&uart, 5), 0x61);
	set(&uart, 2, 0x07);
	assert_int_equal(get(&uart, 0), 'k');
}

static void uart_interrupts_for_input_until_it_is_read(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "");
	set(&uart, 1, 1);
	assert_false(line.irq);
	line.input = "z";
	uart16550_update(&uart);
	assert_true(line.irq);
	assert_int_equal(get(&uart, 2) & 0xf, 4);
	assert_int_equal(get(&uart, 0), 'z');
	assert_false(line.irq);
	assert_int_equal(get(&uart, 2) & 0xf, 1);
}

static void uart_interrupts_when_the_transmitter_is_empty(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "");
	set(&uart, 2, 1);
	set(&uart, 1, 2);
	assert_true(line.irq);
	assert_int_equal(get(&uart, 2), 0xc2); /* reading it is the acknowledgement */
	assert_false(line.irq);
	set(&uart, 0, 'q');
	assert_true(line.irq);
	set(&uart, 1, 0);
	assert_false(line.irq);
}

static void uart_has_a_divisor_behind_dlab(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "");
	set(&uart, 3, 0x83);
	set(&uart, 0, 0x34);
	set(&uart, 1, 0x12);
	assert_int_equal(get(&uart, 0), 0x34);
	assert_int_equal(get(&uart, 1), 0x12);
	set(&uart, 3, 0x03);
	assert_int_equal(get(&uart, 1), 0);
	assert_int_equal(line.sent, 0);
	set(&uart, 7, 0xa5);
	assert_int_equal(get(&uart, 7), 0xa5);
}

static void uart_loops_back(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "typed");
	assert_int_equal(get(&uart, 6), 0xb0);
	set(&uart, 4, 0x1a); /* loop, OUT2, RTS: what Linux probes with */
	assert_int_equal(get(&uart, 6), 0x90);
	assert_int_equal(get(&uart, 5), 0x60);
	set(&uart, 0, 'l');
	assert_int_equal(get(&uart, 5), 0x61);
	assert_int_equal(get(&uart, 0), 'l');
	assert_int_equal(line.sent, 0);
}

static void uart_tells_a_guest_that_polls(void **state)
{
	struct uart16550 uart;
	struct line line;

	(void)state;
	make_uart(&uart, &line, "");
	for (int i = 0; i < 3; i++)
		get(&uart, 5);
	assert_int_equal(uart.device.idle_reads, 3);
	set(&uart, 0, 'x');
	assert_int_equal(uart.device.idle_reads, 0);
	line.input = "y";
	get(&uart, 5);
	assert_int_equal(uart.device.idle_reads, 0);
}

static uint64_t fake_now;

static uint64_t fake_clock(void)
{
	return fake_now;
}

static void count_call(void *context)
{
	++*(int *)context;
}

static void set_level(void *context, unsigned number, bool level)
{
	(void)number;
	*(bool *)context = level;
}

struct rtc_fixture {
	struct rtc_goldfish rtc;
	bool irq;
	int rearmed;
};

static void make_rtc(struct rtc_fixture *fixture)
{
	const struct irq_line irq = { set_level, &fixture->irq, 11 };

	fixture->irq = false;
	fixture->rearmed = 0;
	rtc_goldfish_init(&fixture->rtc, fake_clock, &irq, count_call, &fixture->rearmed);
}

static uint64_t rtc_get(struct rtc_fixture *fixture, uint64_t offset)
{
	return fixture->rtc.device.ops->read(&fixture->rtc.device, offset, 4);
}

static void rtc_set(struct rtc_fixture *fixture, uint64_t offset, uint64_t value)
{
	fixture->rtc.device.ops->write(&fixture->rtc.device, offset, 4, value);
}

static void rtc_tells_the_time_in_one_piece(void **state)
{
	struct rtc_fixture fixture;

	(void)state;
	make_rtc(&fixture);
	fake_now = UINT64_C(0x1234567fffffffff);
	assert_int_equal(rtc_get(&fixture, 0), 0xffffffff);
	fake_now++;
	assert_int_equal(rtc_get(&fixture, 4), 0x1234567f); /* latched with the low half */
	rtc_set(&fixture, 4, 5);
	rtc_set(&fixture, 0, 6);
	assert_int_equal(rtc_get(&fixture, 0), 6);
	assert_int_equal(rtc_get(&fixture, 4), 5);
}

static void rtc_rings_once_at_its_alarm(void **state)
{
	struct rtc_fixture fixture;

	(void)state;
	make_rtc(&fixture);
	fake_now = 1000;
	assert_true(rtc_goldfish_due_in(&fixture.rtc) == UINT64_MAX);
	rtc_set(&fixture, 0x10, 1);
	rtc_set(&fixture, 0xc, 0);
	rtc_set(&fixture, 8, 1500);
	assert_int_equal(fixture.rearmed, 1);
	assert_int_equal(rtc_goldfish_due_in(&fixture.rtc), 500);
	rtc_goldfish_tick(&fixture.rtc);
	assert_false(fixture.irq);
	fake_now = 1500;
	rtc_goldfish_tick(&fixture.rtc);
	assert_true(fixture.irq);
	assert_int_equal(rtc_get(&fixture, 0x18), 0);
	rtc_set(&fixture, 0x1c, 1);
	assert_false(fixture.irq);
	rtc_goldfish_tick(&fixture.rtc);
	assert_false(fixture.irq);
}

struct ending {
	int calls;
	enum sifive_test_end end;
	unsigned code;
};

static void ended(void *context, enum sifive_test_end end, unsigned code)
{
	struct ending *ending = context;

	*ending = (struct ending){ ending->calls + 1, end, code };
}

static void test_device_ends_the_machine(void **state)
{
	struct ending ending = { 0, SIFIVE_TEST_PASS, 0 };
	struct sifive_test test;

	(void)state;
	sifive_test_init(&test, ended, &ending);
	test.device.ops->write(&test.device, 0, 4, 0x5555);
	assert_int_equal(ending.end, SIFIVE_TEST_PASS);
	test.device.ops->write(&test.device, 0, 4, 0x73333);
	assert_int_equal(ending.end, SIFIVE_TEST_FAIL);
	assert_int_equal(ending.code, 7);
	test.device.ops->write(&test.device, 0, 2, 0x7777);
	assert_int_equal(ending.end, SIFIVE_TEST_RESET);
	assert_int_equal(ending.calls, 3);
	test.device.ops->write(&test.device, 4, 4, 0x5555);
	test.device.ops->write(&test.device, 0, 1, 0x55);
	test.device.ops->write(&test.device, 0, 4, 0x1234);
	assert_int_equal(ending.calls, 3);
	assert_int_equal(test.device.ops->read(&test.device, 0, 4), 0);
}

static void bus_finds_the_device_of_an_address(void **state)
{
	struct uart16550 uart;
	struct rtc_fixture fixture;
	struct bus bus = { .count = 0 };
	struct line line;
	uint64_t value = 7;

	(void)state;
	make_uart(&uart, &line, "");
	make_rtc(&fixture);
	assert_true(bus_add(&bus, &uart.device, 0x1000, 0x100));
	assert_false(bus_add(&bus, &fixture.rtc.device, 0x10ff, 0x100));
	assert_false(bus_add(&bus, &fixture.rtc.device, UINT64_MAX, 2));
	assert_true(bus_add(&bus, &fixture.rtc.device, 0x1100, 0x100));
	assert_ptr_equal(bus_read(&bus, 0x1005, 1, &value), &uart.device);
	assert_int_equal(value, 0x60);
	assert_ptr_equal(bus_write(&bus, 0x1100, 4, 0), &fixture.rtc.device);
	assert_null(bus_read(&bus, 0xfff, 1, &value));
	assert_int_equal(value, 0);
	assert_null(bus_read(&bus, 0x11fd, 4, &value)); /* over the end */
	assert_null(bus_write(&bus, UINT64_MAX, 8, 1));
	assert_int_equal(bus.unassigned, 3);
}

static void devices_survive_any_access(void **state)
{
	struct uart16550 uart;
	struct rtc_fixture fixture;
	struct sifive_test test;
	struct ending ending = { 0, SIFIVE_TEST_PASS, 0 };
	struct line line;
	struct device *devices[] = { &uart.device, &fixture.rtc.device, &test.device };
	uint64_t seed = 1;

	(void)state;
	make_uart(&uart, &line, "some input");
	make_rtc(&fixture);
	sifive_test_init(&test, ended, &ending);
	for (int i = 0; i < 200000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		struct device *device = devices[(seed >> 33) % 3];
		uint64_t offset = (seed >> 40) % 0x1000 >> ((seed >> 60) & 8);
		unsigned width = 1u << ((seed >> 36) & 3);

		if (seed >> 63)
			device->ops->read(device, offset, width);
		else
			device->ops->write(device, offset, width, seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uart_sends_and_receives),
		cmocka_unit_test(uart_keeps_what_is_typed_ahead_when_its_fifo_is_cleared),
		cmocka_unit_test(uart_interrupts_for_input_until_it_is_read),
		cmocka_unit_test(uart_interrupts_when_the_transmitter_is_empty),
		cmocka_unit_test(uart_has_a_divisor_behind_dlab),
		cmocka_unit_test(uart_loops_back),
		cmocka_unit_test(uart_tells_a_guest_that_polls),
		cmocka_unit_test(rtc_tells_the_time_in_one_piece),
		cmocka_unit_test(rtc_rings_once_at_its_alarm),
		cmocka_unit_test(test_device_ends_the_machine),
		cmocka_unit_test(bus_finds_the_device_of_an_address),
		cmocka_unit_test(devices_survive_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
