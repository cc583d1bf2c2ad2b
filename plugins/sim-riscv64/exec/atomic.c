/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RV32A and RV64A: "Standard Extension for Atomic Instructions". They are the host's atomics on the shared memory,
 * always sequentially consistent, whatever aq and rl say.
 *
 * lr remembers the value that it saw, and sc is a compare-and-swap of it. It therefore also succeeds when the memory
 * was changed and changed back meanwhile, which a program that only looks at values cannot tell.
 */
#include "exec.h"

/* Memory for an AMO, NULL: a trap or an exit is under way. */
static inline void *amo_memory(struct sim_cpu *cpu, const struct sim_op *op, unsigned size)
{
	void *host = sim_tlb_hit(cpu->tlb.writes, cpu->data_context, X(rs1), size);

	return sim_likely(host != NULL) ? host : rv_atomic_slow(cpu, op, X(rs1), size, RV_WRITE, NULL);
}

/* AMO(name, type, result as rd gets it): `memory` and `operand` are in scope. */
#define AMO(name, type, signed_type, result) \
	EXEC_ENDS(name) \
	{ \
		type *memory = amo_memory(cpu, op, sizeof(type)); \
		type operand = (type)X(rs2); \
		if (sim_unlikely(!memory)) \
			return NULL; \
		X(rd) = (uint64_t)(int64_t)(signed_type)(result); \
		SIM_NEXT(cpu, op); \
	}

AMO(amoswap_w, uint32_t, int32_t, __atomic_exchange_n(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoadd_w, uint32_t, int32_t, __atomic_fetch_add(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoxor_w, uint32_t, int32_t, __atomic_fetch_xor(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoand_w, uint32_t, int32_t, __atomic_fetch_and(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoor_w, uint32_t, int32_t, __atomic_fetch_or(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoswap_d, uint64_t, int64_t, __atomic_exchange_n(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoadd_d, uint64_t, int64_t, __atomic_fetch_add(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoxor_d, uint64_t, int64_t, __atomic_fetch_xor(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoand_d, uint64_t, int64_t, __atomic_fetch_and(memory, operand, __ATOMIC_SEQ_CST))
AMO(amoor_d, uint64_t, int64_t, __atomic_fetch_or(memory, operand, __ATOMIC_SEQ_CST))

/* What the host has no instruction for: keep `old` or take `operand`, as compared in `type`. Returns the old value. */
#define SELECT(name, type, operator) \
	static type name(type *memory, type operand) \
	{ \
		type old = __atomic_load_n(memory, __ATOMIC_RELAXED); \
		type chosen; \
		do \
			chosen = old operator operand ? old : operand; \
		while (!__atomic_compare_exchange_n(memory, &old, chosen, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)); \
		return old; \
	}

SELECT(min_w, int32_t, <)
SELECT(max_w, int32_t, >)
SELECT(minu_w, uint32_t, <)
SELECT(maxu_w, uint32_t, >)
SELECT(min_d, int64_t, <)
SELECT(max_d, int64_t, >)
SELECT(minu_d, uint64_t, <)
SELECT(maxu_d, uint64_t, >)

AMO(amomin_w, int32_t, int32_t, min_w(memory, operand))
AMO(amomax_w, int32_t, int32_t, max_w(memory, operand))
AMO(amominu_w, uint32_t, int32_t, minu_w(memory, operand))
AMO(amomaxu_w, uint32_t, int32_t, maxu_w(memory, operand))
AMO(amomin_d, int64_t, int64_t, min_d(memory, operand))
AMO(amomax_d, int64_t, int64_t, max_d(memory, operand))
AMO(amominu_d, uint64_t, int64_t, minu_d(memory, operand))
AMO(amomaxu_d, uint64_t, int64_t, maxu_d(memory, operand))

/* Reserves memory and returns what it holds; false: a trap or an exit is under way. */
static bool reserve(struct sim_cpu *cpu, const struct sim_op *op, unsigned size, uint64_t *ret_value)
{
	struct rv_reservation *reservation = &rv_hart_of(cpu)->reservation;
	uint64_t gpa;
	void *host = rv_atomic_slow(cpu, op, X(rs1), size, RV_READ, &gpa);

	if (!host)
		return false;
	*ret_value = size == 4 ? __atomic_load_n((const uint32_t *)host, __ATOMIC_SEQ_CST)
			       : __atomic_load_n((const uint64_t *)host, __ATOMIC_SEQ_CST);
	*reservation = (struct rv_reservation){ gpa, host, *ret_value, size };
	return true;
}

EXEC_ENDS(lr_w)
{
	uint64_t value;

	if (!reserve(cpu, op, 4, &value))
		return NULL;
	X(rd) = sext32(value);
	return op + 1; /* by way of the loop, as `value` has an address */
}

EXEC_ENDS(lr_d)
{
	uint64_t value;

	if (!reserve(cpu, op, 8, &value))
		return NULL;
	X(rd) = value;
	return op + 1;
}

/* Takes the reservation, if it is for these bytes; what it saw goes to ret_value. */
static inline bool take_reservation(struct sim_cpu *cpu, const void *host, unsigned size, uint64_t *ret_value)
{
	struct rv_reservation *reservation = &rv_hart_of(cpu)->reservation;
	bool held = reservation->gpa != RV_NO_RESERVATION && reservation->host == host &&
		    (!reservation->size || reservation->size == size);

	*ret_value = reservation->value;
	reservation->gpa = RV_NO_RESERVATION;
	return held;
}

EXEC_ENDS(sc_w)
{
	uint32_t *memory = amo_memory(cpu, op, 4);
	uint64_t value;
	uint32_t seen;

	if (sim_unlikely(!memory))
		return NULL;
	if (take_reservation(cpu, memory, 4, &value)) {
		seen = (uint32_t)value;
		X(rd) = !__atomic_compare_exchange_n(memory, &seen, (uint32_t)X(rs2), false, __ATOMIC_SEQ_CST,
						     __ATOMIC_RELAXED);
	} else {
		X(rd) = 1;
	}
	return op + 1;
}

EXEC_ENDS(sc_d)
{
	uint64_t *memory = amo_memory(cpu, op, 8);
	uint64_t seen;

	if (sim_unlikely(!memory))
		return NULL;
	if (take_reservation(cpu, memory, 8, &seen))
		X(rd) = !__atomic_compare_exchange_n(memory, &seen, X(rs2), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	else
		X(rd) = 1;
	return op + 1;
}
