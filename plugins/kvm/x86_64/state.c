/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a vCPU, group by group: each is read when somebody first asks for a register of it, and written before
 * the guest goes on when somebody changed one. KVM_CAP_SYNC_REGS spares the ioctls for the groups that a VMM reads at
 * exit after exit.
 *
 * What KVM refuses it says when a group is written: before the next entry, or when a register is read after others were
 * changed (regs.c), so that a snapshot's loader learns it.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include <axvcpu/regs/x86_64.h>

#include "../kvm.h"

#define CR4_PGE UINT64_C(0x80)
#define RFLAGS_IF UINT64_C(0x200)
#define MSR_TSC 0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_EFER 0xc0000080u
#define MSR_X2APIC 0x800u
#define MSR_X2APIC_LAST 0x8ffu

/* Runs after which registers that nobody reads are not synchronized any more. */
#define UNREAD_MAX 16

/*
 * The MSRs of the register table that are KVM's to keep. Not: the time stamp counter, which goes on by itself; efer and
 * the APIC's base, which are among the sregs; the deadline and the registers of the APIC, which is the VMM's or a group
 * of its own.
 */
/* clang-format off */
#define MSR_ROW(id, size, flags, name, alias, doc) { id, flags },
static const struct {
	uint64_t id;
	uint32_t flags;
} rows[] = { AXVCPU_X86_64_REGS(MSR_ROW) };
/* clang-format on */

static uint32_t msrs[KVM_STATE_MSRS];
static uint32_t msr_count;

static bool is_kept(uint64_t id, uint32_t flags)
{
	uint64_t index = AXVCPU_REG_ID_INDEX(id);

	return AXVCPU_REG_ID_GROUP(id) == AXVCPU_REG_SYSTEM && index <= UINT32_MAX && !(flags & AXVCPU_REG_ALIAS) &&
	       index != MSR_TSC && index != MSR_APIC_BASE && index != MSR_TSC_DEADLINE && index != MSR_EFER &&
	       (index < MSR_X2APIC || index > MSR_X2APIC_LAST);
}

static void list_msrs(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_kept(rows[i].id, rows[i].flags) && msr_count < KVM_STATE_MSRS)
			msrs[msr_count++] = (uint32_t)AXVCPU_REG_ID_INDEX(rows[i].id);
}

uint32_t kvm_state_msr_place(uint32_t msr)
{
	uint32_t first = 0, count = msr_count;

	while (count) { /* they are in the order of the table, which is that of their numbers */
		uint32_t middle = first + count / 2;

		if (msrs[middle] == msr)
			return middle;
		if (msrs[middle] < msr) {
			count -= count / 2 + 1;
			first = middle + 1;
		} else {
			count /= 2;
		}
	}
	return KVM_STATE_MSRS;
}

/* struct kvm_msrs with its entries. */
struct msr_list {
	uint64_t room[(sizeof(struct kvm_msrs) + KVM_STATE_MSRS * sizeof(struct kvm_msr_entry)) / sizeof(uint64_t)];
};

static struct kvm_msrs *msrs_of(struct msr_list *list)
{
	return (struct kvm_msrs *)(void *)list->room;
}

static void add_msr(struct msr_list *list, uint32_t index, uint64_t value)
{
	struct kvm_msrs *kept = msrs_of(list);

	kept->entries[kept->nmsrs++] = (struct kvm_msr_entry){ .index = index, .data = value };
}

/* Those of a set of places, ready for the ioctl; returns how many. */
static uint32_t fill_list(const struct kvm_vcpu *vcpu, uint64_t places, struct msr_list *list)
{
	*msrs_of(list) = (struct kvm_msrs){ .nmsrs = 0 };
	for (uint64_t left = places; left; left &= left - 1) {
		uint32_t place = (uint32_t)__builtin_ctzll(left);

		add_msr(list, msrs[place], vcpu->arch.state.msrs[place]);
	}
	return msrs_of(list)->nmsrs;
}

static uint32_t nth_place(uint64_t places, uint32_t n)
{
	while (n--)
		places &= places - 1;
	return (uint32_t)__builtin_ctzll(places);
}

/* KVM stops at an MSR that it does not have: it is left out from then on, and the rest is read. */
static int32_t read_msrs(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct msr_list list;
	uint32_t count;

	if (!arch->msrs_probed)
		arch->msrs_present = msr_count == 64 ? UINT64_MAX : (UINT64_C(1) << msr_count) - 1;
	for (;;) {
		int done;

		count = fill_list(vcpu, arch->msrs_present, &list);
		done = count ? ioctl(vcpu->fd, KVM_GET_MSRS, &list) : 0;
		if (done < 0)
			return kvm_failed(vcpu->host, "KVM_GET_MSRS");
		if ((uint32_t)done == count)
			break;
		arch->msrs_present &= ~(UINT64_C(1) << nth_place(arch->msrs_present, (uint32_t)done));
	}
	arch->msrs_probed = true;
	for (uint32_t i = 0; i < count; i++)
		arch->state.msrs[nth_place(arch->msrs_present, i)] = msrs_of(&list)->entries[i].data;
	return 0;
}

static int32_t write_msrs(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct msr_list list;
	uint32_t count = fill_list(vcpu, arch->msrs_dirty, &list);
	const struct kvm_msr_entry *entries = msrs_of(&list)->entries;
	int done = count ? ioctl(vcpu->fd, KVM_SET_MSRS, &list) : 0;

	if (done < 0)
		return kvm_failed(vcpu->host, "KVM_SET_MSRS");
	if ((uint32_t)done < count)
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT, "kvm: KVM refuses 0x%llx for MSR 0x%x",
					 (unsigned long long)entries[done].data, entries[done].index);
	arch->msrs_dirty = 0;
	return 0;
}

/* An MSR that KVM does not take back is none to save: it was made up for a processor that has it. */
static int32_t drop_unwritable_msrs(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct msr_list list;
	uint32_t done = 0;

	for (uint64_t left = arch->msrs_present; left;) {
		int result;

		fill_list(vcpu, left, &list);
		result = ioctl(vcpu->fd, KVM_SET_MSRS, &list);
		if (result < 0)
			return kvm_failed(vcpu->host, "KVM_SET_MSRS");
		for (done = 0; done < (uint32_t)result; done++)
			left &= left - 1;
		if (left)
			arch->msrs_present &= ~(left & -left);
		left &= left - 1;
	}
	return 0;
}

/*
 * After a triple fault KVM on AMD (seen in Linux 6.1) clears the processor's control block, and with it the root of the
 * second-stage page tables, which it loads again only when a control register changes: without that the vCPU faults for
 * ever.
 */
static void reload_root(struct kvm_vcpu *vcpu)
{
	struct kvm_sregs changed = vcpu->arch.state.sregs;

	changed.cr4 ^= CR4_PGE;
	ioctl(vcpu->fd, KVM_SET_SREGS, &changed);
	vcpu->arch.lost_root = false;
}

/* The bitmap repeats what the events say; written, it would inject the interrupt a second time. */
static int32_t write_sregs(struct kvm_vcpu *vcpu)
{
	struct kvm_sregs *sregs = &vcpu->arch.state.sregs;

	memset(sregs->interrupt_bitmap, 0, sizeof(sregs->interrupt_bitmap));
	if (vcpu->vm->kind == KVM_CHIP_VMM)
		sregs->cr8 = vcpu->run->cr8;
	if (vcpu->arch.lost_root)
		reload_root(vcpu);
	if (!ioctl(vcpu->fd, KVM_SET_SREGS, sregs))
		return 0;
	return vcpu->host->error(
		AXVCPU_ERROR_INVALID_INPUT,
		"kvm: KVM refuses the segment and control registers together: cr0 0x%llx, cr3 0x%llx, cr4 0x%llx, "
		"efer 0x%llx, cs attributes type %u L %u D %u; the processor's manual says which of their bits "
		"go together (%s)",
		sregs->cr0, sregs->cr3, sregs->cr4, sregs->efer, sregs->cs.type, sregs->cs.l, sregs->cs.db,
		strerror(errno));
}

static int32_t write_events(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_events *events = &vcpu->arch.state.events;

	events->flags |= KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	vcpu->arch.injected =
		events->interrupt.injected || events->nmi.injected || (events->nmi.pending && !events->nmi.masked);
	return KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_VCPU_EVENTS, events);
}

/* One ioctl, either way; sregs and events are written with more care, above. */
#define PLAIN(name, REQUEST, member) \
	static int32_t name(struct kvm_vcpu *vcpu) \
	{ \
		return KVM_CALL(vcpu->host, vcpu->fd, REQUEST, member); \
	}
PLAIN(read_regs, KVM_GET_REGS, &vcpu->arch.state.regs)
PLAIN(write_regs, KVM_SET_REGS, &vcpu->arch.state.regs)
PLAIN(read_sregs, KVM_GET_SREGS, &vcpu->arch.state.sregs)
PLAIN(read_xcrs, KVM_GET_XCRS, &vcpu->arch.state.xcrs)
PLAIN(write_xcrs, KVM_SET_XCRS, &vcpu->arch.state.xcrs)
PLAIN(read_xsave, KVM_GET_XSAVE2, vcpu->arch.state.xsave)
PLAIN(write_xsave, KVM_SET_XSAVE, vcpu->arch.state.xsave)
PLAIN(read_debugregs, KVM_GET_DEBUGREGS, &vcpu->arch.state.debugregs)
PLAIN(write_debugregs, KVM_SET_DEBUGREGS, &vcpu->arch.state.debugregs)
PLAIN(read_events, KVM_GET_VCPU_EVENTS, &vcpu->arch.state.events)
PLAIN(read_lapic, KVM_GET_LAPIC, &vcpu->arch.state.lapic)
PLAIN(write_lapic, KVM_SET_LAPIC, &vcpu->arch.state.lapic)

static int32_t read_deadline(struct kvm_vcpu *vcpu)
{
	return kvm_state_get_msr(vcpu, MSR_TSC_DEADLINE, &vcpu->arch.state.deadline);
}

/* After the APIC's registers, which say that the timer has one. */
static int32_t write_deadline(struct kvm_vcpu *vcpu)
{
	return kvm_state_set_msr(vcpu, MSR_TSC_DEADLINE, vcpu->arch.state.deadline);
}

/* KVM_GET_XSAVE2 came with states larger than a page; before it there was one size. */
static int32_t read_any_xsave(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.xsave_size > sizeof(struct kvm_xsave))
		return read_xsave(vcpu);
	return KVM_CALL(vcpu->host, vcpu->fd, KVM_GET_XSAVE, vcpu->arch.state.xsave);
}

/* In the order in which they are written: later ones are checked against earlier ones. */
static const struct {
	uint32_t group;
	int32_t (*read)(struct kvm_vcpu *vcpu);
	int32_t (*write)(struct kvm_vcpu *vcpu);
	uint32_t sync;      /* KVM_SYNC_X86_*: kvm_run may have it */
	size_t sync_offset; /* in kvm_run's struct of them */
	size_t offset;      /* in struct kvm_state */
	size_t size;
} groups[] = {
#define SYNCHRONIZED(member) \
	offsetof(struct kvm_sync_regs, member), offsetof(struct kvm_state, member), \
		sizeof(((struct kvm_state *)0)->member)
	{ KVM_GROUP_SREGS, read_sregs, write_sregs, KVM_SYNC_X86_SREGS, SYNCHRONIZED(sregs) },
	{ KVM_GROUP_REGS, read_regs, write_regs, KVM_SYNC_X86_REGS, SYNCHRONIZED(regs) },
	{ KVM_GROUP_XCRS, read_xcrs, write_xcrs, 0, 0, 0, 0 },
	{ KVM_GROUP_XSAVE, read_any_xsave, write_xsave, 0, 0, 0, 0 },
	{ KVM_GROUP_DEBUGREGS, read_debugregs, write_debugregs, 0, 0, 0, 0 },
	{ KVM_GROUP_MSRS, read_msrs, write_msrs, 0, 0, 0, 0 },
	{ KVM_GROUP_LAPIC, read_lapic, write_lapic, 0, 0, 0, 0 },
	{ KVM_GROUP_DEADLINE, read_deadline, write_deadline, 0, 0, 0, 0 },
	{ KVM_GROUP_EVENTS, read_events, write_events, KVM_SYNC_X86_EVENTS, SYNCHRONIZED(events) },
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

/* Whether kvm_run has the group as it is: it was asked for before the last KVM_RUN. From now on it is. */
static bool take_synchronized(struct kvm_vcpu *vcpu, size_t index)
{
	struct kvm_run *run = vcpu->run;
	uint32_t bit = groups[index].sync;

	vcpu->arch.unread = 0;
	if (!(run->kvm_valid_regs & bit)) {
		run->kvm_valid_regs |= bit & vcpu->arch.sync_offered;
		vcpu->arch.sync_wanted |= bit;
		return false;
	}
	if (vcpu->arch.sync_wanted & bit) /* asked for, and not run since */
		return false;
	memcpy((uint8_t *)&vcpu->arch.state + groups[index].offset,
	       (const uint8_t *)&run->s.regs + groups[index].sync_offset, groups[index].size);
	return true;
}

static int32_t load(struct kvm_vcpu *vcpu, size_t index)
{
	int32_t error = kvm_vcpu_finish(vcpu);

	if (error || vcpu->arch.loaded & groups[index].group)
		return error;
	if (!take_synchronized(vcpu, index))
		error = groups[index].read(vcpu);
	if (error)
		return error;
	vcpu->arch.loaded |= groups[index].group;
	vcpu->cached = true;
	return 0;
}

int32_t kvm_state_load(struct kvm_vcpu *vcpu, uint32_t wanted)
{
	int32_t error = 0;

	for (size_t i = 0; i < GROUP_COUNT && !error; i++)
		if (groups[i].group & wanted & vcpu->arch.groups)
			error = load(vcpu, i);
	return error;
}

int32_t kvm_state_edit(struct kvm_vcpu *vcpu, uint32_t group)
{
	int32_t error = kvm_state_load(vcpu, group);

	if (error)
		return error;
	vcpu->arch.dirty |= group;
	vcpu->before |= KVM_BEFORE_STATE;
	return 0;
}

/* KVM_SET_REGS forgets an exception that waits for delivery: it is written back, as events are written last. */
static int32_t keep_exception(struct kvm_vcpu *vcpu)
{
	int32_t error = kvm_state_load(vcpu, KVM_GROUP_EVENTS);

	if (!error && vcpu->arch.groups & KVM_GROUP_EVENTS && vcpu->arch.state.events.exception.pending)
		vcpu->arch.dirty |= KVM_GROUP_EVENTS;
	return error;
}

/* KVM may have made something else of what was written: it is read again when somebody asks. */
int32_t kvm_arch_write_state(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;

	/* In the midst of an instruction (kvm_vcpu_finish writes before it ends it) there is none. */
	if (arch->dirty & KVM_GROUP_REGS && !vcpu->unfinished) {
		int32_t error = keep_exception(vcpu);

		if (error)
			return error;
	}
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		int32_t error;

		if (!(arch->dirty & groups[i].group))
			continue;
		error = groups[i].write(vcpu);
		if (error)
			return error;
		if (groups[i].group == KVM_GROUP_REGS) /* KVM_RUN would say so */
			vcpu->run->if_flag = arch->state.regs.rflags & RFLAGS_IF ? 1 : 0;
		arch->dirty &= ~groups[i].group;
		arch->loaded &= ~groups[i].group;
		arch->sync_wanted |= groups[i].sync; /* kvm_run's copy is old */
	}
	vcpu->before &= ~(uint32_t)KVM_BEFORE_STATE;
	vcpu->run->ready_for_interrupt_injection = 0; /* not known until the next KVM_RUN */
	return 0;
}

void kvm_arch_forget_state(struct kvm_vcpu *vcpu)
{
	vcpu->arch.loaded = vcpu->arch.dirty;
	vcpu->arch.sync_wanted = 0;
	if (vcpu->arch.unread++ == UNREAD_MAX)
		vcpu->run->kvm_valid_regs = 0;
	vcpu->cached = vcpu->run->kvm_valid_regs || vcpu->arch.dirty;
}

int32_t kvm_state_get_msr(struct kvm_vcpu *vcpu, uint32_t msr, uint64_t *ret_value)
{
	struct msr_list list = { .room = { 0 } };
	int done;

	add_msr(&list, msr, 0);
	done = ioctl(vcpu->fd, KVM_GET_MSRS, &list);
	if (done < 0)
		return kvm_failed(vcpu->host, "KVM_GET_MSRS");
	if (!done)
		return vcpu->host->error(AXVCPU_ERROR_NOT_FOUND, "kvm: this vCPU has no MSR 0x%x", msr);
	*ret_value = msrs_of(&list)->entries[0].data;
	return 0;
}

int32_t kvm_state_set_msr(struct kvm_vcpu *vcpu, uint32_t msr, uint64_t value)
{
	struct msr_list list = { .room = { 0 } };
	int done;

	add_msr(&list, msr, value);
	done = ioctl(vcpu->fd, KVM_SET_MSRS, &list);
	if (done < 0)
		return kvm_failed(vcpu->host, "KVM_SET_MSRS");
	return done ? 0
		    : vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT, "kvm: KVM refuses 0x%llx for MSR 0x%x",
					(unsigned long long)value, msr);
}

int32_t kvm_state_probe_msrs(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	int32_t error = arch->dirty & KVM_GROUP_MSRS ? kvm_arch_write_state(vcpu) : 0;

	if (error || !arch->msrs_probed) /* kvm_state_init is still to come */
		return error;
	arch->msrs_probed = false;
	arch->loaded &= ~(uint32_t)KVM_GROUP_MSRS;
	error = kvm_state_load(vcpu, KVM_GROUP_MSRS);
	return error ? error : drop_unwritable_msrs(vcpu);
}

static void find_groups(struct kvm_vcpu *vcpu, int system_fd)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;

	arch->groups = KVM_GROUP_REGS | KVM_GROUP_SREGS | KVM_GROUP_MSRS;
	arch->groups |= kvm_system_has(system_fd, KVM_CAP_XSAVE) ? KVM_GROUP_XSAVE : 0;
	arch->groups |= kvm_system_has(system_fd, KVM_CAP_XCRS) ? KVM_GROUP_XCRS : 0;
	arch->groups |= kvm_system_has(system_fd, KVM_CAP_DEBUGREGS) ? KVM_GROUP_DEBUGREGS : 0;
	arch->groups |= kvm_system_has(system_fd, KVM_CAP_VCPU_EVENTS) ? KVM_GROUP_EVENTS : 0;
	arch->groups |= vcpu->vm->kind == KVM_CHIP_KERNEL ? KVM_GROUP_LAPIC | KVM_GROUP_DEADLINE : 0;
	arch->sync_offered = (uint32_t)kvm_system_has(system_fd, KVM_CAP_SYNC_REGS);
}

/* The size depends on what the VM may use, so the VM is asked. */
static int32_t make_xsave(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	int size = kvm_system_has(vcpu->vm->fd, KVM_CAP_XSAVE2);

	arch->xsave_size = size > (int)sizeof(struct kvm_xsave) ? (size_t)size : sizeof(struct kvm_xsave);
	arch->state.xsave = vcpu->host->alloc(arch->xsave_size);
	arch->initial.xsave = vcpu->host->alloc(arch->xsave_size);
	if (arch->state.xsave && arch->initial.xsave)
		return 0;
	kvm_state_finish(vcpu);
	return vcpu->host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for a vCPU's registers");
}

static void copy_state(const struct kvm_vcpu *vcpu, struct kvm_state *to, const struct kvm_state *from)
{
	uint8_t *xsave = to->xsave;

	*to = *from;
	to->xsave = xsave;
	memcpy(xsave, from->xsave, vcpu->arch.xsave_size);
}

int32_t kvm_state_init(struct kvm_vcpu *vcpu)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int32_t error;
	int system_fd;

	pthread_once(&once, list_msrs);
	error = kvm_system_open(vcpu->host, &system_fd);
	if (error)
		return error;
	find_groups(vcpu, system_fd);
	error = make_xsave(vcpu);
	if (error)
		return error;
	vcpu->run->kvm_valid_regs = 0; /* those of the vCPU that had this kvm_run before */
	error = kvm_state_load(vcpu, KVM_GROUPS_ALL);
	if (!error)
		error = drop_unwritable_msrs(vcpu);
	if (error)
		kvm_state_finish(vcpu);
	else
		copy_state(vcpu, &vcpu->arch.initial, &vcpu->arch.state);
	vcpu->run->kvm_valid_regs = 0; /* nobody asked: that was us */
	return error;
}

void kvm_state_finish(struct kvm_vcpu *vcpu)
{
	vcpu->host->free(vcpu->arch.state.xsave);
	vcpu->host->free(vcpu->arch.initial.xsave);
	vcpu->arch.state.xsave = vcpu->arch.initial.xsave = NULL;
}

void kvm_state_mark_all(struct kvm_vcpu *vcpu)
{
	vcpu->arch.loaded = vcpu->arch.dirty = vcpu->arch.groups;
	vcpu->arch.msrs_dirty = vcpu->arch.msrs_present;
	vcpu->cached = true;
	vcpu->before |= KVM_BEFORE_STATE;
}

void kvm_state_restore_initial(struct kvm_vcpu *vcpu)
{
	copy_state(vcpu, &vcpu->arch.state, &vcpu->arch.initial);
	vcpu->run->cr8 = 0;
	kvm_state_mark_all(vcpu);
}
