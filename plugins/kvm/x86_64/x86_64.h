/* SPDX-License-Identifier: Apache-2.0 */
/* KVM on x86_64 hosts: the configuration, the structs that the common files embed, and what the files here share. */
#ifndef PLUGINS_KVM_X86_64_H
#define PLUGINS_KVM_X86_64_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/plugin/config.h>

#include "../../common/x86_64/msrs.h"
#include "../../common/x86_64/processor.h"

struct axarch_host;
struct axvcpu_exit;
struct kvm_vcpu;
struct kvm_vm;

#define KVM_ARCH AXVCPU_ARCH_X86_64

enum { KVM_CPUID_HOST, KVM_CPUID_V1, KVM_CPUID_V2, KVM_CPUID_V3, KVM_CPUID_V4, KVM_CPUID_PORTABLE };
enum { KVM_HYPERCALLS_AUTO, KVM_HYPERCALLS_EXIT, KVM_HYPERCALLS_KERNEL };
enum { KVM_CHIP_VMM, KVM_CHIP_KERNEL };

#define KVM_APIC_ID_OF_VCPU UINT32_MAX

/* clang-format off */
#define KVM_CREATE(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u32, apic_id, KVM_APIC_ID_OF_VCPU, 0, UINT32_MAX, "initial APIC id in CPUID; 4294967295: the vCPU's number") \
	INT(T, u32, cpus, 1, 1, 255, "logical processors that CPUID speaks of: one package, one thread a core") \
	CHOICE(T, cpuid, KVM_CPUID_HOST, "host|x86-64-v1|x86-64-v2|x86-64-v3|x86-64-v4|portable", \
	       "processor features: all that KVM has here, or those of a level of the psABI that KVM has; portable: the processor of sim-x86_64") \
	TEXT(T, features, 1024, "", "changes to them, by the names of /proc/cpuinfo: \"-avx512f,-la57,+x2apic\"; + only for what KVM has") \
	INT(T, u32, tsc_khz, 0, 0, UINT32_MAX, "frequency of the time stamp counter; 0: the host's. Others need a host that scales it") \
	TEXT(T, msr_exits, 256, "", "MSRs that give SysReg exits besides 0x1b, 0x6e0 and 0x800-0x8ff: \"0xc0010000-0xc00100ff,0x34\"") \
	CHOICE(T, hypercalls, KVM_HYPERCALLS_AUTO, "auto|exit|kernel", \
	       "whether vmcall gives Hypercall exits; exit: all of them, which needs KVM's Xen support; auto: as many as this KVM can") \
	CHOICE(T, chip, KVM_CHIP_VMM, "vmm|kernel", \
	       "whose interrupt controllers and PIT: the VMM's, or KVM's own (then every vCPU of the VM must be KVM's)")
AXARCH_CONFIG(kvm_create, KVM_CREATE)

#define KVM_SETUP AXARCH_EMPTY_CONFIG
AXARCH_CONFIG(kvm_setup, KVM_SETUP)
/* clang-format on */

struct kvm_arch_vm {
	bool configured; /* by its first vCPU: what follows holds for all of them */
	bool hypercall_exits;
	uint32_t hypercalls; /* KVM_HYPERCALLS_* of the config */
	struct msr_ranges msr_exits;
	bool has_clock;
	int64_t tsc_offset; /* guest's less host's counter, once has_clock */
};

struct kvm_arch_seat {
	struct kvm_cpuid2 *cpuid; /* as it was set; NULL: not yet */
	bool has_run;             /* from then on KVM keeps it */
};

/* What engines agree on of CPUID (AXVCPU_X86_64_CPUID), without the bits that follow from other registers. */
struct kvm_cpuid_model {
	uint64_t vendor;
	uint32_t signature;
	uint32_t words[CPU_WORDS];
};

/* What is read and written of a vCPU as a whole, each by an ioctl of its own. */
enum {
	KVM_GROUP_REGS = 1,
	KVM_GROUP_SREGS = 2,
	KVM_GROUP_XCRS = 4,
	KVM_GROUP_XSAVE = 8,
	KVM_GROUP_DEBUGREGS = 16,
	KVM_GROUP_EVENTS = 32,
	KVM_GROUP_MSRS = 64,
	KVM_GROUP_LAPIC = 128,    /* of KVM's own chip */
	KVM_GROUP_DEADLINE = 256, /* of its timer */
	KVM_GROUPS_ALL = 511
};

#define KVM_STATE_MSRS 64 /* as many as a word has bits; list_msrs fills it */

struct kvm_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_lapic_state lapic;
	uint64_t deadline;
	uint64_t msrs[KVM_STATE_MSRS]; /* by kvm_state_msr_place */
	uint8_t *xsave;                /* arch.xsave_size bytes */
};

#define KVM_HARDWARE_BREAKPOINTS 4

struct kvm_arch_vcpu {
	struct kvm_create config;
	struct kvm_cpuid2 *made;  /* of the config */
	struct kvm_cpuid2 *told;  /* the same with `model` */
	struct kvm_cpuid2 *cpuid; /* what KVM has made of it */
	struct kvm_cpuid_model model;
	uint32_t words_offered[CPU_WORDS]; /* of `made`: only these can be in model.words */
	uint32_t tsc_khz;
	uint32_t host_khz; /* unless it is scaled */

	uint32_t groups; /* that this KVM has */
	uint32_t loaded; /* of `state`: read since the last KVM_RUN, or changed */
	uint32_t dirty;  /* to be written before the next */
	uint64_t msrs_present, msrs_dirty;
	bool msrs_probed;
	size_t xsave_size;
	struct kvm_state state;
	struct kvm_state initial; /* as create made it */
	uint32_t sync_offered;    /* KVM_SYNC_X86_*: what KVM can put into kvm_run at each exit */
	uint32_t sync_wanted;     /* what it puts there from the next exit on */
	uint32_t unread;          /* runs whose synchronized registers nobody read */

	bool line;         /* INTR is up */
	bool edge_waiting; /* the host holds an interrupt that could not be taken yet */
	bool injected;     /* one was handed to KVM since the last KVM_RUN, or an NMI */

	bool lost_root;      /* KVM has to be made to build its page tables anew */
	bool access_pending; /* the last exit was an MSR's, that may be refused */

	bool single_step;
	bool debug_changed; /* KVM is to be told of breakpoints */
	bool at_breakpoint; /* the guest stopped at `stopped_at`, whose instruction is to be executed now */
	uint64_t stopped_at;
	bool steps_off; /* the present step is over the instruction at a breakpoint */
	bool steps_hlt; /* the instruction to step over is a hlt, which is entered without a step */
	uint64_t breakpoints[KVM_HARDWARE_BREAKPOINTS];
	uint32_t breakpoint_count;
};

/* cpuid.c: the vCPU's CPUID by its config: arch.made, and of it arch.told. Lists have room for so many entries. */
#define KVM_CPUID_ENTRIES_MAX 256u
int32_t kvm_cpuid_make(struct kvm_vcpu *vcpu);
void kvm_cpuid_free(struct kvm_vcpu *vcpu);
/* arch.told becomes arch.made with arch.model and arch.tsc_khz. */
void kvm_cpuid_compose(struct kvm_vcpu *vcpu);
/* Makes this list of a KVM vCPU, which cannot be changed any more, that of the vCPU, if it could have been made so. */
void kvm_cpuid_adopt(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid);
/* vcpu.c: composes arch.told, and tells KVM, unless nothing has changed. */
int32_t kvm_cpuid_tell(struct kvm_vcpu *vcpu);
/* The registers AXVCPU_X86_64_CPUID(index), index less than CPU_REGS. */
int32_t kvm_cpuid_get_reg(struct kvm_vcpu *vcpu, uint64_t index, uint64_t *ret_value);
int32_t kvm_cpuid_set_reg(struct kvm_vcpu *vcpu, uint64_t index, uint64_t value);
/* Register `reg` (0 eax, 1 ebx, 2 ecx, 3 edx) of a leaf; 0 when it is not there. */
uint32_t kvm_cpuid_get(const struct kvm_vcpu *vcpu, uint32_t leaf, uint32_t subleaf, unsigned reg);

/* msr.c */
int32_t kvm_msr_filter(struct kvm_vm *vm);
bool kvm_msr_exits(const struct kvm_vm *vm, uint32_t msr);

/* state.c */
int32_t kvm_state_init(struct kvm_vcpu *vcpu);
void kvm_state_finish(struct kvm_vcpu *vcpu);
/* Makes a group of arch.state that of the guest; finishes the instruction of the last exit for it. */
int32_t kvm_state_load(struct kvm_vcpu *vcpu, uint32_t group);
/* CPUID has changed: which MSRs there are is found out again. */
int32_t kvm_state_probe_msrs(struct kvm_vcpu *vcpu);
/* The same, and it will be written before the next entry. */
int32_t kvm_state_edit(struct kvm_vcpu *vcpu, uint32_t group);
/* All groups become what create made; nothing is written yet. */
void kvm_state_restore_initial(struct kvm_vcpu *vcpu);
/* Everything in arch.state is to be written. */
void kvm_state_mark_all(struct kvm_vcpu *vcpu);
/* The place of an MSR in state.msrs; KVM_STATE_MSRS when it is not among them. */
uint32_t kvm_state_msr_place(uint32_t msr);
int32_t kvm_state_get_msr(struct kvm_vcpu *vcpu, uint32_t msr, uint64_t *ret_value);
int32_t kvm_state_set_msr(struct kvm_vcpu *vcpu, uint32_t msr, uint64_t value);

/* interrupt.c: whether an external interrupt can be injected at this moment. */
bool kvm_interrupt_ready(const struct kvm_vcpu *vcpu);
/* KVM_BEFORE_LOOK is set exactly while kvm_arch_look has something to do. */
void kvm_interrupt_update_look(struct kvm_vcpu *vcpu);
/* debug.c: tells KVM what it must know before an entry; KVM_AGAIN: enter. */
int32_t kvm_debug_prepare(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);
/* Whether the vCPU stopped at the breakpoint that it is at; or it is to go on as if it had. */
bool kvm_debug_is_stopped(struct kvm_vcpu *vcpu);
void kvm_debug_set_stopped(struct kvm_vcpu *vcpu, bool stopped);
bool kvm_debug_looks(const struct kvm_vcpu *vcpu);
int32_t kvm_debug_exit(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);

/* vcpu.c: the register tsc_offset. */
int32_t kvm_tsc_get_offset(struct kvm_vcpu *vcpu, uint64_t *ret_value);
int32_t kvm_tsc_set_offset(struct kvm_vcpu *vcpu, uint64_t value);

/* walk.c: a linear address through the guest's page tables; `access` is AXVCPU_ACCESS_*. False: not mapped so. */
bool kvm_walk(struct kvm_vcpu *vcpu, uint64_t address, uint32_t access, uint64_t *ret_gpa);
/* Guest-physical memory, within a page. False: there is no slot. */
bool kvm_walk_read(struct kvm_vcpu *vcpu, uint64_t gpa, void *ret_data, size_t size);

/* chip.c: KVM's own interrupt controllers. */
int32_t kvm_chip_create(struct kvm_vm *vm);
int32_t kvm_chip_reset(struct kvm_vcpu *vcpu);
/* UNSUPPORTED: interrupts go to the chip. */
int32_t kvm_chip_has_them(const struct kvm_vcpu *vcpu);

/* where.c */
int kvm_where_text(struct kvm_vcpu *vcpu, const uint8_t *bytes, size_t size, char *ret_text, size_t capacity);
/* The linear address of the next instruction. */
int32_t kvm_linear_pc(struct kvm_vcpu *vcpu, uint64_t *ret_pc);

#endif
