/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image: parsed, and placed in memory, with every byte of every segment looked at. */
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/types.h>

#include "loader/image.h"
#include "loader/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sum_of(const struct segment *segment)
{
	unsigned sum = 0;

	for (size_t i = 0; i < segment->size; i++)
		sum += segment->data[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct image_target target = {
		.arch = AXVCPU_ARCH_RISCV64, .ram_base = 0x80000000, .ram_size = 64 << 20, .load_address = 0x80200000
	};
	const struct blob blob = { .name = "fuzz", .data = (uint8_t *)data, .size = size };
	struct layout layout = { .ram = { { target.ram_base, target.ram_size } }, .ram_count = 1 };
	volatile unsigned sum = 0;
	struct image image;

	if (!size || image_parse(&blob, &target, &image))
		return 0;
	for (size_t i = 0; i < image.count; i++) {
		sum += sum_of(&image.segments[i]);
		layout_add(&layout, "segment", image.segments[i].gpa, image.segments[i].memory_size);
	}
	(void)sum; /* to have read it all was the point */
	return 0;
}
