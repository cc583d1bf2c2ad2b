/* SPDX-License-Identifier: Apache-2.0 */
/* How guests start on the x86_64 board: what lies where in memory, byte by byte, and what the first CPU's registers
 * are. */
#include <stdlib.h>
#include <unistd.h>

#include <axvcpu/axvcpu.h>

#include "board/board.h"
#include "board/x86_64/map.h"
#include "boot.h"
#include "cli.h"
#include "images-x86_64.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define PAGE UINT64_C(4096)

struct fixture {
	char folder[64];
	char image[96], initrd[96];
	struct options options;
	struct boot boot;
	struct axvcpu_space *space;
};

static int make(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/axvcpu-boot-XXXXXX");
	if (!mkdtemp(fixture->folder))
		return -1;
	snprintf(fixture->image, sizeof(fixture->image), "%s/image", fixture->folder);
	snprintf(fixture->initrd, sizeof(fixture->initrd), "%s/initrd", fixture->folder);
	fixture->options = (struct options){ .memory = 64 * MIB, .cpus = 2 };
	*state = fixture;
	return 0;
}

static int discard(void **state)
{
	struct fixture *fixture = *state;

	axvcpu_space_destroy(fixture->space);
	boot_finish(&fixture->boot);
	unlink(fixture->image);
	unlink(fixture->initrd);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void set_image(struct fixture *fixture, const void *data, size_t size)
{
	write_file(fixture->image, data, size);
	fixture->options.image = fixture->image;
}

static void set_initrd(struct fixture *fixture, size_t size)
{
	write_file(fixture->initrd, "initrd", 6);
	assert_int_equal(truncate(fixture->initrd, (off_t)size), 0);
	fixture->options.initrd = fixture->initrd;
}

static void set_bzimage(struct fixture *fixture)
{
	uint8_t bytes[BZIMAGE_SIZE];

	make_bzimage(bytes);
	set_image(fixture, bytes, sizeof(bytes));
}

static void set_pvh(struct fixture *fixture)
{
	const struct pvh_file file = make_pvh();

	set_image(fixture, &file, sizeof(file));
}

static void set_multiboot(struct fixture *fixture)
{
	const struct multiboot_file file = make_multiboot();

	set_image(fixture, &file, sizeof(file));
}

static int prepare(struct fixture *fixture)
{
	const struct boot_request request = {
		.options = &fixture->options, .type = &board_x86_64, .engine = "engine 1.0", .interrupt_fd = -1
	};

	boot_finish(&fixture->boot);
	return boot_prepare(&request, &fixture->boot);
}

/* Prepares the boot and writes it into memory of its own. */
static void boot(struct fixture *fixture)
{
	const struct layout *layout = &fixture->boot.layout;

	assert_done(prepare(fixture));
	axvcpu_space_destroy(fixture->space);
	assert_int_equal(axvcpu_space_create(&fixture->space), 0);
	for (size_t i = 0; i < layout->ram_count; i++) {
		struct axvcpu_slot slot = { .size_of_struct = sizeof(slot),
					    .gpa = layout->ram[i].base,
					    .size = layout->ram[i].size };

		assert_int_equal(axvcpu_space_add(fixture->space, &slot), 0);
	}
	assert_done(boot_write(&fixture->boot, fixture->space));
}

/* The number of `width` bytes at gpa. */
static uint64_t at(const struct fixture *fixture, uint64_t gpa, size_t width)
{
	uint64_t value = 0;

	assert_int_equal(axvcpu_space_read(fixture->space, gpa, &value, width), 0);
	return le64toh(value);
}

static void assert_bytes(const struct fixture *fixture, uint64_t gpa, const void *expected, size_t size)
{
	uint8_t *bytes = malloc(size);

	assert_int_equal(axvcpu_space_read(fixture->space, gpa, bytes, size), 0);
	assert_memory_equal(bytes, expected, size);
	free(bytes);
}

static uint64_t reg(const struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->boot.register_count; i++)
		if (!strcmp(fixture->boot.registers[i].name, name))
			return fixture->boot.registers[i].value;
	fail_msg("no register \"%s\"", name);
	return 0;
}

static bool has_reg(const struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->boot.register_count; i++)
		if (!strcmp(fixture->boot.registers[i].name, name))
			return true;
	return false;
}

static void every_register_exists_and_is_set_once(void **state)
{
	struct fixture *fixture = *state;

	set_bzimage(fixture);
	boot(fixture);
	for (size_t i = 0; i < fixture->boot.register_count; i++) {
		const char *name = fixture->boot.registers[i].name;

		assert_non_null(axvcpu_reg_by_name(AXVCPU_ARCH_X86_64, name));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(fixture->boot.registers[j].name, name);
	}
}

static void assert_segment(const struct fixture *fixture, const char *name, uint64_t selector, uint64_t base,
			   uint64_t limit, uint64_t attributes)
{
	const struct {
		const char *part;
		uint64_t value;
	} rows[] = { { "", selector }, { ".base", base }, { ".limit", limit }, { ".attributes", attributes } };
	char full[32];

	for (size_t i = 0; i < 4; i++) {
		snprintf(full, sizeof(full), "%s%s", name, rows[i].part);
		assert_int_equal(reg(fixture, full), rows[i].value);
	}
}

static void assert_data_segments(const struct fixture *fixture, uint64_t selector, uint64_t limit, uint64_t attributes)
{
	static const char *const names[] = { "ds", "es", "ss", "fs", "gs" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_segment(fixture, names[i], selector, 0, limit, attributes);
}

/* The registers say what the descriptors in memory say. */
static void assert_gdt(const struct fixture *fixture, uint64_t code)
{
	uint64_t gdt = reg(fixture, "gdtr.base");

	assert_int_equal(reg(fixture, "gdtr.limit"), 0x2f);
	assert_true(gdt && gdt < 0x9fc00);
	assert_int_equal(at(fixture, gdt, 8), 0);
	assert_int_equal(at(fixture, gdt + 0x10, 8), code);
	assert_int_equal(at(fixture, gdt + 0x18, 8), 0x00cf93000000ffff);
	assert_int_equal(at(fixture, gdt + 0x20, 8), 0x00008b0000000067);
	assert_int_equal(at(fixture, gdt + 0x28, 8), 0);
	assert_segment(fixture, "tr", 0x20, 0, 0x67, 0x8b);
	assert_segment(fixture, "ldtr", 0, 0, 0xffff, 0x82);
}

/* Where the page tables map an address to, or UINT64_MAX. */
static uint64_t translate(const struct fixture *fixture, uint64_t address)
{
	uint64_t table = reg(fixture, "cr3");

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		uint64_t entry = at(fixture, table + (address >> shift & 511) * 8, 8);

		if ((entry & 3) != 3)
			return UINT64_MAX;
		table = entry & UINT64_C(0xffffffffff000);
		if (entry & 0x80)
			return table + (address & ((UINT64_C(1) << shift) - 1));
	}
	return UINT64_MAX;
}

static void assert_long_mode(const struct fixture *fixture, uint64_t end)
{
	assert_int_equal(reg(fixture, "cr0"), 0x80000011);
	assert_int_equal(reg(fixture, "cr4"), 0x20);
	assert_int_equal(reg(fixture, "efer"), 0x500);
	assert_int_equal(reg(fixture, "rflags"), 2);
	assert_segment(fixture, "cs", 0x10, 0, 0xffffffff, 0xa09b);
	assert_data_segments(fixture, 0x18, 0xffffffff, 0xc093);
	assert_gdt(fixture, 0x00af9b000000ffff);
	assert_int_equal(reg(fixture, "cr3") % PAGE, 0);
	for (uint64_t address = 0x123; address < end; address += 0x6543210)
		assert_int_equal(translate(fixture, address), address);
	assert_int_equal(translate(fixture, end - 1), end - 1);
	assert_int_equal(translate(fixture, end), UINT64_MAX);
}

static void assert_protected_mode(const struct fixture *fixture)
{
	assert_int_equal(reg(fixture, "cr0"), 0x11);
	assert_int_equal(reg(fixture, "cr3"), 0);
	assert_int_equal(reg(fixture, "cr4"), 0);
	assert_int_equal(reg(fixture, "efer"), 0);
	assert_int_equal(reg(fixture, "rflags"), 2);
	assert_segment(fixture, "cs", 0x10, 0, 0xffffffff, 0xc09b);
	assert_data_segments(fixture, 0x18, 0xffffffff, 0xc093);
	assert_gdt(fixture, 0x00cf9b000000ffff);
}

static void assert_real_mode(const struct fixture *fixture, uint64_t selector, uint64_t ip)
{
	assert_int_equal(reg(fixture, "cr0"), 0x10);
	assert_int_equal(reg(fixture, "cr4"), 0);
	assert_int_equal(reg(fixture, "efer"), 0);
	assert_int_equal(reg(fixture, "rflags"), 2);
	assert_int_equal(reg(fixture, "rip"), ip);
	assert_int_equal(reg(fixture, "rsp"), 0x7c00);
	assert_int_equal(reg(fixture, "idtr.limit"), 0x3ff);
	assert_segment(fixture, "cs", selector, selector << 4, 0xffff, 0x9b);
	assert_data_segments(fixture, 0, 0xffff, 0x93);
	assert_segment(fixture, "tr", 0, 0, 0xffff, 0x8b);
}

/* What guests with `memory` bytes find in their map of it. */
static const struct range {
	uint64_t memory;
	uint64_t base, end;
	uint32_t type;
} ranges[] = {
	{ 64 * MIB, 0, 0x9fc00, 1 },        { 64 * MIB, 0x9fc00, 0xa0000, 2 },   { 64 * MIB, 0xe0000, 0xe1000, 3 },
	{ 64 * MIB, 0xe1000, 0x100000, 2 }, { 64 * MIB, 0x100000, 64 * MIB, 1 }, { 3 * GIB, 0, 0x9fc00, 1 },
	{ 3 * GIB, 0x9fc00, 0xa0000, 2 },   { 3 * GIB, 0xe0000, 0xe1000, 3 },    { 3 * GIB, 0xe1000, 0x100000, 2 },
	{ 3 * GIB, 0x100000, 3 * GIB, 1 },  { 5 * GIB, 0, 0x9fc00, 1 },          { 5 * GIB, 0x9fc00, 0xa0000, 2 },
	{ 5 * GIB, 0xe0000, 0xe1000, 3 },   { 5 * GIB, 0xe1000, 0x100000, 2 },   { 5 * GIB, 0x100000, 3 * GIB, 1 },
	{ 5 * GIB, 4 * GIB, 6 * GIB, 1 },
};

/* The map at gpa has these entries, the first base at gpa and each `stride` behind the one before; how many they are.
 */
static uint64_t assert_map(const struct fixture *fixture, uint64_t gpa, uint64_t stride)
{
	uint64_t count = 0;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (ranges[i].memory != fixture->options.memory)
			continue;
		assert_int_equal(at(fixture, gpa + count * stride, 8), ranges[i].base);
		assert_int_equal(at(fixture, gpa + count * stride + 8, 8), ranges[i].end - ranges[i].base);
		assert_int_equal(at(fixture, gpa + count * stride + 16, 4), ranges[i].type);
		count++;
	}
	return count;
}

static const uint64_t memories[] = { 64 * MIB, 3 * GIB, 5 * GIB };

#define FOR_EACH_MEMORY(fixture) \
	for (size_t memory_index = 0; memory_index < 3 && ((fixture)->options.memory = memories[memory_index], true); \
	     memory_index++)

static void hands_linux_the_zero_page(void **state)
{
	struct fixture *fixture = *state;
	uint8_t header[BZIMAGE_SIZE], expected[PAGE] = { 0 };
	uint64_t page, line;

	fixture->options.append = "console=ttyS0";
	set_bzimage(fixture);
	boot(fixture);
	page = fixture->boot.argument;
	line = at(fixture, page + 0x228, 4);
	make_bzimage(header);
	memcpy(expected + 0x1f1, header + 0x1f1, 0x26c - 0x1f1);
	expected[0x210] = 0xff;
	put16(expected, 0x1fa, 0xffff);
	put64(expected, 0x70, X86_64_ACPI_BASE);
	put32(expected, 0x228, (uint32_t)line);
	expected[0x1e8] = 5;
	assert_bytes(fixture, page, expected, 0x2d0); /* the map follows */
	assert_int_equal(assert_map(fixture, page + 0x2d0, 20), 5);
	assert_bytes(fixture, page + 0x2d0 + 5 * 20, expected + 0x300, 0xd00 - 5 * 20);
	assert_bytes(fixture, line, "console=ttyS0", 14);
	assert_bytes(fixture, X86_64_ACPI_BASE, "RSD PTR ", 8);
}

static void starts_linux_in_long_mode(void **state)
{
	struct fixture *fixture = *state;
	uint8_t kernel[4096];

	memset(kernel, 0x90, sizeof(kernel));
	set_bzimage(fixture);
	FOR_EACH_MEMORY(fixture)
	{
		boot(fixture);
		assert_int_equal(fixture->boot.entry, 0x1000200);
		assert_int_equal(reg(fixture, "rip"), 0x1000200);
		assert_int_equal(reg(fixture, "rsi"), fixture->boot.argument);
		assert_long_mode(fixture, fixture->options.memory > 4 * GIB ? 6 * GIB : 4 * GIB);
		assert_bytes(fixture, 0x1000000, kernel, sizeof(kernel));
		assert_map(fixture, fixture->boot.argument + 0x2d0, 20);
	}
}

static void puts_the_initrd_where_linux_wants_it(void **state)
{
	struct fixture *fixture = *state;
	uint64_t page;

	set_bzimage(fixture);
	set_initrd(fixture, 5000);
	boot(fixture);
	page = fixture->boot.argument;
	assert_int_equal(at(fixture, page + 0x218, 4), 64 * MIB - 2 * PAGE);
	assert_int_equal(at(fixture, page + 0x21c, 4), 5000);
	assert_int_equal(at(fixture, page + 0xc0, 8), 0);
	assert_bytes(fixture, 64 * MIB - 2 * PAGE, "initrd\0", 8);
	fixture->options.memory = 3 * GIB; /* initrd_addr_max is 2 GiB less one */
	boot(fixture);
	assert_int_equal(at(fixture, fixture->boot.argument + 0x218, 4), 2 * GIB - 2 * PAGE);
}

static void puts_the_initrd_above_4_gib_if_it_must(void **state)
{
	struct fixture *fixture = *state;
	uint8_t bytes[BZIMAGE_SIZE];

	make_bzimage(bytes);
	put32(bytes, 0x22c, 0x17fffff); /* where the kernel itself ends */
	set_image(fixture, bytes, sizeof(bytes));
	set_initrd(fixture, 16 * MIB);
	fixture->options.memory = 5 * GIB;
	boot(fixture);
	assert_int_equal(at(fixture, fixture->boot.argument + 0x218, 4), 2 * GIB - 16 * MIB);
	assert_int_equal(at(fixture, fixture->boot.argument + 0xc0, 4), 1);
	set_initrd(fixture, 15 * MIB); /* fits below the kernel */
	boot(fixture);
	assert_int_equal(at(fixture, fixture->boot.argument + 0x218, 4), MIB);
	assert_int_equal(at(fixture, fixture->boot.argument + 0xc0, 4), 0);
}

static void refuses_what_linux_cannot_take(void **state)
{
	struct fixture *fixture = *state;
	char text[2049] = { 0 };
	uint8_t bytes[BZIMAGE_SIZE];

	memset(text, 'x', sizeof(text) - 1);
	set_bzimage(fixture);
	fixture->options.append = text;
	assert_fails(prepare(fixture), STATUS_USAGE, "has 2048 bytes, and this kernel takes 2047");
	text[2047] = '\0';
	assert_done(prepare(fixture));
	set_initrd(fixture, 60 * MIB);
	assert_fails(prepare(fixture), STATUS_DATA, "the initrd (0x3c00000 bytes) does not fit");
	make_bzimage(bytes);
	put16(bytes, 0x236, 1);
	put32(bytes, 0x22c, 0x1ffff);
	set_image(fixture, bytes, sizeof(bytes));
	set_initrd(fixture, 4096);
	assert_fails(prepare(fixture), STATUS_DATA, "or not as low as the image wants it");
	fixture->options.memory = 16 * MIB;
	assert_fails(prepare(fixture), STATUS_DATA, "give it at least --mem 24M");
	make_bzimage(bytes);
	put64(bytes, 0x258, 0x90000);
	set_image(fixture, bytes, sizeof(bytes));
	assert_fails(prepare(fixture), STATUS_DATA, "and the video memory and BIOS area (0x9fc00 to 0xdffff) overlap");
}

static void hands_pvh_guests_the_start_info(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.append = "quiet";
	set_pvh(fixture);
	set_initrd(fixture, 6);
	FOR_EACH_MEMORY(fixture)
	{
		uint64_t info, module, initrd;

		boot(fixture);
		info = fixture->boot.argument;
		module = at(fixture, info + 16, 8);
		initrd = fixture->options.memory < 3 * GIB ? 64 * MIB - PAGE : 3 * GIB - PAGE;
		assert_int_equal(at(fixture, info, 4), 0x336ec578);
		assert_int_equal(at(fixture, info + 4, 4), 1);
		assert_int_equal(at(fixture, info + 8, 4), 0);
		assert_int_equal(at(fixture, info + 12, 4), 1);
		assert_bytes(fixture, at(fixture, info + 24, 8), "quiet", 6);
		assert_int_equal(at(fixture, info + 32, 8), X86_64_ACPI_BASE);
		assert_int_equal(at(fixture, info + 48, 4), assert_map(fixture, at(fixture, info + 40, 8), 24));
		assert_int_equal(at(fixture, info + 52, 4), 0);
		assert_int_equal(at(fixture, module, 8), initrd);
		assert_int_equal(at(fixture, module + 8, 8), 6);
		assert_int_equal(at(fixture, module + 16, 8), 0);
		assert_int_equal(at(fixture, module + 24, 8), 0);
		assert_bytes(fixture, initrd, "initrd", 6);
	}
}

static void starts_pvh_guests_in_protected_mode(void **state)
{
	struct fixture *fixture = *state;

	set_pvh(fixture);
	boot(fixture);
	assert_protected_mode(fixture);
	assert_int_equal(reg(fixture, "rip"), 0x100020);
	assert_int_equal(reg(fixture, "rbx"), fixture->boot.argument);
	assert_int_equal(at(fixture, fixture->boot.argument + 12, 4), 0); /* no module */
	assert_int_equal(at(fixture, fixture->boot.argument + 16, 8), 0);
	assert_bytes(fixture, at(fixture, fixture->boot.argument + 24, 8), "", 1);
}

static void hands_multiboot_kernels_the_information(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.append = "a b";
	set_multiboot(fixture);
	set_initrd(fixture, 5000);
	FOR_EACH_MEMORY(fixture)
	{
		uint64_t info, module, map, low_end;

		boot(fixture);
		info = fixture->boot.argument;
		module = at(fixture, info + 24, 4);
		map = at(fixture, info + 48, 4);
		low_end = fixture->options.memory < 3 * GIB ? fixture->options.memory : 3 * GIB;
		assert_int_equal(at(fixture, info, 4), 0x24d);
		assert_int_equal(at(fixture, info + 4, 4), 639);
		assert_int_equal(at(fixture, info + 8, 4), low_end / 1024 - 1024);
		assert_int_equal(at(fixture, info + 12, 4), 0);
		assert_bytes(fixture, at(fixture, info + 16, 4), "a b", 4);
		assert_int_equal(at(fixture, info + 20, 4), 1);
		assert_int_equal(at(fixture, info + 44, 4), 24 * assert_map(fixture, map + 4, 24));
		assert_int_equal(at(fixture, map, 4), 20);
		assert_int_equal(at(fixture, map + 24, 4), 20);
		assert_bytes(fixture, at(fixture, info + 64, 4), "axvcpu-run", 11);
		assert_int_equal(at(fixture, module, 4), 0x102000); /* the first page behind the kernel */
		assert_int_equal(at(fixture, module + 4, 4), 0x102000 + 5000);
		assert_bytes(fixture, at(fixture, module + 8, 4), fixture->initrd, strlen(fixture->initrd) + 1);
		assert_int_equal(at(fixture, module + 12, 4), 0);
		assert_bytes(fixture, 0x102000, "initrd", 6);
	}
}

static void starts_multiboot_kernels_in_protected_mode(void **state)
{
	struct fixture *fixture = *state;

	set_multiboot(fixture);
	boot(fixture);
	assert_protected_mode(fixture);
	assert_int_equal(reg(fixture, "rip"), 0x100020);
	assert_int_equal(reg(fixture, "rax"), 0x2badb002);
	assert_int_equal(reg(fixture, "rbx"), fixture->boot.argument);
	assert_int_equal(at(fixture, fixture->boot.argument + 20, 4), 0); /* no module */
}

static void assert_stack(const struct fixture *fixture)
{
	uint64_t stack = reg(fixture, "rsp");

	assert_int_equal(stack % 16, 8); /* as at the first instruction of a function */
	assert_true(stack > PAGE && stack < 0x9fc00);
}

static void starts_other_elf_files_by_their_class(void **state)
{
	struct fixture *fixture = *state;
	struct multiboot_file elf32 = make_multiboot();
	struct pvh_file elf64 = make_pvh();

	elf64.header.e_phnum = 1;
	set_image(fixture, &elf64, sizeof(elf64));
	boot(fixture);
	assert_long_mode(fixture, 4 * GIB);
	assert_int_equal(reg(fixture, "rip"), 0x100010);
	assert_int_equal(reg(fixture, "rdi"), fixture->boot.argument);
	assert_int_equal(at(fixture, fixture->boot.argument, 4), 0x336ec578);
	assert_stack(fixture);
	elf32.multiboot.magic = 0;
	set_image(fixture, &elf32, sizeof(elf32));
	boot(fixture);
	assert_protected_mode(fixture);
	assert_int_equal(reg(fixture, "rip"), 0x100020);
	assert_int_equal(reg(fixture, "rbx"), fixture->boot.argument);
	assert_int_equal(at(fixture, fixture->boot.argument, 4), 0x336ec578);
	assert_stack(fixture);
}

static void starts_other_images_in_real_mode(void **state)
{
	struct fixture *fixture = *state;
	uint8_t sector[512] = { 0xf4 };

	boot(fixture); /* the built-in guest */
	assert_real_mode(fixture, 0, 0x8000);
	assert_false(has_reg(fixture, "rdx"));
	assert_bytes(fixture, 0x8000, board_x86_64.builtin_guest, board_x86_64.builtin_guest_size);
	put16(sector, 510, 0xaa55);
	set_image(fixture, sector, sizeof(sector));
	boot(fixture);
	assert_real_mode(fixture, 0, 0x7c00);
	assert_int_equal(reg(fixture, "rdx"), 0x80);
	assert_int_equal(at(fixture, 0x7c00, 1), 0xf4);
	fixture->options.has_entry = true;
	fixture->options.entry = 0x23456;
	boot(fixture);
	assert_real_mode(fixture, 0x2000, 0x3456);
}

static void checks_the_entry(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.has_entry = true;
	fixture->options.entry = 0x100000;
	assert_fails(prepare(fixture), STATUS_USAGE, "--entry: 0x100000 is past what real mode reaches");
	fixture->options.entry = 64 * MIB;
	assert_fails(prepare(fixture), STATUS_USAGE, "is outside the guest's memory, which is from 0x0 to 0x3ffffff");
	set_pvh(fixture);
	fixture->options.memory = 5 * GIB;
	fixture->options.entry = 4 * GIB;
	assert_fails(prepare(fixture), STATUS_USAGE, "--entry: 0x100000000 is past what protected mode reaches");
	fixture->options.entry = 3 * GIB;
	assert_fails(prepare(fixture), STATUS_USAGE,
		     "which is from 0x0 to 0xbfffffff and from 0x100000000 to 0x17fffffff");
	fixture->options.entry = 0x100021; /* an odd one is fine here */
	boot(fixture);
	assert_int_equal(reg(fixture, "rip"), 0x100021);
}

static void keeps_out_of_the_images_way(void **state)
{
	struct fixture *fixture = *state;
	struct pvh_file file = make_pvh();

	file.segments[0].p_paddr = 0x1000; /* all low memory but 3 KiB */
	file.segments[0].p_memsz = 0x9e000;
	file.note.entry[2] = 0;
	file.note.entry[1] = 0x10;
	set_image(fixture, &file, sizeof(file));
	boot(fixture);
	assert_int_equal(fixture->boot.layout.count, 7);
	assert_true(reg(fixture, "gdtr.base") > 63 * MIB); /* the command line took those */
	assert_true(fixture->boot.argument > 63 * MIB);
}

static void refuses_images_on_what_a_pc_keeps(void **state)
{
	static const struct {
		uint64_t gpa;
		const char *text;
	} rows[] = {
		{ 0x4ff, "the interrupt vectors and BIOS data" },
		{ 0x9f000, "the video memory and BIOS area" },
		{ 0xe0000, "the ACPI tables" },
		{ 0xffff0, "the ACPI tables" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pvh_file file = make_pvh();

		file.segments[0].p_paddr = rows[i].gpa;
		put32(file.note.entry, 0, (uint32_t)rows[i].gpa);
		set_image(fixture, &file, sizeof(file));
		assert_fails(prepare(fixture), STATUS_DATA, rows[i].text);
	}
}

static void refuses_options_that_the_guest_cannot_hear_of(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.append = "x";
	assert_fails(prepare(fixture), STATUS_USAGE, "--append: a flat binary has no way to be told of it");
	fixture->options.append = NULL;
	set_initrd(fixture, 6);
	assert_fails(prepare(fixture), STATUS_USAGE, "--initrd: a flat binary has no way to be told of it");
	fixture->options.initrd = NULL;
	fixture->options.dtb = "x.dtb";
	assert_fails(prepare(fixture), STATUS_USAGE, "--dtb: the x86_64 board has no device tree");
	fixture->options.dtb = NULL;
	fixture->options.dump_dtb = "x.dtb";
	assert_fails(prepare(fixture), STATUS_USAGE, "--dumpdtb: the x86_64 board has no device tree");
}

static void takes_a_long_command_line(void **state)
{
	struct fixture *fixture = *state;
	char *text = calloc(1, 1000001);

	memset(text, 'x', 1000000);
	fixture->options.append = text;
	set_multiboot(fixture);
	boot(fixture);
	assert_bytes(fixture, at(fixture, fixture->boot.argument + 16, 4), text, 1000001);
	fixture->options.memory = 4 * MIB;
	memset(text, 'y', 1000000);
	boot(fixture);
	assert_bytes(fixture, at(fixture, fixture->boot.argument + 16, 4), text, 1000001);
	free(text);
}

#define BOOT_TEST(name) cmocka_unit_test_setup_teardown(name, make, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(every_register_exists_and_is_set_once),
		BOOT_TEST(hands_linux_the_zero_page),
		BOOT_TEST(starts_linux_in_long_mode),
		BOOT_TEST(puts_the_initrd_where_linux_wants_it),
		BOOT_TEST(puts_the_initrd_above_4_gib_if_it_must),
		BOOT_TEST(refuses_what_linux_cannot_take),
		BOOT_TEST(hands_pvh_guests_the_start_info),
		BOOT_TEST(starts_pvh_guests_in_protected_mode),
		BOOT_TEST(hands_multiboot_kernels_the_information),
		BOOT_TEST(starts_multiboot_kernels_in_protected_mode),
		BOOT_TEST(starts_other_elf_files_by_their_class),
		BOOT_TEST(starts_other_images_in_real_mode),
		BOOT_TEST(checks_the_entry),
		BOOT_TEST(keeps_out_of_the_images_way),
		BOOT_TEST(refuses_images_on_what_a_pc_keeps),
		BOOT_TEST(refuses_options_that_the_guest_cannot_hear_of),
		BOOT_TEST(takes_a_long_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
