/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs an ELF program in ring 3 of a machine that has nothing but memory: long mode, every page where it is, all ports
 * the program's.
 *
 *   lockstep-programs BACKEND LAYERS PROGRAM...
 *
 * The program writes text to port 0x3f8 and ends by port 0xf4, with 0 where it is content (bench/sim-x86_64-guest.c).
 * LAYERS is the text of axvcpu_create_info, "" for none. Says what each printed and how long it took. Exit status: 0, 1
 * where a program or a run failed, 77 where the backend makes no vCPU here.
 */
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <axvcpu/axvcpu.h>

#define RAM_SIZE (UINT64_C(48) << 20)
#define GDT UINT64_C(0x1000)
#define TSS UINT64_C(0x2000)
#define BITMAP UINT64_C(0x68)
#define TABLES UINT64_C(0x8000)
#define STACK UINT64_C(0x80000)
#define ENTRY UINT64_C(7)    /* present, writable, for all */
#define LARGE UINT64_C(0x80) /* a page of 2 MiB */
#define PAGES 512u

enum { PORT_TEXT = 0x3f8, PORT_END = 0xf4, EXIT_SKIP = 77, USER_DATA = 0x23, USER_CODE = 0x2b, TASK = 0x30 };

struct program {
	struct axvcpu_space *space;
	uint8_t *ram;
	struct axvcpu *vcpu;
	uint64_t entry;
};

static bool failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, axvcpu_error_text());
	return false;
}

static void put(struct program *program, uint64_t gpa, uint64_t value)
{
	memcpy(program->ram + gpa, &value, sizeof(value));
}

static void make_tables(struct program *program)
{
	put(program, TABLES, (TABLES + 0x1000) | ENTRY);
	put(program, TABLES + 0x1000, (TABLES + 0x2000) | ENTRY);
	for (uint64_t i = 0; i < PAGES; i++)
		put(program, TABLES + 0x2000 + 8 * i, i << 21 | ENTRY | LARGE);
	put(program, TSS + 0x60, BITMAP << 48);
	program->ram[TSS + BITMAP + 8192] = 0xff;
}

static bool load(struct program *program, const char *path)
{
	static uint8_t image[8 << 20];
	const Elf64_Ehdr *head = (const void *)image;
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(image, 1, sizeof(image), file) : 0;

	if (file)
		fclose(file);
	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG))
		return false;
	for (unsigned i = 0; i < head->e_phnum; i++) {
		const Elf64_Phdr *part = (const void *)(image + head->e_phoff + i * sizeof(*part));

		if (part->p_type != PT_LOAD)
			continue;
		if (part->p_paddr + part->p_memsz > RAM_SIZE || part->p_offset + part->p_filesz > size)
			return false;
		memcpy(program->ram + part->p_paddr, image + part->p_offset, part->p_filesz);
	}
	program->entry = head->e_entry;
	return true;
}

static bool set_segment(struct program *program, const char *name, uint64_t selector, uint64_t base, uint64_t limit,
			uint64_t attributes)
{
	const struct {
		const char *part;
		uint64_t value;
	} parts[] = { { "selector", selector }, { "base", base }, { "limit", limit }, { "attributes", attributes } };
	bool good = true;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s.%s", name, parts[i].part);
		good &= !axvcpu_set_reg_u64(program->vcpu, text, parts[i].value);
	}
	return good;
}

/* Long mode in ring 3, as a system leaves it to a program. */
static bool set_registers(struct program *program)
{
	static const struct {
		const char *name;
		uint64_t value;
	} registers[] = { { "cr0", 0x80010033 }, { "cr3", TABLES },   { "cr4", 0x620 },
			  { "efer", 0xd00 },     { "rsp", STACK },    { "rflags", 2 },
			  { "gdtr.base", GDT },  { "gdtr.limit", 0 }, { "idtr.limit", 0 } };
	static const char *const data[] = { "es", "ss", "ds", "fs", "gs" };
	bool good = set_segment(program, "tr", TASK, TSS, BITMAP + 8192, 0x8b);

	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		good &= !axvcpu_set_reg_u64(program->vcpu, registers[i].name, registers[i].value);
	good &= set_segment(program, "cs", USER_CODE, 0, UINT32_MAX, 0xa0fb);
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		good &= set_segment(program, data[i], USER_DATA, 0, UINT32_MAX, 0xc0f3);
	return good && !axvcpu_set_reg_u64(program->vcpu, "rip", program->entry);
}

/* *ret_end: what it gave to the port of the end. */
static bool run(struct program *program, uint64_t *ret_end)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	char text[256];

	for (;;) {
		if (axvcpu_run(program->vcpu, &exit))
			return failed("run");
		if (exit.reason == AXVCPU_EXIT_IO_WRITE && exit.io_write.port == PORT_TEXT) {
			putchar((int)exit.io_write.data);
		} else if (exit.reason == AXVCPU_EXIT_IO_WRITE && exit.io_write.port == PORT_END) {
			*ret_end = exit.io_write.data;
			return true;
		} else if (exit.reason != AXVCPU_EXIT_NOTHING && exit.reason != AXVCPU_EXIT_KICKED) {
			axvcpu_exit_format(&exit, text, sizeof(text));
			fprintf(stderr, "unexpected exit: %s\n", text);
			return false;
		}
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool start(struct program *program, const char *path)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .size = RAM_SIZE };

	if (axvcpu_space_create(&program->space) || axvcpu_space_add(program->space, &slot))
		return failed("memory");
	program->ram = slot.host;
	make_tables(program);
	if (!load(program, path)) {
		fprintf(stderr, "%s: not a program\n", path);
		return false;
	}
	if (axvcpu_setup(program->vcpu, 0x1000, axvcpu_space_root(program->space), NULL))
		return failed("setup");
	if (!set_registers(program))
		return failed("registers");
	return axvcpu_bind(program->vcpu) ? failed("bind") : true;
}

static bool run_program(struct axvcpu_backend *backend, const char *layers, const char *path)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .layers = layers };
	struct program program = { 0 };
	const char *name = strrchr(path, '/');
	uint64_t end = 1;
	double began;
	bool good;

	if (axvcpu_create(backend, &info, &program.vcpu))
		return failed("create");
	printf("%s: ", name ? name + 1 : path);
	good = start(&program, path);
	began = seconds();
	good = good && run(&program, &end);
	printf("  %s, %.3f s\n", good && !end ? "good" : "bad", seconds() - began);
	axvcpu_destroy(program.vcpu);
	axvcpu_space_destroy(program.space);
	return good && !end;
}

static bool can_create(struct axvcpu_backend *backend)
{
	struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu *vcpu;

	if (axvcpu_create(backend, &info, &vcpu))
		return false;
	axvcpu_destroy(vcpu);
	return true;
}

int main(int count, char **arguments)
{
	struct axvcpu_backend *backend;
	bool good = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 4 || axvcpu_backend_open(arguments[1], &backend)) {
		fprintf(stderr, "%s\n",
			count < 4 ? "usage: lockstep-programs BACKEND LAYERS PROGRAM..." : axvcpu_error_text());
		return EXIT_FAILURE;
	}
	if (!can_create(backend)) {
		printf("SKIP: backend %s makes no vCPU here: %s\n", arguments[1], axvcpu_error_text());
		return EXIT_SKIP;
	}
	for (int i = 3; i < count; i++)
		good &= run_program(backend, arguments[2], arguments[i]);
	axvcpu_backend_close(backend);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
