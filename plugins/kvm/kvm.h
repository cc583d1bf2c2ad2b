/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KVM backend inside: what is common to all host architectures, and what each architecture adds (arch.h).
 *
 * system.c opens /dev/kvm and words its errors; vm.c has one KVM VM per vm_id and address space, memory.c its slots;
 * vcpu.c makes vCPUs and run.c runs them; kick.c interrupts that; plugin.c is the contract's side. Only this folder
 * makes KVM's ioctls.
 *
 * Threads: a vCPU belongs to the thread that bound it, as the contract says. Only `kicked`, `in_kvm`, `tid`, `visitors`
 * and kvm_run's immediate_exit are everybody's. A VM is changed under its lock.
 */
#ifndef PLUGINS_KVM_KVM_H
#define PLUGINS_KVM_KVM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/plugin/plugin.h>

#include "arch.h"

#define kvm_likely(condition) __builtin_expect(!!(condition), 1)
#define kvm_unlikely(condition) __builtin_expect(!!(condition), 0)

/* A KVM memory slot: the slot of the address space that it stands for. */
struct kvm_memory_slot {
	bool used;
	uint32_t id; /* of the address space's slot */
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
	uint32_t flags; /* KVM_MEM_* */
};

/* A vCPU of KVM's. They cannot be taken back from a VM, so that of a vCPU which is gone waits for the next with its id.
 */
struct kvm_seat {
	struct kvm_seat *next;
	uint32_t id;
	int fd;
	bool taken;
	struct kvm_arch_seat arch;
};

struct kvm_vm {
	struct kvm_vm *next;
	const struct axarch_host *host;
	uint32_t vm_id;
	uint32_t kind; /* kvm_arch_vm_kind: vCPUs of different kinds cannot be of one VM */
	uint64_t root; /* the address space's; 0: none yet */
	struct axarch_space *space;
	struct axarch_space_listener listener;
	int fd;
	unsigned users; /* vCPUs, under the list's lock in vm.c */
	pthread_mutex_t lock;
	struct kvm_seat *seats;
	struct kvm_memory_slot *slots;
	uint32_t slot_count;
	char failure[256]; /* a change of memory that KVM refused, "" when none: fails every run from then on */
	uint32_t failed;   /* atomic: `failure` is there */
	struct kvm_arch_vm arch;
};

/* The access that the present exit is a part of: KVM gives accesses of any length and repeated ones, exits have one
 * element of 1, 2, 4 or 8 bytes. */
struct kvm_access {
	uint8_t *data; /* the next part's, in kvm_run */
	uint64_t address;
	uint32_t left;    /* bytes that were not given yet */
	uint32_t element; /* of a repeated port access; 0: memory */
	bool is_write;
};

enum {
	KVM_BEFORE_READ = 1,   /* a read exit was given: complete_read comes first */
	KVM_BEFORE_PART = 2,   /* `access` has more parts to give */
	KVM_BEFORE_EXIT = 4,   /* finishing an instruction brought the next exit: kvm_run has it */
	KVM_BEFORE_HALTED = 8, /* the guest waits for an interrupt */
	KVM_BEFORE_STATE = 16, /* registers were changed, and are to be written */
	KVM_BEFORE_LOOK = 32   /* interrupts or the debugger want something of each entry: arch */
};

struct kvm_vcpu {
	int fd;
	struct kvm_run *run;
	const struct axarch_host *host;
	struct kvm_vm *vm;
	struct kvm_seat *seat;
	struct axarch_space *written; /* that it is counted among the writers of, while it is bound; NULL: none */

	uint32_t before; /* KVM_BEFORE_*: what the next run has to do before it may enter the guest; 0 in the plain case
			  */
	bool unfinished; /* the exit's instruction is finished by the next KVM_RUN */
	bool cached;     /* registers were read since the last KVM_RUN */
	struct kvm_access access;

	uint32_t kicked;   /* atomic */
	uint32_t in_kvm;   /* atomic: the thread is in KVM_RUN, or about to enter it */
	int32_t pid, tid;  /* of the thread that bound it; tid is atomic, 0: none, and says when pid may be read */
	uint32_t visitors; /* atomic: kicks that are looking at tid */

	uint32_t vm_id;
	uint32_t vcpu_id;
	uint64_t entry;
	size_t run_size;
	axarch_clock_fn clock;
	void *clock_context;
	struct kvm_arch_vcpu arch;
};

/* system.c */

/* The descriptor of /dev/kvm, opened once. Errors name what is in the way and what to do. */
int32_t kvm_system_open(const struct axarch_host *host, int *ret_fd);

/* 0 when KVM lacks it. */
int kvm_system_has(int system_fd, long capability);

/* `-errno`, with a text that names the ioctl, the error and the way out. errno is the call's. */
int32_t kvm_failed(const struct axarch_host *host, const char *ioctl_name);

/* ioctl(fd, REQUEST, argument) that names itself when it fails. */
#define KVM_CALL(host, fd, request, argument) kvm_call(host, fd, request, (unsigned long)(argument), #request)
int32_t kvm_call(const struct axarch_host *host, int fd, unsigned long request, unsigned long argument,
		 const char *name);

/* vm.c */

/* What a vCPU's VM must be like. */
struct kvm_vm_wanted {
	uint32_t vm_id;
	uint32_t kind;
	uint64_t root; /* 0: any */
};

/* Joins a VM that is so, or has no space yet, and in which no vCPU has this number; or makes one. */
int32_t kvm_vm_join(const struct axarch_host *host, const struct kvm_vm_wanted *wanted, uint32_t vcpu_id,
		    struct kvm_vm **ret_vm, struct kvm_seat **ret_seat);
/* Gives the seat back; the last to leave ends the VM. */
void kvm_vm_leave(struct kvm_vm *vm, struct kvm_seat *seat);

/* The VM gets its address space, once; ret_other: it has another one. */
int32_t kvm_vm_attach(struct kvm_vm *vm, uint64_t root, bool *ret_other);

/* memory.c: hears of the space's changes. */
void kvm_memory_heard(void *vm, const struct axarch_space_event *event);
void kvm_memory_forget(struct kvm_vm *vm);

/* vcpu.c */
int32_t kvm_vcpu_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
			const struct kvm_create *config, struct kvm_vcpu **ret_vcpu);
void kvm_vcpu_destroy(struct kvm_vcpu *vcpu);
int32_t kvm_vcpu_set_space(struct kvm_vcpu *vcpu, uint64_t root);
/* Whether the guest may write to memory: KVM tells nobody of it, so that other engines compare what they have decoded.
 */
void kvm_vcpu_may_write(struct kvm_vcpu *vcpu, bool may);

/* run.c */
int32_t kvm_vcpu_run(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);

/* The op finish. */
int32_t kvm_vcpu_end_instruction(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);

/* Finishes the instruction of the last exit without entering the guest, so that its registers can be read. */
int32_t kvm_vcpu_finish(struct kvm_vcpu *vcpu);
/* Gives up whatever access is under way: the registers are about to be replaced. */
int32_t kvm_vcpu_abandon(struct kvm_vcpu *vcpu);

/* Gives the next part of vcpu->access. */
void kvm_access_give(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit);
/* The value of the part that waits for it. */
int32_t kvm_access_complete(struct kvm_vcpu *vcpu, const struct axvcpu_exit *exit, uint64_t value);

/* kick.c */
int32_t kvm_kick_bind(struct kvm_vcpu *vcpu);
void kvm_kick_unbind(struct kvm_vcpu *vcpu);
/* [any-thread, async-signal-safe] */
void kvm_kick(struct kvm_vcpu *vcpu);

#endif
