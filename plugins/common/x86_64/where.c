/* SPDX-License-Identifier: Apache-2.0 */
/* See where.h. */
#include "where.h"

#include <stdio.h>

static void hex(const uint8_t *bytes, size_t size, char *ret_text)
{
	*ret_text = '\0';
	for (size_t i = 0; i < size; i++)
		ret_text += sprintf(ret_text, "%s%02x", i ? " " : "", bytes[i]);
}

int where_text(ZydisMachineMode mode, uint64_t pc, const uint8_t *bytes, size_t size, char *ret_text, size_t capacity)
{
	ZydisDisassembledInstruction instruction;
	char digits[3 * WHERE_BYTES_MAX + 1];

	if (!size)
		return snprintf(ret_text, capacity, "pc 0x%llx, which has no memory", (unsigned long long)pc);
	size = size < WHERE_BYTES_MAX ? size : WHERE_BYTES_MAX;
	if (!ZYAN_SUCCESS(ZydisDisassembleIntel(mode, pc, bytes, size, &instruction))) {
		hex(bytes, size, digits);
		return snprintf(ret_text, capacity, "pc 0x%llx: %s: not an instruction", (unsigned long long)pc,
				digits);
	}
	hex(bytes, instruction.info.length, digits);
	return snprintf(ret_text, capacity, "pc 0x%llx: %s: %s", (unsigned long long)pc, digits, instruction.text);
}
