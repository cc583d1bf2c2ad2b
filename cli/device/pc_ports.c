/* SPDX-License-Identifier: Apache-2.0 */
#include "pc_ports.h"

enum {
	SYSTEM_RESET = 0x01,
	SYSTEM_A20 = 0x02, /* always on */
	RESET_CPU = 0x04,
	RESET_KEPT = 0x0e,
};

static struct pc_port *port_of(struct device *device)
{
	return (struct pc_port *)device;
}

static void reset(const struct pc_port *port)
{
	port->ports->reset_machine(port->ports->context);
}

static uint64_t read_floating(struct device *device, uint64_t offset, unsigned width)
{
	(void)device;
	(void)offset;
	(void)width;
	return UINT64_MAX;
}

static uint64_t read_value(struct device *device, uint64_t offset, unsigned width)
{
	(void)offset;
	(void)width;
	return port_of(device)->value;
}

static uint64_t read_system(struct device *device, uint64_t offset, unsigned width)
{
	return read_value(device, offset, width) | SYSTEM_A20;
}

/* Commands 0xf0 to 0xff pulse the controller's outputs whose bits are 0; output 0 is the reset. */
static void write_keyboard(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	(void)offset;
	(void)width;
	if ((value & 0xf1) == 0xf0)
		reset(port_of(device));
}

static void write_system(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct pc_port *port = port_of(device);
	bool rises = value & ~port->value & SYSTEM_RESET;

	(void)offset;
	(void)width;
	port->value = (uint8_t)value;
	if (rises)
		reset(port);
}

static void write_reset(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct pc_port *port = port_of(device);
	bool rises = value & ~port->value & RESET_CPU;

	(void)offset;
	(void)width;
	port->value = value & RESET_KEPT;
	if (rises)
		reset(port);
}

static void write_post(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	(void)offset;
	(void)width;
	port_of(device)->value = (uint8_t)value;
}

static void write_exit(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	const struct pc_ports *ports = port_of(device)->ports;

	(void)width;
	if (!offset)
		ports->end_machine(ports->context, (uint32_t)value);
}

static const struct device_ops keyboard_ops = { "keyboard-reset", 1, read_floating, write_keyboard };
static const struct device_ops system_ops = { "system-control", 1, read_system, write_system };
static const struct device_ops reset_ops = { "reset-control", 1, read_value, write_reset };
static const struct device_ops post_ops = { "post-code", 1, read_value, write_post };
static const struct device_ops exit_ops = { "debug-exit", 4, read_floating, write_exit };

void pc_ports_init(struct pc_ports *ports, void (*reset_machine)(void *context),
		   void (*end_machine)(void *context, uint32_t value), void *context)
{
	*ports = (struct pc_ports){ .keyboard = { .device.ops = &keyboard_ops, .ports = ports },
				    .system = { .device.ops = &system_ops, .ports = ports },
				    .reset = { .device.ops = &reset_ops, .ports = ports },
				    .post = { .device.ops = &post_ops, .ports = ports },
				    .exit = { .device.ops = &exit_ops, .ports = ports },
				    .reset_machine = reset_machine,
				    .end_machine = end_machine,
				    .context = context };
}
