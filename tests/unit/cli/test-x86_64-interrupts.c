/* SPDX-License-Identifier: Apache-2.0 */
/* The IOAPIC and the pair of 8259s by their registers. */
#include "cli.h"
#include "device/i8259.h"
#include "device/ioapic.h"

static uint64_t no_time(void *context)
{
	(void)context;
	return 0;
}

static void nothing_rearmed(void *context, uint64_t due_ns)
{
	(void)context;
	(void)due_ns;
}

/* An IOAPIC with two processors that are switched on. */
struct fixture {
	struct apic_bus bus;
	struct ioapic ioapic;
	bool interrupt[2];
	unsigned nmis;
};

static void set_interrupt(void *context, unsigned id, bool level)
{
	((struct fixture *)context)->interrupt[id] = level;
}

static void nmi(void *context, unsigned id)
{
	(void)id;
	((struct fixture *)context)->nmis++;
}

static void ignore(void *context, unsigned id)
{
	(void)context;
	(void)id;
}

static void ignore_start_up(void *context, unsigned id, uint8_t vector)
{
	(void)context;
	(void)id;
	(void)vector;
	fail_msg("an IOAPIC has no start-up mode");
}

static uint8_t external_vector(void *context)
{
	(void)context;
	return 0x99;
}

static void end_of_level(void *context, uint8_t vector)
{
	ioapic_end(&((struct fixture *)context)->ioapic, vector);
}

static uint64_t tsc_due(void *context, unsigned id, uint64_t deadline)
{
	(void)context;
	(void)id;
	return deadline;
}

static void lapic_set(struct fixture *fixture, unsigned id, uint64_t offset, uint32_t value)
{
	lapic_mmio_write(&fixture->bus.lapics[id], offset, 4, value);
}

static int make(void **state)
{
	static struct fixture fixture;
	const struct apic_wiring wiring = { set_interrupt,   nmi,          ignore,  ignore_start_up,
					    external_vector, end_of_level, tsc_due, &fixture };
	const struct device_clock clock = { no_time, nothing_rearmed, NULL };

	memset(&fixture, 0, sizeof(fixture));
	apic_bus_init(&fixture.bus, 2, &wiring, &clock);
	ioapic_init(&fixture.ioapic, &fixture.bus);
	for (unsigned id = 0; id < 2; id++) {
		lapic_set(&fixture, id, 0xf0, 0x1ff);
		lapic_set(&fixture, id, 0xd0, UINT32_C(1) << (24 + id));
	}
	*state = &fixture;
	return 0;
}

static void set(struct fixture *fixture, unsigned number, uint32_t value)
{
	struct device *device = &fixture->ioapic.device;

	device->ops->write(device, 0, 4, number);
	device->ops->write(device, 0x10, 4, value);
}

static uint32_t get(struct fixture *fixture, unsigned number)
{
	struct device *device = &fixture->ioapic.device;

	device->ops->write(device, 0, 4, number);
	assert_int_equal(device->ops->read(device, 0, 4), number);
	return (uint32_t)device->ops->read(device, 0x10, 4);
}

static void set_entry(struct fixture *fixture, unsigned pin, uint32_t low, uint8_t destination)
{
	set(fixture, 0x11 + 2 * pin, (uint32_t)destination << 24);
	set(fixture, 0x10 + 2 * pin, low);
}

static int take(struct fixture *fixture, unsigned id)
{
	return lapic_acknowledge(&fixture->bus.lapics[id]);
}

static void end(struct fixture *fixture, unsigned id)
{
	lapic_set(fixture, id, 0xb0, 0);
}

enum { MASKED = 1 << 16, LEVEL = 1 << 15, REMOTE_IRR = 1 << 14, LOGICAL = 1 << 11 };

static void has_its_registers(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, 1), 0x170020);
	set(fixture, 0, UINT32_MAX);
	assert_int_equal(get(fixture, 0), 0x0f000000);
	assert_int_equal(get(fixture, 2), 0x0f000000);
	for (unsigned pin = 0; pin < 24; pin++) {
		assert_int_equal(get(fixture, 0x10 + 2 * pin), MASKED);
		set(fixture, 0x10 + 2 * pin, UINT32_MAX);
		set(fixture, 0x11 + 2 * pin, UINT32_MAX);
		assert_int_equal(get(fixture, 0x10 + 2 * pin), 0x1afff);
		assert_int_equal(get(fixture, 0x11 + 2 * pin), 0xff000000);
	}
	set(fixture, 0x40, UINT32_MAX);
	assert_int_equal(get(fixture, 0x40), 0);
	assert_int_equal(get(fixture, 0xff), 0);
}

static void sends_an_edge_once(void **state)
{
	struct fixture *fixture = *state;

	set_entry(fixture, 4, 0x34, 1);
	ioapic_set_pin(&fixture->ioapic, 4, true);
	ioapic_set_pin(&fixture->ioapic, 4, true);
	assert_false(fixture->interrupt[0]);
	assert_int_equal(take(fixture, 1), 0x34);
	end(fixture, 1);
	assert_int_equal(take(fixture, 1), -1);
	ioapic_set_pin(&fixture->ioapic, 4, false);
	ioapic_set_pin(&fixture->ioapic, 4, true);
	assert_int_equal(take(fixture, 1), 0x34);
}

static void forgets_an_edge_while_it_is_masked(void **state)
{
	struct fixture *fixture = *state;

	set_entry(fixture, 4, MASKED | 0x34, 1);
	ioapic_set_pin(&fixture->ioapic, 4, true);
	set_entry(fixture, 4, 0x34, 1);
	assert_false(fixture->interrupt[1]);
}

static void repeats_a_level_after_its_end(void **state)
{
	struct fixture *fixture = *state;

	set_entry(fixture, 9, LEVEL | 0x49, 0);
	ioapic_set_pin(&fixture->ioapic, 9, true);
	assert_int_equal(get(fixture, 0x22), LEVEL | REMOTE_IRR | 0x49);
	assert_int_equal(take(fixture, 0), 0x49);
	ioapic_set_pin(&fixture->ioapic, 9, false);
	ioapic_set_pin(&fixture->ioapic, 9, true);
	assert_false(fixture->interrupt[0]);
	end(fixture, 0);
	assert_int_equal(take(fixture, 0), 0x49);
	ioapic_set_pin(&fixture->ioapic, 9, false);
	end(fixture, 0);
	assert_int_equal(get(fixture, 0x22), LEVEL | 0x49);
	assert_int_equal(take(fixture, 0), -1);
}

static void sends_a_level_when_it_is_unmasked(void **state)
{
	struct fixture *fixture = *state;

	set_entry(fixture, 9, MASKED | LEVEL | 0x49, 0);
	ioapic_set_pin(&fixture->ioapic, 9, true);
	assert_false(fixture->interrupt[0]);
	set_entry(fixture, 9, LEVEL | 0x49, 0);
	assert_true(fixture->interrupt[0]);
}

static void ends_by_its_own_register_and_by_a_change_to_edge(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->ioapic.device;

	set_entry(fixture, 9, LEVEL | 0x49, 0);
	ioapic_set_pin(&fixture->ioapic, 9, true);
	ioapic_set_pin(&fixture->ioapic, 9, false);
	device->ops->write(device, 0x40, 4, 0x48);
	assert_int_equal(get(fixture, 0x22), LEVEL | REMOTE_IRR | 0x49);
	device->ops->write(device, 0x40, 4, 0x49);
	assert_int_equal(get(fixture, 0x22), LEVEL | 0x49);
	ioapic_set_pin(&fixture->ioapic, 9, true);
	assert_int_equal(get(fixture, 0x22), LEVEL | REMOTE_IRR | 0x49);
	set(fixture, 0x22, MASKED | 0x49);
	set(fixture, 0x22, MASKED | LEVEL | 0x49);
	assert_int_equal(get(fixture, 0x22), MASKED | LEVEL | 0x49);
}

static void delivers_in_all_modes(void **state)
{
	struct fixture *fixture = *state;

	set_entry(fixture, 1, LOGICAL | 0x41, 3);
	ioapic_set_pin(&fixture->ioapic, 1, true);
	assert_true(fixture->interrupt[0] && fixture->interrupt[1]);
	make(state);
	set_entry(fixture, 1, APIC_LOWEST << 8 | LOGICAL | 0x41, 3);
	ioapic_set_pin(&fixture->ioapic, 1, true);
	assert_true(fixture->interrupt[0] != fixture->interrupt[1]);
	make(state);
	set_entry(fixture, 1, APIC_NMI << 8, 0xff);
	ioapic_set_pin(&fixture->ioapic, 1, true);
	assert_int_equal(fixture->nmis, 2);
	set_entry(fixture, 2, APIC_EXTINT << 8, 0);
	ioapic_set_pin(&fixture->ioapic, 2, true);
	assert_int_equal(take(fixture, 0), 0x99);
	set_entry(fixture, 3, APIC_START_UP << 8, 0);
	ioapic_set_pin(&fixture->ioapic, 3, true);
	ioapic_set_pin(&fixture->ioapic, 24, true);
	ioapic_set_pin(&fixture->ioapic, UINT32_MAX, true);
}

/* The pair of 8259s. */

struct pics {
	struct i8259 pic;
	bool output;
};

static void set_output(void *context, unsigned number, bool level)
{
	(void)number;
	((struct pics *)context)->output = level;
}

static void out(struct pics *pics, unsigned chip, unsigned offset, uint8_t value)
{
	struct device *device = &pics->pic.chips[chip].device;

	device->ops->write(device, offset, 1, value);
}

static uint8_t in(struct pics *pics, unsigned chip, unsigned offset)
{
	struct device *device = &pics->pic.chips[chip].device;

	return (uint8_t)device->ops->read(device, offset, 1);
}

/* As a PC's BIOS and Linux do: vectors 0x30 and 0x38, nothing masked. */
static void initialise(struct pics *pics, uint8_t icw4)
{
	for (unsigned chip = 0; chip < 2; chip++) {
		out(pics, chip, 0, 0x11);
		out(pics, chip, 1, (uint8_t)(0x30 + 8 * chip));
		out(pics, chip, 1, chip ? 2 : 4);
		out(pics, chip, 1, icw4);
		out(pics, chip, 1, 0);
	}
}

static int make_pics(void **state)
{
	static struct pics pics;
	const struct irq_line line = { set_output, &pics, 0 };

	memset(&pics, 0, sizeof(pics));
	i8259_init(&pics.pic, &line);
	initialise(&pics, 0x01);
	*state = &pics;
	return 0;
}

static void raise_irq(struct pics *pics, unsigned irq)
{
	i8259_set_irq(&pics->pic, irq, true);
}

static void lower_irq(struct pics *pics, unsigned irq)
{
	i8259_set_irq(&pics->pic, irq, false);
}

static void takes_the_lowest_number_first(void **state)
{
	static const unsigned raised[] = { 15, 3, 8, 1, 7 };
	static const struct {
		unsigned irq, chips; /* how many are to be told of the end */
	} order[] = { { 1, 1 }, { 8, 2 }, { 15, 2 }, { 3, 1 }, { 7, 1 } };
	struct pics *pics = *state;

	assert_false(pics->output);
	for (unsigned i = 0; i < 5; i++)
		raise_irq(pics, raised[i]);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(pics->output);
		assert_int_equal(i8259_acknowledge(&pics->pic), 0x30 + order[i].irq);
		for (unsigned chip = order[i].chips; chip--;)
			out(pics, chip, 0, 0x20);
	}
	assert_false(pics->output);
}

static void holds_back_what_is_not_higher(void **state)
{
	struct pics *pics = *state;

	raise_irq(pics, 4);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x34);
	raise_irq(pics, 5);
	assert_false(pics->output);
	raise_irq(pics, 0);
	assert_true(pics->output);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x30);
	out(pics, 0, 0, 0x0b); /* read ISR */
	assert_int_equal(in(pics, 0, 0), 0x11);
	out(pics, 0, 0, 0x0a); /* read IRR */
	assert_int_equal(in(pics, 0, 0), 0x20);
	out(pics, 0, 0, 0x64); /* the end of 4 by name */
	out(pics, 0, 0, 0x0b);
	assert_int_equal(in(pics, 0, 0), 0x01);
	out(pics, 0, 0, 0x20);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x35);
}

static void masks(void **state)
{
	struct pics *pics = *state;

	out(pics, 0, 1, 0x02);
	assert_int_equal(in(pics, 0, 1), 0x02);
	raise_irq(pics, 1);
	assert_false(pics->output);
	out(pics, 0, 1, 0);
	assert_true(pics->output);
}

static void answers_with_a_spurious_vector(void **state)
{
	struct pics *pics = *state;

	raise_irq(pics, 1);
	lower_irq(pics, 1); /* too early */
	assert_false(pics->output);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x37);
	out(pics, 0, 0, 0x0b);
	assert_int_equal(in(pics, 0, 0), 0);
}

static void takes_edges_once_and_levels_again(void **state)
{
	struct pics *pics = *state;
	struct device *elcr = &pics->pic.elcr;

	raise_irq(pics, 5);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x35);
	out(pics, 0, 0, 0x20);
	raise_irq(pics, 5);
	assert_false(pics->output);
	elcr->ops->write(elcr, 0, 1, 0xff);
	elcr->ops->write(elcr, 1, 1, 0xff);
	assert_int_equal(elcr->ops->read(elcr, 0, 1), 0xf8);
	assert_int_equal(elcr->ops->read(elcr, 1, 1), 0xde);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(pics->output);
		assert_int_equal(i8259_acknowledge(&pics->pic), 0x35);
		out(pics, 0, 0, 0x20);
	}
	lower_irq(pics, 5);
	assert_false(pics->output);
}

static void rotates(void **state)
{
	struct pics *pics = *state;

	out(pics, 0, 0, 0xc0 | 3); /* 3 is the lowest: 4 the highest */
	raise_irq(pics, 0);
	raise_irq(pics, 4);
	raise_irq(pics, 3);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x34);
	out(pics, 0, 0, 0xa0); /* end, and 4 is the lowest now */
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x30);
	out(pics, 0, 0, 0xa0);
	lower_irq(pics, 0);
	raise_irq(pics, 0);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x33);
}

static void ends_by_itself(void **state)
{
	struct pics *pics = *state;

	initialise(pics, 0x03);
	raise_irq(pics, 6);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x36);
	out(pics, 0, 0, 0x0b);
	assert_int_equal(in(pics, 0, 0), 0);
	raise_irq(pics, 9);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x39);
	assert_false(pics->output);
}

static void is_polled(void **state)
{
	struct pics *pics = *state;

	out(pics, 0, 0, 0x0c);
	assert_int_equal(in(pics, 0, 0), 0);
	raise_irq(pics, 3);
	out(pics, 0, 0, 0x0c);
	assert_int_equal(in(pics, 0, 0), 0x83);
	assert_false(pics->output);
	out(pics, 0, 0, 0x0b);
	assert_int_equal(in(pics, 0, 0), 8);
}

static void lets_lower_ones_pass_in_special_mask_mode(void **state)
{
	struct pics *pics = *state;

	raise_irq(pics, 1);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x31);
	raise_irq(pics, 6);
	assert_false(pics->output);
	out(pics, 0, 1, 0x02);
	assert_false(pics->output);
	out(pics, 0, 0, 0x68);
	assert_true(pics->output);
	out(pics, 0, 0, 0x48);
	assert_false(pics->output);
}

static void nests_the_slave_fully(void **state)
{
	struct pics *pics = *state;

	raise_irq(pics, 12);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x3c);
	raise_irq(pics, 8);
	assert_false(pics->output); /* the master serves input 2 */
	make_pics(state);
	initialise(pics, 0x11);
	raise_irq(pics, 12);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x3c);
	raise_irq(pics, 8);
	assert_true(pics->output);
	assert_int_equal(i8259_acknowledge(&pics->pic), 0x38);
}

static void is_masked_until_it_is_initialised(void **state)
{
	struct pics *pics = *state;
	const struct irq_line line = { set_output, pics, 0 };

	i8259_init(&pics->pic, &line);
	raise_irq(pics, 0);
	raise_irq(pics, 14);
	assert_false(pics->output);
	raise_irq(pics, 2);
	raise_irq(pics, 16);
	raise_irq(pics, UINT32_MAX);
	initialise(pics, 0x01); /* an input must rise after it */
	assert_false(pics->output);
	lower_irq(pics, 0);
	raise_irq(pics, 0);
	assert_true(pics->output);
}

static void survive_any_access(void **state)
{
	struct fixture *fixture = *state;
	static struct pics pics;
	const struct irq_line line = { set_output, &pics, 0 };
	struct device *devices[] = { &fixture->ioapic.device, &pics.pic.chips[0].device, &pics.pic.chips[1].device,
				     &pics.pic.elcr };
	uint64_t seed = 5;

	i8259_init(&pics.pic, &line);
	for (int i = 0; i < 300000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		struct device *device = devices[(seed >> 33) % 4];
		uint64_t offset = device == devices[0] ? (seed >> 40) % 6 * 16 : (seed >> 40) & 1;

		if (seed >> 63)
			device->ops->read(device, offset, 1);
		else
			device->ops->write(device, offset, 1, seed >> 20);
		i8259_set_irq(&pics.pic, (unsigned)(seed >> 50) & 31, seed >> 62 & 1);
		ioapic_set_pin(&fixture->ioapic, (unsigned)(seed >> 50) & 31, seed >> 62 & 1);
		if (!(seed >> 44 & 15))
			i8259_acknowledge(&pics.pic);
	}
}

#define IOAPIC_TEST(name) cmocka_unit_test_setup(name, make)
#define PIC_TEST(name) cmocka_unit_test_setup(name, make_pics)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IOAPIC_TEST(has_its_registers),
		IOAPIC_TEST(sends_an_edge_once),
		IOAPIC_TEST(forgets_an_edge_while_it_is_masked),
		IOAPIC_TEST(repeats_a_level_after_its_end),
		IOAPIC_TEST(sends_a_level_when_it_is_unmasked),
		IOAPIC_TEST(ends_by_its_own_register_and_by_a_change_to_edge),
		IOAPIC_TEST(delivers_in_all_modes),
		PIC_TEST(takes_the_lowest_number_first),
		PIC_TEST(holds_back_what_is_not_higher),
		PIC_TEST(masks),
		PIC_TEST(answers_with_a_spurious_vector),
		PIC_TEST(takes_edges_once_and_levels_again),
		PIC_TEST(rotates),
		PIC_TEST(ends_by_itself),
		PIC_TEST(is_polled),
		PIC_TEST(lets_lower_ones_pass_in_special_mask_mode),
		PIC_TEST(nests_the_slave_fully),
		PIC_TEST(is_masked_until_it_is_initialised),
		IOAPIC_TEST(survive_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
