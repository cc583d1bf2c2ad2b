/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the note of a plugin's file with libelf. Runs nothing of the plugin and believes nothing: sizes are checked
 * against the file before they are used.
 */
#include <gelf.h>
#include <libelf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "note.h"

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#define HOST_MACHINE_NAME "x86_64"
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#define HOST_MACHINE_NAME "aarch64"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_MACHINE EM_RISCV
#define HOST_MACHINE_NAME "riscv64"
#else
#error "a 64-bit host: x86_64, aarch64 or riscv64"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

/* More would be a mistake, and a bound keeps a hostile file from asking for gigabytes. */
#define FIELDS_MAX 1024u
#define FIELD_SIZE_MAX 4096u

static const struct {
	unsigned machine;
	const char *name;
} machines[] = { { EM_X86_64, "x86_64" }, { EM_AARCH64, "aarch64" }, { EM_RISCV, "riscv" }, { EM_386, "i386" },
		 { EM_ARM, "arm" },       { EM_PPC64, "ppc64" },     { EM_S390, "s390" } };

static const char *machine_name(unsigned machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another machine";
}

static void use_libelf(void)
{
	elf_version(EV_CURRENT);
}

static Elf *elf_of(const void *image, size_t size, struct report *report)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	Elf *elf;

	if (size < SELFMAG || memcmp(image, ELFMAG, SELFMAG)) {
		report_add(report, "it is not an ELF file; a backend is a shared object made with -shared");
		return NULL;
	}
	if (size < sizeof(Elf64_Ehdr)) {
		report_add(report, "it is truncated: the file ends within the ELF header, at byte %zu", size);
		return NULL;
	}
	pthread_once(&once, use_libelf);
	elf = elf_memory((char *)(uintptr_t)image, size); /* read only, in spite of its type */
	if (!elf)
		report_add(report, "its ELF header cannot be read: %s", elf_errmsg(-1));
	return elf;
}

static int check_ident(const unsigned char *ident, struct report *report)
{
	if (ident[EI_CLASS] != ELFCLASS64) {
		report_add(report, "ELF class: expected 64-bit, found %s; compile it for " HOST_MACHINE_NAME,
			   ident[EI_CLASS] == ELFCLASS32 ? "32-bit" : "an unknown class");
		return -1;
	}
	if (ident[EI_DATA] != HOST_DATA) {
		report_add(report, "ELF byte order: not this host's; compile it for " HOST_MACHINE_NAME);
		return -1;
	}
	return 0;
}

static int check_header(Elf *elf, GElf_Ehdr *ret_header, struct report *report)
{
	if (!gelf_getehdr(elf, ret_header)) {
		report_add(report, "its ELF header cannot be read: %s", elf_errmsg(-1));
		return -1;
	}
	if (ret_header->e_machine != HOST_MACHINE)
		report_add(report,
			   "ELF machine: expected " HOST_MACHINE_NAME ", found %s (%u); compile it for this host",
			   machine_name(ret_header->e_machine), (unsigned)ret_header->e_machine);
	if (ret_header->e_type != ET_DYN)
		report_add(report, "ELF type: expected a shared object (%u), found %u; link it with -shared",
			   (unsigned)ET_DYN, (unsigned)ret_header->e_type);
	return ret_header->e_machine == HOST_MACHINE && ret_header->e_type == ET_DYN ? 0 : -1;
}

/* The dynamic linker maps what the headers say; pages that the file does not have would be a SIGBUS in the host. */
static int check_segments(Elf *elf, size_t count, size_t size, struct report *report)
{
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment)) {
			report_add(report, "it is truncated: program header %zu cannot be read: %s", i, elf_errmsg(-1));
			return -1;
		}
		if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset) {
			report_add(report,
				   "it is truncated: segment %zu has 0x%llx bytes at 0x%llx, the file ends at 0x%zx; "
				   "copy it again",
				   i, (unsigned long long)segment.p_filesz, (unsigned long long)segment.p_offset, size);
			return -1;
		}
	}
	return 0;
}

static int check_elf(Elf *elf, const void *image, size_t size, size_t *ret_segments, struct report *report)
{
	GElf_Ehdr header;

	if (check_ident(image, report) || check_header(elf, &header, report))
		return -1;
	if (elf_getphdrnum(elf, ret_segments) || !*ret_segments) {
		report_add(report, "it is truncated or has no program headers; copy or link it again");
		return -1;
	}
	return check_segments(elf, *ret_segments, size, report);
}

/* The note of ours in one PT_NOTE segment, as offset and size in the file; 0 when there is none. */
static size_t find_in_segment(Elf *elf, const GElf_Phdr *segment, const char *image, const char **ret_bytes)
{
	Elf_Type type = segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, type);
	size_t at = 0, name, bytes, next;
	GElf_Nhdr header;

	while (data && (next = gelf_getnote(data, at, &header, &name, &bytes)) > 0) {
		if (header.n_type == AXARCH_NOTE_TYPE && header.n_namesz == sizeof(AXARCH_NOTE_OWNER) &&
		    !memcmp((const char *)data->d_buf + name, AXARCH_NOTE_OWNER, sizeof(AXARCH_NOTE_OWNER))) {
			*ret_bytes = image + segment->p_offset + bytes;
			return header.n_descsz;
		}
		at = next;
	}
	return 0;
}

static size_t find_note(Elf *elf, size_t segments, const char *image, const char **ret_bytes)
{
	for (size_t i = 0; i < segments; i++) {
		GElf_Phdr segment;
		size_t size;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_NOTE || !segment.p_filesz)
			continue;
		size = find_in_segment(elf, &segment, image, ret_bytes);
		if (size)
			return size;
	}
	return 0;
}

int note_check_image(const void *image, size_t size, struct report *report)
{
	Elf *elf = elf_of(image, size, report);
	size_t segments;
	int result;

	if (!elf)
		return -1;
	result = check_elf(elf, image, size, &segments, report);
	elf_end(elf);
	return result;
}

int note_parse(const void *image, size_t size, struct note *ret_note, struct report *report)
{
	Elf *elf = elf_of(image, size, report);
	const char *bytes = NULL;
	size_t segments, length;
	int result = -1;

	if (!elf)
		return -1;
	if (check_elf(elf, image, size, &segments, report))
		goto end_elf;
	length = find_note(elf, segments, image, &bytes);
	if (length)
		result = note_from_bytes(bytes, length, ret_note, report);
	else
		report_add(report,
			   "it has no note of owner " AXARCH_NOTE_OWNER
			   ": it is no axvcpu backend, or was stripped of .note.axvcpu; end it with AXARCH_PLUGIN");
end_elf:
	elf_end(elf);
	return result;
}

/* What of the description is the same in every major, and what this major adds. */
static int check_head(const struct axarch_description *head, size_t size, struct report *report)
{
	if (head->magic != AXARCH_MAGIC) {
		report_add(report, "description magic: expected 0x%016llx, found 0x%016llx; fill it with AXARCH_PLUGIN",
			   (unsigned long long)AXARCH_MAGIC, (unsigned long long)head->magic);
		return -1;
	}
	if (head->abi_major != AXARCH_ABI_MAJOR) {
		report_add(report,
			   "ABI major: expected %u, found %u; compile the plugin with the headers of this library",
			   AXARCH_ABI_MAJOR, (unsigned)head->abi_major);
		return -1;
	}
	if (head->size < sizeof(*head) || head->size > size || head->size % 8) {
		report_add(report, "description size: expected %zu to %zu, found %u; compile the plugin again",
			   sizeof(*head), size, head->size);
		return -1;
	}
	return 0;
}

static int check_count(const struct axarch_schema *schema, const char *which, struct report *report)
{
	if (schema->field_count < 1 || schema->field_count > FIELDS_MAX)
		report_add(report, "%s config: expected 1 to %u fields, found %u; AXARCH_EMPTY_CONFIG stands for none",
			   which, FIELDS_MAX, schema->field_count);
	else if (schema->field_size < sizeof(struct axarch_field) || schema->field_size > FIELD_SIZE_MAX)
		report_add(report,
			   "%s config: expected field records of %zu bytes or more, found %u; compile the plugin again",
			   which, sizeof(struct axarch_field), schema->field_size);
	else
		return 0;
	return -1;
}

static const char *copy_fields(struct axarch_field *ret_fields, const struct axarch_schema *schema, const char *bytes)
{
	for (uint32_t i = 0; i < schema->field_count; i++, bytes += schema->field_size)
		memcpy(&ret_fields[i], bytes, sizeof(ret_fields[i]));
	return bytes;
}

int note_from_bytes(const void *bytes, size_t size, struct note *ret_note, struct report *report)
{
	struct note note = { .create = NULL };
	struct axarch_description *head = &note.description;
	size_t needed;

	if (size < sizeof(*head)) {
		report_add(report, "description: expected %zu bytes or more, found %zu; compile the plugin again",
			   sizeof(*head), size);
		return -1;
	}
	memcpy(head, bytes, sizeof(*head));
	if (check_head(head, size, report) || check_count(&head->create, "create", report) ||
	    check_count(&head->setup, "setup", report))
		return -1;
	needed = head->size + (size_t)head->create.field_count * head->create.field_size +
		 (size_t)head->setup.field_count * head->setup.field_size;
	if (needed > size) {
		report_add(report,
			   "note: %zu bytes of description and fields, but it ends at %zu; link the plugin again",
			   needed, size);
		return -1;
	}
	note.create = calloc((size_t)head->create.field_count + head->setup.field_count, sizeof(*note.create));
	if (!note.create) {
		report_add(report, "no memory for its %u fields", head->create.field_count + head->setup.field_count);
		return -1;
	}
	note.setup = note.create + head->create.field_count;
	copy_fields(note.setup, &head->setup,
		    copy_fields(note.create, &head->create, (const char *)bytes + head->size));
	*ret_note = note;
	return 0;
}

void note_finish(struct note *note)
{
	free(note->create);
	note->create = NULL;
	note->setup = NULL;
}

static int is_id(const char *id, size_t capacity)
{
	size_t length = strnlen(id, capacity);

	return length && length < capacity && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static int is_arch(uint32_t arch)
{
#define KNOWN(name, value, text) || arch == value
	return arch == 0 AXVCPU_ARCHS(KNOWN);
#undef KNOWN
}

/* A text that the file does not end is ended here, as whoever is shown the description will print it. */
static void check_text(const char *name, char *text, size_t capacity, struct report *report)
{
	if (memchr(text, 0, capacity))
		return;
	report_add(report, "%s: the text has no end; %zu characters at most", name, capacity - 1);
	text[capacity - 1] = '\0';
}

void note_check(struct note *note, struct report *report)
{
	struct axarch_description *about = &note->description;

	if (!is_id(about->id, sizeof(about->id)))
		report_add(report,
			   "id: expected 1 to %zu of a-z, 0-9, '-' and '_', found \"%.*s\"; set .id in AXARCH_ABOUT",
			   sizeof(about->id) - 1, (int)sizeof(about->id), about->id);
	if (!is_arch(about->arch))
		report_add(report, "arch: %u is none that this host knows; use AXVCPU_ARCH_*, or 0 for any",
			   about->arch);
	about->id[sizeof(about->id) - 1] = '\0';
	check_text("version", about->version, sizeof(about->version), report);
	check_text("licence", about->licence, sizeof(about->licence), report);
	check_text("summary", about->summary, sizeof(about->summary), report);
}
