/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <axvcpu/space.h>

#include "board/board.h"
#include "boot.h"
#include "fail.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define FDT_CAPACITY (1u << 20)
#define DTB_LIMIT (2u << 20) /* as Linux' boot protocol has it */

static int read_image(const struct options *options, const struct board_type *type, int interrupt_fd, struct boot *boot)
{
	const struct image_target target = { .arch = type->name,
					     .elf_machine = type->elf_machine,
					     .ram_base = type->ram_base,
					     .ram_size = options->memory,
					     .load_address = type->load_address };
	struct blob builtin = { .name = "built-in",
				.data = (uint8_t *)type->builtin_guest,
				.size = type->builtin_guest_size };
	int status;

	if (!options->image)
		return image_parse(&builtin, &target, &boot->image);
	status = blob_read("the image", options->image, options->memory, interrupt_fd, &boot->image_file);
	return status ? status : image_parse(&boot->image_file, &target, &boot->image);
}

static int place_image(struct boot *boot)
{
	char name[sizeof(boot->layout.regions[0].name)];
	int status = STATUS_OK;

	for (size_t i = 0; i < boot->image.count && !status; i++) {
		const struct segment *segment = &boot->image.segments[i];

		if (boot->image.count == 1)
			snprintf(name, sizeof(name), "the image (%s)", boot->image.kind);
		else
			snprintf(name, sizeof(name), "segment %zu of the image (%s)", i, boot->image.kind);
		status = layout_add(&boot->layout, name, segment->gpa, segment->memory_size);
	}
	return status;
}

static int place_entry(const struct options *options, struct boot *boot)
{
	const struct layout *layout = &boot->layout;

	boot->entry = options->has_entry ? options->entry : boot->image.entry;
	if (!layout_has(layout, boot->entry))
		return fail(options->has_entry ? STATUS_USAGE : STATUS_DATA,
			    "%s 0x%llx is outside the guest's memory, which is from 0x%llx to 0x%llx",
			    options->has_entry ? "--entry:" : "the image's entry", (unsigned long long)boot->entry,
			    (unsigned long long)layout->ram_base,
			    (unsigned long long)(layout->ram_base + layout->ram_size - 1));
	if (boot->entry % 2)
		return fail(options->has_entry ? STATUS_USAGE : STATUS_DATA,
			    "%s 0x%llx is odd; instructions are at even addresses",
			    options->has_entry ? "--entry:" : "the image's entry", (unsigned long long)boot->entry);
	return STATUS_OK;
}

/* As far into memory as QEMU's virt puts it: a kernel that grows while it unpacks itself must not reach it. */
static int place_initrd(const struct options *options, const struct board_type *type, int interrupt_fd,
			struct boot *boot)
{
	uint64_t half = options->memory / 2;
	int status;

	if (!options->initrd)
		return STATUS_OK;
	status = blob_read("--initrd:", options->initrd, options->memory, interrupt_fd, &boot->initrd);
	if (status)
		return status;
	boot->initrd_address = (type->load_address + (half < 512 * MIB ? half : 512 * MIB)) & ~(4 * KIB - 1);
	if (boot->initrd_address < layout_end(&boot->layout, 4 * KIB) ||
	    boot->initrd.size > boot->layout.ram_base + boot->layout.ram_size - boot->initrd_address)
		boot->initrd_address = layout_end(&boot->layout, 4 * KIB);
	return layout_add(&boot->layout, "the initrd", boot->initrd_address, boot->initrd.size);
}

static int damaged_dtb(const char *name, int error)
{
	return fail(STATUS_DATA, "--dtb: \"%s\" is no device tree, or a damaged one: %s", name, fdt_strerror(error));
}

/* The user's device tree, with room behind it for what is added. */
static int load_dtb(const struct options *options, int interrupt_fd, struct boot *boot)
{
	int error, status = blob_read("--dtb:", options->dtb, DTB_LIMIT, interrupt_fd, &boot->dtb);

	if (status)
		return status;
	error = boot->dtb.size < FDT_V1_SIZE ? -FDT_ERR_TRUNCATED : fdt_check_full(boot->dtb.data, boot->dtb.size);
	if (!error)
		error = fdt_open_into(boot->dtb.data, boot->fdt, (int)boot->fdt_size);
	return error ? damaged_dtb(options->dtb, error) : STATUS_OK;
}

static int make_dtb(const struct options *options, const struct board_type *type, const char *engine, struct boot *boot)
{
	const struct fdt_info info = { .engine = engine,
				       .memory_size = options->memory,
				       .cpus = (unsigned)options->cpus };
	int error = type->make_fdt(&info, boot->fdt, FDT_CAPACITY);

	if (!error)
		error = fdt_open_into(boot->fdt, boot->fdt, (int)boot->fdt_size);
	return error ? fail(STATUS_HOST, "the device tree cannot be made: %s", fdt_strerror(error)) : STATUS_OK;
}

/* /chosen, which a device tree of the user's may lack. Negative: an error. */
static int chosen_node(void *fdt)
{
	int node = fdt_path_offset(fdt, "/chosen");

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, 0, "chosen") : node;
}

static int add_initrd(const struct boot *boot, int node)
{
	uint64_t start = boot->initrd_address, end = start + boot->initrd.size;
	int error;

	if (!boot->initrd.size)
		return 0;
	error = fdt_setprop_u64(boot->fdt, node, "linux,initrd-start", start);
	return error ? error : fdt_setprop_u64(boot->fdt, node, "linux,initrd-end", end);
}

/* What is said on the command line goes into the device tree, whoever made it. */
static int add_chosen(const struct options *options, struct boot *boot)
{
	int node = chosen_node(boot->fdt);
	int error = node < 0 ? node : 0;

	if (!error && options->append)
		error = fdt_setprop_string(boot->fdt, node, "bootargs", options->append);
	if (!error)
		error = add_initrd(boot, node);
	if (!error)
		error = fdt_pack(boot->fdt);
	if (error)
		return fail(STATUS_DATA, "--append and --initrd cannot be added to the device tree: %s",
			    fdt_strerror(error));
	boot->fdt_size = fdt_totalsize(boot->fdt);
	return STATUS_OK;
}

/* At the end of memory that 32 bits reach, as QEMU's virt does: guests expect it out of their way. */
static int place_fdt(struct boot *boot)
{
	struct layout *layout = &boot->layout;
	uint64_t end = layout->ram_base + layout->ram_size;
	uint64_t alignment = layout->ram_size >= 16 * MIB ? 2 * MIB : 4 * KIB;

	end = end < 3 * GIB ? end : 3 * GIB;
	boot->fdt_address = (end - boot->fdt_size) & ~(alignment - 1);
	return layout_add(layout, "the device tree", boot->fdt_address, boot->fdt_size);
}

static int prepare_fdt(const struct options *options, const struct board_type *type, const char *engine,
		       int interrupt_fd, struct boot *boot)
{
	int status;

	boot->fdt_size = FDT_CAPACITY + DTB_LIMIT + (options->append ? strlen(options->append) : 0);
	boot->fdt = calloc(1, boot->fdt_size);
	if (!boot->fdt)
		return fail(STATUS_HOST, "no memory for the device tree");
	status = options->dtb ? load_dtb(options, interrupt_fd, boot) : make_dtb(options, type, engine, boot);
	if (!status)
		status = add_chosen(options, boot);
	return status ? status : place_fdt(boot);
}

int boot_prepare(const struct options *options, const struct board_type *type, const char *engine, int interrupt_fd,
		 struct boot *ret_boot)
{
	int status;

	*ret_boot = (struct boot){ .layout = { .ram_base = type->ram_base, .ram_size = options->memory } };
	status = read_image(options, type, interrupt_fd, ret_boot);
	if (!status)
		status = place_image(ret_boot);
	if (!status)
		status = place_entry(options, ret_boot);
	if (!status)
		status = place_initrd(options, type, interrupt_fd, ret_boot);
	return status ? status : prepare_fdt(options, type, engine, interrupt_fd, ret_boot);
}

void boot_finish(struct boot *boot)
{
	blob_finish(&boot->image_file);
	blob_finish(&boot->initrd);
	blob_finish(&boot->dtb);
	free(boot->fdt);
	boot->fdt = NULL;
}

int boot_write(const struct boot *boot, struct axvcpu_space *space)
{
	int32_t error = axvcpu_space_write(space, boot->fdt_address, boot->fdt, boot->fdt_size);

	for (size_t i = 0; i < boot->image.count && !error; i++) {
		const struct segment *segment = &boot->image.segments[i];

		if (segment->size)
			error = axvcpu_space_write(space, segment->gpa, segment->data, segment->size);
	}
	if (!error && boot->initrd.size)
		error = axvcpu_space_write(space, boot->initrd_address, boot->initrd.data, boot->initrd.size);
	return error ? fail_library(STATUS_HOST, "the guest's memory cannot be filled") : STATUS_OK;
}
