/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest finds in its memory at the start: read once, and placed at every boot. Image and initrd are read here;
 * where they go, what comes beside them (a device tree, boot parameters, tables) and with which registers the first
 * vCPU starts is decided by the board, whose prepare_boot is made of the functions below.
 */
#ifndef CLI_BOOT_H
#define CLI_BOOT_H

#include "loader/image.h"
#include "loader/layout.h"
#include "options.h"

struct axvcpu;
struct axvcpu_space;
struct board_type;

#define BOOT_REGIONS_MAX 12u
#define BOOT_REGISTERS_MAX 64u

/* Bytes that go into guest memory beside the image's segments. */
struct boot_region {
	uint64_t gpa;
	const uint8_t *data;
	size_t size;
	void *owned; /* freed with the boot, or NULL */
};

struct boot {
	struct blob image_file, initrd; /* initrd.size 0: none */
	struct image image;
	struct layout layout;
	uint64_t entry;
	uint64_t argument; /* the address of what the guest is told, such as its device tree; 0: nothing */
	uint64_t initrd_address;
	struct blob device_tree; /* in one of the regions; size 0: the board has none */
	size_t region_count;
	struct boot_region regions[BOOT_REGIONS_MAX];

	/* What the first vCPU starts with beyond axvcpu_setup's state, in the order in which it is set. */
	size_t register_count;
	struct boot_register {
		const char *name;
		uint64_t value;
	} registers[BOOT_REGISTERS_MAX];
};

/* What a boot is made from. */
struct boot_request {
	const struct options *options;
	const struct board_type *type;
	const char *engine; /* for the guest to read: "sim-riscv64 0.1.0 (...)" */
	int interrupt_fd;   /* see blob_read */
};

/* Reads the image alone, if the options name one and it was not read before: what it is for can be known from it before
 * there is a board. `boot` is zeroed at first; interrupt_fd: see blob_read. Statuses: NO_INPUT, DATA, HOST, SIGNAL. */
int boot_read_image(const struct options *options, int interrupt_fd, struct boot *boot);

/*
 * Reads and checks everything that the options name, and decides where it goes. `boot` is zeroed, or has its image.
 * Statuses: USAGE, NO_INPUT, DATA, HOST, SIGNAL. boot_finish also after a failure.
 */
int boot_prepare(const struct boot_request *request, struct boot *boot);
void boot_finish(struct boot *boot);

/* Copies it into a space whose memory is zero. Statuses: HOST. */
int boot_write(const struct boot *boot, struct axvcpu_space *space);

/* Sets the registers, after axvcpu_setup. The library's error. */
int32_t boot_set_registers(const struct boot *boot, struct axvcpu *vcpu);

/* For a board's prepare_boot. */

/* Takes the image's segments, and sets the entry to --entry or to the image's. Statuses: USAGE, DATA. */
int boot_place_image(const struct boot_request *request, struct boot *boot);

/*
 * Takes `size` bytes at gpa, to be filled with `data`. With `owned` the data is freed with the boot, and after a
 * failure at once. Statuses: DATA.
 */
int boot_add_region(struct boot *boot, const char *name, uint64_t gpa, void *data, size_t size, bool owned);

/* The initrd, at gpa. Statuses: DATA. */
int boot_place_initrd(struct boot *boot, uint64_t gpa);

void boot_add_register(struct boot *boot, const char *name, uint64_t value);

#endif
