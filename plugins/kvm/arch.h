/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host architecture adds to the KVM backend: its structs and functions, by the names that the common files call.
 * A new one is a folder with these, and a line here.
 */
#ifndef PLUGINS_KVM_ARCH_H
#define PLUGINS_KVM_ARCH_H

#if defined(__x86_64__)
#include "x86_64/x86_64.h"
#else
#error "the KVM backend has no folder for this architecture yet"
#endif

struct axarch_extension;
struct axvcpu_exit;
struct kvm_seat;
struct kvm_vcpu;
struct kvm_vm;

/* Beside 0 (`exit` is filled in) and the errors: there is nothing for the VMM, enter the guest (again). */
#define KVM_AGAIN INT32_MIN

/* A vCPU with this config can be in a VM of this kind only. */
uint32_t kvm_arch_vm_kind(const struct kvm_create *config);
/* The VM was just made, of vm->kind. */
int32_t kvm_arch_vm_init(struct kvm_vm *vm);
void kvm_arch_seat_finish(struct kvm_vm *vm, struct kvm_seat *seat);

/* The vCPU has its descriptor and kvm_run; then its end. */
int32_t kvm_arch_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_create *config);
void kvm_arch_vcpu_finish(struct kvm_vcpu *vcpu);

/* The vCPU moves to another KVM vCPU: reads all of its state; then, when descriptor and kvm_run are the new one's,
 * tells it everything.
 */
int32_t kvm_arch_vcpu_pack(struct kvm_vcpu *vcpu);
/* The vCPU leaves its KVM vCPU, which gets the state that it was made with: the next that has it begins there. */
void kvm_arch_vcpu_vacate(struct kvm_vcpu *vcpu);
int32_t kvm_arch_vcpu_unpack(struct kvm_vcpu *vcpu);

/* The state that create made, with the first instruction at vcpu->entry. */
int32_t kvm_arch_reset(struct kvm_vcpu *vcpu);
int32_t kvm_arch_set_entry(struct kvm_vcpu *vcpu);
int32_t kvm_arch_setup(struct kvm_vcpu *vcpu, const struct kvm_setup *config);

/* Before an entry for which KVM_BEFORE_LOOK is set; or KVM_AGAIN. */
int32_t kvm_arch_look(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);
/* Writes registers that were changed. */
int32_t kvm_arch_write_state(struct kvm_vcpu *vcpu);
/* The guest has run: what was read of its registers is old. */
void kvm_arch_forget_state(struct kvm_vcpu *vcpu);
/* The exit that kvm_run has; or KVM_AGAIN. */
int32_t kvm_arch_exit(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);
/* Whether the exit that finishing an instruction brought is to be left out: a step of the debugger that was told. */
bool kvm_arch_is_echo(const struct kvm_vcpu *vcpu);
/* Whether something is pending that ends a Halt. */
bool kvm_arch_interrupt_pending(struct kvm_vcpu *vcpu);

/* The ops of these names. */
int32_t kvm_arch_set_gpr(struct kvm_vcpu *vcpu, uint32_t index, uint64_t value);
int32_t kvm_arch_set_return_value(struct kvm_vcpu *vcpu, uint64_t value);
int32_t kvm_arch_inject_interrupt(struct kvm_vcpu *vcpu, uint64_t vector);
int32_t kvm_arch_set_interrupt_line(struct kvm_vcpu *vcpu, uint32_t line, uint32_t level);
int32_t kvm_arch_complete_read(struct kvm_vcpu *vcpu, const struct axvcpu_exit *exit, uint64_t value);
int32_t kvm_arch_fail_access(struct kvm_vcpu *vcpu, const struct axvcpu_exit *exit);
int32_t kvm_arch_get_reg(struct kvm_vcpu *vcpu, uint64_t id, void *ret_value, uint32_t size);
int32_t kvm_arch_set_reg(struct kvm_vcpu *vcpu, uint64_t id, const void *value, uint32_t size);
int32_t kvm_arch_translate(struct kvm_vcpu *vcpu, uint64_t gva, uint32_t access, uint64_t *ret_gpa);
int32_t kvm_arch_set_clock(struct kvm_vcpu *vcpu);
int32_t kvm_arch_set_single_step(struct kvm_vcpu *vcpu, bool enabled);
int32_t kvm_arch_set_breakpoint(struct kvm_vcpu *vcpu, uint64_t gva, bool enabled);

/* Writes "pc 0x...: bytes: disassembly" of the next instruction; returns the length it wants, as snprintf. */
int kvm_arch_where(struct kvm_vcpu *vcpu, char *ret_text, size_t capacity);

/* An extension that this architecture alone has; NULL: none of that name. */
const struct axarch_extension *kvm_arch_extension(const char *name);

#endif
