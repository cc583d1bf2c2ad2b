/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs rows of tests: one instruction each, the state before it and what it changes. Everything that a row does not
 * name must stay as it was: registers, CSRs, every byte of memory. Each instruction of the decoder must have a row.
 *
 *   instruction as the disassembler writes it | encoding | before | after
 *
 * before and after are items NAME=VALUE, separated by spaces:
 *   a0=5, sepc=0x10, mode=0, pc=DATA      a register of <axvcpu/regs/riscv64.h>
 *   satp=sv39, satp=sv48                  turns translation on; code is mapped to itself. Numbers work too
 *   pte@LEVEL=VA,PA,FLAGS                 maps a page, tables included; FLAGS of v r w x u g a d, z is a reserved bit
 *   [DATA+8]:4=0x12345678                 memory
 * and in `after` only:
 *   trap=CAUSE,TVAL                       a trap was taken, all CSRs as the manual says
 *   exit=NAME,FIELD,FIELD...              the run ended so, instead of after the step
 *   complete=VALUE                        the read is completed with it (extended already) before the state is compared
 * A VALUE is a sum of numbers and of the symbols below. Before, stvec is HANDLER; other registers are 0.
 *
 * Usage: run-rows FILE... The files' encodings are made by assemble.py.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <axvcpu/regs/riscv64.h>

#include "decode.h"
#include "fake-host.h"

extern const struct axarch_vcpu_ops axarch_vcpu_ops;

#define RAM UINT64_C(0x80000000)
#define TABLES (RAM + 0x8000)

enum { RAM_SIZE = 0x10000, TABLE_COUNT = 8, MAX_EXIT_FIELDS = 8 };

static const struct symbol {
	const char *name;
	uint64_t value;
} symbols[] = {
	{ "CODE", RAM + 0x1000 }, { "DATA", RAM + 0x2000 }, { "HANDLER", RAM + 0x4000 },
	{ "TABLES", TABLES },     { "ROM", 0x90000000 },    { "MMIO", 0x10000000 },
};

#define CODE symbols[0].value
#define HANDLER symbols[2].value
#define UXL (UINT64_C(2) << 32)

static const struct reg {
	uint64_t id;
	unsigned flags;
	const char *name, *alias;
} regs[] = {
#define REG(id, size, flags, name, alias, doc) { id, flags, name, alias },
	AXVCPU_RISCV64_REGS(REG)
#undef REG
};

enum { REGS = sizeof(regs) / sizeof(regs[0]) };

/* The create config, as the plugin declares it. */
struct create {
	uint64_t hart_id, dtb_addr;
	uint8_t deterministic;
	uint32_t code_cache;
};

struct state {
	uint64_t regs[REGS];
	uint8_t ram[RAM_SIZE];
	unsigned tables; /* page tables made so far; the first is the root */
};

struct expected_exit {
	char name[32];
	unsigned count;
	uint64_t fields[MAX_EXIT_FIELDS];
	bool complete;
	uint64_t completion;
};

struct row {
	const char *file;
	unsigned line;
	char text[128];
	uint32_t insn;
	struct state before, after;
	struct expected_exit exit;
};

static unsigned failures, row_count;
static uint8_t *ram;
static bool *seen; /* per row of the decoder */

static void fail(const struct row *row, const char *format, ...)
{
	va_list arguments;

	failures++;
	fprintf(stderr, "%s:%u: %s: ", row->file, row->line, row->text);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static _Noreturn void malformed(const struct row *row, const char *item)
{
	fprintf(stderr, "%s:%u: cannot read \"%s\"\n", row->file, row->line, item);
	exit(2);
}

/* Numbers and symbols, joined by + and -. */
static uint64_t evaluate(const struct row *row, const char *text)
{
	uint64_t sum = 0;

	while (*text) {
		bool negative = *text == '-';
		size_t length;
		uint64_t term = 0;
		char word[40], *end = word;

		text += *text == '-' || *text == '+';
		length = strcspn(text, "+-");
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
			if (!strcmp(word, symbols[i].name))
				term = symbols[i].value, end = word + strlen(word);
		if (end == word)
			term = strtoull(word, &end, 0);
		if (*end || end == word)
			malformed(row, text);
		sum += negative ? 0 - term : term;
		text += length;
	}
	return sum;
}

static int find_reg(const char *name)
{
	for (int i = 0; i < REGS; i++)
		if (!strcmp(name, regs[i].name) || !strcmp(name, regs[i].alias))
			return i;
	return -1;
}

static uint64_t *reg(struct state *state, const char *name)
{
	return &state->regs[find_reg(name)];
}

static void put(struct state *state, uint64_t gpa, uint64_t value, unsigned size)
{
	if (gpa - RAM < RAM_SIZE)
		memcpy(&state->ram[gpa - RAM], &value, size);
}

static uint64_t flags_of(const char *letters)
{
	static const char names[] = "vrwxugad";
	uint64_t flags = 0;

	for (; *letters; letters++)
		flags |= *letters == 'z' ? UINT64_C(1) << 60 : UINT64_C(1) << (strchr(names, *letters) - names);
	return flags;
}

/* Writes a page-table entry of a level (0: 4 KiB pages), and the tables above it that are not there yet. */
static void map(struct state *state, unsigned level, uint64_t va, uint64_t pa, uint64_t flags)
{
	unsigned levels = *reg(state, "satp") >> 60 == 9 ? 4 : 3;
	uint64_t table = TABLES, entry, at;

	for (unsigned i = levels - 1;; i--) {
		at = table + (va >> (12 + 9 * i) & 511) * 8;
		if (i == level)
			break;
		memcpy(&entry, &state->ram[at - RAM], 8);
		if (!(entry & 1)) {
			entry = (TABLES + 4096 * ++state->tables) >> 12 << 10 | 1;
			put(state, at, entry, 8);
		}
		table = entry >> 10 << 12;
	}
	put(state, at, pa >> 12 << 10 | flags, 8);
}

static void turn_on_translation(struct state *state, uint64_t mode)
{
	uint64_t user = *reg(state, "mode") == 0 ? 16 : 0;

	*reg(state, "satp") = mode << 60 | TABLES >> 12;
	map(state, 0, CODE, CODE, flags_of("vrxa") | user);
}

static void set_pte(const struct row *row, struct state *state, const char *item)
{
	char va[40], pa[40], flags[16];
	unsigned level;

	if (sscanf(item, "pte@%u=%39[^,],%39[^,],%15s", &level, va, pa, flags) < 3)
		malformed(row, item);
	map(state, level, evaluate(row, va), evaluate(row, pa), flags_of(strcmp(flags, "-") ? flags : ""));
}

static void set_memory(const struct row *row, struct state *state, const char *item)
{
	char at[40], value[40];
	unsigned size;

	if (sscanf(item, "[%39[^]]]:%u=%39s", at, &size, value) != 3)
		malformed(row, item);
	put(state, evaluate(row, at), evaluate(row, value), size);
}

static void set_register(const struct row *row, struct state *state, char *item)
{
	char *value = strchr(item, '=');
	int index;

	if (!value)
		malformed(row, item);
	*value++ = '\0';
	index = find_reg(item);
	if (index < 0)
		malformed(row, item);
	if (!strcmp(value, "sv39"))
		turn_on_translation(state, 8);
	else if (!strcmp(value, "sv48"))
		turn_on_translation(state, 9);
	else
		state->regs[index] = evaluate(row, value) | (strcmp(item, "sstatus") ? 0 : UXL);
}

static void set_item(const struct row *row, struct state *state, char *item)
{
	if (!strncmp(item, "pte@", 4))
		set_pte(row, state, item);
	else if (*item == '[')
		set_memory(row, state, item);
	else
		set_register(row, state, item);
}

/* What the manual says of a trap into S-mode. */
static void expect_trap(const struct row *row, struct state *after, const char *item)
{
	char cause[40], value[40];
	uint64_t status = *reg(after, "sstatus");

	if (sscanf(item, "trap=%39[^,],%39s", cause, value) != 2)
		malformed(row, item);
	*reg(after, "scause") = evaluate(row, cause);
	*reg(after, "stval") = evaluate(row, value);
	*reg(after, "sepc") = row->before.regs[find_reg("pc")];
	*reg(after, "pc") = *reg(after, "stvec") & ~UINT64_C(3);
	*reg(after, "sstatus") = (status & ~UINT64_C(0x122)) | (status & 2) << 4 | *reg(after, "mode") << 8;
	*reg(after, "mode") = 1;
}

static void expect_exit(struct row *row, char *item)
{
	char *field = strtok(strchr(item, '=') + 1, ",");

	snprintf(row->exit.name, sizeof(row->exit.name), "%s", field);
	while ((field = strtok(NULL, ",")) && row->exit.count < MAX_EXIT_FIELDS)
		row->exit.fields[row->exit.count++] = evaluate(row, field);
}

static void expect_item(struct row *row, char *item)
{
	if (!strncmp(item, "trap=", 5)) {
		expect_trap(row, &row->after, item);
	} else if (!strncmp(item, "exit=", 5)) {
		expect_exit(row, item);
	} else if (!strncmp(item, "complete=", 9)) {
		row->exit.complete = true;
		row->exit.completion = evaluate(row, item + 9);
	} else {
		set_item(row, &row->after, item);
	}
}

/* Walks items; strtok is not used here, as expect_exit does. */
static char *next_item(char **rest)
{
	char *item = *rest + strspn(*rest, " \t\n");
	size_t length = strcspn(item, " \t\n");

	if (!length)
		return NULL;
	*rest = item + length + (item[length] != '\0');
	item[length] = '\0';
	return item;
}

static void start_state(struct row *row)
{
	memset(&row->before, 0, sizeof(row->before));
	memset(&row->exit, 0, sizeof(row->exit));
	*reg(&row->before, "mode") = 1;
	*reg(&row->before, "pc") = CODE;
	*reg(&row->before, "stvec") = HANDLER;
	*reg(&row->before, "sstatus") = UXL;
	*reg(&row->before, "timer.compare") = UINT64_MAX;
	*reg(&row->before, "reservation") = UINT64_MAX;
}

static void trim(char *text)
{
	size_t length = strlen(text);

	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
}

/* Splits at the bars; false: not a row. */
static bool parse_row(struct row *row, char *line)
{
	char *columns[4], *rest, *item;

	for (unsigned i = 0; i < 4; i++) {
		columns[i] = line + strspn(line, " ");
		line = strpbrk(line, i < 3 ? "|" : "\n");
		if (!line)
			return false;
		*line++ = '\0';
	}
	start_state(row);
	trim(columns[0]);
	snprintf(row->text, sizeof(row->text), "%s", columns[0]);
	row->insn = (uint32_t)strtoul(columns[1] + (*columns[1] == '='), NULL, 16);
	for (rest = columns[2]; (item = next_item(&rest));)
		set_item(row, &row->before, item);
	put(&row->before, *reg(&row->before, "pc"), row->insn, rv_length(row->insn));
	row->after = row->before;
	*reg(&row->after, "pc") += rv_length(row->insn);
	for (rest = columns[3]; (item = next_item(&rest));)
		expect_item(row, item);
	return true;
}

static bool is_compared(const struct reg *r)
{
	return AXVCPU_REG_ID_GROUP(r->id) != AXVCPU_REG_FP && !(r->flags & (AXVCPU_REG_VOLATILE | AXVCPU_REG_ALIAS)) &&
	       r->id != AXVCPU_RISCV64_CSR(1) && r->id != AXVCPU_RISCV64_CSR(2);
}

static void load_state(const struct row *row, void *self)
{
	memcpy(ram, row->before.ram, RAM_SIZE);
	for (int i = 0; i < REGS; i++)
		if (is_compared(&regs[i]) && !(regs[i].flags & AXVCPU_REG_READ_ONLY) &&
		    axarch_vcpu_ops.set_reg(self, regs[i].id, &row->before.regs[i], 8))
			fail(row, "before: %s: %s", regs[i].name, fake_host_error());
}

static void compare_state(const struct row *row, void *self)
{
	for (int i = 0; i < REGS; i++) {
		uint64_t value = 0;

		if (!is_compared(&regs[i]))
			continue;
		if (axarch_vcpu_ops.get_reg(self, regs[i].id, &value, 8))
			fail(row, "%s: %s", regs[i].name, fake_host_error());
		else if (value != row->after.regs[i])
			fail(row, "%s is 0x%" PRIx64 ", not 0x%" PRIx64, regs[i].name, value, row->after.regs[i]);
	}
	for (unsigned i = 0; i < RAM_SIZE; i++)
		if (ram[i] != row->after.ram[i])
			fail(row, "the byte at 0x%" PRIx64 " is 0x%02x, not 0x%02x", RAM + i, ram[i],
			     row->after.ram[i]);
}

/* The fields of an exit that rows name, in this order. */
struct got_exit {
	const char *name;
	uint64_t fields[MAX_EXIT_FIELDS];
};

static struct got_exit describe_exit(const struct axvcpu_exit *e)
{
	switch (e->reason) {
	case AXVCPU_EXIT_DEBUG:
		return (struct got_exit){ "Debug", { e->debug.kind } };
	case AXVCPU_EXIT_MMIO_READ:
		return (struct got_exit){ "MmioRead",
					  { e->mmio_read.addr, e->mmio_read.width, e->mmio_read.reg,
					    e->mmio_read.signed_ext, e->mmio_read.reg_width } };
	case AXVCPU_EXIT_MMIO_WRITE:
		return (struct got_exit){ "MmioWrite",
					  { e->mmio_write.addr, e->mmio_write.width, e->mmio_write.data } };
	case AXVCPU_EXIT_NESTED_PAGE_FAULT:
		return (struct got_exit){ "NestedPageFault",
					  { e->nested_page_fault.addr, e->nested_page_fault.access_flags } };
	case AXVCPU_EXIT_HYPERCALL:
		return (struct got_exit){ "Hypercall",
					  { e->hypercall.nr, e->hypercall.args[0], e->hypercall.args[1],
					    e->hypercall.args[2], e->hypercall.args[3], e->hypercall.args[4],
					    e->hypercall.args[5] } };
	case AXVCPU_EXIT_SEND_IPI:
		return (struct got_exit){ "SendIPI",
					  { e->send_ipi.target_cpu, e->send_ipi.target_cpu_aux, e->send_ipi.send_to_all,
					    e->send_ipi.send_to_self, e->send_ipi.vector } };
	case AXVCPU_EXIT_CPU_UP:
		return (struct got_exit){ "CpuUp", { e->cpu_up.target_cpu, e->cpu_up.entry_point, e->cpu_up.arg } };
	case AXVCPU_EXIT_CPU_DOWN:
		return (struct got_exit){ "CpuDown", { e->cpu_down.state } };
	case AXVCPU_EXIT_SYSTEM_DOWN:
		return (struct got_exit){ "SystemDown", { e->system_down.kind, e->system_down.reason } };
	case AXVCPU_EXIT_HALT:
		return (struct got_exit){ "Halt", { 0 } };
	}
	return (struct got_exit){ "another", { e->reason } };
}

static void compare_exit(const struct row *row, const struct axvcpu_exit *exit)
{
	struct got_exit got = describe_exit(exit);

	if (strcmp(got.name, *row->exit.name ? row->exit.name : "Debug"))
		fail(row, "the exit is %s", got.name);
	for (unsigned i = 0; i < row->exit.count; i++)
		if (got.fields[i] != row->exit.fields[i])
			fail(row, "field %u of %s is 0x%" PRIx64 ", not 0x%" PRIx64, i, got.name, got.fields[i],
			     row->exit.fields[i]);
}

static void execute_row(const struct row *row, void *self)
{
	const struct axarch_vcpu_ops *ops = &axarch_vcpu_ops;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	load_state(row, self);
	ops->set_single_step(self, 1);
	if (ops->run(self, &exit)) {
		fail(row, "run: %s", fake_host_error());
		return;
	}
	compare_exit(row, &exit);
	if (row->exit.complete && ops->complete_read(self, &exit, row->exit.completion))
		fail(row, "complete_read: %s", fake_host_error());
	compare_state(row, self);
}

static void check_text(const struct row *row)
{
	struct sim_op op;
	unsigned count;
	const struct rv_row *found = rv_decode(row->insn, &op), *rows = rv_rows(&count);
	char text[64];

	if (found)
		seen[found - rows] = true;
	rv_disassemble(row->insn, text, sizeof(text));
	if (strcmp(text, row->text))
		fail(row, "0x%x is disassembled as \"%s\"", row->insn, text);
}

static void run_row(const struct row *row)
{
	const struct axarch_vcpu_ops *ops = &axarch_vcpu_ops;
	struct create config = { .code_cache = 1 };
	uint32_t setup = 0;
	void *self;

	row_count++;
	check_text(row);
	if (ops->create(fake_host(), 0, 0, &config, &self)) {
		fail(row, "create: %s", fake_host_error());
		return;
	}
	if (ops->set_entry(self, CODE) || ops->set_ept_root(self, FAKE_ROOT) || ops->setup(self, &setup) ||
	    ops->bind(self))
		fail(row, "setup: %s", fake_host_error());
	else
		execute_row(row, self);
	ops->destroy(self);
}

static void run_file(const char *path)
{
	static struct row row;
	FILE *file = fopen(path, "r");
	char line[512];

	if (!file) {
		perror(path);
		exit(2);
	}
	row.file = path;
	for (row.line = 1; fgets(line, sizeof(line), file); row.line++) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!parse_row(&row, line))
			malformed(&row, line);
		run_row(&row);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	unsigned count;
	const struct rv_row *rows = rv_rows(&count);

	seen = calloc(count, sizeof(*seen));
	ram = fake_host_add(RAM, RAM_SIZE, 0);
	memcpy(fake_host_add(0x90000000, 4096, AXARCH_SLOT_ROM), "ROM here", 8);
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	for (unsigned i = 0; i < count; i++) {
		if (!seen[i]) {
			fprintf(stderr, "no row tests %s\n", rows[i].name);
			failures++;
		}
	}
	printf("%u rows, %u instructions, %u failures\n", row_count, count, failures);
	fake_host_clear();
	free(seen);
	return failures != 0;
}
