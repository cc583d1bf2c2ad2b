/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "../../boot.h"
#include "../../fail.h"
#include "acpi.h"
#include "boot.h"
#include "handover.h"
#include "map.h"
#include "start.h"

#define PAGE 4096u
#define MIB UINT64_C(0x100000)
#define GIB4 UINT64_C(0x100000000)

/* The first MiB as a PC has it. */
#define BIOS_DATA_END 0x500u
#define LOW_END UINT64_C(0x9fc00) /* here a PC's extended BIOS data begins */
#define ACPI_SIZE (MIB - X86_64_ACPI_BASE)

#define REAL_MODE_STACK 0x7c00u
#define BOOT_DRIVE 0x80u
#define MULTIBOOT_MAGIC 0x2badb002u

/* How an image of each protocol is started. */
struct protocol {
	enum start_mode mode;
	uint64_t reach;                                                                      /* of the entry */
	void (*hand_over)(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE]); /* NULL: tells nothing */
	const char *argument; /* the register that has the page's address */
	const char *stack;    /* the register that has a stack's end, or NULL */
};

static const struct protocol protocols[] = {
	[IMAGE_PROTOCOL_FLAT] = { START_REAL, MIB, NULL, NULL, NULL },
	[IMAGE_PROTOCOL_BOOT_SECTOR] = { START_REAL, MIB, NULL, NULL, NULL },
	[IMAGE_PROTOCOL_ELF32] = { START_PROTECTED, GIB4, handover_pvh, "rbx", "rsp" },
	[IMAGE_PROTOCOL_ELF64] = { START_LONG, UINT64_MAX, handover_pvh, "rdi", "rsp" },
	[IMAGE_PROTOCOL_LINUX_X86] = { START_LONG, UINT64_MAX, handover_linux, "rsi", NULL },
	[IMAGE_PROTOCOL_PVH] = { START_PROTECTED, GIB4, handover_pvh, "rbx", NULL },
	[IMAGE_PROTOCOL_MULTIBOOT] = { START_PROTECTED, GIB4, handover_multiboot, "rbx", NULL },
};

static int check_options(const struct boot_request *request, const struct boot *boot, const struct protocol *protocol)
{
	const struct options *options = request->options;

	if (options->dtb || options->dump_dtb)
		return fail(STATUS_USAGE,
			    "--%s: the x86_64 board has no device tree, its guests find ACPI tables; leave it out",
			    options->dtb ? "dtb" : "dumpdtb");
	if (!protocol->hand_over && (options->append || options->initrd))
		return fail(STATUS_USAGE,
			    "--%s: a %s has no way to be told of it; take a Linux, PVH, multiboot or ELF image, or "
			    "leave it "
			    "out",
			    options->append ? "append" : "initrd", boot->image.kind);
	return STATUS_OK;
}

/* What a PC keeps to itself of the first MiB; the ACPI tables take the rest of it. */
static int reserve_low_memory(struct boot *boot)
{
	int status = layout_add(&boot->layout, "the interrupt vectors and BIOS data", 0, BIOS_DATA_END);

	return status ? status
		      : layout_add(&boot->layout, "the video memory and BIOS area", LOW_END,
				   X86_64_ACPI_BASE - LOW_END);
}

static int check_entry(const struct boot_request *request, const struct boot *boot, const struct protocol *protocol)
{
	static const char *const modes[] = {
		[START_REAL] = "real", [START_PROTECTED] = "protected", [START_LONG] = "long"
	};

	if (boot->entry < protocol->reach)
		return STATUS_OK;
	return fail(request->options->has_entry ? STATUS_USAGE : STATUS_DATA,
		    "%s 0x%llx is past what %s mode reaches, in which a %s starts; it must be below 0x%llx",
		    request->options->has_entry ? "--entry:" : "the image's entry", (unsigned long long)boot->entry,
		    modes[protocol->mode], boot->image.kind, (unsigned long long)protocol->reach);
}

static void add_memory(struct handover *handover, uint64_t base, uint64_t end, enum memory_type type)
{
	if (base < end)
		handover->memory[handover->memory_count++] = (struct memory){ base, end - base, type };
}

/* In order of addresses; acpi_end is where the tables end. */
static void map_memory(const struct boot *boot, uint64_t acpi_end, struct handover *handover)
{
	const struct ram_range *low = &boot->layout.ram[0];

	add_memory(handover, 0, LOW_END, MEMORY_USABLE);
	add_memory(handover, LOW_END, 0xa0000, MEMORY_RESERVED);
	add_memory(handover, X86_64_ACPI_BASE, acpi_end, MEMORY_ACPI);
	add_memory(handover, acpi_end, MIB, MEMORY_RESERVED);
	add_memory(handover, MIB, low->base + low->size, MEMORY_USABLE);
	for (size_t i = 1; i < boot->layout.ram_count; i++)
		add_memory(handover, boot->layout.ram[i].base, boot->layout.ram[i].base + boot->layout.ram[i].size,
			   MEMORY_USABLE);
}

static int place_acpi(const struct boot_request *request, struct boot *boot, struct handover *handover)
{
	const struct acpi_info info = { .cpus = (unsigned)request->options->cpus, .base = X86_64_ACPI_BASE };
	uint8_t *tables = calloc(1, ACPI_SIZE);
	size_t size;
	int status;

	if (!tables)
		return fail(STATUS_HOST, "no memory for the ACPI tables");
	status = x86_64_acpi_make(&info, tables, ACPI_SIZE, &size);
	if (status) {
		free(tables);
		return status;
	}
	handover->rsdp = X86_64_ACPI_BASE;
	map_memory(boot, X86_64_ACPI_BASE + (size + PAGE - 1) / PAGE * PAGE, handover);
	return boot_add_region(boot, "the ACPI tables", X86_64_ACPI_BASE, tables, ACPI_SIZE, true);
}

/* In low memory, where guests expect such things and few images lie; large ones anywhere that 32 bits reach. */
static bool find_place(const struct boot *boot, size_t size, uint64_t *ret_gpa)
{
	return layout_highest(&boot->layout, size, PAGE, PAGE, LOW_END, ret_gpa) ||
	       layout_highest(&boot->layout, size, PAGE, MIB, X86_64_RAM_LOW_END, ret_gpa);
}

/* Room for `size` bytes of zeros, which the caller fills. */
static int add_room(struct boot *boot, const char *name, size_t size, uint64_t *ret_gpa, uint8_t **ret_data)
{
	uint64_t gpa;
	uint8_t *data;
	int status;

	if (!find_place(boot, size, &gpa))
		return fail(STATUS_DATA, "%s (0x%zx bytes) has no room in the guest's memory; give it more with --mem",
			    name, size);
	data = calloc(1, size);
	if (!data)
		return fail(STATUS_HOST, "no memory for %s", name);
	status = boot_add_region(boot, name, gpa, data, size, true);
	if (status)
		return status;
	*ret_gpa = gpa;
	*ret_data = data;
	return STATUS_OK;
}

static uint64_t image_end(const struct image *image)
{
	uint64_t end = MIB;

	for (size_t i = 0; i < image->count; i++)
		if (image->segments[i].gpa + image->segments[i].memory_size > end)
			end = image->segments[i].gpa + image->segments[i].memory_size;
	return end;
}

/*
 * Linux and PVH guests take it wherever it is out of their way, and Linux says how high; Multiboot's are used to
 * finding it right behind themselves.
 */
static bool find_initrd_place(const struct boot *boot, uint64_t *ret_gpa)
{
	const struct layout *layout = &boot->layout;
	const struct image_linux *kernel = &boot->image.linux_x86;
	uint64_t size = boot->initrd.size;

	switch (boot->image.protocol) {
	case IMAGE_PROTOCOL_LINUX_X86:
		return layout_highest(layout, size, PAGE, MIB, kernel->initrd_end, ret_gpa) ||
		       (kernel->initrd_above_4g && layout_highest(layout, size, PAGE, MIB, UINT64_MAX, ret_gpa));
	case IMAGE_PROTOCOL_MULTIBOOT:
		return layout_lowest(layout, size, PAGE, image_end(&boot->image), X86_64_RAM_LOW_END, ret_gpa);
	default:
		return layout_highest(layout, size, PAGE, MIB, X86_64_RAM_LOW_END, ret_gpa);
	}
}

static int place_initrd(const struct boot_request *request, struct boot *boot, struct handover *handover)
{
	uint64_t gpa;

	if (!boot->initrd.size)
		return STATUS_OK;
	if (!find_initrd_place(boot, &gpa))
		return fail(STATUS_DATA,
			    "the initrd (0x%zx bytes) does not fit into the guest's memory beside the image, or not as "
			    "low as "
			    "the image wants it; give it more with --mem, or make it smaller",
			    boot->initrd.size);
	handover->initrd = gpa;
	handover->initrd_size = boot->initrd.size;
	handover->initrd_name = request->options->initrd;
	return boot_place_initrd(boot, gpa);
}

static int place_command_line(const struct boot_request *request, struct boot *boot, struct handover *handover)
{
	const char *text = request->options->append ? request->options->append : "";
	size_t length = strlen(text);
	uint8_t *data;
	int status;

	if (boot->image.protocol == IMAGE_PROTOCOL_LINUX_X86 && length > boot->image.linux_x86.command_line_max)
		return fail(STATUS_USAGE,
			    "--append: the command line has %zu bytes, and this kernel takes %u; shorten it", length,
			    boot->image.linux_x86.command_line_max);
	status = add_room(boot, "the command line", length + 1, &handover->command_line, &data);
	if (!status)
		memcpy(data, text, length + 1);
	return status;
}

static int hand_over(const struct protocol *protocol, struct boot *boot, struct handover *handover)
{
	uint8_t *page;
	int status = add_room(boot, "the boot parameters", HANDOVER_SIZE, &handover->address, &page);

	if (status)
		return status;
	protocol->hand_over(handover, page);
	boot->argument = handover->address;
	boot_add_register(boot, protocol->argument, boot->argument);
	return STATUS_OK;
}

/* What the image is told. */
static int tell(const struct boot_request *request, const struct protocol *protocol, struct boot *boot,
		struct handover *handover)
{
	int status = place_initrd(request, boot, handover);

	if (!status)
		status = place_command_line(request, boot, handover);
	return status ? status : hand_over(protocol, boot, handover);
}

static int add_stack(const char *name, struct boot *boot)
{
	uint64_t gpa;
	uint8_t *data;
	int status = add_room(boot, "the stack", PAGE, &gpa, &data);

	if (!status)
		boot_add_register(boot, name, gpa + PAGE - 8); /* as a call would have left it */
	return status;
}

static int add_general_registers(const struct protocol *protocol, struct boot *boot)
{
	if (boot->image.protocol == IMAGE_PROTOCOL_MULTIBOOT)
		boot_add_register(boot, "rax", MULTIBOOT_MAGIC);
	if (boot->image.protocol == IMAGE_PROTOCOL_BOOT_SECTOR)
		boot_add_register(boot, "rdx", BOOT_DRIVE);
	if (protocol->mode == START_REAL)
		boot_add_register(boot, "rsp", REAL_MODE_STACK);
	return protocol->stack ? add_stack(protocol->stack, boot) : STATUS_OK;
}

static int add_gdt(struct boot *boot, struct start *start)
{
	uint8_t *data;
	int status;

	if (start->mode == START_REAL)
		return STATUS_OK;
	status = add_room(boot, "the descriptor table", START_GDT_SIZE, &start->gdt, &data);
	if (!status)
		start_make_gdt(start->mode, data);
	return status;
}

static int add_page_tables(struct boot *boot, struct start *start)
{
	const struct ram_range *last = &boot->layout.ram[boot->layout.ram_count - 1];
	size_t size = start_page_tables_size(last->base + last->size);
	uint8_t *data;
	int status;

	if (start->mode != START_LONG)
		return STATUS_OK;
	status = add_room(boot, "the page tables", size, &start->page_tables, &data);
	if (!status)
		start_make_page_tables(start->page_tables, size, data);
	return status;
}

static int set_start(const struct protocol *protocol, struct boot *boot)
{
	struct start start = { .mode = protocol->mode, .entry = boot->entry };
	int status = add_general_registers(protocol, boot);

	if (!status)
		status = add_gdt(boot, &start);
	if (!status)
		status = add_page_tables(boot, &start);
	if (!status)
		start_add_registers(&start, boot);
	return status;
}

int x86_64_prepare_boot(const struct boot_request *request, struct boot *boot)
{
	const struct protocol *protocol = &protocols[boot->image.protocol];
	struct handover handover = { .image = &boot->image };
	int status = check_options(request, boot, protocol);

	if (!status)
		status = reserve_low_memory(boot);
	if (!status)
		status = boot_place_image(request, boot);
	if (!status)
		status = check_entry(request, boot, protocol);
	if (!status)
		status = place_acpi(request, boot, &handover);
	if (!status && protocol->hand_over)
		status = tell(request, protocol, boot, &handover);
	return status ? status : set_start(protocol, boot);
}
