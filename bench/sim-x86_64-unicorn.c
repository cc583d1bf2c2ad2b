/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the benchmark's guest in Unicorn until it writes to port 0xf4; the guest's output goes to standard output.
 *
 *   sim-x86_64-unicorn [--count] GUEST.elf
 *
 * Memory is a flat piece from 0 on. With --count the number of instructions follows the output; that is much slower.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

enum { RAM_SIZE = 128 << 20, COM1 = 0x3f8, EXIT = 0xf4, FILE_MAX = 1 << 20 };

static uint32_t status = 70; /* of the guest, once it has ended */
static uint64_t instructions;

static void must(uc_err error)
{
	if (error) {
		fprintf(stderr, "unicorn: %s\n", uc_strerror(error));
		exit(70);
	}
}

static void on_out(uc_engine *engine, uint32_t port, int size, uint32_t value, void *context)
{
	(void)size;
	(void)context;
	if (port == COM1)
		putchar((int)value);
	if (port == EXIT) {
		status = value;
		uc_emu_stop(engine);
	}
}

static void on_instruction(uc_engine *engine, uint64_t address, uint32_t size, void *context)
{
	(void)engine;
	(void)address;
	(void)size;
	(void)context;
	instructions++;
}

/* Copies the ELF file's segments, and returns its entry. */
static uint64_t load(uc_engine *engine, const char *path)
{
	static _Alignas(8) uint8_t bytes[FILE_MAX];
	const Elf64_Ehdr *header = (const void *)bytes;
	const Elf64_Phdr *segments;
	FILE *file = fopen(path, "rb");

	if (!file || fread(bytes, 1, sizeof(bytes), file) < sizeof(*header)) {
		perror(path);
		exit(66);
	}
	fclose(file);
	segments = (const void *)(bytes + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_filesz)
			must(uc_mem_write(engine, segments[i].p_paddr, bytes + segments[i].p_offset,
					  segments[i].p_filesz));
	return header->e_entry;
}

int main(int argc, char **argv)
{
	int counts = argc == 3 && !strcmp(argv[1], "--count");
	uc_hook out, each;
	uc_engine *engine;
	uint64_t entry;

	if (argc != 2 + counts) {
		fprintf(stderr, "usage: %s [--count] GUEST.elf\n", argv[0]);
		return 64;
	}
	must(uc_open(UC_ARCH_X86, UC_MODE_64, &engine));
	must(uc_mem_map(engine, 0, RAM_SIZE, UC_PROT_ALL));
	entry = load(engine, argv[1 + counts]);
	must(uc_hook_add(engine, &out, UC_HOOK_INSN, (void *)(uintptr_t)on_out, NULL, 1, 0, UC_X86_INS_OUT));
	if (counts)
		must(uc_hook_add(engine, &each, UC_HOOK_CODE, (void *)(uintptr_t)on_instruction, NULL, 1, 0));
	must(uc_emu_start(engine, entry, 0, 0, 0));
	if (counts)
		printf("%llu\n", (unsigned long long)instructions);
	uc_close(engine);
	return (int)status;
}
