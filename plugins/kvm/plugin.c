/* SPDX-License-Identifier: Apache-2.0 */
/* The contract's side of the KVM backend: thin ops, each calls what does the work. */
#include <string.h>

#include "kvm.h"

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct kvm_create config,
		      void **ret_self)
{
	struct kvm_vcpu *vcpu;
	int32_t error = kvm_vcpu_create(host, vm_id, vcpu_id, &config, &vcpu);

	if (!error)
		*ret_self = vcpu;
	return error;
}

static int32_t destroy(void *self)
{
	kvm_vcpu_destroy(self);
	return 0;
}

static int32_t set_entry(void *self, uint64_t entry)
{
	struct kvm_vcpu *vcpu = self;

	vcpu->entry = entry;
	return kvm_arch_set_entry(vcpu);
}

static int32_t set_ept_root(void *self, uint64_t ept_root)
{
	return kvm_vcpu_set_space(self, ept_root);
}

static int32_t setup(void *self, struct kvm_setup config)
{
	return kvm_arch_setup(self, &config);
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	return kvm_vcpu_run(self, exit);
}

static int32_t finish(void *self, struct axvcpu_exit *exit)
{
	return kvm_vcpu_end_instruction(self, exit);
}

static int32_t bind_vcpu(void *self)
{
	int32_t error = kvm_kick_bind(self);

	if (!error)
		kvm_vcpu_may_write(self, true);
	return error;
}

static int32_t unbind_vcpu(void *self)
{
	kvm_vcpu_may_write(self, false);
	kvm_kick_unbind(self);
	return 0;
}

static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	return kvm_arch_set_gpr(self, index, value);
}

static int32_t inject_interrupt(void *self, uint64_t vector)
{
	return kvm_arch_inject_interrupt(self, vector);
}

static int32_t set_return_value(void *self, uint64_t value)
{
	return kvm_arch_set_return_value(self, value);
}

static int32_t kick(void *self)
{
	kvm_kick(self);
	return 0;
}

static int32_t set_interrupt_line(void *self, uint32_t line, uint32_t level)
{
	return kvm_arch_set_interrupt_line(self, line, level);
}

static int32_t complete_read(void *self, const struct axvcpu_exit *exit, uint64_t value)
{
	return exit->reason == AXVCPU_EXIT_SYSREG_READ ? kvm_arch_complete_read(self, exit, value)
						       : kvm_access_complete(self, exit, value);
}

static int32_t fail_access(void *self, const struct axvcpu_exit *exit)
{
	return kvm_arch_fail_access(self, exit);
}

static int32_t reset(void *self)
{
	struct kvm_vcpu *vcpu = self;

	vcpu->entry = 0;
	kvm_vcpu_may_write(vcpu, false);
	__atomic_store_n(&vcpu->kicked, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	return kvm_arch_reset(vcpu);
}

static int32_t get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	return kvm_arch_get_reg(self, id, ret_value, size);
}

static int32_t set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	return kvm_arch_set_reg(self, id, value, size);
}

static int32_t translate(void *self, uint64_t gva, uint32_t access, uint64_t *ret_gpa)
{
	return kvm_arch_translate(self, gva, access, ret_gpa);
}

static int32_t set_clock(void *self, axarch_clock_fn now, void *context)
{
	struct kvm_vcpu *vcpu = self;

	vcpu->clock = now;
	vcpu->clock_context = context;
	return kvm_arch_set_clock(vcpu);
}

static int32_t interrupt_pending(void *self, uint64_t *ret_pending)
{
	*ret_pending = kvm_arch_interrupt_pending(self);
	return 0;
}

static int32_t set_single_step(void *self, uint32_t enabled)
{
	return kvm_arch_set_single_step(self, enabled);
}

static int32_t set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	return kvm_arch_set_breakpoint(self, gva, enabled);
}

/* axvcpu.where/1: for error messages and monitors. The vCPU is given as axvcpu_arch_vcpu has it, on its own thread. */
static int32_t where(void *self, char *text, uint64_t capacity)
{
	return kvm_arch_where(self, text, capacity);
}

static const struct axarch_function where_functions[] = {
	{ "where", "i32(ptr,ptr,u64)", (void (*)(void))where,
	  "writes pc, bytes and disassembly of the vCPU's next instruction; returns the text's length" },
};
static const struct axarch_extension where_extension = {
	.size = sizeof(struct axarch_extension),
	.function_count = 1,
	.name = "axvcpu.where/1",
	.functions = where_functions,
};

static const struct axarch_extension *get_extension(const char *name)
{
	return strcmp(name, where_extension.name) ? kvm_arch_extension(name) : &where_extension;
}

/* set_budget and read_counter are missing: KVM counts no guest instructions. */
AXARCH_PLUGIN(kvm_create, KVM_CREATE, create, kvm_setup, KVM_SETUP, setup,
	      AXARCH_ABOUT(.arch = KVM_ARCH, .id = "kvm", .version = "0.1.0", .licence = "Apache-2.0",
			   .summary = "the host's processor, through Linux' KVM",
			   .capabilities = AXARCH_CAPABILITY_HARDWARE | AXARCH_CAPABILITY_GUEST_MEMORY),
	      .get_extension = get_extension, .destroy = destroy, .set_entry = set_entry, .set_ept_root = set_ept_root,
	      .run = run, .bind = bind_vcpu, .unbind = unbind_vcpu, .set_gpr = set_gpr,
	      .inject_interrupt = inject_interrupt, .set_return_value = set_return_value, .kick = kick,
	      .set_interrupt_line = set_interrupt_line, .complete_read = complete_read, .fail_access = fail_access,
	      .finish = finish, .reset = reset, .get_reg = get_reg, .set_reg = set_reg, .translate = translate,
	      .set_clock = set_clock, .interrupt_pending = interrupt_pending, .set_single_step = set_single_step,
	      .set_breakpoint = set_breakpoint);
