/* SPDX-License-Identifier: Apache-2.0 */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "../../boot.h"
#include "../../fail.h"
#include "boot.h"
#include "fdt.h"
#include "map.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define FDT_CAPACITY (1u << 20)
#define DTB_LIMIT (2u << 20) /* as Linux' boot protocol has it */

/* The device tree in the making. */
struct tree {
	uint8_t *data; /* on the heap */
	size_t capacity;
};

static int check_entry(const struct options *options, const struct boot *boot)
{
	if (boot->entry % 2 == 0)
		return STATUS_OK;
	return fail(options->has_entry ? STATUS_USAGE : STATUS_DATA,
		    "%s 0x%llx is odd; instructions are at even addresses",
		    options->has_entry ? "--entry:" : "the image's entry", (unsigned long long)boot->entry);
}

/* As far into memory as QEMU's virt puts it: a kernel that grows while it unpacks itself must not reach it. */
static int place_initrd(const struct options *options, struct boot *boot)
{
	const struct layout *layout = &boot->layout;
	uint64_t half = options->memory / 2, end = layout->ram[0].base + layout->ram[0].size;
	uint64_t gpa = (RISCV64_LOAD_ADDRESS + (half < 512 * MIB ? half : 512 * MIB)) & ~(4 * KIB - 1);

	if (!boot->initrd.size)
		return STATUS_OK;
	if (gpa < layout_end(layout, 4 * KIB) || boot->initrd.size > end - gpa)
		gpa = layout_end(layout, 4 * KIB);
	return boot_place_initrd(boot, gpa);
}

static int damaged_dtb(const char *name, int error)
{
	return fail(STATUS_DATA, "--dtb: \"%s\" is no device tree, or a damaged one: %s", name, fdt_strerror(error));
}

/* The user's device tree, with room behind it for what is added. */
static int load_dtb(const struct boot_request *request, struct tree *tree)
{
	const char *name = request->options->dtb;
	struct blob dtb = { .size = 0 };
	int error, status = blob_read("--dtb:", name, DTB_LIMIT, request->interrupt_fd, &dtb);

	if (status)
		return status;
	error = dtb.size < FDT_V1_SIZE ? -FDT_ERR_TRUNCATED : fdt_check_full(dtb.data, dtb.size);
	if (!error)
		error = fdt_open_into(dtb.data, tree->data, (int)tree->capacity);
	blob_finish(&dtb);
	return error ? damaged_dtb(name, error) : STATUS_OK;
}

static int make_dtb(const struct boot_request *request, struct tree *tree)
{
	const struct fdt_info info = { .engine = request->engine,
				       .memory_size = request->options->memory,
				       .cpus = (unsigned)request->options->cpus };
	int error = riscv64_make_fdt(&info, tree->data, FDT_CAPACITY);

	if (!error)
		error = fdt_open_into(tree->data, tree->data, (int)tree->capacity);
	return error ? fail(STATUS_HOST, "the device tree cannot be made: %s", fdt_strerror(error)) : STATUS_OK;
}

/* /chosen, which a device tree of the user's may lack. Negative: an error. */
static int chosen_node(void *fdt)
{
	int node = fdt_path_offset(fdt, "/chosen");

	return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(fdt, 0, "chosen") : node;
}

static int add_initrd(const struct boot *boot, void *fdt, int node)
{
	uint64_t start = boot->initrd_address, end = start + boot->initrd.size;
	int error;

	if (!boot->initrd.size)
		return 0;
	error = fdt_setprop_u64(fdt, node, "linux,initrd-start", start);
	return error ? error : fdt_setprop_u64(fdt, node, "linux,initrd-end", end);
}

/* What is said on the command line goes into the device tree, whoever made it. */
static int add_chosen(const struct options *options, const struct boot *boot, void *fdt)
{
	int node = chosen_node(fdt);
	int error = node < 0 ? node : 0;

	if (!error && options->append)
		error = fdt_setprop_string(fdt, node, "bootargs", options->append);
	if (!error)
		error = add_initrd(boot, fdt, node);
	if (!error)
		error = fdt_pack(fdt);
	if (error)
		return fail(STATUS_DATA, "--append and --initrd cannot be added to the device tree: %s",
			    fdt_strerror(error));
	return STATUS_OK;
}

/* At the end of memory that 32 bits reach, as QEMU's virt does: guests expect it out of their way. */
static int place_fdt(struct boot *boot, uint8_t *fdt)
{
	const struct ram_range *ram = &boot->layout.ram[0];
	uint64_t end = ram->base + ram->size, size = fdt_totalsize(fdt);
	uint64_t alignment = ram->size >= 16 * MIB ? 2 * MIB : 4 * KIB;
	int status;

	end = end < 3 * GIB ? end : 3 * GIB;
	boot->argument = (end - size) & ~(alignment - 1);
	status = boot_add_region(boot, "the device tree", boot->argument, fdt, size, true);
	if (!status)
		boot->device_tree = (struct blob){ .data = fdt, .size = size };
	return status;
}

static int prepare_fdt(const struct boot_request *request, struct boot *boot)
{
	const struct options *options = request->options;
	struct tree tree = { .capacity = FDT_CAPACITY + DTB_LIMIT + (options->append ? strlen(options->append) : 0) };
	int status;

	tree.data = calloc(1, tree.capacity);
	if (!tree.data)
		return fail(STATUS_HOST, "no memory for the device tree");
	status = options->dtb ? load_dtb(request, &tree) : make_dtb(request, &tree);
	if (!status)
		status = add_chosen(options, boot, tree.data);
	if (!status)
		return place_fdt(boot, tree.data);
	free(tree.data);
	return status;
}

int riscv64_prepare_boot(const struct boot_request *request, struct boot *boot)
{
	int status = boot_place_image(request, boot);

	if (!status)
		status = check_entry(request->options, boot);
	if (!status)
		status = place_initrd(request->options, boot);
	return status ? status : prepare_fdt(request, boot);
}
