/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KVM's own interrupt controllers and PIT, as an option for VMs that are all KVM: faster, as the guest leaves KVM
 * neither for its APIC nor for a halt, but out of the VMM's sight. Devices of the VMM reach them by the extension
 * axvcpu.kvm-chip/1.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "../kvm.h"

int32_t kvm_chip_create(struct kvm_vm *vm)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY }; /* port 0x61 is part of it */
	int32_t error = KVM_CALL(vm->host, vm->fd, KVM_CREATE_IRQCHIP, 0);

	return error ? error : KVM_CALL(vm->host, vm->fd, KVM_CREATE_PIT2, &pit);
}

/* All but the first wait for INIT and a start-up IPI, inside KVM_RUN. */
int32_t kvm_chip_reset(struct kvm_vcpu *vcpu)
{
	const struct kvm_mp_state state = { .mp_state = vcpu->vcpu_id ? KVM_MP_STATE_UNINITIALIZED
								      : KVM_MP_STATE_RUNNABLE };

	return KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_MP_STATE, &state);
}

int32_t kvm_chip_has_them(const struct kvm_vcpu *vcpu)
{
	return vcpu->host->error(
		AXVCPU_ERROR_UNSUPPORTED,
		"kvm: with chip=kernel interrupts go through KVM's chip: call set_irq of the extension "
		"axvcpu.kvm-chip/1");
}

/* The vCPU stands for its VM: any of them does. */
static int32_t set_irq(void *self, uint32_t gsi, uint32_t level)
{
	struct kvm_vcpu *vcpu = self;
	const struct kvm_irq_level line = { .irq = gsi, .level = level };

	if (vcpu->vm->kind != KVM_CHIP_KERNEL)
		return vcpu->host->error(AXVCPU_ERROR_UNSUPPORTED,
					 "kvm: set_irq needs chip=kernel in the create config: the chip is the VMM's");
	return KVM_CALL(vcpu->host, vcpu->vm->fd, KVM_IRQ_LINE, &line);
}

static const struct axarch_function functions[] = {
	{ "set_irq", "i32(ptr,u32,u32)", (void (*)(void))set_irq,
	  "sets an input of the chip: 0 to 15 of the PIC and the IOAPIC, to 23 of the IOAPIC. [any-thread]" },
};

static const struct axarch_extension extension = {
	.size = sizeof(struct axarch_extension),
	.function_count = sizeof(functions) / sizeof(functions[0]),
	.name = "axvcpu.kvm-chip/1",
	.functions = functions,
};

const struct axarch_extension *kvm_arch_extension(const char *name)
{
	return strcmp(name, extension.name) ? NULL : &extension;
}
