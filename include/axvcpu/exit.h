/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a vCPU stopped executing its guest.
 *
 * One row per reason; from the rows come the structs, the constants, the printers and the documentation. An exit holds
 * one struct per reason, side by side (no unions: a newer reason is appended and the older layout stays). Only the struct
 * that `reason` names has meaning after a run. The set is open: treat a reason that you do not know as an error that
 * you can print (axvcpu_exit_format does).
 *
 * What the guest has done at an exit (proved on every backend by the conformance suite):
 *  - a read (MmioRead, IoRead, SysRegRead): the instruction has changed nothing, pc is its address. Finish it with
 *    axvcpu_complete_read(), which writes the register and moves pc past it. Running on without that is BadState.
 *  - a write (MmioWrite, IoWrite, SysRegWrite), Hypercall, SendIPI, CpuUp, Halt: the instruction is done, pc is the next one's.
 *    For Hypercall, CpuUp and SendIPI the return-value register holds success until axvcpu_set_return_value() says other.
 *  - a SysRegRead or SysRegWrite of a register that the VMM does not have either: axvcpu_fail_access() makes it fault, at once.
 *  - FailEntry: the instruction has changed nothing, pc is its address; axvcpu_error_text() says in words why. The vCPU is Ready:
 *    a VMM that moves it past the instruction may run on.
 *  - NestedPageFault: pc is the faulting instruction's; it is tried again at the next run.
 *
 * Units: addresses and widths in bytes; widths are 1, 2, 4 or 8; data is in the low bits, zero above its width.
 */
#ifndef AXVCPU_EXIT_H
#define AXVCPU_EXIT_H

#include <stddef.h>

#include <axvcpu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * EXIT(value, CONSTANT, member, Spelling, fields, "meaning"); fields is a sequence (kind, name)(kind, name)... with the
 * kinds u32, u64 and u64x6 (six uint64_t). A sequence is walked
 * by a pair of macros that name each other (AXVCPU_EXIT_FIELD_A and _B below are the example).
 */
#define AXVCPU_EXITS(EXIT) \
	EXIT(0, NOTHING, nothing, Nothing, (u64, reserved), \
	     "the backend had a reason of its own; run again") \
	EXIT(1, HYPERCALL, hypercall, Hypercall, (u64, nr)(u64x6, args), \
	     "the guest asks the VMM. riscv64: nr is a6 for EID 0x485643, else EID << 32 | FID of an SBI call that the engine " \
	     "leaves to the VMM (console, hart state)") \
	EXIT(2, MMIO_READ, mmio_read, MmioRead, (u64, addr)(u32, width)(u32, reg)(u32, reg_width)(u32, signed_ext), \
	     "load from a guest-physical address without a slot") \
	EXIT(3, MMIO_WRITE, mmio_write, MmioWrite, (u64, addr)(u64, data)(u32, width)(u32, reserved), \
	     "store to a guest-physical address without a slot, or to a ROM slot") \
	EXIT(4, SYSREG_READ, sysreg_read, SysRegRead, (u64, addr)(u32, reg)(u32, reserved), \
	     "read of a system register (MSR, CSR, sysreg encoding) that the VMM emulates; reg receives it") \
	EXIT(5, SYSREG_WRITE, sysreg_write, SysRegWrite, (u64, addr)(u64, value), \
	     "write of a system register that the VMM emulates") \
	EXIT(6, IO_READ, io_read, IoRead, (u32, port)(u32, width), \
	     "IN; completion merges into the accumulator") \
	EXIT(7, IO_WRITE, io_write, IoWrite, (u64, data)(u32, port)(u32, width), \
	     "OUT") \
	EXIT(8, EXTERNAL_INTERRUPT, external_interrupt, ExternalInterrupt, (u64, vector), \
	     "a host interrupt ended the run") \
	EXIT(9, NESTED_PAGE_FAULT, nested_page_fault, NestedPageFault, (u64, addr)(u64, access_flags), \
	     "a guest-physical access that no slot allows and that is no MMIO: an instruction fetch, a page-table walk, an atomic") \
	EXIT(10, HALT, halt, Halt, (u64, reserved), \
	     "the guest waits for an interrupt: axvcpu_wait()") \
	EXIT(11, CPU_UP, cpu_up, CpuUp, (u64, target_cpu)(u64, entry_point)(u64, arg), \
	     "start another vCPU: target is an APIC id, an MPIDR or a hart id") \
	EXIT(12, CPU_DOWN, cpu_down, CpuDown, (u64, state), \
	     "this vCPU stops until another starts it") \
	EXIT(13, SYSTEM_DOWN, system_down, SystemDown, (u64, kind)(u64, reason), \
	     "the guest ends the machine: kind 0 power off, 1 reset; reason as the guest gave it") \
	EXIT(14, FAIL_ENTRY, fail_entry, FailEntry, (u64, hardware_entry_failure_reason), \
	     "the engine could not enter the guest") \
	EXIT(15, SEND_IPI, send_ipi, SendIPI, \
	     (u64, target_cpu)(u64, target_cpu_aux)(u32, send_to_all)(u32, send_to_self)(u64, vector), \
	     "interrupt other vCPUs. riscv64: hart mask base in target_cpu, mask in target_cpu_aux") \
	EXIT(16, DEBUG, debug, Debug, (u64, pc)(u64, kind), \
	     "single step (kind 1), breakpoint (2) or watchpoint (3)") \
	EXIT(17, KICKED, kicked, Kicked, (u64, reserved), \
	     "axvcpu_kick() ended the run, or came before it") \
	EXIT(18, PREEMPTION_TIMER, preemption_timer, PreemptionTimer, (u64, reserved), \
	     "the budget that the VMM set is used up") \
	EXIT(19, INTERRUPT_WINDOW, interrupt_window, InterruptWindow, (u64, reserved), \
	     "x86_64: the line INTR is up and the guest can take an interrupt now. Acknowledge it at the interrupt controller and " \
	     "give the vector to axvcpu_inject_interrupt, or lower the line")

/* Ends the walk of a sequence: pastes _END to whichever of the pair of macros is left at its end. */
#define AXVCPU_WALK_(...) __VA_ARGS__##_END
#define AXVCPU_WALK(...) AXVCPU_WALK_(__VA_ARGS__)

typedef uint32_t axvcpu_kind_u32;
typedef uint64_t axvcpu_kind_u64;
typedef uint64_t axvcpu_kind_u64x6[6];

#define AXVCPU_EXIT_FIELD_A(kind, name) axvcpu_kind_##kind name; AXVCPU_EXIT_FIELD_B
#define AXVCPU_EXIT_FIELD_B(kind, name) axvcpu_kind_##kind name; AXVCPU_EXIT_FIELD_A
#define AXVCPU_EXIT_FIELD_A_END
#define AXVCPU_EXIT_FIELD_B_END
#define AXVCPU_EXIT_STRUCT(value, constant, member, spelling, fields, doc) \
	struct axvcpu_exit_##member { AXVCPU_WALK(AXVCPU_EXIT_FIELD_A fields) };
AXVCPU_EXITS(AXVCPU_EXIT_STRUCT)

#define AXVCPU_EXIT_CONSTANT(value, constant, member, spelling, fields, doc) AXVCPU_EXIT_##constant = value,
enum { AXVCPU_EXITS(AXVCPU_EXIT_CONSTANT) };

/*
 * An exit is the caller's memory: set `size` (AXVCPU_EXIT_INIT does), then run. A backend writes no member that lies past
 * `size`. Its fields stay as they are until the caller uses the struct for another run.
 */
#define AXVCPU_EXIT_MEMBER(value, constant, member, spelling, fields, doc) struct axvcpu_exit_##member member;
struct axvcpu_exit {
	uint32_t size;   /* in: bytes of this struct that the caller has */
	uint32_t reason; /* out: AXVCPU_EXIT_* */
	AXVCPU_EXITS(AXVCPU_EXIT_MEMBER)
};

/*
 * FailEntry's reason: what the host's processor gave, or one of these, which have bit 63 set.
 * EMULATION: the engine cannot execute the instruction at pc.
 */
#define AXVCPU_FAIL_ENTRY_EMULATION (UINT64_C(1) << 63 | 1)

#undef AXVCPU_EXIT_STRUCT
#undef AXVCPU_EXIT_CONSTANT
#undef AXVCPU_EXIT_MEMBER

#define AXVCPU_EXIT_INIT { .size = sizeof(struct axvcpu_exit), .reason = AXVCPU_EXIT_NOTHING }

/* Smallest struct that any version of the library accepts: up to and including KICKED. */
#define AXVCPU_EXIT_SIZE_MIN ((uint32_t)offsetof(struct axvcpu_exit, preemption_timer))

#ifdef __cplusplus
}
#endif
#endif
