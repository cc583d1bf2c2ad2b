/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a .test file: what is executed, from which state, and which state must follow. FORMAT.md has the grammar.
 *
 * Knows the register names and the exit fields of the public headers; nothing of vCPUs and of engines.
 */
#ifndef TESTS_CONFORMANCE_RISCV64_ROW_H
#define TESTS_CONFORMANCE_RISCV64_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The machine that rows run on. SYMBOL(NAME, value, "what") */
#define ROW_SYMBOLS(SYMBOL) \
	SYMBOL(RAM, 0x80000000, "first byte of the RAM slot") \
	SYMBOL(CODE, 0x80001000, "where the row's instructions are") \
	SYMBOL(STVEC, 0x80004000, "stvec of every row that sets no other") \
	SYMBOL(DATA, 0x80008000, "first of several data pages") \
	SYMBOL(TABLES, 0x80020000, "the root page table; the others follow") \
	SYMBOL(TOP, 0x80040000, "first byte behind RAM") \
	SYMBOL(ROM, 0x70000000, "a page that the guest cannot write") \
	SYMBOL(HOLE, 0x10000000, "no memory: MMIO") \
	SYMBOL(SV39, 0x8000000000080020, "satp: Sv39 with the tables at TABLES") \
	SYMBOL(SV48, 0x9000000000080020, "satp: Sv48 with the tables at TABLES") \
	SYMBOL(SV57, 0xa000000000080020, "satp: Sv57, which engines may lack") \
	SYMBOL(ASID, 0x100000000000, "satp: ASID 1") \
	SYMBOL(SIE, 0x2, "sstatus bit") \
	SYMBOL(SPIE, 0x20, "sstatus bit") \
	SYMBOL(SPP, 0x100, "sstatus bit") \
	SYMBOL(UXL, 0x200000000, "sstatus field: 64-bit") \
	SYMBOL(SUM, 0x40000, "sstatus bit") \
	SYMBOL(MXR, 0x80000, "sstatus bit") \
	SYMBOL(SSI, 0x2, "sip and sie bit of interrupt 1") \
	SYMBOL(STI, 0x20, "sip and sie bit of interrupt 5") \
	SYMBOL(SEI, 0x200, "sip and sie bit of interrupt 9")

#define ROW_SYMBOL_CONSTANT(name, value, text) static const uint64_t ROW_##name = UINT64_C(value);
ROW_SYMBOLS(ROW_SYMBOL_CONSTANT)
#undef ROW_SYMBOL_CONSTANT

enum { ROW_RAM_SIZE = 0x40000, ROW_ROM_SIZE = 0x1000 };

/* Words that are no register. WORD(NAME, "spelling", "what") */
#define ROW_WORDS(WORD) \
	WORD(AT, "at", "before: address of the first instruction, CODE when it is not said") \
	WORD(STEPS, "steps", "before: how many instructions are executed, as many as there are when it is not said") \
	WORD(TIME, "time", "before: what the VMM's clock says, in ticks of the timebase") \
	WORD(INJECT, "inject", "before: axvcpu_inject_interrupt") \
	WORD(LINE, "line", "before: axvcpu_set_interrupt_line to 1") \
	WORD(EXIT, "exit", "after: the exit's name; exit.FIELD are its fields") \
	WORD(ANSWER, "answer", "after: what axvcpu_complete_read gets") \
	WORD(TRAP, "trap", "after: exception taken to S-mode at stvec; the causes's number") \
	WORD(INTERRUPT, "interrupt", "after: interrupt taken to S-mode; its number") \
	WORD(EPC, "epc", "after: sepc of the trap, the first instruction's address when it is not said") \
	WORD(TVAL, "tval", "after: stval of the trap, 0 when it is not said") \
	WORD(PTE, "pte", "after: flags of the row's first mapping")

#define ROW_WORD_CONSTANT(name, text, doc) ROW_WORD_##name,
enum { ROW_WORDS(ROW_WORD_CONSTANT) ROW_WORD_COUNT };
#undef ROW_WORD_CONSTANT

enum setting_kind {
	SETTING_REG,    /* key: register id */
	SETTING_MEMORY, /* key: guest-physical address; detail: bytes */
	SETTING_MAP,    /* key: virtual address; value: physical address; detail: level; flags: of the leaf */
	SETTING_WORD,   /* key: ROW_WORD_* */
	SETTING_FIELD   /* of an exit; key: offset into struct axvcpu_exit; detail: bytes; flags: the exit's reason */
};

struct setting {
	enum setting_kind kind;
	unsigned detail;
	uint64_t key;
	uint64_t value;
	uint64_t flags;
};

enum { ROW_SETTINGS = 24, ROW_CODE_MAX = 128, ROW_NAME = 64, ROW_ALTERNATIVES = 2 };

struct settings {
	unsigned count;
	struct setting list[ROW_SETTINGS];
};

struct row {
	char name[ROW_NAME];
	unsigned line;
	uint8_t code[ROW_CODE_MAX];
	unsigned code_size;
	unsigned instructions;
	struct settings before;
	struct settings after[ROW_ALTERNATIVES]; /* any of them may come true */
	unsigned alternatives;
};

struct rows {
	struct row *list;
	unsigned count;
	char error[256]; /* of a failed parse: "FILE:LINE: what is wrong" */
};

/* Reads a file's rows. False: nothing is left behind but rows->error. */
bool rows_read(const char *path, struct rows *rows);
/* The same for a text that is called `name`. */
bool rows_parse(const char *name, const char *text, struct rows *rows);
void rows_free(struct rows *rows);

/* The value of a word, or `otherwise` where the settings do not have it. */
uint64_t settings_word(const struct settings *settings, unsigned word, uint64_t otherwise);
bool settings_has(const struct settings *settings, unsigned word);
const struct setting *settings_find(const struct settings *settings, enum setting_kind kind, uint64_t key);

/* Page-table flags as letters, V first; false when a letter is unknown. */
bool row_pte_flags(const char *letters, size_t length, uint64_t *ret_flags);

#endif
