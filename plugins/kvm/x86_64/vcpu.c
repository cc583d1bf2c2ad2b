/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a vCPU and a VM on x86_64: what KVM is told once, the state of the reset, and the clock. */
#include <asm/kvm_para.h>
#include <errno.h>
#include <linux/kvm_para.h>
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "../../common/x86_64/counter.h"
#include "../kvm.h"

#define PAGE_SIZE 4096u
#define MIB (UINT64_C(1) << 20)
#define RFLAGS_FIXED UINT64_C(2)
#define TSS_BUSY 11u
#define APIC_ENABLED UINT64_C(0x800)
#define APIC_BSP UINT64_C(0x100)
#define MSR_TSC 0x10u
#define MSR_MISC_ENABLE 0x1a0u
#define CLOCK_SLACK_MS 20 /* by which a counter may differ from the clock that it was set to */

/* Pages of guest-physical addresses that KVM needs on Intel for itself: 16 MiB below 4 GiB, under any firmware. */
#define IDENTITY_MAP UINT64_C(0xfeffc000)
#define TSS (IDENTITY_MAP + PAGE_SIZE)

/* Options that make KVM tell more; it works without them. */
static const struct {
	uint32_t capability;
	uint64_t argument;
} options[] = {
	{ KVM_CAP_EXCEPTION_PAYLOAD, 1 },
	{ KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1 },
	/* Without it KVM makes the instruction an #UD of the guest's, whose state is not what it was any more. */
	{ KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1 },
};

static int32_t place_pages(struct kvm_vm *vm)
{
	const uint64_t identity_map = IDENTITY_MAP;
	int32_t error = 0;

	if (kvm_system_has(vm->fd, KVM_CAP_SET_IDENTITY_MAP_ADDR))
		error = KVM_CALL(vm->host, vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	if (!error && kvm_system_has(vm->fd, KVM_CAP_SET_TSS_ADDR))
		error = KVM_CALL(vm->host, vm->fd, KVM_SET_TSS_ADDR, TSS);
	return error;
}

/* vm->kind is KVM_CHIP_*. */
uint32_t kvm_arch_vm_kind(const struct kvm_create *config)
{
	return config->chip;
}

int32_t kvm_arch_vm_init(struct kvm_vm *vm)
{
	int32_t error = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && !error; i++) {
		struct kvm_enable_cap option = { .cap = options[i].capability, .args = { options[i].argument } };

		if (kvm_system_has(vm->fd, options[i].capability))
			error = KVM_CALL(vm->host, vm->fd, KVM_ENABLE_CAP, &option);
	}
	if (!error)
		error = place_pages(vm);
	return error || vm->kind == KVM_CHIP_VMM ? error : kvm_chip_create(vm);
}

/*
 * KVM answers vmcall itself. Where it has Xen's hypercalls all can be the VMM's; elsewhere one is, KVM_HC_MAP_GPA_RANGE
 * (12), whose arguments KVM checks first.
 */
static int32_t configure_hypercalls(struct kvm_vm *vm, uint32_t choice)
{
	struct kvm_xen_hvm_config xen = { .flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL };
	struct kvm_enable_cap one = { .cap = KVM_CAP_EXIT_HYPERCALL, .args = { 1u << KVM_HC_MAP_GPA_RANGE } };

	if (choice == KVM_HYPERCALLS_KERNEL)
		return 0;
	vm->arch.hypercall_exits = true;
	if (kvm_system_has(vm->fd, KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)
		return KVM_CALL(vm->host, vm->fd, KVM_XEN_HVM_CONFIG, &xen);
	if (choice == KVM_HYPERCALLS_EXIT)
		return vm->host->error(AXVCPU_ERROR_UNSUPPORTED,
				       "kvm: hypercalls=exit needs a kernel with CONFIG_KVM_XEN, which this host's is "
				       "not; with auto number "
				       "12 gives exits, and KVM answers the others");
	if (kvm_system_has(vm->fd, KVM_CAP_EXIT_HYPERCALL) & (1 << KVM_HC_MAP_GPA_RANGE))
		return KVM_CALL(vm->host, vm->fd, KVM_ENABLE_CAP, &one);
	vm->arch.hypercall_exits = false;
	return 0;
}

static bool same_ranges(const struct msr_ranges *one, const struct msr_ranges *other)
{
	return one->count == other->count && !memcmp(one->items, other->items, one->count * sizeof(one->items[0]));
}

/* What KVM has for a whole VM is configured by its first vCPU; the others must agree. */
static int32_t configure_vm(struct kvm_vcpu *vcpu)
{
	struct kvm_vm *vm = vcpu->vm;
	struct msr_ranges ranges;
	int32_t error = msr_ranges_parse(vcpu->host, "kvm", vcpu->arch.config.msr_exits, &ranges);

	if (error)
		return error;
	pthread_mutex_lock(&vm->lock);
	if (vm->arch.configured && !same_ranges(&vm->arch.msr_exits, &ranges)) {
		error = vcpu->host->error(
			AXVCPU_ERROR_INVALID_INPUT,
			"kvm: msr_exits of vCPU %u differs from that of its VM's first vCPU: KVM has one list for all",
			vcpu->vcpu_id);
	} else if (vm->arch.configured && vm->arch.hypercalls != vcpu->arch.config.hypercalls) {
		error = vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					  "kvm: hypercalls of vCPU %u differs from that of its VM's first vCPU: KVM "
					  "has one answer for all",
					  vcpu->vcpu_id);
	} else if (!vm->arch.configured) {
		vm->arch.hypercalls = vcpu->arch.config.hypercalls;
		vm->arch.msr_exits = ranges;
		error = kvm_msr_filter(vm);
		if (!error)
			error = configure_hypercalls(vm, vcpu->arch.config.hypercalls);
		vm->arch.configured = !error;
	}
	pthread_mutex_unlock(&vm->lock);
	return error;
}

static int32_t configure_tsc(struct kvm_vcpu *vcpu)
{
	uint64_t wanted = vcpu->arch.config.tsc_khz;
	int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);

	if (khz < 0)
		return kvm_failed(vcpu->host, "KVM_GET_TSC_KHZ");
	vcpu->arch.tsc_khz = vcpu->arch.host_khz = (uint32_t)khz;
	if (!wanted || wanted == (uint64_t)khz)
		return 0;
	if (ioctl(vcpu->fd, KVM_SET_TSC_KHZ, wanted))
		return vcpu->host->error(
			AXVCPU_ERROR_UNSUPPORTED,
			"kvm: tsc_khz=%llu: this host's processor cannot scale its counter of %d kHz; leave it 0",
			(unsigned long long)wanted, khz);
	vcpu->arch.tsc_khz = (uint32_t)wanted;
	return 0;
}

void kvm_arch_seat_finish(struct kvm_vm *vm, struct kvm_seat *seat)
{
	vm->host->free(seat->arch.cpuid);
}

static size_t cpuid_size(const struct kvm_cpuid2 *cpuid)
{
	return sizeof(*cpuid) + cpuid->nent * sizeof(cpuid->entries[0]);
}

static bool has_cpuid(const struct kvm_seat *seat, const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid2 *set = seat->arch.cpuid;

	return set && set->nent == cpuid->nent && !memcmp(set, cpuid, cpuid_size(cpuid));
}

/* Once it has run a KVM vCPU keeps its CPUID, so the same is not set again: that KVM may have changed what it was told.
 */
static int32_t tell_cpuid(struct kvm_vcpu *vcpu, const struct kvm_cpuid2 *cpuid)
{
	struct kvm_seat *seat = vcpu->seat;
	struct kvm_cpuid2 *copy;
	int32_t error;

	if (has_cpuid(seat, cpuid))
		return 0;
	copy = vcpu->host->alloc(cpuid_size(cpuid));
	if (!copy)
		return vcpu->host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for CPUID");
	memcpy(copy, cpuid, cpuid_size(cpuid));
	error = KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_CPUID2, copy);
	if (error) {
		vcpu->host->free(copy);
		return error;
	}
	vcpu->host->free(seat->arch.cpuid);
	seat->arch.cpuid = copy;
	return 0;
}

/* A KVM in software may leave the processor more than it is told to: what it has then is what its registers follow. */
static int32_t set_cpuid(struct kvm_vcpu *vcpu)
{
	int32_t error = tell_cpuid(vcpu, vcpu->arch.told);

	if (error)
		return error;
	vcpu->arch.cpuid->nent = KVM_CPUID_ENTRIES_MAX;
	return KVM_CALL(vcpu->host, vcpu->fd, KVM_GET_CPUID2, vcpu->arch.cpuid);
}

int32_t kvm_cpuid_tell(struct kvm_vcpu *vcpu)
{
	int32_t error;

	kvm_cpuid_compose(vcpu);
	if (has_cpuid(vcpu->seat, vcpu->arch.told))
		return 0;
	error = set_cpuid(vcpu);
	return error ? error : kvm_state_probe_msrs(vcpu);
}

/* The portable processor has no paravirtual devices of KVM's: their MSRs raise #GP, as elsewhere. */
static int32_t enforce_portable(struct kvm_vcpu *vcpu)
{
	struct kvm_enable_cap option = { .cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = { 1 } };

	if (vcpu->arch.config.cpuid != KVM_CPUID_PORTABLE ||
	    !kvm_system_has(vcpu->vm->fd, KVM_CAP_ENFORCE_PV_FEATURE_CPUID))
		return 0;
	return KVM_CALL(vcpu->host, vcpu->fd, KVM_ENABLE_CAP, &option);
}

/* What KVM begins with depends on its version. */
static void begin_portable(struct kvm_vcpu *vcpu)
{
	uint32_t place = kvm_state_msr_place(MSR_MISC_ENABLE);

	if (vcpu->arch.config.cpuid == KVM_CPUID_PORTABLE && vcpu->arch.msrs_present >> place & 1)
		vcpu->arch.initial.msrs[place] = CPU_PORTABLE_MISC_ENABLE;
}

int32_t kvm_arch_vcpu_init(struct kvm_vcpu *vcpu, const struct kvm_create *config)
{
	int32_t error;

	vcpu->arch.config = *config;
	if (config->apic_id == KVM_APIC_ID_OF_VCPU)
		vcpu->arch.config.apic_id = vcpu->vcpu_id;
	error = configure_vm(vcpu);
	if (!error)
		error = configure_tsc(vcpu);
	if (!error)
		error = kvm_cpuid_make(vcpu);
	if (error)
		return error;
	if (vcpu->seat->arch.has_run && !has_cpuid(vcpu->seat, vcpu->arch.told))
		kvm_cpuid_adopt(vcpu, vcpu->seat->arch.cpuid);
	error = enforce_portable(vcpu);
	if (!error)
		error = set_cpuid(vcpu);
	if (!error)
		error = kvm_state_init(vcpu);
	if (!error) {
		begin_portable(vcpu);
		error = kvm_arch_reset(vcpu);
	}
	if (error)
		kvm_arch_vcpu_finish(vcpu);
	return error;
}

void kvm_arch_vcpu_finish(struct kvm_vcpu *vcpu)
{
	kvm_state_finish(vcpu);
	kvm_cpuid_free(vcpu);
}

int32_t kvm_arch_vcpu_pack(struct kvm_vcpu *vcpu)
{
	int32_t error = kvm_vcpu_finish(vcpu);

	return error ? error : kvm_state_load(vcpu, KVM_GROUPS_ALL);
}

void kvm_arch_vcpu_vacate(struct kvm_vcpu *vcpu)
{
	struct kvm_state kept = vcpu->arch.state;

	vcpu->arch.state = vcpu->arch.initial;
	kvm_state_mark_all(vcpu);
	kvm_arch_write_state(vcpu); /* what KVM refuses here it refuses the next one, who says so */
	vcpu->arch.state = kept;
	vcpu->run->cr8 = 0;
}

int32_t kvm_arch_vcpu_unpack(struct kvm_vcpu *vcpu)
{
	uint64_t khz = vcpu->arch.tsc_khz;
	int32_t error = configure_vm(vcpu);

	if (!error && khz != vcpu->arch.host_khz && ioctl(vcpu->fd, KVM_SET_TSC_KHZ, khz))
		error = kvm_failed(vcpu->host, "KVM_SET_TSC_KHZ");
	if (!error)
		error = enforce_portable(vcpu);
	if (!error)
		error = set_cpuid(vcpu);
	if (!error && vcpu->clock)
		error = kvm_arch_set_clock(vcpu);
	vcpu->arch.debug_changed = true;
	kvm_interrupt_update_look(vcpu);
	kvm_state_mark_all(vcpu);
	return error;
}

/*
 * Real mode has a segment and an offset, an entry is one number. At a page below 1 MiB it is what a start-up IPI does:
 * the page's segment, offset 0 (code finds its data by cs). Elsewhere the offset is the low 16 bits, and above 1 MiB
 * the base is not 16 times the selector, as at a reset.
 */
static void set_code_segment(struct kvm_vcpu *vcpu)
{
	struct kvm_state *state = &vcpu->arch.state;
	uint64_t entry = vcpu->entry;

	if (entry < MIB && entry % PAGE_SIZE == 0) {
		state->sregs.cs.base = entry;
		state->regs.rip = 0;
	} else {
		state->sregs.cs.base = entry & ~UINT64_C(0xffff);
		state->regs.rip = entry & 0xffff;
	}
	state->sregs.cs.selector = entry < MIB ? (uint16_t)(state->sregs.cs.base >> 4) : 0xf000;
	state->regs.rflags = RFLAGS_FIXED;
}

int32_t kvm_arch_set_entry(struct kvm_vcpu *vcpu)
{
	int32_t error;

	if (vcpu->entry > UINT32_MAX)
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					 "kvm: entry 0x%llx: a processor starts in real mode, below 4 GiB; set rip and "
					 "the mode after setup",
					 (unsigned long long)vcpu->entry);
	error = kvm_vcpu_abandon(vcpu);
	if (!error)
		error = kvm_state_edit(vcpu, KVM_GROUP_SREGS | KVM_GROUP_REGS);
	if (error)
		return error;
	set_code_segment(vcpu);
	vcpu->before &= ~(uint32_t)KVM_BEFORE_HALTED;
	return 0;
}

int32_t kvm_arch_reset(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	int32_t error = kvm_vcpu_abandon(vcpu);

	arch->line = arch->edge_waiting = arch->injected = arch->access_pending = false;
	arch->single_step = arch->at_breakpoint = arch->steps_off = false;
	arch->breakpoint_count = 0;
	arch->debug_changed = true;
	vcpu->before = 0;
	kvm_state_restore_initial(vcpu);
	arch->state.regs.rdx =
		arch->model.signature; /* SDM volume 3, table 9-1; KVM made the vCPU before it had CPUID */
	/* As after any reset; KVM on AMD has other attributes. */
	arch->state.sregs.ss.type |= 1;
	arch->state.sregs.tr.type = TSS_BUSY;
	arch->state.sregs.apic_base =
		(arch->state.sregs.apic_base & ~APIC_BSP) | APIC_ENABLED | (vcpu->vcpu_id ? 0 : APIC_BSP);
	kvm_interrupt_update_look(vcpu);
	return error || vcpu->vm->kind == KVM_CHIP_VMM ? error : kvm_chip_reset(vcpu);
}

int32_t kvm_arch_setup(struct kvm_vcpu *vcpu, const struct kvm_setup *config)
{
	int32_t error = kvm_arch_reset(vcpu);

	(void)config;
	if (!error)
		set_code_segment(vcpu);
	return error ? error : kvm_arch_write_state(vcpu);
}

static struct counter_clock clock_of(const struct kvm_vcpu *vcpu)
{
	return (struct counter_clock){ vcpu->arch.tsc_khz, vcpu->clock, vcpu->clock_context };
}

static uint64_t ticks_now(const struct kvm_vcpu *vcpu)
{
	return counter_ticks(vcpu->arch.tsc_khz, vcpu->clock(vcpu->clock_context));
}

static bool is_scaled(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.tsc_khz != vcpu->arch.host_khz;
}

static bool has_offset(const struct kvm_vcpu *vcpu)
{
	const struct kvm_device_attr attribute = { .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET };

	return !ioctl(vcpu->fd, KVM_HAS_DEVICE_ATTR, &attribute);
}

/* All vCPUs of a VM get one offset, so that their counters agree to the tick. */
static int32_t set_offset(struct kvm_vcpu *vcpu, int64_t offset)
{
	const struct kvm_device_attr attribute = { .group = KVM_VCPU_TSC_CTRL,
						   .attr = KVM_VCPU_TSC_OFFSET,
						   .addr = (uintptr_t)&offset };

	return KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_DEVICE_ATTR, &attribute);
}

/* KVM's paravirtual clock shows the same time. */
static int32_t set_kvm_clock(struct kvm_vm *vm, uint64_t now_ns)
{
	struct kvm_clock_data data = { .clock = now_ns };

	if (!kvm_system_has(vm->fd, KVM_CAP_ADJUST_CLOCK))
		return 0;
	return KVM_CALL(vm->host, vm->fd, KVM_SET_CLOCK, &data);
}

/* The first vCPU's look at the clock holds for all of the VM, so that they agree to the tick, unless the clock has
 * stood still or jumped since: a VMM stops it while its machine is paused. */
static int32_t take_clock(struct kvm_vcpu *vcpu)
{
	const struct counter_clock clock = clock_of(vcpu);
	struct kvm_vm *vm = vcpu->vm;
	int32_t error;

	if (vm->arch.has_clock && !counter_is_off(&clock, (uint64_t)vm->arch.tsc_offset))
		return 0;
	vm->arch.tsc_offset = (int64_t)counter_offset(&clock);
	error = set_kvm_clock(vm, vcpu->clock(vcpu->clock_context));
	vm->arch.has_clock = !error;
	return error;
}

/* A KVM without hardware may take the counter's new value, and show the host's all the same. */
static int32_t check_tsc(struct kvm_vcpu *vcpu)
{
	uint64_t slack = (uint64_t)vcpu->arch.tsc_khz * CLOCK_SLACK_MS, before, after, tsc;
	int32_t error;

	before = ticks_now(vcpu);
	error = kvm_state_get_msr(vcpu, MSR_TSC, &tsc);
	after = ticks_now(vcpu);
	if (error || (tsc + slack >= before && tsc <= after + slack))
		return error;
	return vcpu->host->error(
		AXVCPU_ERROR_UNSUPPORTED,
		"kvm: this host's KVM does not set the time stamp counter: the guest sees the host's time");
}

int32_t kvm_arch_set_clock(struct kvm_vcpu *vcpu)
{
	struct kvm_vm *vm = vcpu->vm;
	int32_t error = 0;

	if (!vcpu->clock)
		return 0;
	pthread_mutex_lock(&vm->lock);
	error = take_clock(vcpu);
	pthread_mutex_unlock(&vm->lock);
	if (error)
		return error;
	if (is_scaled(vcpu) || !has_offset(vcpu))
		error = kvm_state_set_msr(vcpu, MSR_TSC, ticks_now(vcpu));
	else
		error = set_offset(vcpu, vm->arch.tsc_offset);
	return error ? error : check_tsc(vcpu);
}

static int32_t no_offset(const struct kvm_vcpu *vcpu)
{
	return vcpu->host->error(AXVCPU_ERROR_NOT_FOUND,
				 "kvm: the counter of this vCPU is not the host's with an offset");
}

int32_t kvm_tsc_get_offset(struct kvm_vcpu *vcpu, uint64_t *ret_value)
{
	const struct kvm_device_attr attribute = { .group = KVM_VCPU_TSC_CTRL,
						   .attr = KVM_VCPU_TSC_OFFSET,
						   .addr = (uintptr_t)ret_value };

	if (is_scaled(vcpu) || ioctl(vcpu->fd, KVM_GET_DEVICE_ATTR, &attribute))
		return no_offset(vcpu);
	return 0;
}

int32_t kvm_tsc_set_offset(struct kvm_vcpu *vcpu, uint64_t value)
{
	uint64_t present;
	int32_t error = kvm_tsc_get_offset(vcpu, &present);

	return error || value == present ? error : set_offset(vcpu, (int64_t)value);
}
