/* SPDX-License-Identifier: Apache-2.0 */
/* What is put where, the device tree, and what is said of files that are no good. */
#include <fcntl.h>
#include <libfdt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/board.h"
#include "board/riscv64/map.h"
#include "boot.h"
#include "cli.h"

#define MIB (UINT64_C(1) << 20)

struct fixture {
	char folder[64];
	char path[96];
	struct options options;
	struct boot boot;
};

static int make(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->folder, "/tmp/axvcpu-boot-XXXXXX");
	if (!mkdtemp(fixture->folder))
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/file", fixture->folder);
	fixture->options = (struct options){ .memory = 64 * MIB, .cpus = 2 };
	*state = fixture;
	return 0;
}

static int discard(void **state)
{
	struct fixture *fixture = *state;

	boot_finish(&fixture->boot);
	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static const char *file_of(struct fixture *fixture, const void *data, size_t size)
{
	FILE *file = fopen(fixture->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
	return fixture->path;
}

static const char *sparse_file(struct fixture *fixture, off_t size)
{
	file_of(fixture, "x", 1);
	assert_int_equal(truncate(fixture->path, size), 0);
	return fixture->path;
}

static int prepare(struct fixture *fixture)
{
	const struct boot_request request = {
		.options = &fixture->options, .type = &board_riscv64, .engine = "engine 1.0", .interrupt_fd = -1
	};

	boot_finish(&fixture->boot);
	return boot_prepare(&request, &fixture->boot);
}

static const char *text_at(const void *fdt, const char *path, const char *property)
{
	int node = fdt_path_offset(fdt, path);

	return node < 0 ? NULL : fdt_getprop(fdt, node, property, NULL);
}

static uint64_t number_at(const void *fdt, const char *path, const char *property)
{
	int length, node = fdt_path_offset(fdt, path);
	const void *value = fdt_getprop(fdt, node, property, &length);

	assert_non_null(value);
	return length == 8 ? fdt64_ld(value) : fdt32_ld(value);
}

static void describes_the_board(void **state)
{
	struct fixture *fixture = *state;
	const void *fdt;
	int node;

	assert_done(prepare(fixture));
	fdt = fixture->boot.device_tree.data;
	assert_int_equal(fdt_check_full(fdt, fixture->boot.device_tree.size), 0);
	assert_string_equal(text_at(fdt, "/chosen", "axvcpu,engine"), "engine 1.0");
	assert_null(text_at(fdt, "/chosen", "bootargs"));
	assert_null(text_at(fdt, "/chosen", "linux,initrd-start"));
	assert_string_equal(text_at(fdt, "/cpus/cpu@0", "riscv,isa"), RISCV64_ISA);
	assert_string_equal(text_at(fdt, "/cpus/cpu@1", "mmu-type"), "riscv,sv48");
	assert_null(text_at(fdt, "/cpus/cpu@2", "reg"));
	assert_int_equal(number_at(fdt, "/cpus", "timebase-frequency"), 10000000);
	node = fdt_path_offset(fdt, "/memory@80000000");
	assert_int_equal(fdt64_ld((const fdt64_t *)fdt_getprop(fdt, node, "reg", NULL) + 1), 64 * MIB);
}

static void names_its_devices(void **state)
{
	struct fixture *fixture = *state;
	const char *stdout_path;
	const void *fdt;
	uint32_t test;

	assert_done(prepare(fixture));
	fdt = fixture->boot.device_tree.data;
	stdout_path = text_at(fdt, "/chosen", "stdout-path");
	assert_string_equal(text_at(fdt, stdout_path, "compatible"), "ns16550a");
	assert_int_equal(number_at(fdt, stdout_path, "interrupts"), RISCV64_UART_IRQ);
	assert_int_equal(number_at(fdt, "/soc/rtc@101000", "interrupts"), RISCV64_RTC_IRQ);
	test = (uint32_t)number_at(fdt, "/soc/test@100000", "phandle");
	assert_int_equal(number_at(fdt, "/poweroff", "regmap"), test);
	assert_int_equal(number_at(fdt, "/poweroff", "value"), 0x5555);
	assert_int_equal(number_at(fdt, "/reboot", "value"), 0x7777);
}

static void wires_the_plic_to_every_hart(void **state)
{
	struct fixture *fixture = *state;
	const fdt32_t *targets;
	int node, length;

	assert_done(prepare(fixture));
	node = fdt_path_offset(fixture->boot.device_tree.data, "/soc/interrupt-controller@c000000");
	targets = fdt_getprop(fixture->boot.device_tree.data, node, "interrupts-extended", &length);
	assert_int_equal(length, 2 * 2 * 4);
	for (uint32_t hart = 0; hart < 2; hart++) {
		int controller =
			fdt_node_offset_by_phandle(fixture->boot.device_tree.data, fdt32_ld(&targets[2 * hart]));
		const char *path = hart ? "/cpus/cpu@1/interrupt-controller" : "/cpus/cpu@0/interrupt-controller";

		assert_int_equal(controller, fdt_path_offset(fixture->boot.device_tree.data, path));
		assert_int_equal(fdt32_ld(&targets[2 * hart + 1]), 9);
	}
}

static void places_everything_apart(void **state)
{
	static const uint64_t sizes[] = { 4 * MIB, 16 * MIB, 64 * MIB, 4096 * MIB };
	struct fixture *fixture = *state;

	fixture->options.append = "console=ttyS0";
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct layout *layout = &fixture->boot.layout;

		fixture->options.memory = sizes[i];
		fixture->options.initrd = file_of(fixture, "initrd", 6);
		assert_done(prepare(fixture));
		assert_int_equal(layout->count, 3);
		assert_int_equal(fixture->boot.argument % 4096, 0);
		assert_true(fixture->boot.argument < UINT64_C(0xc0000000));
		assert_int_equal(fixture->boot.initrd_address % 4096, 0);
		assert_int_equal(fixture->boot.entry, RISCV64_LOAD_ADDRESS);
		assert_string_equal(text_at(fixture->boot.device_tree.data, "/chosen", "bootargs"), "console=ttyS0");
		assert_true(number_at(fixture->boot.device_tree.data, "/chosen", "linux,initrd-start") ==
			    fixture->boot.initrd_address);
		assert_true(number_at(fixture->boot.device_tree.data, "/chosen", "linux,initrd-end") ==
			    fixture->boot.initrd_address + 6);
	}
}

static void puts_the_initrd_behind_a_large_image(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.image = sparse_file(fixture, 40 * MIB);
	fixture->options.initrd = "/dev/null";
	assert_fails(prepare(fixture), STATUS_DATA, "--initrd: \"/dev/null\" is empty");
	fixture->options.initrd = "/proc/self/maps";
	assert_done(prepare(fixture));
	assert_int_equal(fixture->boot.initrd_address, RISCV64_LOAD_ADDRESS + 40 * MIB);
}

static void adds_to_a_device_tree_of_the_users(void **state)
{
	struct fixture *fixture = *state;
	uint8_t tree[512];

	assert_int_equal(fdt_create_empty_tree(tree, sizeof(tree)), 0);
	fixture->options.dtb = file_of(fixture, tree, sizeof(tree));
	fixture->options.append = "quiet";
	assert_done(prepare(fixture));
	assert_string_equal(text_at(fixture->boot.device_tree.data, "/chosen", "bootargs"), "quiet");
	assert_null(text_at(fixture->boot.device_tree.data, "/cpus", "timebase-frequency"));
}

static void refuses_device_trees(void **state)
{
	struct fixture *fixture = *state;
	uint8_t tree[512];

	assert_int_equal(fdt_create_empty_tree(tree, sizeof(tree)), 0);
	fixture->options.dtb = file_of(fixture, "not a device tree, but long enough to be one", 45);
	assert_fails(prepare(fixture), STATUS_DATA, "no device tree");
	fixture->options.dtb = file_of(fixture, tree, 16);
	assert_fails(prepare(fixture), STATUS_DATA, "no device tree, or a damaged one");
	fixture->options.dtb = file_of(fixture, tree, 60);
	assert_fails(prepare(fixture), STATUS_DATA, "or a damaged one");
	memset(tree + 40, 0xff, 100);
	fixture->options.dtb = file_of(fixture, tree, sizeof(tree));
	assert_fails(prepare(fixture), STATUS_DATA, "or a damaged one");
	fixture->options.dtb = sparse_file(fixture, 3 * MIB);
	assert_fails(prepare(fixture), STATUS_DATA, "too large");
}

static void refuses_entries_outside_memory(void **state)
{
	static const uint64_t outside[] = { 0, 0x7ffffffe, 0x84000000, UINT64_MAX - 1 };
	struct fixture *fixture = *state;

	fixture->options.has_entry = true;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		fixture->options.entry = outside[i];
		assert_fails(prepare(fixture), STATUS_USAGE, "--entry: 0x");
	}
	fixture->options.entry = 0x80200001;
	assert_fails(prepare(fixture), STATUS_USAGE, "is odd");
	fixture->options.entry = 0x83fffffe;
	assert_done(prepare(fixture));
	assert_int_equal(fixture->boot.entry, 0x83fffffe);
}

static void refuses_files(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.image = "/nowhere/at/all";
	assert_fails(prepare(fixture), STATUS_NO_INPUT, "\"/nowhere/at/all\" cannot be read: No such file");
	fixture->options.image = fixture->folder;
	assert_fails(prepare(fixture), STATUS_NO_INPUT, "is a directory");
	fixture->options.image = file_of(fixture, "", 0);
	assert_fails(prepare(fixture), STATUS_DATA, "is empty");
	fixture->options.image = sparse_file(fixture, 64 * MIB + 1);
	assert_fails(prepare(fixture), STATUS_DATA, "too large");
	fixture->options.image = sparse_file(fixture, 63 * MIB);
	assert_fails(prepare(fixture), STATUS_DATA, "give it at least --mem 65M");
	fixture->options.image = "/dev/zero"; /* has no end */
	assert_fails(prepare(fixture), STATUS_DATA, "too large");
}

static void gives_up_reading_when_it_is_interrupted(void **state)
{
	struct fixture *fixture = *state;
	struct blob blob;
	int ends[2];

	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "", 1), 1);
	assert_fails(blob_read("the image", fixture->path, 100, ends[0], &blob), STATUS_SIGNAL, "interrupted");
	close(ends[0]);
	close(ends[1]);
}

#define BOOT_TEST(name) cmocka_unit_test_setup_teardown(name, make, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOT_TEST(describes_the_board),
		BOOT_TEST(names_its_devices),
		BOOT_TEST(wires_the_plic_to_every_hart),
		BOOT_TEST(places_everything_apart),
		BOOT_TEST(puts_the_initrd_behind_a_large_image),
		BOOT_TEST(adds_to_a_device_tree_of_the_users),
		BOOT_TEST(refuses_device_trees),
		BOOT_TEST(refuses_entries_outside_memory),
		BOOT_TEST(refuses_files),
		BOOT_TEST(gives_up_reading_when_it_is_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
