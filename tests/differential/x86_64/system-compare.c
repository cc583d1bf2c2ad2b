/* SPDX-License-Identifier: Apache-2.0 */
/* See system-compare.h. */
#include "system-compare.h"

#include <inttypes.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "segments.h"

#define ATTRIBUTES_PRESENT UINT64_C(0x80)

/* What a segment register without a segment holds beside its selector is the processor's own (SDM 3, 3.4.2). */
static bool is_unusable(const struct system_outcome *outcome, unsigned segment)
{
	return !(outcome->registers[S_PART(segment, PART_ATTRIBUTES)] & ATTRIBUTES_PRESENT);
}

static bool is_same_part(const struct system_case *test, const struct system_outcome *reference,
			 const struct system_outcome *other, unsigned index)
{
	unsigned segment = (index - S_SEGMENT) / 4, part = (index - S_SEGMENT) % 4;
	bool has_base = test->is_long && (segment == SEGMENT_FS || segment == SEGMENT_GS);

	if (part == PART_SELECTOR || !is_unusable(reference, segment) || !is_unusable(other, segment))
		return false;
	return part != PART_BASE || !has_base;
}

static void compare_halts(const struct system_case *test, const struct system_outcome *reference,
			  const struct system_outcome *other, struct system_difference *difference)
{
	for (unsigned i = 0; i < SYSTEM_REGISTERS; i++) {
		difference->registers[i] = reference->registers[i] != other->registers[i] &&
					   !(i >= S_SEGMENT && is_same_part(test, reference, other, i));
		difference->any |= difference->registers[i];
	}
	difference->ram = memcmp(reference->ram, other->ram, SYSTEM_RAM);
	difference->any |= difference->ram;
}

void system_compare(const struct system_case *test, const struct system_outcome *reference,
		    const struct system_outcome *other, struct system_difference *ret_difference)
{
	*ret_difference = (struct system_difference){ .any = false };
	ret_difference->reason = reference->reason != other->reason;
	ret_difference->exits =
		reference->exit_count != other->exit_count ||
		memcmp(reference->exits, other->exits, reference->exit_count * sizeof(reference->exits[0]));
	ret_difference->any = ret_difference->reason || ret_difference->exits;
	if (!ret_difference->reason && reference->reason == AXVCPU_EXIT_HALT)
		compare_halts(test, reference, other, ret_difference);
}

/* ---- text ---- */

static void print_instruction(FILE *to, const struct system_case *test)
{
	ZydisMachineMode mode = test->bits == 64   ? ZYDIS_MACHINE_MODE_LONG_64
				: test->bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32
						   : ZYDIS_MACHINE_MODE_REAL_16;
	ZyanU64 address = test->registers[S_RIP];
	ZydisDisassembledInstruction instruction;
	const uint8_t *code = test->ram + test->offset;

	fprintf(to, "    ");
	for (unsigned i = 0; i < test->length; i++)
		fprintf(to, "%02x ", code[i]);
	if (ZYAN_SUCCESS(ZydisDisassembleIntel(mode, address, code, test->length, &instruction)))
		fprintf(to, " %s", instruction.text);
	fputc('\n', to);
}

void system_print_case(FILE *to, const struct system_case *test)
{
	static const uint8_t shown[] = { S_RIP,     S_RFLAGS,  S_CR0,     S_CR4,     S_EFER,    S_IDT_LIMIT, S_GPR,
					 S_GPR + 1, S_GPR + 2, S_GPR + 3, S_GPR + 4, S_GPR + 5, S_DR7 };
	char name[32];

	fprintf(to, "    %s, %u bits, ring %u, %u levels of paging\n",
		test->is_real   ? "real mode"
		: test->is_v86  ? "virtual-8086 mode"
		: test->is_long ? "long mode"
				: "protected mode",
		test->bits, test->cpl, test->levels);
	print_instruction(to, test);
	for (unsigned i = 0; i < sizeof(shown); i++) {
		system_register_name(shown[i], name);
		fprintf(to, "%s%s=%" PRIx64, i % 6 ? " " : i ? "\n    " : "    ", name, test->registers[shown[i]]);
	}
	fputc('\n', to);
}

static void print_end(FILE *to, const char *who, const struct system_outcome *outcome)
{
	int vector = outcome->reason == AXVCPU_EXIT_HALT ? system_vector(outcome) : -1;

	if (vector >= 0)
		fprintf(to, "    %s: vector %d", who, vector);
	else
		fprintf(to, "    %s: %s", who, outcome->text);
	for (uint32_t i = 0; i < outcome->exit_count; i++)
		fprintf(to, ", %s of 0x%" PRIx64 " with 0x%" PRIx64, axvcpu_exit_name((uint32_t)outcome->exits[i][0]),
			outcome->exits[i][1], outcome->exits[i][0] >> 32);
	fputc('\n', to);
}

static void print_ram(FILE *to, const struct system_outcome *reference, const struct system_outcome *other)
{
	unsigned lines = 0;

	for (unsigned at = 0; at < SYSTEM_RAM && lines < 8; at += 8) {
		uint64_t one, two;

		memcpy(&one, reference->ram + at, 8);
		memcpy(&two, other->ram + at, 8);
		if (one == two)
			continue;
		fprintf(to, "    [%05x]           %016" PRIx64 "  %016" PRIx64 "\n", at, one, two);
		lines++;
	}
}

void system_print_difference(FILE *to, const struct system_outcome *reference, const struct system_outcome *other,
			     const struct system_difference *difference)
{
	char name[32];

	print_end(to, "reference", reference);
	print_end(to, "other", other);
	for (unsigned i = 0; i < SYSTEM_REGISTERS; i++) {
		if (!difference->registers[i])
			continue;
		system_register_name(i, name);
		fprintf(to, "    %-17s %016" PRIx64 "  %016" PRIx64 "\n", name, reference->registers[i],
			other->registers[i]);
	}
	if (difference->ram)
		print_ram(to, reference, other);
}
