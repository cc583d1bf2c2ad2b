/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which MSRs the VMM has: its APIC's, unless KVM has the APIC, and those of the config. Two things make KVM give exits
 * for one: a filter that denies it, and the exit for everything that KVM itself refuses. The MSRs of an x2APIC cannot
 * be filtered, but KVM refuses them as it has no APIC. What was refused and is not the VMM's is answered with #GP in
 * exit.c.
 */
#include <sys/ioctl.h>

#include "../kvm.h"

#define BITMAP_BYTES (MSR_RANGE_SIZE_MAX / 8) /* a range of the filter has at most so many MSRs' bits */

bool kvm_msr_exits(const struct kvm_vm *vm, uint32_t msr)
{
	return (vm->kind == KVM_CHIP_VMM && msr_in_ranges(msr_ranges_always, MSR_RANGES_ALWAYS, msr)) ||
	       msr_in_ranges(vm->arch.msr_exits.items, vm->arch.msr_exits.count, msr);
}

/* A bit that is 0 denies: one bitmap of zeros serves all ranges. */
static void deny(struct kvm_msr_filter *filter, uint32_t *count, const struct msr_range *range)
{
	static uint8_t none[BITMAP_BYTES];

	filter->ranges[(*count)++] = (struct kvm_msr_filter_range){ .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
								    .base = range->first,
								    .nmsrs = range->last - range->first + 1,
								    .bitmap = none };
}

int32_t kvm_msr_filter(struct kvm_vm *vm)
{
	struct kvm_enable_cap exits = { .cap = KVM_CAP_X86_USER_SPACE_MSR,
					.args = { KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN |
						  KVM_MSR_EXIT_REASON_FILTER } };
	struct kvm_msr_filter filter = { .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };
	uint32_t count = 0;
	int32_t error;

	if (vm->kind == KVM_CHIP_KERNEL && !vm->arch.msr_exits.count)
		return 0;
	if (!kvm_system_has(vm->fd, KVM_CAP_X86_USER_SPACE_MSR) || !kvm_system_has(vm->fd, KVM_CAP_X86_MSR_FILTER))
		return vm->host->error(AXVCPU_ERROR_UNSUPPORTED, "kvm: this host's KVM cannot give MSRs to the VMM, "
								 "whose APIC needs that: Linux 5.10 or newer can");
	error = KVM_CALL(vm->host, vm->fd, KVM_ENABLE_CAP, &exits);
	if (error)
		return error;
	for (size_t i = 0; i < MSR_RANGES_ALWAYS && vm->kind == KVM_CHIP_VMM; i++)
		if (msr_ranges_always[i].first < 0x800 ||
		    msr_ranges_always[i].first > 0x8ff) /* KVM does not look at the filter for these */
			deny(&filter, &count, &msr_ranges_always[i]);
	for (uint32_t i = 0; i < vm->arch.msr_exits.count; i++)
		deny(&filter, &count, &vm->arch.msr_exits.items[i]);
	return KVM_CALL(vm->host, vm->fd, KVM_X86_SET_MSR_FILTER, &filter);
}
