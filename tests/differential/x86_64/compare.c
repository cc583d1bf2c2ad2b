/* SPDX-License-Identifier: Apache-2.0 */
/* See compare.h. */
#include "compare.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "segments.h"
#include "undefined.h"

/* Two approximations, each within 1.5 * 2^-12 of the true value. */
#define APPROXIMATION_MAX 0.000733f

#define LINUX_ADDRESSES UINT64_C(0x7ffffffff000)

#define FLAGS_COMPARED \
	(FLAGS_STATUS | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_RF | FLAG_AC | UINT64_C(0x7000) | UINT64_C(0x200000))

static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
				       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

/* Where differences go: counted, and printed if there is a file. */
struct findings {
	FILE *to;
	uint32_t parts;
};

static void find_value(struct findings *findings, uint32_t part, const char *name, uint64_t native, uint64_t backend)
{
	if (native == backend)
		return;
	findings->parts |= part;
	if (findings->to)
		fprintf(findings->to, "    %-8s native %016" PRIx64 "  backend %016" PRIx64 "\n", name, native,
			backend);
}

/* Little-endian, the highest byte first. */
static void print_bytes(FILE *to, const uint8_t *bytes, unsigned size)
{
	for (unsigned i = size; i-- > 0;)
		fprintf(to, "%02x%s", bytes[i], i && i % 8 == 0 ? "_" : "");
}

static void find_bytes(struct findings *findings, uint32_t part, const char *name, unsigned number,
		       const uint8_t *native, const uint8_t *backend, unsigned size)
{
	if (!memcmp(native, backend, size))
		return;
	findings->parts |= part;
	if (!findings->to)
		return;
	fprintf(findings->to, "    %s%-*u native ", name, (int)(8 - strlen(name)), number);
	print_bytes(findings->to, native, size);
	fprintf(findings->to, "\n    %8s backend ", "");
	print_bytes(findings->to, backend, size);
	fputc('\n', findings->to);
}

static bool are_near(const uint8_t *native, const uint8_t *backend, unsigned size)
{
	for (unsigned at = 0; at < size; at += 4) {
		float one;
		float other;

		if (!memcmp(native + at, backend + at, 4))
			continue;
		memcpy(&one, native + at, 4);
		memcpy(&other, backend + at, 4);
		if (!(fabsf(one - other) <= APPROXIMATION_MAX * fabsf(one)))
			return false;
	}
	return true;
}

static void find_vectors(struct findings *findings, const struct allowance *allowance, const struct state *native,
			 const struct state *backend)
{
	for (unsigned i = 0; i < 16; i++)
		if (!(allowance->vectors >> i & 1) &&
		    (!allowance->is_approximate || !are_near(native->ymm[i], backend->ymm[i], 32)))
			find_bytes(findings, DIFFERS_VECTOR, "ymm", i, native->ymm[i], backend->ymm[i], 32);
}

static void find_x87(struct findings *findings, const struct allowance *allowance, const struct state *native,
		     const struct state *backend)
{
	find_value(findings, DIFFERS_X87, "fcw", native->fcw, backend->fcw);
	find_value(findings, DIFFERS_X87, "fsw", native->fsw & ~(uint64_t)allowance->fsw,
		   backend->fsw & ~(uint64_t)allowance->fsw);
	find_value(findings, DIFFERS_X87, "ftw", native->ftw, backend->ftw);
	for (unsigned i = 0; i < 8; i++)
		find_bytes(findings, DIFFERS_X87, "st", i, native->st[i], backend->st[i], 10);
}

/* A return to ring 3, such as that to Linux' handler of the signal, makes 0 of all null selectors. */
static uint64_t plain_selector(uint16_t selector)
{
	return selector < 4 ? 0 : selector;
}

static void find_segments(struct findings *findings, const struct state *native, const struct state *backend)
{
	static const char *const segments[SEGMENTS] = { "es", "cs", "ss", "ds", "fs", "gs" };

	for (unsigned i = 0; i < SEGMENTS; i++)
		find_value(findings, DIFFERS_SEGMENTS, segments[i], plain_selector(native->segments[i]),
			   plain_selector(backend->segments[i]));
	find_value(findings, DIFFERS_SEGMENTS, "fs.base", native->fs_base, backend->fs_base);
	find_value(findings, DIFFERS_SEGMENTS, "gs.base", native->gs_base, backend->gs_base);
}

/* In compatibility mode a register's upper half is undefined (SDM vol. 1, 3.4.1.1). */
static void find_general(struct findings *findings, const struct allowance *allowance, const struct state *native,
			 const struct state *backend)
{
	uint64_t mask = allowance->is_narrow ? UINT32_MAX : UINT64_MAX;

	for (unsigned i = 0; i < 16; i++)
		if (!(allowance->general >> i & 1))
			find_value(findings, DIFFERS_GENERAL, names[i], native->gpr[i] & mask, backend->gpr[i] & mask);
	find_value(findings, DIFFERS_FLAGS, "rflags", native->rflags & FLAGS_COMPARED & ~allowance->flags,
		   backend->rflags & FLAGS_COMPARED & ~allowance->flags);
}

static bool is_allowed(const struct allowance *allowance, uint64_t address)
{
	for (unsigned i = 0; i < allowance->range_count; i++)
		if (address - allowance->ranges[i].address < allowance->ranges[i].size)
			return true;
	return false;
}

static void find_memory(struct findings *findings, const struct allowance *allowance, const uint8_t *native,
			const uint8_t *backend)
{
	unsigned printed = 0;

	for (uint64_t at = 0; at < CASE_DATA_SIZE; at++) {
		if (native[at] == backend[at] || is_allowed(allowance, CASE_DATA + at))
			continue;
		findings->parts |= DIFFERS_MEMORY;
		if (findings->to && printed++ < 16)
			fprintf(findings->to, "    [%08" PRIx64 "] native %02x  backend %02x\n", CASE_DATA + at,
				native[at], backend[at]);
	}
}

/* Beyond a process' addresses Linux says of every page that it is there, so as not to tell. */
static uint32_t error_mask(const struct outcome *native)
{
	return native->vector == VECTOR_PF && native->cr2 >= LINUX_ADDRESSES ? ~UINT32_C(1) : UINT32_MAX;
}

static bool is_memory_fault(const struct outcome *outcome)
{
	return outcome->vector == VECTOR_PF || outcome->vector == VECTOR_GP || outcome->vector == VECTOR_SS ||
	       outcome->vector == VECTOR_AC;
}

static void find_fault(struct findings *findings, const struct allowance *allowance, const struct outcome *native,
		       const struct outcome *backend)
{
	uint32_t mask = error_mask(native);

	find_value(findings, DIFFERS_FAULT, "rip", native->state.rip, backend->state.rip);
	if (allowance->any_fault && is_memory_fault(native) && is_memory_fault(backend))
		return;
	find_value(findings, DIFFERS_FAULT, "vector", native->vector, backend->vector);
	find_value(findings, DIFFERS_FAULT, "error", native->error_code & mask, backend->error_code & mask);
	if (native->vector == VECTOR_PF && backend->vector == VECTOR_PF)
		find_value(findings, DIFFERS_FAULT, "cr2", native->cr2, backend->cr2);
}

static uint32_t find(FILE *to, const struct allowance *allowance, const struct outcome *native,
		     const struct outcome *backend)
{
	struct findings findings = { .to = to };

	if (allowance->is_void)
		return 0;
	find_fault(&findings, allowance, native, backend);
	find_general(&findings, allowance, &native->state, &backend->state);
	find_segments(&findings, &native->state, &backend->state);
	find_x87(&findings, allowance, &native->state, &backend->state);
	find_value(&findings, DIFFERS_MXCSR, "mxcsr", native->state.mxcsr, backend->state.mxcsr);
	if (memcmp(native->state.ymm, backend->state.ymm, sizeof(native->state.ymm)))
		find_vectors(&findings, allowance, &native->state, &backend->state);
	if (memcmp(native->memory, backend->memory, CASE_DATA_SIZE))
		find_memory(&findings, allowance, native->memory, backend->memory);
	return findings.parts;
}

uint32_t compare(const struct test_case *test, const struct outcome *native, const struct outcome *backend)
{
	static const struct allowance nothing;
	struct allowance allowance;

	if (!find(NULL, &nothing, native, backend))
		return 0;
	undefined_find(test, native, &allowance);
	return find(NULL, &allowance, native, backend);
}

void compare_print(FILE *to, const struct test_case *test, const struct outcome *native, const struct outcome *backend)
{
	struct allowance allowance;

	undefined_find(test, native, &allowance);
	find(to, &allowance, native, backend);
}

const char *compare_parts(uint32_t parts, char *ret_text, unsigned capacity)
{
	static const char *const words[] = { "fault",  "registers", "flags",  "x87",
					     "vector", "mxcsr",     "memory", "segments" };
	unsigned length = 0;

	ret_text[0] = 0;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (parts >> i & 1 && length + strlen(words[i]) + 3 < capacity)
			length += (unsigned)snprintf(ret_text + length, capacity - length, "%s%s", length ? ", " : "",
						     words[i]);
	return ret_text;
}
