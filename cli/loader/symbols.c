/* SPDX-License-Identifier: Apache-2.0 */
/* libelf reads ELF files, whose names are checked to end within the file; a System.map is taken line by line. */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "../fail.h"
#include "symbols.h"

static int no_memory(const struct blob *blob)
{
	return fail(STATUS_HOST, "the symbols of \"%s\": no memory", blob->name);
}

static int add(struct symbols *symbols, const char *name, uint64_t address)
{
	struct symbol *items = symbols->items;

	if (!(symbols->count & (symbols->count - 1))) { /* a power of two is full */
		items = reallocarray(items, symbols->count ? symbols->count * 2 : 1, sizeof(*items));
		if (!items)
			return -1;
		symbols->items = items;
	}
	items[symbols->count++] = (struct symbol){ name, address };
	return 0;
}

/* One table; what is no function, object or label, or lies in no section, is no place to be at. */
static int read_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct symbols *symbols)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);

		if (!name || !*name || symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) > STT_FUNC)
			continue;
		if (add(symbols, name, symbol.st_value))
			return -1;
	}
	return 0;
}

static int read_tables(Elf *elf, struct symbols *symbols)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int error = 0;

	while (!error && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
			error = read_table(elf, section, &header, symbols);
	return error;
}

/* The names point into libelf's copy, which is gone with it. */
static int own_names(struct symbols *symbols)
{
	size_t size = 1, at = 0;

	for (size_t i = 0; i < symbols->count; i++)
		size += strlen(symbols->items[i].name) + 1;
	symbols->text = malloc(size);
	for (size_t i = 0; i < symbols->count && symbols->text; i++) {
		size_t length = strlen(symbols->items[i].name) + 1;

		memcpy(symbols->text + at, symbols->items[i].name, length);
		symbols->items[i].name = symbols->text + at;
		at += length;
	}
	return symbols->text ? 0 : -1;
}

static int read_elf(const struct blob *blob, struct symbols *symbols)
{
	Elf *elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_memory((char *)blob->data, blob->size);
	int error;

	if (!elf)
		return fail(STATUS_DATA, "the symbols of \"%s\": the ELF file is damaged: %s", blob->name,
			    elf_errmsg(-1));
	error = read_tables(elf, symbols);
	if (!error)
		error = own_names(symbols);
	elf_end(elf);
	return error ? no_memory(blob) : STATUS_OK;
}

/* "ffffffff81000000 T _text" */
static int read_line(char *line, struct symbols *symbols)
{
	char *end, *name;
	uint64_t address = strtoull(line, &end, 16);

	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return 0;
	name = end + 3;
	name[strcspn(name, " \t\r")] = '\0';
	return *name ? add(symbols, name, address) : 0;
}

static int read_map(const struct blob *blob, struct symbols *symbols)
{
	char *rest = NULL;

	symbols->text = malloc(blob->size + 1);
	if (!symbols->text)
		return no_memory(blob);
	memcpy(symbols->text, blob->data, blob->size);
	symbols->text[blob->size] = '\0';
	for (char *line = strtok_r(symbols->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (read_line(line, symbols))
			return no_memory(blob);
	return STATUS_OK;
}

static bool is_elf(const struct blob *blob)
{
	return blob->size >= SELFMAG && !memcmp(blob->data, ELFMAG, SELFMAG);
}

int symbols_read(const struct blob *blob, struct symbols *ret_symbols)
{
	struct symbols symbols = { .name = blob->name };
	int status = is_elf(blob) ? read_elf(blob, &symbols) : read_map(blob, &symbols);

	if (!status && !symbols.count)
		status = fail(STATUS_DATA,
			      "\"%s\" has no symbols; give an ELF file that is not stripped, or a System.map, with "
			      "--symbols",
			      blob->name);
	if (status)
		symbols_finish(&symbols);
	else
		*ret_symbols = symbols;
	return status;
}

void symbols_finish(struct symbols *symbols)
{
	free(symbols->items);
	free(symbols->text);
	*symbols = (struct symbols){ .name = NULL };
}

bool symbols_find(const struct symbols *symbols, const char *name, uint64_t *ret_address)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (!strcmp(symbols->items[i].name, name)) {
			*ret_address = symbols->items[i].address;
			return true;
		}
	return false;
}

const char *symbols_suggestion(const struct symbols *symbols, const char *name)
{
	const char **names = reallocarray(NULL, symbols->count, sizeof(*names));
	const char *text;

	for (size_t i = 0; i < symbols->count && names; i++)
		names[i] = symbols->items[i].name;
	text = names ? fail_suggestion(name, names, (uint32_t)symbols->count) : "";
	free(names);
	return text;
}
