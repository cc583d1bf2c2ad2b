/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RV32I and RV64I: "Load and Store Instructions". A hit in the TLB is done here, everything else in mmu.c.
 * Guest memory is shared with other harts and the VMM: accesses are relaxed atomics of the guest's width.
 */
#include "exec.h"

#define LOAD(name, type, sign) \
	EXEC_ENDS(name) \
	{ \
		uint64_t va = X(rs1) + (uint64_t)(int64_t)op->imm; \
		const type *host = sim_tlb_hit(cpu->tlb.reads, cpu->data_context, va, sizeof(type)); \
		if (sim_unlikely(!host)) \
			return rv_load_slow(cpu, op, va, sizeof(type) | (sign)); \
		X(rd) = (uint64_t)(int64_t)__atomic_load_n(host, __ATOMIC_RELAXED); \
		SIM_NEXT(cpu, op); \
	}

LOAD(lb, int8_t, RV_SIGNED)
LOAD(lh, int16_t, RV_SIGNED)
LOAD(lw, int32_t, RV_SIGNED)
LOAD(lbu, uint8_t, 0)
LOAD(lhu, uint16_t, 0)
LOAD(lwu, uint32_t, 0)
LOAD(ld, int64_t, RV_SIGNED)

#define STORE(name, type) \
	EXEC_ENDS(name) \
	{ \
		uint64_t va = X(rs1) + (uint64_t)(int64_t)op->imm; \
		type *host = sim_tlb_hit(cpu->tlb.writes, cpu->data_context, va, sizeof(type)); \
		if (sim_unlikely(!host)) \
			return rv_store_slow(cpu, op, va, sizeof(type)); \
		__atomic_store_n(host, (type)X(rs2), __ATOMIC_RELAXED); \
		SIM_NEXT(cpu, op); \
	}

STORE(sb, uint8_t)
STORE(sh, uint16_t)
STORE(sw, uint32_t)
STORE(sd, uint64_t)
