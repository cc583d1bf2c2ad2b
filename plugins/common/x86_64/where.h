/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest is, in words: pc, the bytes there and what they mean. */
#ifndef PLUGINS_COMMON_X86_64_WHERE_H
#define PLUGINS_COMMON_X86_64_WHERE_H

#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

enum { WHERE_BYTES_MAX = 15 }; /* of an instruction */

/* Writes "pc 0x...: bytes: disassembly"; size 0: there is no memory. Returns the length it wants, as snprintf. */
int where_text(ZydisMachineMode mode, uint64_t pc, const uint8_t *bytes, size_t size, char *ret_text, size_t capacity);

#endif
