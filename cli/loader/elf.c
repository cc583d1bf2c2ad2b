/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files: the loadable segments at their physical addresses. libelf reads the headers; the bounds are checked here.
 */
#include <gelf.h>
#include <string.h>

#include "../fail.h"
#include "image.h"

static bool recognises(const struct blob *blob)
{
	return blob->size >= SELFMAG && !memcmp(blob->data, ELFMAG, SELFMAG);
}

/* What e_machine says, for the machines that people mix up. */
static const char *machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{ EM_X86_64, "x86_64" }, { EM_386, "i386" },    { EM_AARCH64, "aarch64" }, { EM_ARM, "arm" },
		{ EM_RISCV, "riscv" },   { EM_PPC64, "ppc64" }, { EM_S390, "s390" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

static int check_header(const struct blob *blob, const struct image_target *target, const GElf_Ehdr *header)
{
	if (header->e_machine != target->elf_machine)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is for %s (e_machine %u), and this board is %s; take one built for it",
			    blob->name, machine_name(header->e_machine), header->e_machine, target->arch);
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is for 32 bits, and this board is %s; build it for 64 bits",
			    blob->name, target->arch);
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return fail(STATUS_DATA, "the ELF file \"%s\" is big-endian, and this board is little-endian %s",
			    blob->name, target->arch);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return fail(STATUS_DATA, "the ELF file \"%s\" is no executable (e_type %u); link it", blob->name,
			    header->e_type);
	return STATUS_OK;
}

static int add_segment(const struct blob *blob, const GElf_Phdr *header, struct image *image)
{
	if (header->p_offset > blob->size || header->p_filesz > blob->size - header->p_offset)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is truncated: its segment at 0x%llx needs bytes up to %llu of %zu",
			    blob->name, (unsigned long long)header->p_paddr,
			    (unsigned long long)header->p_offset + (unsigned long long)header->p_filesz, blob->size);
	if (header->p_memsz < header->p_filesz)
		return fail(
			STATUS_DATA,
			"the ELF file \"%s\" is damaged: its segment at 0x%llx is larger in the file than in memory",
			blob->name, (unsigned long long)header->p_paddr);
	if (image->count == IMAGE_SEGMENTS_MAX)
		return fail(STATUS_DATA, "the ELF file \"%s\" has more than %u segments", blob->name,
			    IMAGE_SEGMENTS_MAX);
	image->segments[image->count++] =
		(struct segment){ header->p_paddr, header->p_memsz, blob->data + header->p_offset, header->p_filesz };
	return STATUS_OK;
}

/* e_entry is a virtual address; the guest starts without translation. */
static void translate_entry(const GElf_Phdr *header, uint64_t virtual_entry, struct image *image)
{
	if (virtual_entry >= header->p_vaddr && virtual_entry - header->p_vaddr < header->p_memsz)
		image->entry = virtual_entry - header->p_vaddr + header->p_paddr;
}

static int add_segments(const struct blob *blob, Elf *elf, const GElf_Ehdr *header, struct image *image)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return fail(STATUS_DATA, "the ELF file \"%s\" is damaged: %s", blob->name, elf_errmsg(-1));
	if (count < header->e_phnum && header->e_phnum != PN_XNUM) /* libelf counts those that the file has */
		return fail(STATUS_DATA, "the ELF file \"%s\" is truncated or damaged: it lacks program headers",
			    blob->name);
	image->entry = header->e_entry;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		int status;

		if (!gelf_getphdr(elf, (int)i, &segment))
			return fail(STATUS_DATA, "the ELF file \"%s\" is truncated or damaged: program header %zu: %s",
				    blob->name, i, elf_errmsg(-1));
		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		status = add_segment(blob, &segment, image);
		if (status)
			return status;
		translate_entry(&segment, header->e_entry, image);
	}
	return image->count
		       ? STATUS_OK
		       : fail(STATUS_DATA, "the ELF file \"%s\" has nothing to load: no PT_LOAD segment", blob->name);
}

static int parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	GElf_Ehdr header;
	Elf *elf = NULL;
	int status;

	if (elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_memory((char *)blob->data, blob->size);
	if (!elf || !gelf_getehdr(elf, &header))
		status = fail(STATUS_DATA, "the ELF file \"%s\" is truncated or damaged: %s", blob->name,
			      elf_errmsg(-1));
	else
		status = check_header(blob, target, &header);
	if (!status)
		status = add_segments(blob, elf, &header, ret_image);
	elf_end(elf);
	return status;
}

const struct image_format image_elf = {
	.kind = "ELF file",
	.recognises = recognises,
	.parse = parse,
};
