/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all register lists share: how a register is numbered, and its flags.
 */
#ifndef AXVCPU_REGS_REG_H
#define AXVCPU_REGS_REG_H

#include <axvcpu/types.h>

/* GROUP(NAME, value, "spelling") */
#define AXVCPU_REG_GROUPS(GROUP) \
	GROUP(GENERAL, 1, "general") \
	GROUP(SYSTEM, 2, "system") \
	GROUP(FP, 3, "fp") \
	GROUP(EVENT, 4, "event")

#define AXVCPU_REG_GROUP_CONSTANT(name, value, text) AXVCPU_REG_##name = value,
enum { AXVCPU_REG_GROUPS(AXVCPU_REG_GROUP_CONSTANT) };
#undef AXVCPU_REG_GROUP_CONSTANT

enum {
	AXVCPU_REG_READ_ONLY = 1, /* a write is refused */
	AXVCPU_REG_VOLATILE = 2,  /* changes by itself: not compared between engines */
	AXVCPU_REG_ALIAS = 4,     /* a view of other registers: not part of a snapshot */
	AXVCPU_REG_LOCAL = 8,     /* of this host or of the vCPU's make-up: not part of a snapshot; a switch carries it */
	AXVCPU_REG_MODEL = 16,    /* what kind of processor it is: engines agree on it before the guest first runs (axvcpu_agree) */
	AXVCPU_REG_BITS = 32      /* with MODEL: bits of what it has; to agree is to keep those that all have */
};

/* A register's number, the same for ever: architecture, group, index within the group. */
#define AXVCPU_REG_ID(arch, group, index) (((uint64_t)(arch) << 56) | ((uint64_t)(group) << 48) | (uint64_t)(index))
#define AXVCPU_REG_ID_ARCH(id) ((uint32_t)((id) >> 56))
#define AXVCPU_REG_ID_GROUP(id) ((uint32_t)((id) >> 48) & 0xff)
#define AXVCPU_REG_ID_INDEX(id) ((id) & UINT64_C(0xffffffffffff))

#endif
