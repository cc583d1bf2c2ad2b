/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <axvcpu/space.h>
#include <axvcpu/state.h>

#include "board/board.h"
#include "boot.h"
#include "fail.h"

int boot_read_image(const struct options *options, int interrupt_fd, struct boot *boot)
{
	if (!options->image || boot->image_file.data)
		return STATUS_OK;
	return blob_read("the image", options->image, options->memory, interrupt_fd, &boot->image_file);
}

static int parse_image(const struct boot_request *request, struct boot *boot)
{
	const struct board_type *type = request->type;
	const struct image_target target = { .arch = type->arch,
					     .ram_base = boot->layout.ram[0].base,
					     .ram_size = boot->layout.ram[0].size,
					     .load_address = type->load_address };
	struct blob builtin = { .name = "built-in",
				.data = (uint8_t *)type->builtin_guest,
				.size = type->builtin_guest_size };

	return image_parse(request->options->image ? &boot->image_file : &builtin, &target, &boot->image);
}

static int read_initrd(const struct boot_request *request, struct boot *boot)
{
	const struct options *options = request->options;

	if (!options->initrd)
		return STATUS_OK;
	return blob_read("--initrd:", options->initrd, options->memory, request->interrupt_fd, &boot->initrd);
}

int boot_prepare(const struct boot_request *request, struct boot *boot)
{
	int status;

	*boot = (struct boot){ .image_file = boot->image_file };
	boot->layout.ram_count = board_ram(request->type, request->options->memory, boot->layout.ram);
	status = boot_read_image(request->options, request->interrupt_fd, boot);
	if (!status)
		status = parse_image(request, boot);
	if (!status)
		status = read_initrd(request, boot);
	return status ? status : request->type->prepare_boot(request, boot);
}

static int place_segments(struct boot *boot)
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
	char where[LAYOUT_TEXT_CAPACITY];

	boot->entry = options->has_entry ? options->entry : boot->image.entry;
	if (layout_has(&boot->layout, boot->entry))
		return STATUS_OK;
	return fail(options->has_entry ? STATUS_USAGE : STATUS_DATA,
		    "%s 0x%llx is outside the guest's memory, which is %s",
		    options->has_entry ? "--entry:" : "the image's entry", (unsigned long long)boot->entry,
		    layout_text(&boot->layout, where));
}

int boot_place_image(const struct boot_request *request, struct boot *boot)
{
	int status = place_segments(boot);

	return status ? status : place_entry(request->options, boot);
}

int boot_add_region(struct boot *boot, const char *name, uint64_t gpa, void *data, size_t size, bool owned)
{
	int status = layout_add(&boot->layout, name, gpa, size);

	if (status) {
		if (owned)
			free(data);
		return status;
	}
	assert(boot->region_count < BOOT_REGIONS_MAX); /* a board has so many at most, whatever it is asked for */
	boot->regions[boot->region_count++] = (struct boot_region){ gpa, data, size, owned ? data : NULL };
	return STATUS_OK;
}

int boot_place_initrd(struct boot *boot, uint64_t gpa)
{
	boot->initrd_address = gpa;
	return boot_add_region(boot, "the initrd", gpa, boot->initrd.data, boot->initrd.size, false);
}

void boot_add_register(struct boot *boot, const char *name, uint64_t value)
{
	assert(boot->register_count < BOOT_REGISTERS_MAX);
	boot->registers[boot->register_count++] = (struct boot_register){ name, value };
}

void boot_finish(struct boot *boot)
{
	for (size_t i = 0; i < boot->region_count; i++)
		free(boot->regions[i].owned);
	boot->region_count = 0;
	blob_finish(&boot->image_file);
	blob_finish(&boot->initrd);
}

int boot_write(const struct boot *boot, struct axvcpu_space *space)
{
	int32_t error = 0;

	for (size_t i = 0; i < boot->region_count && !error; i++)
		error = axvcpu_space_write(space, boot->regions[i].gpa, boot->regions[i].data, boot->regions[i].size);
	for (size_t i = 0; i < boot->image.count && !error; i++) {
		const struct segment *segment = &boot->image.segments[i];

		if (segment->size)
			error = axvcpu_space_write(space, segment->gpa, segment->data, segment->size);
	}
	return error ? fail_library(STATUS_HOST, "the guest's memory cannot be filled") : STATUS_OK;
}

int32_t boot_set_registers(const struct boot *boot, struct axvcpu *vcpu)
{
	int32_t error = 0;

	for (size_t i = 0; i < boot->register_count && !error; i++)
		error = axvcpu_set_reg_u64(vcpu, boot->registers[i].name, boot->registers[i].value);
	return error;
}
