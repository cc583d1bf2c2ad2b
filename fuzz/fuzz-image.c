/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image, for each board: parsed, and placed in memory, with every byte of every segment looked at. On
 * the x86_64 board a whole boot is made of it, since what goes beside the image depends on what the image says.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/types.h>

#include "board/board.h"
#include "board/x86_64/boot.h"
#include "boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum; /* to have read it all was the point */

static void look_at(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += data[i];
}

static const struct image_target targets[] = {
	{ .arch = AXVCPU_ARCH_RISCV64, .ram_base = 0x80000000, .ram_size = 64 << 20, .load_address = 0x80200000 },
	{ .arch = AXVCPU_ARCH_X86_64, .ram_size = 64 << 20, .load_address = X86_64_LOAD_ADDRESS },
};

static void make_boot(const struct image *image, const struct image_target *target)
{
	static const struct options options = { .memory = 64 << 20, .cpus = 1, .append = "console=ttyS0" };
	const struct boot_request request = { .options = &options, .interrupt_fd = -1 };
	struct boot boot = { .image = *image,
			     .layout = { .ram = { { target->ram_base, target->ram_size } }, .ram_count = 1 } };

	if (!x86_64_prepare_boot(&request, &boot))
		for (size_t i = 0; i < boot.region_count; i++)
			look_at(boot.regions[i].data, boot.regions[i].size);
	boot_finish(&boot);
}

static void try_on(const struct image_target *target, const struct blob *blob)
{
	struct layout layout = { .ram = { { target->ram_base, target->ram_size } }, .ram_count = 1 };
	struct image image;

	if (image_parse(blob, target, &image))
		return;
	for (size_t i = 0; i < image.count; i++) {
		look_at(image.segments[i].data, image.segments[i].size);
		layout_add(&layout, "segment", image.segments[i].gpa, image.segments[i].memory_size);
	}
	if (target->arch == AXVCPU_ARCH_X86_64)
		make_boot(&image, target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct blob blob = { .name = "fuzz", .data = (uint8_t *)data, .size = size };

	if (!size)
		return 0;
	image_guess_arch(&blob);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		try_on(&targets[i], &blob);
	return 0;
}
