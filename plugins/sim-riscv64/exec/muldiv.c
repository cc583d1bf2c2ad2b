/* SPDX-License-Identifier: Apache-2.0 */
/* RV32M and RV64M: "Standard Extension for Integer Multiplication and Division". Division never traps. */
#include "exec.h"

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

/* One line per instruction, as the tables of the manual have it. */
/* clang-format off */
EXEC(mul) { X(rd) = X(rs1) * X(rs2); }
EXEC(mulh) { X(rd) = (uint64_t)(((i128)(int64_t)X(rs1) * (int64_t)X(rs2)) >> 64); }
EXEC(mulhsu) { X(rd) = (uint64_t)(((i128)(int64_t)X(rs1) * (i128)X(rs2)) >> 64); }
EXEC(mulhu) { X(rd) = (uint64_t)(((u128)X(rs1) * X(rs2)) >> 64); }
EXEC(mulw) { X(rd) = sext32(X(rs1) * X(rs2)); }
/* clang-format on */

/* By zero: all ones, and the dividend as remainder. Overflow: the dividend, and 0. */
static inline int64_t divide(int64_t dividend, int64_t divisor)
{
	if (divisor == 0)
		return -1;
	return divisor == -1 ? (int64_t)(0 - (uint64_t)dividend) : dividend / divisor;
}

static inline int64_t remainder_of(int64_t dividend, int64_t divisor)
{
	if (divisor == 0)
		return dividend;
	return divisor == -1 ? 0 : dividend % divisor;
}

static inline uint64_t divide_unsigned(uint64_t dividend, uint64_t divisor)
{
	return divisor ? dividend / divisor : UINT64_MAX;
}

static inline uint64_t remainder_unsigned(uint64_t dividend, uint64_t divisor)
{
	return divisor ? dividend % divisor : dividend;
}

/* clang-format off */
EXEC(div) { X(rd) = (uint64_t)divide((int64_t)X(rs1), (int64_t)X(rs2)); }
EXEC(divu) { X(rd) = divide_unsigned(X(rs1), X(rs2)); }
EXEC(rem) { X(rd) = (uint64_t)remainder_of((int64_t)X(rs1), (int64_t)X(rs2)); }
EXEC(remu) { X(rd) = remainder_unsigned(X(rs1), X(rs2)); }
EXEC(divw) { X(rd) = sext32((uint64_t)divide((int32_t)X(rs1), (int32_t)X(rs2))); }
EXEC(divuw) { X(rd) = sext32(divide_unsigned((uint32_t)X(rs1), (uint32_t)X(rs2))); }
EXEC(remw) { X(rd) = sext32((uint64_t)remainder_of((int32_t)X(rs1), (int32_t)X(rs2))); }
EXEC(remuw) { X(rd) = sext32(remainder_unsigned((uint32_t)X(rs1), (uint32_t)X(rs2))); }
