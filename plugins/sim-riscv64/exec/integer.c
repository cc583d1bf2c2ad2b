/* SPDX-License-Identifier: Apache-2.0 */
/* RV32I and RV64I: "Integer Computational Instructions" and "Memory Ordering Instructions". */
#include "exec.h"

/* One line per instruction, as the tables of the manual have it. */
/* clang-format off */

EXEC(lui) { X(rd) = imm; }
EXEC(auipc) { X(rd) = sim_op_pc(cpu, op) + imm; }

EXEC(addi) { X(rd) = X(rs1) + imm; }
EXEC(slti) { X(rd) = (int64_t)X(rs1) < (int64_t)imm; }
EXEC(sltiu) { X(rd) = X(rs1) < imm; }
EXEC(xori) { X(rd) = X(rs1) ^ imm; }
EXEC(ori) { X(rd) = X(rs1) | imm; }
EXEC(andi) { X(rd) = X(rs1) & imm; }
EXEC(slli) { X(rd) = X(rs1) << imm; }
EXEC(srli) { X(rd) = X(rs1) >> imm; }
EXEC(srai) { X(rd) = (uint64_t)((int64_t)X(rs1) >> imm); }

EXEC(add) { X(rd) = X(rs1) + X(rs2); }
EXEC(sub) { X(rd) = X(rs1) - X(rs2); }
EXEC(sll) { X(rd) = X(rs1) << (X(rs2) & 63); }
EXEC(slt) { X(rd) = (int64_t)X(rs1) < (int64_t)X(rs2); }
EXEC(sltu) { X(rd) = X(rs1) < X(rs2); }
EXEC(xor) { X(rd) = X(rs1) ^ X(rs2); }
EXEC(srl) { X(rd) = X(rs1) >> (X(rs2) & 63); }
EXEC(sra) { X(rd) = (uint64_t)((int64_t)X(rs1) >> (X(rs2) & 63)); }
EXEC(or) { X(rd) = X(rs1) | X(rs2); }
EXEC(and) { X(rd) = X(rs1) & X(rs2); }

EXEC(addiw) { X(rd) = sext32(X(rs1) + imm); }
EXEC(slliw) { X(rd) = sext32(X(rs1) << imm); }
EXEC(srliw) { X(rd) = sext32((uint32_t)X(rs1) >> imm); }
EXEC(sraiw) { X(rd) = sext32((uint64_t)((int32_t)X(rs1) >> imm)); }
EXEC(addw) { X(rd) = sext32(X(rs1) + X(rs2)); }
EXEC(subw) { X(rd) = sext32(X(rs1) - X(rs2)); }
EXEC(sllw) { X(rd) = sext32(X(rs1) << (X(rs2) & 31)); }
EXEC(srlw) { X(rd) = sext32((uint32_t)X(rs1) >> (X(rs2) & 31)); }
EXEC(sraw) { X(rd) = sext32((uint64_t)((int32_t)X(rs1) >> (X(rs2) & 31))); }

/* Every fence is the strongest one. */
EXEC(fence) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
