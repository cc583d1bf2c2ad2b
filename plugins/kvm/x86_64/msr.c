/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which MSRs the VMM has: its APIC's, unless KVM has the APIC, and those of the config. Two things make KVM give exits
 * for one: a filter that denies it, and the exit for everything that KVM itself refuses. The MSRs of an x2APIC cannot
 * be filtered, but KVM refuses them as it has no APIC. What was refused and is not the VMM's is answered with #GP in
 * exit.c.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../kvm.h"

#define BITMAP_BYTES (0x2000u / 8) /* a range of the filter has at most so many MSRs' bits */

/* On every engine: the APIC's base, its timer's deadline, its registers. */
static const struct kvm_msr_range always[] = { { 0x1b, 0x1b }, { 0x6e0, 0x6e0 }, { 0x800, 0x8ff } };

#define ALWAYS (sizeof(always) / sizeof(always[0]))

static bool contains(const struct kvm_msr_range *ranges, size_t count, uint32_t msr)
{
	for (size_t i = 0; i < count; i++)
		if (msr >= ranges[i].first && msr <= ranges[i].last)
			return true;
	return false;
}

bool kvm_msr_exits(const struct kvm_vm *vm, uint32_t msr)
{
	return (vm->kind == KVM_CHIP_VMM && contains(always, ALWAYS, msr)) ||
	       contains(vm->arch.msr_exits.items, vm->arch.msr_exits.count, msr);
}

/* "0x10" or "0x10-0x1f"; *text moves past it and a comma. */
static bool parse_range(const char **text, struct kvm_msr_range *ret_range)
{
	unsigned long long first, last;
	char *end;

	first = last = strtoull(*text, &end, 0);
	if (end == *text)
		return false;
	if (*end == '-') {
		const char *second = end + 1;

		last = strtoull(second, &end, 0);
		if (end == second)
			return false;
	}
	if ((*end && *end != ',') || first > last || last > UINT32_MAX)
		return false;
	*text = end + (*end == ',');
	*ret_range = (struct kvm_msr_range){ (uint32_t)first, (uint32_t)last };
	return true;
}

int32_t kvm_msr_parse(const struct axarch_host *host, const char *text, struct kvm_msr_ranges *ret_ranges)
{
	struct kvm_msr_ranges ranges = { .count = 0 };
	const char *rest = text;

	while (*rest) {
		if (ranges.count == KVM_MSR_RANGES_MAX)
			return host->error(AXVCPU_ERROR_INVALID_INPUT, "kvm: msr_exits has more than %d ranges",
					   KVM_MSR_RANGES_MAX);
		if (!parse_range(&rest, &ranges.items[ranges.count]))
			return host->error(
				AXVCPU_ERROR_INVALID_INPUT,
				"kvm: msr_exits: \"%s\" is not a list of MSRs, such as 0xc0010000-0xc00100ff,0x34",
				text);
		if (ranges.items[ranges.count].last - ranges.items[ranges.count].first >= BITMAP_BYTES * 8)
			return host->error(AXVCPU_ERROR_INVALID_INPUT,
					   "kvm: msr_exits: a range of \"%s\" has more than %u MSRs", text,
					   BITMAP_BYTES * 8);
		ranges.count++;
	}
	*ret_ranges = ranges;
	return 0;
}

/* A bit that is 0 denies: one bitmap of zeros serves all ranges. */
static void deny(struct kvm_msr_filter *filter, uint32_t *count, const struct kvm_msr_range *range)
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
	for (size_t i = 0; i < ALWAYS && vm->kind == KVM_CHIP_VMM; i++)
		if (always[i].first < 0x800 || always[i].first > 0x8ff) /* KVM does not look at the filter for these */
			deny(&filter, &count, &always[i]);
	for (uint32_t i = 0; i < vm->arch.msr_exits.count; i++)
		deny(&filter, &count, &vm->arch.msr_exits.items[i]);
	return KVM_CALL(vm->host, vm->fd, KVM_X86_SET_MSR_FILTER, &filter);
}
