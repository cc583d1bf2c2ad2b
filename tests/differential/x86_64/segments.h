/* SPDX-License-Identifier: Apache-2.0 */
/* The segments that a case can have: Linux' own, and two of the process' (modify_ldt) with a base and a limit. */
#ifndef DIFFERENTIAL_SEGMENTS_H
#define DIFFERENTIAL_SEGMENTS_H

#include <stdint.h>

/* In the order of opcodes, and of the numbers of <axvcpu/regs/x86_64.h>. */
enum segment_number { SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS, SEGMENTS };

enum {
	SELECTOR_KERNEL_CODE = 0x10,
	SELECTOR_USER_CODE32 = 0x23,
	SELECTOR_USER_DATA = 0x2b,
	SELECTOR_USER_CODE = 0x33,
	SELECTOR_TASK = 0x40,
	SELECTOR_LDT = 0x50,
	SELECTOR_SMALL = 0x0f, /* DATA and READ_ONLY, by offsets from 0 */
	SELECTOR_DOWN = 0x17   /* expands down: from DATA's second page up */
};

struct segment {
	uint16_t selector;
	uint64_t base;
	uint64_t limit;      /* in bytes, less 1 */
	uint64_t attributes; /* as in <axvcpu/regs/x86_64.h> */
};

enum { SELECTOR_IN_LDT = 4, SEGMENTS_LDT_SIZE = 24 };

/* By index, whatever the privilege; a null segment for a selector that is not there. */
const struct segment *segments_find(uint16_t selector);
/* All of them. */
const struct segment *segments_all(unsigned *ret_count);

#endif
