/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of <axvcpu/regs/x86_64.h>, by number: where each lies in the groups of state.c, and the few that KVM
 * keeps in another shape.
 */
#include <string.h>
#include <sys/ioctl.h>

#include <axvcpu/regs/x86_64.h>
#include <axvcpu/state.h>

#include "../kvm.h"

#define REG_RIP 16u
#define REG_RFLAGS 17u
#define RFLAGS_RF UINT64_C(0x10000)
#define MSR_TSC 0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_EFER 0xc0000080u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u
#define MSR_X2APIC_ICR 0x830u
#define MSR_X2APIC_LAST 0x8ffu
#define CR_8 8u
#define CR_8_MAX 15u
#define MP_STATE 19u
#define SHADOW 10u /* the register, and its values */
#define SHADOW_STI 1u
#define SHADOW_MOV_SS 2u
#define XSTATE_BV 512u
#define XSAVE_LEAF 0xdu

enum {
	COMPONENT_X87,
	COMPONENT_SSE,
	COMPONENT_AVX,
	COMPONENT_OPMASK = 5,
	COMPONENT_ZMM_HI256,
	COMPONENT_HI16_ZMM,
	COMPONENT_PKRU = 9
};

/* Where a register lies: `size` bytes of a group, or a pair of functions for what has another shape. */
struct place {
	uint32_t group;
	void *at;
	uint32_t size;
	uint32_t component; /* of xsave: is in use once it is written */
	void (*get)(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value);
	void (*set)(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value);
	void *second; /* of a register in two parts: the upper half's place and component */
	uint32_t second_component;
};

static struct place at(uint32_t group, void *where, uint32_t size)
{
	return (struct place){ .group = group, .at = where, .size = size };
}

/* Told by RF: the instruction at a breakpoint that the vCPU stopped at is to be executed. */
static void get_flags(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value)
{
	uint64_t value = vcpu->arch.state.regs.rflags;

	(void)place;
	value |= kvm_debug_is_stopped(vcpu) ? RFLAGS_RF : 0;
	memcpy(ret_value, &value, 8);
}

static void set_flags(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value)
{
	uint64_t flags;

	(void)place;
	memcpy(&flags, value, 8);
	kvm_debug_set_stopped(vcpu, flags & RFLAGS_RF);
	vcpu->arch.state.regs.rflags = flags;
}

static bool find_general(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	static const size_t offsets[] = {
#define REGISTER(name) offsetof(struct kvm_regs, name)
		REGISTER(rax), REGISTER(rcx), REGISTER(rdx), REGISTER(rbx), REGISTER(rsp), REGISTER(rbp),
		REGISTER(rsi), REGISTER(rdi), REGISTER(r8),  REGISTER(r9),  REGISTER(r10), REGISTER(r11),
		REGISTER(r12), REGISTER(r13), REGISTER(r14), REGISTER(r15), REGISTER(rip), REGISTER(rflags),
#undef REGISTER
	};

	if (index >= sizeof(offsets) / sizeof(offsets[0]))
		return false;
	*ret_place = at(KVM_GROUP_REGS, (uint8_t *)&vcpu->arch.state.regs + offsets[index], 8);
	if (index == REG_RFLAGS) {
		ret_place->get = get_flags;
		ret_place->set = set_flags;
	}
	return true;
}

/* Attributes as in the descriptor; KVM has them bit by bit, and says apart that a segment is not usable. */
static void get_attributes(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value)
{
	const struct kvm_segment *segment = place->at;
	uint64_t value = 0;

	(void)vcpu;
	if (!segment->unusable)
		value = (uint64_t)segment->type | (uint64_t)segment->s << 4 | (uint64_t)segment->dpl << 5 |
			(uint64_t)segment->present << 7 | (uint64_t)segment->avl << 12 | (uint64_t)segment->l << 13 |
			(uint64_t)segment->db << 14 | (uint64_t)segment->g << 15;
	memcpy(ret_value, &value, 8);
}

static void set_attributes(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value)
{
	struct kvm_segment *segment = place->at;
	uint64_t bits;

	(void)vcpu;
	memcpy(&bits, value, 8);
	segment->type = bits & 15;
	segment->s = bits >> 4 & 1;
	segment->dpl = bits >> 5 & 3;
	segment->present = bits >> 7 & 1;
	segment->avl = bits >> 12 & 1;
	segment->l = bits >> 13 & 1;
	segment->db = bits >> 14 & 1;
	segment->g = bits >> 15 & 1;
	segment->unusable = !segment->present;
}

static bool find_segment(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	struct kvm_sregs *sregs = &vcpu->arch.state.sregs;
	struct kvm_segment *const segments[] = { &sregs->es, &sregs->cs, &sregs->ss, &sregs->ds,
						 &sregs->fs, &sregs->gs, &sregs->tr, &sregs->ldt };
	struct kvm_segment *segment;

	if (index / 4 >= sizeof(segments) / sizeof(segments[0]))
		return false;
	segment = segments[index / 4];
	switch (index % 4) {
	case 0:
		*ret_place = at(KVM_GROUP_SREGS, &segment->selector, 2);
		break;
	case 1:
		*ret_place = at(KVM_GROUP_SREGS, &segment->base, 8);
		break;
	case 2:
		*ret_place = at(KVM_GROUP_SREGS, &segment->limit, 4);
		break;
	default:
		*ret_place = at(KVM_GROUP_SREGS, segment, 8);
		ret_place->get = get_attributes;
		ret_place->set = set_attributes;
		break;
	}
	return true;
}

static bool find_table(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	struct kvm_sregs *sregs = &vcpu->arch.state.sregs;
	struct kvm_dtable *table = index / 2 ? &sregs->idt : &sregs->gdt;

	*ret_place = index % 2 ? at(KVM_GROUP_SREGS, &table->limit, 2) : at(KVM_GROUP_SREGS, &table->base, 8);
	return index < 4;
}

/* cr8 passes through kvm_run at each entry and exit, so that it costs no ioctl. */
static bool find_control(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	struct kvm_sregs *sregs = &vcpu->arch.state.sregs;
	uint64_t *const controls[] = { (uint64_t *)&sregs->cr0, NULL, (uint64_t *)&sregs->cr2, (uint64_t *)&sregs->cr3,
				       (uint64_t *)&sregs->cr4 };

	if (index == CR_8 && vcpu->vm->kind == KVM_CHIP_KERNEL)
		*ret_place = at(KVM_GROUP_SREGS, &sregs->cr8, 8);
	else if (index == CR_8)
		*ret_place = at(0, &vcpu->run->cr8, 8);
	else if (index < sizeof(controls) / sizeof(controls[0]) && controls[index])
		*ret_place = at(KVM_GROUP_SREGS, controls[index], 8);
	else
		return false;
	return true;
}

static bool find_extended_control(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	struct kvm_xcrs *xcrs = &vcpu->arch.state.xcrs;

	*ret_place = at(KVM_GROUP_XCRS, &xcrs->xcrs[0].value, 8);
	return index == 0;
}

static bool find_debug(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	struct kvm_debugregs *debugregs = &vcpu->arch.state.debugregs;

	if (index < 4)
		*ret_place = at(KVM_GROUP_DEBUGREGS, &debugregs->db[index], 8);
	else if (index == 6 || index == 7)
		*ret_place = at(KVM_GROUP_DEBUGREGS, index == 6 ? &debugregs->dr6 : &debugregs->dr7, 8);
	else
		return false;
	return true;
}

/* The APIC's registers lie 16 bytes apart in its page, in the order of their MSRs; the upper half of the ICR is one
 * more. */
static bool find_lapic(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	uint8_t *page = (uint8_t *)vcpu->arch.state.lapic.regs;
	size_t offset = 16 * (size_t)(index - MSR_X2APIC);

	if (offset + 4 > sizeof(vcpu->arch.state.lapic.regs))
		return false;
	*ret_place = at(KVM_GROUP_LAPIC, page + offset, 4);
	if (index == MSR_X2APIC_ICR)
		ret_place->second = page + offset + 16;
	return true;
}

static bool find_msr(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	struct kvm_state *state = &vcpu->arch.state;
	uint32_t i;

	switch (index) {
	case MSR_APIC_BASE:
		*ret_place = at(KVM_GROUP_SREGS, &state->sregs.apic_base, 8);
		return true;
	case MSR_EFER:
		*ret_place = at(KVM_GROUP_SREGS, &state->sregs.efer, 8);
		return true;
	case MSR_FS_BASE:
		*ret_place = at(KVM_GROUP_SREGS, &state->sregs.fs.base, 8);
		return true;
	case MSR_GS_BASE:
		*ret_place = at(KVM_GROUP_SREGS, &state->sregs.gs.base, 8);
		return true;
	case MSR_TSC_DEADLINE:
		*ret_place = at(KVM_GROUP_DEADLINE, &state->deadline, 8);
		return true;
	}
	if (index >= MSR_X2APIC && index <= MSR_X2APIC_LAST)
		return find_lapic(vcpu, index, ret_place);
	i = kvm_state_msr_place((uint32_t)index);
	if (i == KVM_STATE_MSRS || (vcpu->arch.msrs_probed && !(vcpu->arch.msrs_present >> i & 1)))
		return false;
	*ret_place = at(KVM_GROUP_MSRS, &state->msrs[i], 8);
	return true;
}

/* What lies above 32 bits: see the macros of the header. */
static bool find_system(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	static bool (*const finders[])(struct kvm_vcpu *, uint64_t,
				       struct place *) = { find_msr,   find_control, find_extended_control,
							   find_debug, find_segment, find_table };
	uint64_t kind = index >> 32;

	return kind < sizeof(finders) / sizeof(finders[0]) && finders[kind](vcpu, index & UINT32_MAX, ret_place);
}

/* A component's offset in the area, by the processor's CPUID; 0: the guest's processor has no such component. */
static size_t component_offset(const struct kvm_vcpu *vcpu, uint32_t component)
{
	uint32_t mask = kvm_cpuid_get(vcpu, XSAVE_LEAF, 0, 0);
	uint32_t offset = kvm_cpuid_get(vcpu, XSAVE_LEAF, component, 1),
		 size = kvm_cpuid_get(vcpu, XSAVE_LEAF, component, 0);

	if (!(mask >> component & 1) || !size || offset + size > vcpu->arch.xsave_size)
		return 0;
	return offset;
}

static struct place in_xsave(struct kvm_vcpu *vcpu, size_t offset, uint32_t size, uint32_t component)
{
	struct place place = at(KVM_GROUP_XSAVE, vcpu->arch.state.xsave + offset, size);

	place.component = component;
	return place;
}

/* The tag word in full, from the short one that the area has (a bit a register: not empty) and the registers' values.
 */
static uint32_t tag_of(const uint8_t *st)
{
	uint64_t significand;
	uint16_t exponent;

	memcpy(&significand, st, 8);
	memcpy(&exponent, st + 8, 2);
	exponent &= 0x7fff;
	if (!exponent && !significand)
		return 1;
	return exponent && exponent != 0x7fff && significand >> 63 ? 0 : 2;
}

static void get_tags(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value)
{
	const uint8_t *area = vcpu->arch.state.xsave;
	unsigned top = area[3] >> 3 & 7;
	uint64_t tags = 0;

	(void)place;
	for (unsigned physical = 0; physical < 8; physical++) {
		const uint8_t *st = area + 32 + 16 * ((physical - top) & 7);
		uint32_t tag = area[4] >> physical & 1 ? tag_of(st) : 3;

		tags |= (uint64_t)tag << (2 * physical);
	}
	memcpy(ret_value, &tags, 8);
}

static void set_tags(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value)
{
	uint8_t *area = vcpu->arch.state.xsave;
	uint64_t tags;

	(void)place;
	memcpy(&tags, value, 8);
	area[4] = 0;
	for (unsigned physical = 0; physical < 8; physical++)
		area[4] |= (uint8_t)(((tags >> (2 * physical) & 3) != 3) << physical);
}

/* fcw, fsw, ftw, fop, fip, fdp, mxcsr: offset and size in the legacy area (SDM volume 1, table 10-2). */
static bool find_fpu(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	static const struct {
		uint8_t offset, size, component;
	} fields[] = { { 0, 2, COMPONENT_X87 }, { 2, 2, COMPONENT_X87 }, { 4, 8, COMPONENT_X87 },
		       { 6, 2, COMPONENT_X87 }, { 8, 8, COMPONENT_X87 }, { 16, 8, COMPONENT_X87 },
		       { 24, 4, COMPONENT_SSE } };

	if (index >= sizeof(fields) / sizeof(fields[0]))
		return false;
	*ret_place = in_xsave(vcpu, fields[index].offset, fields[index].size, fields[index].component);
	if (index == 2) {
		ret_place->get = get_tags;
		ret_place->set = set_tags;
	}
	return true;
}

static bool find_component(struct kvm_vcpu *vcpu, uint32_t component, size_t index, uint32_t size,
			   struct place *ret_place)
{
	size_t offset = component_offset(vcpu, component);

	*ret_place = in_xsave(vcpu, offset + index * size, size, component);
	return offset != 0;
}

/* Registers of two halves in two components; without AVX the upper one is 0, and is refused when it is not. */
static bool find_ymm(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	size_t offset = component_offset(vcpu, COMPONENT_AVX);

	*ret_place = in_xsave(vcpu, 160 + 16 * index, 16, COMPONENT_SSE);
	ret_place->second = offset ? vcpu->arch.state.xsave + offset + 16 * index : NULL;
	ret_place->second_component = COMPONENT_AVX;
	return true;
}

static bool find_xmm(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	*ret_place = in_xsave(vcpu, 160 + 16 * index, 16, COMPONENT_SSE);
	return true;
}

static bool find_st(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	*ret_place = in_xsave(vcpu, 32 + 16 * index, 10, COMPONENT_X87);
	return true;
}

static bool find_zmm_upper(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	return find_component(vcpu, COMPONENT_ZMM_HI256, index, 32, ret_place);
}

static bool find_zmm(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	return find_component(vcpu, COMPONENT_HI16_ZMM, index, 64, ret_place);
}

static bool find_opmask(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	return find_component(vcpu, COMPONENT_OPMASK, index, 8, ret_place);
}

static bool find_pkru(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	bool found = find_component(vcpu, COMPONENT_PKRU, index, 8, ret_place);

	ret_place->size = 4;
	return found;
}

/* Ranges of indexes, as the header numbers them. */
static bool find_fp(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	static const struct {
		uint64_t first, count;
		bool (*find)(struct kvm_vcpu *, uint64_t, struct place *);
	} ranges[] = {
		{ 0, 8, find_st },          { 16, 7, find_fpu },   { 32, 16, find_ymm },    { 64, 16, find_xmm },
		{ 96, 16, find_zmm_upper }, { 112, 16, find_zmm }, { 128, 8, find_opmask }, { 136, 1, find_pkru }
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (index - ranges[i].first < ranges[i].count)
			return ranges[i].find(vcpu, index - ranges[i].first, ret_place);
	return false;
}

/* KVM has a bit for each kind; on AMD, which does not tell them apart, both: then it is that which keeps more away. */
static void get_shadow(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value)
{
	uint8_t bits = vcpu->arch.state.events.interrupt.shadow;

	(void)place;
	*ret_value = bits & KVM_X86_SHADOW_INT_MOV_SS ? SHADOW_MOV_SS : bits & KVM_X86_SHADOW_INT_STI ? SHADOW_STI : 0;
}

static void set_shadow(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value)
{
	static const uint8_t bits[] = { 0, KVM_X86_SHADOW_INT_STI, KVM_X86_SHADOW_INT_MOV_SS,
					KVM_X86_SHADOW_INT_MOV_SS };

	(void)place;
	vcpu->arch.state.events.interrupt.shadow = bits[*value & 3];
}

static bool find_event(struct kvm_vcpu *vcpu, uint64_t index, struct place *ret_place)
{
	static const struct {
		uint16_t offset, size;
	} fields[] = {
#define FIELD(member) { offsetof(struct kvm_vcpu_events, member), sizeof(((struct kvm_vcpu_events *)0)->member) }
		FIELD(exception.injected),
		FIELD(exception.pending),
		FIELD(exception.nr),
		FIELD(exception.has_error_code),
		FIELD(exception.error_code),
		FIELD(exception_has_payload),
		FIELD(exception_payload),
		FIELD(interrupt.injected),
		FIELD(interrupt.nr),
		FIELD(interrupt.soft),
		FIELD(interrupt.shadow),
		FIELD(nmi.injected),
		FIELD(nmi.pending),
		FIELD(nmi.masked),
		FIELD(smi.smm),
		FIELD(smi.pending),
		FIELD(smi.latched_init),
		FIELD(sipi_vector),
		FIELD(triple_fault.pending),
#undef FIELD
	};

	if (index >= sizeof(fields) / sizeof(fields[0]))
		return false;
	*ret_place =
		at(KVM_GROUP_EVENTS, (uint8_t *)&vcpu->arch.state.events + fields[index].offset, fields[index].size);
	if (index == SHADOW) {
		ret_place->get = get_shadow;
		ret_place->set = set_shadow;
	}
	return true;
}

static bool find(struct kvm_vcpu *vcpu, uint64_t id, struct place *ret_place)
{
	static bool (*const finders[])(struct kvm_vcpu *, uint64_t, struct place *) = {
		[AXVCPU_REG_GENERAL] = find_general,
		[AXVCPU_REG_SYSTEM] = find_system,
		[AXVCPU_REG_FP] = find_fp,
		[AXVCPU_REG_EVENT] = find_event,
	};
	uint32_t group = AXVCPU_REG_ID_GROUP(id);

	if (AXVCPU_REG_ID_ARCH(id) != AXVCPU_ARCH_X86_64 || group >= sizeof(finders) / sizeof(finders[0]) ||
	    !finders[group])
		return false;
	return finders[group](vcpu, AXVCPU_REG_ID_INDEX(id), ret_place) && (ret_place->group & ~vcpu->arch.groups) == 0;
}

static int32_t wrong_size(struct kvm_vcpu *vcpu, uint64_t id, uint32_t size)
{
	return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT, "kvm: register 0x%llx does not have %u bytes",
				 (unsigned long long)id, size);
}

/* Registers that are neither in a group nor in kvm_run. */

static int32_t get_mp_state(struct kvm_vcpu *vcpu, uint64_t *ret_value)
{
	struct kvm_mp_state state;
	int32_t error;

	if (vcpu->before & KVM_BEFORE_HALTED) {
		*ret_value = KVM_MP_STATE_HALTED;
		return 0;
	}
	error = KVM_CALL(vcpu->host, vcpu->fd, KVM_GET_MP_STATE, &state);
	if (!error)
		*ret_value = state.mp_state;
	return error;
}

/* Without an APIC in the kernel a halt is the plugin's to keep, and the other states do not exist. */
static int32_t set_mp_state(struct kvm_vcpu *vcpu, uint64_t value)
{
	struct kvm_mp_state state = { .mp_state = (uint32_t)value };

	if (vcpu->vm->kind == KVM_CHIP_KERNEL)
		return KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_MP_STATE, &state);
	if (value != KVM_MP_STATE_RUNNABLE && value != KVM_MP_STATE_HALTED)
		return vcpu->host->error(
			AXVCPU_ERROR_INVALID_INPUT,
			"kvm: mp_state can be 0 (runs) or 3 (halted), not %llu: INIT and SIPI are the VMM's",
			(unsigned long long)value);
	vcpu->before &= ~(uint32_t)KVM_BEFORE_HALTED;
	vcpu->before |= value == KVM_MP_STATE_HALTED ? KVM_BEFORE_HALTED : 0;
	return 0;
}

static int32_t get_tsc(struct kvm_vcpu *vcpu, uint64_t *ret_value)
{
	return kvm_state_get_msr(vcpu, MSR_TSC, ret_value);
}

static int32_t set_tsc(struct kvm_vcpu *vcpu, uint64_t value)
{
	return kvm_state_set_msr(vcpu, MSR_TSC, value);
}

static int32_t get_tsc_khz(struct kvm_vcpu *vcpu, uint64_t *ret_value)
{
	*ret_value = vcpu->arch.tsc_khz;
	return 0;
}

static int32_t set_tsc_khz(struct kvm_vcpu *vcpu, uint64_t value)
{
	if (value == vcpu->arch.tsc_khz)
		return 0;
	if (value > UINT32_MAX || ioctl(vcpu->fd, KVM_SET_TSC_KHZ, value))
		return vcpu->host->error(
			AXVCPU_ERROR_INVALID_INPUT,
			"kvm: tsc_khz is %u on this host and cannot become %llu: its processor does not scale it",
			vcpu->arch.tsc_khz, (unsigned long long)value);
	vcpu->arch.tsc_khz = (uint32_t)value;
	return vcpu->seat->arch.has_run ? 0 : kvm_cpuid_tell(vcpu); /* which tells the frequency */
}

static const struct special {
	uint64_t id;
	int32_t (*get)(struct kvm_vcpu *vcpu, uint64_t *ret_value);
	int32_t (*set)(struct kvm_vcpu *vcpu, uint64_t value);
} specials[] = {
	{ AXVCPU_X86_64_EVENT(MP_STATE), get_mp_state, set_mp_state },
	{ AXVCPU_X86_64_MSR(MSR_TSC), get_tsc, set_tsc },
	{ AXVCPU_X86_64_CLOCK(0), get_tsc_khz, set_tsc_khz },
	{ AXVCPU_X86_64_CLOCK(1), kvm_tsc_get_offset, kvm_tsc_set_offset },
};

static const struct special *special_of(uint64_t id)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (specials[i].id == id)
			return &specials[i];
	return NULL;
}

static bool is_cpuid(uint64_t id)
{
	return id - AXVCPU_X86_64_CPUID(0) < CPU_REGS;
}

static int32_t get_cpuid(struct kvm_vcpu *vcpu, uint64_t id, void *ret_value, uint32_t size)
{
	uint64_t value;

	if (size != 8)
		return wrong_size(vcpu, id, size);
	kvm_cpuid_get_reg(vcpu, id - AXVCPU_X86_64_CPUID(0), &value);
	memcpy(ret_value, &value, 8);
	return 0;
}

static int32_t set_cpuid(struct kvm_vcpu *vcpu, uint64_t id, const void *value, uint32_t size)
{
	uint64_t word;

	if (size != 8)
		return wrong_size(vcpu, id, size);
	memcpy(&word, value, 8);
	return kvm_cpuid_set_reg(vcpu, id - AXVCPU_X86_64_CPUID(0), word);
}

static void copy_out(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value, uint32_t size)
{
	uint32_t first = place->size < size ? place->size : size;

	memset(ret_value, 0, size);
	if (place->get) {
		place->get(vcpu, place, ret_value);
		return;
	}
	memcpy(ret_value, place->at, first);
	if (place->second && size > first)
		memcpy(ret_value + first, place->second, size - first);
}

static void use_component(struct kvm_vcpu *vcpu, uint32_t component)
{
	uint64_t in_use;

	memcpy(&in_use, vcpu->arch.state.xsave + XSTATE_BV, 8);
	in_use |= UINT64_C(1) << component;
	memcpy(vcpu->arch.state.xsave + XSTATE_BV, &in_use, 8);
}

static void copy_in(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value, uint32_t size)
{
	uint32_t first = place->size < size ? place->size : size;

	if (place->group == KVM_GROUP_XSAVE)
		use_component(vcpu, place->component);
	if (place->set) {
		place->set(vcpu, place, value);
		return;
	}
	memcpy(place->at, value, first);
	if (place->second && size > first) {
		memcpy(place->second, value + first, size - first);
		use_component(vcpu, place->second_component);
	}
}

/* Registers that were changed are written first, so that what KVM makes of them is what is read. */
static int32_t get_placed(struct kvm_vcpu *vcpu, const struct place *place, uint8_t *ret_value, uint32_t size)
{
	int32_t error = 0;

	if (vcpu->before & KVM_BEFORE_STATE)
		error = kvm_arch_write_state(vcpu);
	if (!error)
		error = kvm_state_load(vcpu, place->group);
	if (!error)
		copy_out(vcpu, place, ret_value, size);
	return error;
}

/* The loading of a group may find out that it lacks the register. */
int32_t kvm_arch_get_reg(struct kvm_vcpu *vcpu, uint64_t id, void *ret_value, uint32_t size)
{
	const struct special *special = special_of(id);
	struct place place;
	int32_t error;

	if (is_cpuid(id))
		return get_cpuid(vcpu, id, ret_value, size);
	if (special) {
		uint64_t value = 0;

		if (size != 8)
			return wrong_size(vcpu, id, size);
		error = kvm_vcpu_finish(vcpu);
		if (!error)
			error = special->get(vcpu, &value);
		if (!error)
			memcpy(ret_value, &value, 8);
		return error;
	}
	if (!find(vcpu, id, &place))
		return AXVCPU_ERROR_NOT_FOUND; /* an everyday answer: without a text */
	error = get_placed(vcpu, &place, ret_value, size);
	if (error)
		return error;
	return find(vcpu, id, &place) ? 0 : AXVCPU_ERROR_NOT_FOUND;
}

/* Values of more bytes than KVM has for the register. */
static bool fits(const struct place *place, const uint8_t *value, uint32_t size)
{
	for (uint32_t i = place->size; i < size && !place->second; i++)
		if (value[i])
			return false;
	return true;
}

static bool has_value(struct kvm_vcpu *vcpu, const struct place *place, const uint8_t *value, uint32_t size)
{
	uint8_t present[AXVCPU_REG_SIZE_MAX];

	copy_out(vcpu, place, present, size);
	return !memcmp(present, value, size);
}

/* KVM looks at cr8 when it enters the guest, which is too late to say so. */
static bool is_priority(const void *value, uint32_t size)
{
	uint64_t priority = 0;

	memcpy(&priority, value, size < sizeof(priority) ? size : sizeof(priority));
	return priority <= CR_8_MAX;
}

/* Who moves pc gives up the access that is under way; what its instruction changes in being given up is put back. */
static int32_t give_up_access(struct kvm_vcpu *vcpu)
{
	int32_t error = kvm_vcpu_finish(vcpu); /* which may bring the next part */

	if (error || !(vcpu->before & (KVM_BEFORE_READ | KVM_BEFORE_PART | KVM_BEFORE_EXIT)))
		return error;
	error = kvm_state_load(vcpu, KVM_GROUP_REGS | KVM_GROUP_XSAVE);
	if (error)
		return error;
	vcpu->arch.dirty |= (KVM_GROUP_REGS | KVM_GROUP_XSAVE) & vcpu->arch.groups;
	vcpu->before |= KVM_BEFORE_STATE;
	return kvm_vcpu_abandon(vcpu);
}

int32_t kvm_arch_set_reg(struct kvm_vcpu *vcpu, uint64_t id, const void *value, uint32_t size)
{
	const struct special *special = special_of(id);
	struct place place;
	int32_t error;

	if (is_cpuid(id))
		return set_cpuid(vcpu, id, value, size);
	if (special) {
		uint64_t word;

		if (size != 8)
			return wrong_size(vcpu, id, size);
		memcpy(&word, value, 8);
		error = kvm_vcpu_finish(vcpu);
		return error ? error : special->set(vcpu, word);
	}
	if (!find(vcpu, id, &place))
		return AXVCPU_ERROR_NOT_FOUND;
	if (!fits(&place, value, size))
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					 "kvm: register 0x%llx has %u bits, and the value has more",
					 (unsigned long long)id, 8 * place.size);
	if (id == AXVCPU_X86_64_CR(CR_8) && !is_priority(value, size))
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT, "kvm: cr8 is a priority of 0 to %u", CR_8_MAX);
	if (id == AXVCPU_X86_64_RIP) {
		error = give_up_access(vcpu);
		if (error)
			return error;
		vcpu->before &= ~(uint32_t)KVM_BEFORE_HALTED;
	}
	error = kvm_state_load(vcpu, place.group);
	if (error)
		return error;
	if (!find(vcpu, id, &place))
		return AXVCPU_ERROR_NOT_FOUND;
	if (has_value(vcpu, &place, value, size)) /* what has not changed is not written */
		return 0;
	error = kvm_state_edit(vcpu, place.group);
	if (error)
		return error;
	copy_in(vcpu, &place, value, size);
	if (place.group == KVM_GROUP_MSRS)
		vcpu->arch.msrs_dirty |= UINT64_C(1) << kvm_state_msr_place((uint32_t)AXVCPU_REG_ID_INDEX(id));
	return 0;
}

int32_t kvm_arch_set_gpr(struct kvm_vcpu *vcpu, uint32_t index, uint64_t value)
{
	if (index > 15)
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					 "kvm: x86_64 has general registers 0 (rax) to 15 (r15), no %u", index);
	return kvm_arch_set_reg(vcpu, AXVCPU_X86_64_GPR(index), &value, 8);
}
