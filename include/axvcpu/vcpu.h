/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vCPU: one object for every architecture and every engine.
 *
 *   axvcpu_backend_open("sim-riscv64", &backend);
 *   axvcpu_create(backend, &(struct axvcpu_create_info){ .size = sizeof(...), .vcpu_id = 0 }, &vcpu);   Created
 *   axvcpu_setup(vcpu, entry, axvcpu_space_root(space), NULL);                                          Free
 *   axvcpu_bind(vcpu);                                                                                  Ready
 *   for (;;) {
 *           axvcpu_run(vcpu, &exit);                                                         Running, then Ready
 *           switch (exit.reason) { ... axvcpu_complete_read(vcpu, &exit, value); ... axvcpu_wait(vcpu, ...) ... }
 *   }
 *   axvcpu_unbind(vcpu);                                                                                Free
 *   axvcpu_destroy(vcpu);
 *
 * States: a call in the wrong state is BAD_STATE and the text names the state that was expected and the one found. With the
 * policy `poison` (the default) the vCPU becomes Invalid as well, unless it is found Running or Blocked; with `reject` it stays as it
 * was. An error of the backend in setup, bind, run, wait or unbind makes it Invalid under both. axvcpu_reset leads from any
 * state but Running and Blocked back to Created.
 *
 * Threads: the thread that binds a vCPU is its CPU until it unbinds; that thread runs it, and each thread has one current
 * vCPU at a time. Functions marked [any-thread] may be called from everywhere at any time, also while the guest runs;
 * the others by the vCPU's thread, or by any one thread at a time while it is not bound. No lock is held while the guest runs.
 */
#ifndef AXVCPU_VCPU_H
#define AXVCPU_VCPU_H

#include <stddef.h>

#include <axvcpu/backend.h>
#include <axvcpu/config.h>
#include <axvcpu/error.h>
#include <axvcpu/exit.h>
#include <axvcpu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct axvcpu;

enum { AXVCPU_POLICY_POISON = 0, AXVCPU_POLICY_REJECT = 1 };

/* What axvcpu_run does when the guest halts. */
enum {
	AXVCPU_HALT_EXIT = 0, /* returns Halt, Ready; the VMM calls axvcpu_wait when it likes */
	AXVCPU_HALT_BLOCK = 1 /* becomes Blocked until an interrupt, the engine's timer or a kick, and goes on */
};

struct axvcpu_create_info {
	uint32_t size;               /* sizeof(struct axvcpu_create_info) */
	uint32_t vm_id;
	uint32_t vcpu_id;            /* 0 is the bootstrap processor */
	uint32_t favor_phys_cpu;     /* a hint, kept for the VMM */
	uint32_t has_phys_cpu_set;   /* 1: phys_cpu_set says on which CPUs the VMM wants it; kept for the VMM */
	uint32_t state_policy;       /* AXVCPU_POLICY_* */
	uint64_t phys_cpu_set;       /* a bit per CPU */
	uint32_t halt_policy;        /* AXVCPU_HALT_* */
	uint32_t interrupt_capacity; /* entries of the interrupt queue; 0: 64; at most 65536 */
	const struct axvcpu_config *config; /* the backend's create config; NULL: its defaults. Copied */
	const char *layers;          /* outermost first: "trace=/tmp/log;count", each NAME or NAME=OPTIONS; NULL: none */
};

/*
 * Makes a vCPU in state Created. Errors: INVALID_INPUT (names the member), NOT_FOUND (a layer), NO_MEMORY, or what the backend
 * answered. [any-thread]
 */
AXVCPU_API int32_t axvcpu_create(struct axvcpu_backend *backend, const struct axvcpu_create_info *info, struct axvcpu **ret_vcpu);

/*
 * From any state but Running and Blocked; a bound vCPU is unbound first. NULL is fine. RESOURCE_BUSY while it runs or waits, and
 * for a thread that did not bind it. No other thread may use the vCPU any more.
 */
AXVCPU_API int32_t axvcpu_destroy(struct axvcpu *vcpu);

/*
 * Created to Free: the backend's set_entry, set_ept_root and setup in that order; the first failure ends it (Invalid).
 * `entry` is guest-physical, `ept_root` is axvcpu_space_root's, config NULL means the defaults.
 */
AXVCPU_API int32_t axvcpu_setup(struct axvcpu *vcpu, uint64_t entry, uint64_t ept_root, const struct axvcpu_config *config);

/* Free to Ready: the calling thread becomes the vCPU's. */
AXVCPU_API int32_t axvcpu_bind(struct axvcpu *vcpu);
/* Ready to Free. */
AXVCPU_API int32_t axvcpu_unbind(struct axvcpu *vcpu);

/*
 * Ready to Running, executes the guest, and back to Ready. First the interrupts that are queued go to the backend. A kick that
 * came before or comes meanwhile makes it return Kicked, once. On an error the vCPU is Invalid and `exit` has no meaning.
 * Errors: BAD_STATE (state; another thread's vCPU; nested in another run of this thread), INVALID_INPUT (exit->size), or the
 * backend's.
 */
AXVCPU_API int32_t axvcpu_run(struct axvcpu *vcpu, struct axvcpu_exit *exit);

/*
 * Waits, in state Blocked, until the engine has an interrupt that ends a Halt (an engine that cannot tell: until it was given one),
 * its timer is due, the vCPU is kicked, or `timeout_ns` of the host's time have passed (UINT64_MAX: no limit); then it is Ready
 * again. Nothing that came between the Halt exit and this call is lost. A kick is not consumed: the next run returns Kicked. After
 * the VMM's clock has jumped ahead, kick. Errors: BAD_STATE, -ETIMEDOUT, or the backend's.
 */
AXVCPU_API int32_t axvcpu_wait(struct axvcpu *vcpu, uint64_t timeout_ns);

/* Any state but Running and Blocked to Created: as if just made from the same config, interrupts and kicks forgotten; a bound vCPU
 * is unbound. Layers and the clock stay. After a failed reset only reset and destroy are of use. */
AXVCPU_API int32_t axvcpu_reset(struct axvcpu *vcpu);

/* Finishes the read that `exit` reports. `value` is cut to the exit's width, extended as the exit says (zero, or signed_ext) to
 * reg_width, and merged into the register as the architecture does. Errors: INVALID_INPUT (not a read; its width), BAD_STATE. */
AXVCPU_API int32_t axvcpu_complete_read(struct axvcpu *vcpu, const struct axvcpu_exit *exit, uint64_t value);

/* Refuses the SysRegRead or SysRegWrite that `exit` reports, and must be the first call on the vCPU after it: the guest gets what its
 * architecture raises for a register that is not there, at that instruction. Errors: INVALID_INPUT (no such exit), BAD_STATE (it is
 * not pending any more), UNSUPPORTED. */
AXVCPU_API int32_t axvcpu_fail_access(struct axvcpu *vcpu, const struct axvcpu_exit *exit);

/*
 * Interrupts. [any-thread], in any state.
 * inject: an edge; queued in order and handed to the backend before the next entry, RESOURCE_BUSY when the queue is full. One
 * that the backend refuses then (no such vector) is dropped and fails that run or wait.
 * set_line: a level; the latest level of each of 64 lines is what counts, so nothing can be lost.
 * Both wake a Blocked vCPU and make a running one look. UNSUPPORTED when the backend lacks the op.
 */
AXVCPU_API int32_t axvcpu_inject_interrupt(struct axvcpu *vcpu, uint64_t vector);
AXVCPU_API int32_t axvcpu_set_interrupt_line(struct axvcpu *vcpu, uint32_t line, uint32_t level);

/* Makes the present run, or else the next one, return Kicked; ends a wait. Kicks before that run add up to one. [any-thread,
 * async-signal-safe] */
AXVCPU_API int32_t axvcpu_kick(struct axvcpu *vcpu);

/*
 * Switching engines. A vCPU can run on several backends of its architecture, on one at a time, and keeps the engine's vCPU of each
 * that it was on, so that the way back is short. Layers, the clock, breakpoints, single step, the budget, queued interrupts, levels
 * and kicks go along. The manual's chapter: docs/guide.md, "Several engines".
 *
 * add_engine: makes the engine's vCPU ahead of time, and with this config; NULL: from the vCPU's own create config, field by field
 *    where the other backend has one of that name which takes the value, else its default. While the guest has not run yet the
 *    engines then agree on what kind of processor they are (axvcpu_agree). RESOURCE_BUSY: it has one of that backend. Allowed in every
 *    state but Running and Blocked.
 * agree: makes the vCPUs of one VM, on all their engines, processors of the same kind before any of them has run: of registers with
 *    the flag MODEL, bits that all have, or the value that all take. Errors: INVALID_INPUT names the register and the engines that do
 *    not agree; nothing has changed then. BAD_STATE: one of them was bound already. It outlives resets.
 * switch: moves the vCPU with all its state: from now on it runs on `backend`. Either it succeeds, or nothing has changed and the text
 *    names the register that the other engine lacks or refuses. In the midst of an instruction (a read that waits for its value,
 *    a write of several parts) that instruction is ended on the engine that began it, and the next one is the other's: should the
 *    other then refuse after all, axvcpu_run says so once, and the vCPU is Ready on the engine where it was. add_engine comes first by
 *    itself where it was not called. To where it is already: does nothing. Errors: INVALID_INPUT, NOT_FOUND, UNSUPPORTED (another architecture).
 * Without axvcpu_agree before the first run, CPUID and the like may differ between engines: what the guest was told is not looked at,
 * but state that follows from it is (a register that the other lacks must be 0).
 */
AXVCPU_API int32_t axvcpu_add_engine(struct axvcpu *vcpu, struct axvcpu_backend *backend, const struct axvcpu_config *config);
AXVCPU_API int32_t axvcpu_agree(struct axvcpu *const *vcpus, uint32_t count);
AXVCPU_API int32_t axvcpu_switch(struct axvcpu *vcpu, struct axvcpu_backend *backend);

/* Allowed in every state but Running and Blocked, and made with this vCPU as the thread's current one. INVALID_INPUT: no such
 * register index (<axvcpu/regs/ARCH.h> says which there are; a register that is always zero ignores the value). */
AXVCPU_API int32_t axvcpu_set_entry(struct axvcpu *vcpu, uint64_t entry);
AXVCPU_API int32_t axvcpu_set_gpr(struct axvcpu *vcpu, uint32_t index, uint64_t value);
AXVCPU_API int32_t axvcpu_set_return_value(struct axvcpu *vcpu, uint64_t value);

/* Facts. [any-thread]; `state` is a snapshot. */
AXVCPU_API uint32_t axvcpu_state(const struct axvcpu *vcpu);
AXVCPU_API uint32_t axvcpu_id(const struct axvcpu *vcpu);
AXVCPU_API uint32_t axvcpu_vm_id(const struct axvcpu *vcpu);
AXVCPU_API uint32_t axvcpu_favor_phys_cpu(const struct axvcpu *vcpu);
AXVCPU_API int axvcpu_phys_cpu_set(const struct axvcpu *vcpu, uint64_t *ret_set); /* 1: there is one */
AXVCPU_API int axvcpu_is_bsp(const struct axvcpu *vcpu);
AXVCPU_API struct axvcpu_backend *axvcpu_backend_of(const struct axvcpu *vcpu);
AXVCPU_API const char *axvcpu_state_name(uint32_t state);

/*
 * The state machine by hand. A body gets `context`, returns 0 or an error.
 * with_state_transition: from must be the state; the body runs; then `to`, or Invalid when it failed.
 * transition_state: the same without a body; every edge is allowed, X to X and Invalid to Created too.
 * set_state: unchecked. For a VMM that recovers from something the library cannot know of.
 */
typedef int32_t (*axvcpu_body_fn)(struct axvcpu *vcpu, void *context);
AXVCPU_API int32_t axvcpu_with_state_transition(struct axvcpu *vcpu, uint32_t from, uint32_t to, axvcpu_body_fn body,
						void *context);
AXVCPU_API int32_t axvcpu_transition_state(struct axvcpu *vcpu, uint32_t from, uint32_t to);
AXVCPU_API int32_t axvcpu_set_state(struct axvcpu *vcpu, uint32_t state);

/*
 * The current vCPU of the calling thread.
 * get: NULL when there is none. get_of: only if it runs on `backend`; else INVALID_INPUT (the text names both), NOT_FOUND: none.
 * set: BAD_STATE when there is one already. clear: BAD_STATE when there is none.
 * with_current_cpu_set: set, body, clear; BAD_STATE (nested operation) when there is one, which is left untouched.
 * manipulate_arch_vcpu: with_state_transition and with_current_cpu_set together; the body gets the backend's vCPU as `arch`.
 */
typedef int32_t (*axvcpu_arch_body_fn)(struct axvcpu *vcpu, void *arch, void *context);
AXVCPU_API struct axvcpu *axvcpu_get_current(void);
AXVCPU_API int32_t axvcpu_get_current_of(const struct axvcpu_backend *backend, struct axvcpu **ret_vcpu);
AXVCPU_API int32_t axvcpu_set_current(struct axvcpu *vcpu);
AXVCPU_API int32_t axvcpu_clear_current(void);
AXVCPU_API int32_t axvcpu_with_current_cpu_set(struct axvcpu *vcpu, axvcpu_body_fn body, void *context);
AXVCPU_API int32_t axvcpu_manipulate_arch_vcpu(struct axvcpu *vcpu, uint32_t from, uint32_t to, axvcpu_arch_body_fn body,
					       void *context);

/* The backend's own vCPU (what its create made), for who knows its type: INVALID_INPUT when it is another backend's. */
AXVCPU_API int32_t axvcpu_arch_vcpu(struct axvcpu *vcpu, const struct axvcpu_backend *backend, void **ret_arch);

/* More of the engine; UNSUPPORTED where the backend lacks the op. Units and errors: <axvcpu/plugin/ops.h>. */
AXVCPU_API int32_t axvcpu_set_clock(struct axvcpu *vcpu, uint64_t (*now_ns)(void *context), void *context);
AXVCPU_API int32_t axvcpu_set_single_step(struct axvcpu *vcpu, int enabled);
AXVCPU_API int32_t axvcpu_set_breakpoint(struct axvcpu *vcpu, uint64_t gva, int enabled);
AXVCPU_API int32_t axvcpu_set_budget(struct axvcpu *vcpu, uint64_t instructions);
AXVCPU_API int32_t axvcpu_read_counter(struct axvcpu *vcpu, uint32_t counter, uint64_t *ret_value);
AXVCPU_API int32_t axvcpu_translate(struct axvcpu *vcpu, uint64_t gva, uint32_t access, uint64_t *ret_gpa);

/* "MmioRead{addr=0x10000005, width=1, ...}" into text; returns the length it wants, as snprintf does. Never fails: an unknown
 * reason is printed as such. axvcpu_exit_name: "MmioRead", or "unknown". [any-thread] */
AXVCPU_API int axvcpu_exit_format(const struct axvcpu_exit *exit, char *ret_text, size_t capacity);
AXVCPU_API const char *axvcpu_exit_name(uint32_t reason);

#ifdef __cplusplus
}
#endif
#endif
