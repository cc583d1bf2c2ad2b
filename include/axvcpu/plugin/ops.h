/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every op of a backend, once.
 *
 * From these rows come the struct that a plugin fills, the host's dispatch table and its Unsupported stubs, the layers'
 * wrappers, the libffi types, the trace names and the documentation table.
 *
 *   OP(scope, name, presence, since, "where and when", arguments, "what it is for; what its absence means; its errors")
 *
 * scope      CLASS: the first argument is the host table. VCPU: `void *self` as create gave it. PERCPU: as percpu_create did.
 * presence   MANDATORY, or OPTIONAL (the host answers Unsupported for it).
 * since      the minor version of the ABI that has it; rows are only ever appended, a published row never changes.
 * where      [vcpu-thread]: the thread that bound the vCPU, or any thread while it is not bound; [any-thread]: at any
 *            time, also during run; & bound, & !running: the state it is called in.
 * arguments  a sequence (kind, name)(kind, name)... after the first argument. Kinds are in AXARCH_KINDS. The kind
 *            `config` is special: the plugin's own struct. The plugin's author writes an op that takes it by value;
 *            AXARCH_PLUGIN makes the op of this table from it, which takes a pointer to it.
 *
 * Every op returns an int32_t: 0, a positive AXVCPU_ERROR_* or a negated errno, with a text left by host->error().
 */
#ifndef AXVCPU_PLUGIN_OPS_H
#define AXVCPU_PLUGIN_OPS_H

#include <axvcpu/exit.h>
#include <axvcpu/plugin/config.h>
#include <axvcpu/plugin/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* KIND(spelling, C type, class): class u32, i32, u64 or ptr, for libffi and for printing */
#define AXARCH_KINDS(KIND) \
	KIND(u32, uint32_t, u32) \
	KIND(u64, uint64_t, u64) \
	KIND(exit, struct axvcpu_exit *, ptr) \
	KIND(exit_in, const struct axvcpu_exit *, ptr) \
	KIND(bytes_in, const void *, ptr) \
	KIND(bytes_out, void *, ptr) \
	KIND(u64_out, uint64_t *, ptr) \
	KIND(self_out, void **, ptr) \
	KIND(clock, axarch_clock_fn, ptr) \
	KIND(context, void *, ptr) \
	KIND(config, const void *, ptr)

#define AXARCH_KIND_TYPE(spelling, type, class_) typedef type axarch_kind_##spelling;
AXARCH_KINDS(AXARCH_KIND_TYPE)
#undef AXARCH_KIND_TYPE

#define AXARCH_VCPU_OPS(OP) \
	OP(CLASS, create, MANDATORY, 0, "[any-thread]", (u32, vm_id)(u32, vcpu_id)(config, config)(self_out, ret_self), \
	   "makes a vCPU from its create config. On failure nothing is left behind and ret_self is untouched.") \
	OP(VCPU, destroy, MANDATORY, 0, "[vcpu-thread & !running]", , \
	   "frees the vCPU. It is the last call on self; its result is ignored.") \
	OP(VCPU, set_entry, MANDATORY, 0, "[vcpu-thread & !running]", (u64, entry), \
	   "sets the guest-physical address of the first instruction. First of the three steps of setup; may come again later.") \
	OP(VCPU, set_ept_root, MANDATORY, 0, "[vcpu-thread & !running]", (u64, ept_root), \
	   "sets the guest-physical address space, as a token for host->space_acquire. Second step of setup. May come again.") \
	OP(VCPU, setup, MANDATORY, 0, "[vcpu-thread & !running]", (config, config), \
	   "last step of setup: the state of the architecture's reset, then the setup config.") \
	OP(VCPU, run, MANDATORY, 0, "[vcpu-thread & bound]", (exit, exit), \
	   "executes the guest until something in exit.h happens, and fills exit: reason and the struct of that reason only. Any " \
	   "error makes the vCPU Invalid. BadState: a read exit was not completed.") \
	OP(VCPU, bind, MANDATORY, 0, "[vcpu-thread & !running]", , \
	   "this thread is going to run the vCPU; load what is per host CPU.") \
	OP(VCPU, unbind, MANDATORY, 0, "[vcpu-thread & bound]", , \
	   "undoes bind; another thread may bind next.") \
	OP(VCPU, set_gpr, MANDATORY, 0, "[vcpu-thread & !running]", (u32, index)(u64, value), \
	   "writes a general register by the architecture's index. InvalidInput: no such index.") \
	OP(VCPU, inject_interrupt, MANDATORY, 0, "[vcpu-thread & !running]", (u64, vector), \
	   "makes an edge-triggered interrupt pending. x86_64: 0 to 255, or AXVCPU_X86_64_NMI. ResourceBusy: it cannot be taken yet, keep it and try again before the " \
	   "next run. InvalidInput: no such vector.") \
	OP(VCPU, set_return_value, MANDATORY, 0, "[vcpu-thread & !running]", (u64, value), \
	   "writes the register that holds a hypercall's result.") \
	OP(VCPU, kick, OPTIONAL, 0, "[any-thread]", , \
	   "makes the current run, or else the next one, return Kicked soon. Sticky until a run has returned; must not block and " \
	   "must be safe in a signal handler. Absent: run returns by itself within bounded time.") \
	OP(VCPU, set_interrupt_line, OPTIONAL, 0, "[vcpu-thread & !running]", (u32, line)(u32, level), \
	   "sets a level-triggered interrupt input. riscv64: line is the interrupt's number in sip. x86_64: AXVCPU_X86_64_INTR, " \
	   "answered by InterruptWindow exits for as long as it is up and interrupts can be taken. InvalidInput: no such line.") \
	OP(VCPU, complete_read, OPTIONAL, 0, "[vcpu-thread & !running]", (exit_in, exit)(u64, value), \
	   "finishes the pending MmioRead, IoRead or SysRegRead. value is already cut to the width and extended as the exit says; " \
	   "the engine merges it into the register by its architecture's rule and moves pc on. BadState: no such read is pending. " \
	   "Absent: the engine never gives read exits.") \
	OP(VCPU, reset, OPTIONAL, 0, "[vcpu-thread & !running]", , \
	   "back to what create made. Absent: the host destroys and creates.") \
	OP(VCPU, get_reg, OPTIONAL, 0, "[vcpu-thread & !running]", (u64, id)(bytes_out, ret_value)(u32, size), \
	   "reads a register of <axvcpu/regs/ARCH.h>; size is that register's. NotFound: the engine has no such register.") \
	OP(VCPU, set_reg, OPTIONAL, 0, "[vcpu-thread & !running]", (u64, id)(bytes_in, value)(u32, size), \
	   "writes a register. NotFound: no such register; InvalidInput: no such value (the text says which bits).") \
	OP(VCPU, translate, OPTIONAL, 0, "[vcpu-thread & !running]", (u64, gva)(u32, access)(u64_out, ret_gpa), \
	   "guest-virtual to guest-physical, with the vCPU's present mode and tables, changing nothing. NotFound: no mapping that " \
	   "allows the access.") \
	OP(VCPU, set_clock, OPTIONAL, 0, "[vcpu-thread & !running]", (clock, now)(context, context), \
	   "the VMM's virtual clock, that the guest's clocks derive from. Absent: the guest has the host's clock, or none.") \
	OP(VCPU, next_deadline, OPTIONAL, 0, "[vcpu-thread & !running]", (u64_out, ret_ns), \
	   "when the engine's own timer will interrupt, in nanoseconds of that clock; UINT64_MAX: never. Absent: never.") \
	OP(VCPU, interrupt_pending, OPTIONAL, 0, "[vcpu-thread & !running]", (u64_out, ret_pending), \
	   "1 when an interrupt is pending that ends a Halt, else 0. Absent: the host knows of the interrupts it delivered only.") \
	OP(VCPU, set_single_step, OPTIONAL, 0, "[vcpu-thread & !running]", (u32, enabled), \
	   "every run executes one instruction and returns Debug, or the exit of that instruction.") \
	OP(VCPU, set_breakpoint, OPTIONAL, 0, "[vcpu-thread & !running]", (u64, gva)(u32, enabled), \
	   "run returns Debug before the instruction at gva is executed; the next run executes it. ResourceBusy: too many.") \
	OP(VCPU, set_budget, OPTIONAL, 0, "[vcpu-thread & !running]", (u64, instructions), \
	   "run returns PreemptionTimer when that many more instructions were executed, exactly; UINT64_MAX: no limit.") \
	OP(VCPU, read_counter, OPTIONAL, 0, "[vcpu-thread & !running]", (u32, counter)(u64_out, ret_value), \
	   "a statistic since create, AXARCH_COUNTER_*. NotFound: the engine does not count that.") \
	OP(CLASS, percpu_create, OPTIONAL, 0, "[any-thread]", (u32, cpu_id)(self_out, ret_self), \
	   "makes the per-CPU state. Absent: the backend has none; the host keeps the enabled flag alone.") \
	OP(PERCPU, percpu_destroy, OPTIONAL, 0, "[cpu-thread & !enabled]", , "frees the per-CPU state.") \
	OP(PERCPU, hardware_enable, OPTIONAL, 0, "[cpu-thread & !enabled]", , "makes this CPU ready to run vCPUs.") \
	OP(PERCPU, hardware_disable, OPTIONAL, 0, "[cpu-thread & enabled]", , "undoes hardware_enable.") \
	OP(PERCPU, max_guest_page_table_levels, OPTIONAL, 0, "[any-thread]", (u64_out, ret_levels), \
	   "levels of the second-stage page table. Absent: 4.") \
	OP(VCPU, fail_access, OPTIONAL, 1, "[vcpu-thread & !running]", (exit_in, exit), \
	   "refuses the SysRegRead or SysRegWrite that run has just given: the guest gets what its architecture raises for a register " \
	   "that is not there (x86_64: #GP(0)), with pc at the instruction. BadState: no such access is pending. Absent: the engine " \
	   "never gives these exits, or every register exists.") \
	OP(VCPU, finish, OPTIONAL, 2, "[vcpu-thread & !running]", (exit, exit), \
	   "ends the instruction that the last exit was of, and begins no other: fills exit with its next exit as run would, or Nothing: " \
	   "the vCPU is between two instructions (as it may have been before). Registers that were written are taken over; what does " \
	   "not go together is refused. BadState: a read waits for its value. Absent: it is between two whenever no read waits.")

/* COUNTER(NAME, value, "what") */
#define AXARCH_COUNTERS(COUNTER) \
	COUNTER(INSTRUCTIONS, 1, "guest instructions executed") \
	COUNTER(BLOCKS, 2, "blocks decoded") \
	COUNTER(TLB_MISSES, 3, "soft TLB misses") \
	COUNTER(INTERRUPTS, 4, "interrupts taken by the guest") \
	COUNTER(EXCEPTIONS, 5, "exceptions taken by the guest") \
	COUNTER(RESCUES, 6, "failures of the engine below that another engine executed") \
	COUNTER(RESCUED_INSTRUCTIONS, 7, "instructions that it executed for that")

#define AXARCH_COUNTER_CONSTANT(name, value, text) AXARCH_COUNTER_##name = value,
enum { AXARCH_COUNTERS(AXARCH_COUNTER_CONSTANT) };
#undef AXARCH_COUNTER_CONSTANT

/*
 * ", type name" and ", name" of each argument, for declarations and calls. AXARCH_DECLARE((u32, a)(u64, b)) is
 * `, uint32_t a, uint64_t b`.
 */
#define AXARCH_DECLARE(arguments) AXVCPU_WALK(AXARCH_DECLARE_A_ arguments)
#define AXARCH_DECLARE_A_(kind, name) , axarch_kind_##kind name AXARCH_DECLARE_B_
#define AXARCH_DECLARE_B_(kind, name) , axarch_kind_##kind name AXARCH_DECLARE_A_
#define AXARCH_DECLARE_A__END
#define AXARCH_DECLARE_B__END
#define AXARCH_FORWARD(arguments) AXVCPU_WALK(AXARCH_FORWARD_A_ arguments)
#define AXARCH_FORWARD_A_(kind, name) , name AXARCH_FORWARD_B_
#define AXARCH_FORWARD_B_(kind, name) , name AXARCH_FORWARD_A_
#define AXARCH_FORWARD_A__END
#define AXARCH_FORWARD_B__END

/* The type of the first argument of each scope. */
#define AXARCH_SELF_CLASS const struct axarch_host *
#define AXARCH_SELF_VCPU void *
#define AXARCH_SELF_PERCPU void *

/* One function type per op: axarch_run_fn is int32_t (*)(void *self, struct axvcpu_exit *exit). */
#define AXARCH_OP_TYPE(scope, name, presence, since, where, arguments, doc) \
	typedef int32_t (*axarch_##name##_fn)(AXARCH_SELF_##scope self AXARCH_DECLARE(arguments));
AXARCH_VCPU_OPS(AXARCH_OP_TYPE)
#undef AXARCH_OP_TYPE

/* The vCPU's ops as a table of bound slots: {fn, self}. This is what a layer stands on and what the host calls. */
#define AXARCH_SLOT_CLASS(name)
#define AXARCH_SLOT_PERCPU(name)
#define AXARCH_SLOT_VCPU(name) \
	struct { \
		axarch_##name##_fn fn; \
		void *self; \
	} name;
#define AXARCH_OP_SLOT(scope, name, presence, since, where, arguments, doc) AXARCH_SLOT_##scope(name)
struct axarch_dispatch {
	AXARCH_VCPU_OPS(AXARCH_OP_SLOT)
};
#undef AXARCH_OP_SLOT
#undef AXARCH_SLOT_CLASS
#undef AXARCH_SLOT_PERCPU
#undef AXARCH_SLOT_VCPU

/* The op list as text, for the handshake: a plugin that was compiled from another list says so by its own text. */
#define AXARCH_OP_TEXT(scope, name, presence, since, where, arguments, doc) #scope " " #name " " #since " " #arguments "\n"
#define AXARCH_OPS_TEXT AXARCH_VCPU_OPS(AXARCH_OP_TEXT)

#ifdef __cplusplus
}
#endif
#endif
