/* SPDX-License-Identifier: Apache-2.0 */
/* See i8259.h; ICW and OCW are the data sheet's initialisation and operation command words. */
#include "i8259.h"

enum {
	CASCADE = 2, /* the master's input of the slave */
	SPURIOUS = 7,
	ICW1_ICW4 = 0x01,
	ICW1_SINGLE = 0x02,
	ICW1_LEVEL = 0x08,
	ICW1 = 0x10,
	ICW4_AUTO_EOI = 0x02,
	ICW4_FULLY_NESTED = 0x10,
	OCW3 = 0x08,
	OCW3_READ_SERVICE = 0x01,
	OCW3_READ = 0x02,
	OCW3_POLL = 0x04,
	OCW3_MASK = 0x20,
	OCW3_SET_MASK = 0x40,
	POLL_PENDING = 0x80,
};

/* Inputs that EISA wires as edge-triggered for ever: timer, keyboard, cascade; clock and coprocessor. */
static const uint8_t always_edge[2] = { 0x07, 0x21 };

/* The input of the highest priority in `bits`, -1: none. */
static int first(const struct i8259_chip *chip, uint8_t bits)
{
	for (unsigned i = 1; i <= 8; i++) {
		unsigned input = (chip->lowest + i) & 7;

		if (bits >> input & 1)
			return (int)input;
	}
	return -1;
}

/* How far an input is from the highest priority; -1, no input, is past all. */
static unsigned rank(const struct i8259_chip *chip, int input)
{
	return input < 0 ? 8 : (unsigned)(input - chip->lowest - 1) & 7;
}

/* In special mask mode what is masked does not hold back others; a fully nested master hears a slave that it serves. */
static uint8_t holding_back(const struct i8259_chip *chip)
{
	uint8_t service = chip->service;

	if (chip->special_mask)
		service &= (uint8_t)~chip->mask;
	if (!chip->is_slave && (chip->icw4 & ICW4_FULLY_NESTED))
		service &= (uint8_t) ~(1u << CASCADE);
	return service;
}

/* The input that would interrupt now, or -1. */
static int pending(const struct i8259_chip *chip)
{
	int input = first(chip, chip->request & (uint8_t)~chip->mask);

	return rank(chip, input) < rank(chip, first(chip, holding_back(chip))) ? input : -1;
}

static bool is_level(const struct i8259_chip *chip, unsigned input)
{
	return (chip->icw1 & ICW1_LEVEL) || (chip->triggers >> input & 1);
}

static void update(struct i8259_chip *chip);

/* A request of an edge stays until it is acknowledged, unless the level goes away before (data sheet, "edge and level
 * triggered modes"); a level is one while it lasts. */
static void set_input(struct i8259_chip *chip, unsigned input, bool level)
{
	uint8_t bit = (uint8_t)(1u << input);
	bool rises = level && !(chip->level & bit);

	chip->level = (uint8_t)(level ? chip->level | bit : chip->level & ~bit);
	if (!level)
		chip->request &= (uint8_t)~bit;
	else if (rises || is_level(chip, input))
		chip->request |= bit;
	update(chip);
}

static void update(struct i8259_chip *chip)
{
	bool output = pending(chip) >= 0;

	if (output == chip->output)
		return;
	chip->output = output;
	if (chip->is_slave)
		set_input(&chip->pair->chips[0], CASCADE, output);
	else
		irq_set(&chip->pair->output, output);
}

void i8259_set_irq(void *pic_, unsigned irq, bool level)
{
	struct i8259 *pic = pic_;

	if (irq < 16 && irq != CASCADE)
		set_input(&pic->chips[irq / 8], irq % 8, level);
}

static void end(struct i8259_chip *chip, int input, bool rotates)
{
	if (input < 0)
		return;
	chip->service &= (uint8_t) ~(1u << input);
	if (rotates)
		chip->lowest = (uint8_t)input;
}

/* The input that is pending goes into service. */
static void take(struct i8259_chip *chip, int input)
{
	uint8_t bit = (uint8_t)(1u << input);

	chip->service |= bit;
	if (!is_level(chip, (unsigned)input))
		chip->request &= (uint8_t)~bit;
	if (chip->icw4 & ICW4_AUTO_EOI)
		end(chip, input, chip->rotates);
}

/* Acknowledges one chip: the input, SPURIOUS when there is none any more. */
static unsigned acknowledge(struct i8259_chip *chip)
{
	int input = pending(chip);

	if (input >= 0)
		take(chip, input);
	return input >= 0 ? (unsigned)input : SPURIOUS;
}

uint8_t i8259_acknowledge(struct i8259 *pic)
{
	struct i8259_chip *master = &pic->chips[0], *slave = &pic->chips[1];
	unsigned input = acknowledge(master);
	uint8_t vector = (uint8_t)(master->base + input);

	if (input == CASCADE) {
		vector = (uint8_t)(slave->base + acknowledge(slave));
		update(slave);
	}
	update(master);
	return vector;
}

/* Initialisation clears all but the levels that are driven; an input must rise anew. */
static void write_icw1(struct i8259_chip *chip, uint8_t value)
{
	chip->icw1 = value;
	chip->request = chip->service = chip->mask = 0;
	chip->lowest = 7;
	chip->icw4 = 0;
	chip->reads_service = chip->polls = chip->special_mask = chip->rotates = false;
	chip->expected = 2;
	for (unsigned input = 0; input < 8; input++)
		if (is_level(chip, input))
			chip->request |= chip->level & (uint8_t)(1u << input);
}

/* OCW2: bits 5 to 7 are the command, 0 to 2 an input. */
static void write_ocw2(struct i8259_chip *chip, uint8_t value)
{
	int input = value & 7, served = first(chip, chip->service);

	switch (value >> 5) {
	case 0: /* clear and set: rotate on automatic EOI */
	case 4:
		chip->rotates = value >> 7;
		break;
	case 1: /* EOI */
	case 5: /* EOI and rotate */
		end(chip, served, value >> 7);
		break;
	case 3: /* EOI of a given input */
	case 7:
		end(chip, input, value >> 7);
		break;
	case 6: /* set the priority */
		chip->lowest = (uint8_t)input;
		break;
	default: /* 2: no operation */
		break;
	}
}

static void write_ocw3(struct i8259_chip *chip, uint8_t value)
{
	if (value & OCW3_READ)
		chip->reads_service = value & OCW3_READ_SERVICE;
	chip->polls = value & OCW3_POLL;
	if (value & OCW3_SET_MASK)
		chip->special_mask = value & OCW3_MASK;
}

static void write_command(struct i8259_chip *chip, uint8_t value)
{
	if (value & ICW1)
		write_icw1(chip, value);
	else if (value & OCW3)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
}

/* ICW2, 3 and 4, or the mask. */
static void write_data(struct i8259_chip *chip, uint8_t value)
{
	switch (chip->expected) {
	case 2:
		chip->base = value & 0xf8;
		chip->expected = !(chip->icw1 & ICW1_SINGLE) ? 3 : chip->icw1 & ICW1_ICW4 ? 4 : 0;
		break;
	case 3: /* how the two are wired does not change */
		chip->expected = chip->icw1 & ICW1_ICW4 ? 4 : 0;
		break;
	case 4:
		chip->icw4 = value;
		chip->expected = 0;
		break;
	default:
		chip->mask = value;
		break;
	}
}

static void chip_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct i8259_chip *chip = (struct i8259_chip *)device;

	(void)width;
	(offset ? write_data : write_command)(chip, (uint8_t)value);
	update(chip);
}

/* A poll acknowledges (data sheet, "poll command"). */
static uint8_t poll_chip(struct i8259_chip *chip)
{
	int input = pending(chip);

	chip->polls = false;
	if (input < 0)
		return 0;
	take(chip, input);
	update(chip);
	return (uint8_t)(POLL_PENDING | input);
}

static uint64_t chip_read(struct device *device, uint64_t offset, unsigned width)
{
	struct i8259_chip *chip = (struct i8259_chip *)device;

	(void)width;
	if (chip->polls)
		return poll_chip(chip);
	if (offset)
		return chip->mask;
	return chip->reads_service ? chip->service : chip->request;
}

static struct i8259 *pair_of_elcr(struct device *device)
{
	return (struct i8259 *)(void *)((char *)device - offsetof(struct i8259, elcr));
}

static uint64_t elcr_read(struct device *device, uint64_t offset, unsigned width)
{
	(void)width;
	return pair_of_elcr(device)->chips[offset & 1].triggers;
}

static void elcr_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	unsigned which = offset & 1;
	struct i8259_chip *chip = &pair_of_elcr(device)->chips[which];

	(void)width;
	chip->triggers = (uint8_t)value & (uint8_t)~always_edge[which];
	chip->request |= chip->triggers & chip->level;
	update(chip);
}

static const struct device_ops chip_ops = {
	.name = "i8259",
	.max_width = 1,
	.read = chip_read,
	.write = chip_write,
};

static const struct device_ops elcr_ops = {
	.name = "elcr",
	.max_width = 1,
	.read = elcr_read,
	.write = elcr_write,
};

/* All inputs are masked until somebody initialises them: there is no firmware that would have. */
void i8259_init(struct i8259 *pic, const struct irq_line *output)
{
	*pic = (struct i8259){ .elcr.ops = &elcr_ops, .output = *output };
	for (unsigned i = 0; i < 2; i++)
		pic->chips[i] = (struct i8259_chip){
			.device.ops = &chip_ops, .pair = pic, .is_slave = i, .mask = 0xff, .lowest = 7
		};
}
