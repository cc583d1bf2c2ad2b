/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single ports of a PC that do one thing each: ways to reset it, the POST code, and one that ends the run with a
 * status, as QEMU's isa-debug-exit does.
 *
 * There is no keyboard controller: its status reads as a port that nobody answers, so that guests do not look for long;
 * its reset command works, because that is how many guests reset a PC.
 */
#ifndef CLI_DEVICE_PC_PORTS_H
#define CLI_DEVICE_PC_PORTS_H

#include "device.h"

struct pc_ports;

/* A port with a register behind it. */
struct pc_port {
	struct device device;
	struct pc_ports *ports;
	uint8_t value; /* what was written last */
};

struct pc_ports {
	struct pc_port keyboard; /* 0x64 */
	struct pc_port system;   /* 0x92: system control port A */
	struct pc_port reset;    /* 0xcf9: reset control, as in PCI chip sets */
	struct pc_port post;     /* 0x80 */
	struct pc_port exit;     /* 0xf4, up to four bytes */
	void (*reset_machine)(void *context);
	void (*end_machine)(void *context, uint32_t value);
	void *context;
};

void pc_ports_init(struct pc_ports *ports, void (*reset_machine)(void *context),
		   void (*end_machine)(void *context, uint32_t value), void *context);

#endif
