/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files: the loadable segments at their physical addresses, and for x86 Xen's note that says where a PVH guest
 * starts. libelf reads the headers and notes; the bounds are checked here.
 */
#include <endian.h>
#include <gelf.h>
#include <string.h>

#include <axvcpu/state.h>

#include "../fail.h"
#include "image.h"

#define XEN_NAME "Xen"
#define XEN_ELFNOTE_PHYS32_ENTRY 18u

/* What each board runs. */
static const struct machine {
	uint32_t arch;
	uint16_t number; /* e_machine */
	uint8_t class;   /* ELFCLASS* */
	unsigned bits;
} machines[] = {
	{ AXVCPU_ARCH_RISCV64, EM_RISCV, ELFCLASS64, 64 },
	{ AXVCPU_ARCH_X86_64, EM_X86_64, ELFCLASS64, 64 },
	{ AXVCPU_ARCH_X86_64, EM_386, ELFCLASS32, 32 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

static const struct machine *machine_of(uint32_t arch, uint16_t number)
{
	for (size_t i = 0; i < COUNT(machines); i++)
		if (machines[i].number == number && (!arch || machines[i].arch == arch))
			return &machines[i];
	return NULL;
}

uint32_t image_elf_arch(const struct blob *blob)
{
	const struct machine *machine;
	uint16_t number;

	if (!recognises(blob) || blob->size < offsetof(Elf64_Ehdr, e_version)) /* up to there both classes are alike */
		return 0;
	memcpy(&number, blob->data + offsetof(Elf64_Ehdr, e_machine), sizeof(number));
	machine = machine_of(0, le16toh(number));
	return machine ? machine->arch : 0;
}

static int check_header(const struct blob *blob, const struct image_target *target, const GElf_Ehdr *header)
{
	const struct machine *machine = machine_of(target->arch, header->e_machine);
	const char *arch = axvcpu_arch_name(target->arch);

	if (!machine)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is for %s (e_machine %u), and this board is %s; take one built for it",
			    blob->name, machine_name(header->e_machine), header->e_machine, arch);
	if (header->e_ident[EI_CLASS] != machine->class)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" for %s is for %u bits, and this board is %s; build it for %u bits",
			    blob->name, machine_name(header->e_machine), 96 - machine->bits, arch, machine->bits);
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return fail(STATUS_DATA, "the ELF file \"%s\" is big-endian, and this board is little-endian %s",
			    blob->name, arch);
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

/* The entry in a note's descriptor: 4 or 8 bytes, as wide as a pointer of the guest. */
static int take_pvh_entry(const struct blob *blob, const uint8_t *descriptor, size_t size, struct image *image)
{
	uint64_t entry = 0;

	if (size != 4 && size != 8)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is damaged: its PVH entry note has %zu bytes and not 4 or 8",
			    blob->name, size);
	memcpy(&entry, descriptor, size);
	entry = le64toh(entry);
	if (entry > UINT32_MAX)
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is damaged: its PVH entry 0x%llx is past what 32 bits reach",
			    blob->name, (unsigned long long)entry);
	image->kind = "PVH ELF file";
	image->protocol = IMAGE_PROTOCOL_PVH;
	image->entry = entry;
	return STATUS_OK;
}

static int read_notes(const struct blob *blob, Elf *elf, const GElf_Phdr *header, struct image *image)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)header->p_offset, header->p_filesz,
					      header->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t offset = 0, next, name, descriptor;
	GElf_Nhdr note;
	int status = STATUS_OK;

	while (data && !status && (next = gelf_getnote(data, offset, &note, &name, &descriptor)) > 0) {
		const uint8_t *bytes = data->d_buf;

		if (note.n_type == XEN_ELFNOTE_PHYS32_ENTRY && note.n_namesz == sizeof(XEN_NAME) &&
		    !memcmp(bytes + name, XEN_NAME, sizeof(XEN_NAME)))
			status = take_pvh_entry(blob, bytes + descriptor, note.n_descsz, image);
		offset = next;
	}
	if (!status && (!data || offset < header->p_filesz))
		return fail(STATUS_DATA,
			    "the ELF file \"%s\" is truncated or damaged: its notes at %llu do not fit into %llu bytes",
			    blob->name, (unsigned long long)header->p_offset, (unsigned long long)header->p_filesz);
	return status;
}

/* The last PVH entry that the notes give counts; without one, the file stays what it was. */
static int find_pvh_entry(const struct blob *blob, Elf *elf, struct image *image)
{
	size_t count;
	int status = STATUS_OK;

	if (elf_getphdrnum(elf, &count))
		return STATUS_OK; /* it was there a moment ago */
	for (size_t i = 0; i < count && !status; i++) {
		GElf_Phdr header;

		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_NOTE && header.p_filesz)
			status = read_notes(blob, elf, &header, image);
	}
	return status;
}

typedef int (*load_fn)(const struct blob *blob, const struct image_target *target, Elf *elf, struct image *image);

static int load(const struct blob *blob, const struct image_target *target, Elf *elf, struct image *image)
{
	GElf_Ehdr header;
	int status;

	if (!gelf_getehdr(elf, &header))
		return fail(STATUS_DATA, "the ELF file \"%s\" is truncated or damaged: %s", blob->name, elf_errmsg(-1));
	status = check_header(blob, target, &header);
	if (status)
		return status;
	image->protocol = header.e_ident[EI_CLASS] == ELFCLASS64 ? IMAGE_PROTOCOL_ELF64 : IMAGE_PROTOCOL_ELF32;
	return add_segments(blob, elf, &header, image);
}

static int load_and_look_for_pvh(const struct blob *blob, const struct image_target *target, Elf *elf,
				 struct image *image)
{
	int status = load(blob, target, elf, image);

	return status || target->arch != AXVCPU_ARCH_X86_64 ? status : find_pvh_entry(blob, elf, image);
}

static int with_elf(const struct blob *blob, const struct image_target *target, load_fn loads, struct image *ret_image)
{
	Elf *elf = NULL;
	int status;

	if (elf_version(EV_CURRENT) != EV_NONE)
		elf = elf_memory((char *)blob->data, blob->size);
	if (!elf)
		return fail(STATUS_DATA, "the ELF file \"%s\" is truncated or damaged: %s", blob->name, elf_errmsg(-1));
	status = loads(blob, target, elf, ret_image);
	elf_end(elf);
	return status;
}

int image_load_elf(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	return with_elf(blob, target, load, ret_image);
}

static int parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	return with_elf(blob, target, load_and_look_for_pvh, ret_image);
}

const struct image_format image_elf = {
	.kind = "ELF file",
	.recognises = recognises,
	.parse = parse,
};
