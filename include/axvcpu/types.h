/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants that the VMM's side and the plugin's side share. Fixed-width integers only: these cross the ABI.
 */
#ifndef AXVCPU_TYPES_H
#define AXVCPU_TYPES_H

#include <stdint.h>

/* ARCH(NAME, value, "spelling") */
#define AXVCPU_ARCHS(ARCH) \
	ARCH(X86_64, 1, "x86_64") \
	ARCH(AARCH64, 2, "aarch64") \
	ARCH(RISCV64, 3, "riscv64")

#define AXVCPU_ARCH_CONSTANT(name, value, text) AXVCPU_ARCH_##name = value,
enum { AXVCPU_ARCHS(AXVCPU_ARCH_CONSTANT) };
#undef AXVCPU_ARCH_CONSTANT

/* States of a vCPU; the values are axvcpu's. STATE(NAME, value, "spelling") */
#define AXVCPU_STATES(STATE) \
	STATE(INVALID, 0, "Invalid") \
	STATE(CREATED, 1, "Created") \
	STATE(FREE, 2, "Free") \
	STATE(READY, 3, "Ready") \
	STATE(RUNNING, 4, "Running") \
	STATE(BLOCKED, 5, "Blocked")

#define AXVCPU_STATE_CONSTANT(name, value, text) AXVCPU_STATE_##name = value,
enum { AXVCPU_STATES(AXVCPU_STATE_CONSTANT) };
#undef AXVCPU_STATE_CONSTANT

/* Access flags: of a nested page fault, of a slot's rights and of an address translation. ACCESS(NAME, value, "letter") */
#define AXVCPU_ACCESSES(ACCESS) \
	ACCESS(READ, 1, "R") \
	ACCESS(WRITE, 2, "W") \
	ACCESS(EXECUTE, 4, "X") \
	ACCESS(USER, 8, "U") \
	ACCESS(DEVICE, 16, "D") \
	ACCESS(UNCACHED, 32, "N")

#define AXVCPU_ACCESS_CONSTANT(name, value, text) AXVCPU_ACCESS_##name = value,
enum { AXVCPU_ACCESSES(AXVCPU_ACCESS_CONSTANT) };
#undef AXVCPU_ACCESS_CONSTANT

#endif
