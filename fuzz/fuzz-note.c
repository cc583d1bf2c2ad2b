/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any file as a plugin, up to where it would be loaded: the ELF and note reader, the checks of the description and the
 * layout of both configs. The first byte chooses between the bytes as they are, and as edits (two bytes of offset, one
 * of value) of a sound file, which reaches deeper.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "config/layout.h"
#include "loader/note.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_RISCV
#endif

struct sound {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Nhdr note;
	char owner[12];
	struct axarch_description description;
	struct axarch_field create[2];
	struct axarch_field setup[1];
};

static const struct sound sound = {
	.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		    .e_type = ET_DYN,
		    .e_machine = MACHINE,
		    .e_version = EV_CURRENT,
		    .e_phoff = offsetof(struct sound, segment),
		    .e_ehsize = sizeof(Elf64_Ehdr),
		    .e_phentsize = sizeof(Elf64_Phdr),
		    .e_phnum = 1 },
	.segment = { .p_type = PT_NOTE,
		     .p_offset = offsetof(struct sound, note),
		     .p_filesz = sizeof(struct sound) - offsetof(struct sound, note),
		     .p_align = 8 },
	.note = { .n_namesz = sizeof(AXARCH_NOTE_OWNER),
		  .n_descsz = sizeof(struct sound) - offsetof(struct sound, description),
		  .n_type = AXARCH_NOTE_TYPE },
	.owner = AXARCH_NOTE_OWNER,
	.description = { .magic = AXARCH_MAGIC,
			 .size = sizeof(struct axarch_description),
			 .abi_major = AXARCH_ABI_MAJOR,
			 .id = "fuzz",
			 .create = { 24, 8, 2, sizeof(struct axarch_field) },
			 .setup = { 4, 4, 1, sizeof(struct axarch_field) } },
	.create = { { .name = "a", .type = AXARCH_FIELD_text, .count = 9, .size = 9, .default_text = "x" },
		    { .name = "b", .type = AXARCH_FIELD_i64, .count = 1, .size = 8, .offset = 16, .max = 9 } },
	.setup = { { .name = "c", .type = AXARCH_FIELD_choice, .count = 1, .size = 4, .choices = "x|y" } },
};

static void examine(const void *image, size_t size)
{
	struct report report = REPORT_INIT;
	struct note note;

	if (note_parse(image, size, &note, &report))
		return;
	note_check(&note, &report);
	config_layout_destroy(
		config_layout_create(AXVCPU_CONFIG_CREATE, &note.description.create, note.create, &report));
	config_layout_destroy(config_layout_create(AXVCPU_CONFIG_SETUP, &note.description.setup, note.setup, &report));
	report_refuse(&report, "fuzz");
	note_finish(&note);
}

static void edit(uint8_t *image, const uint8_t *edits, size_t size)
{
	for (; size >= 3; edits += 3, size -= 3)
		image[(edits[0] | edits[1] << 8) % sizeof(sound)] = edits[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int raw = size && data[0] & 1;
	size_t length = raw ? size - 1 : sizeof(sound);
	uint8_t *image = malloc(length + 1); /* exactly as long as the file, for the sanitizer */

	if (!image)
		return 0;
	memcpy(image, raw ? data + 1 : (const uint8_t *)&sound, length);
	if (!raw && size)
		edit(image, data + 1, size - 1);
	examine(image, length);
	free(image);
	return 0;
}
