/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linear address through the guest's page tables, with the rights that the present mode checks and without setting a
 * bit in them (SDM volume 3, chapter 4). KVM_TRANSLATE knows no rights.
 */
#include <string.h>

#include "../kvm.h"

#define PAGE_SIZE 4096u
#define CR0_WP UINT64_C(0x10000)
#define CR0_PG UINT64_C(0x80000000)
#define CR4_PSE UINT64_C(0x10)
#define CR4_PAE UINT64_C(0x20)
#define CR4_LA57 UINT64_C(0x1000)
#define EFER_LMA UINT64_C(0x400)
#define EFER_NXE UINT64_C(0x800)
#define ENTRY_PRESENT UINT64_C(1)
#define ENTRY_WRITE UINT64_C(2)
#define ENTRY_USER UINT64_C(4)
#define ENTRY_LARGE UINT64_C(0x80)
#define ENTRY_NX (UINT64_C(1) << 63)
#define ADDRESS_MASK UINT64_C(0x000ffffffffff000)
#define PAE_ROOT_MASK UINT64_C(0xffffffe0) /* its table has 32 bytes and lies below 4 GiB */

/* Under the VM's lock, which the listener takes to hear that a slot is going: its memory stays until the copy is made.
 */
bool kvm_walk_read(struct kvm_vcpu *vcpu, uint64_t gpa, void *ret_data, size_t size)
{
	struct kvm_vm *vm = vcpu->vm;
	struct axarch_slot slot;
	bool found;

	pthread_mutex_lock(&vm->lock);
	found = vm->space && !vm->host->space_find(vm->space, gpa, &slot) && size <= slot.size - (gpa - slot.gpa);
	if (found)
		memcpy(ret_data, slot.host + (gpa - slot.gpa), size);
	pthread_mutex_unlock(&vm->lock);
	return found;
}

/* How a mode's tables are laid out. */
struct shape {
	unsigned levels;
	unsigned index_bits;
	unsigned entry_size;
};

struct walk {
	struct shape shape;
	const struct kvm_sregs *sregs;
	uint64_t table;
	uint64_t rights; /* WRITE and USER of all entries so far */
	uint64_t no_execute;
};

static struct shape shape_of(const struct kvm_sregs *sregs)
{
	if (sregs->efer & EFER_LMA)
		return (struct shape){ sregs->cr4 & CR4_LA57 ? 5 : 4, 9, 8 };
	return sregs->cr4 & CR4_PAE ? (struct shape){ 3, 9, 8 } : (struct shape){ 2, 10, 4 };
}

/* The four top entries of PAE tables have no rights, and the reserved bits where others have them. */
static bool has_rights(const struct walk *walk, unsigned level)
{
	return !(walk->shape.levels == 3 && level == 3);
}

static bool is_large(const struct walk *walk, unsigned level, uint64_t entry)
{
	if (!(entry & ENTRY_LARGE) || level == 1 || !has_rights(walk, level))
		return false;
	return walk->shape.entry_size == 8 ? level <= 3 : walk->sregs->cr4 & CR4_PSE;
}

/* Bits 13 to 20 of a 4 MiB entry are bits 32 to 39 of the address (PSE-36). */
static uint64_t large_base(const struct walk *walk, uint64_t entry)
{
	uint64_t base = entry & ADDRESS_MASK;

	return walk->shape.entry_size == 8 ? base : (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32;
}

static bool read_entry(struct kvm_vcpu *vcpu, struct walk *walk, unsigned level, uint64_t address, uint64_t *ret_entry)
{
	unsigned shift = 12 + walk->shape.index_bits * (level - 1);
	uint64_t index = address >> shift & ((1u << walk->shape.index_bits) - 1);

	*ret_entry = 0;
	if (!kvm_walk_read(vcpu, walk->table + index * walk->shape.entry_size, ret_entry, walk->shape.entry_size) ||
	    !(*ret_entry & ENTRY_PRESENT))
		return false;
	if (has_rights(walk, level)) {
		walk->rights &= *ret_entry;
		walk->no_execute |= *ret_entry & ENTRY_NX;
	}
	return true;
}

static bool is_allowed(const struct walk *walk, uint32_t access)
{
	bool user = access & AXVCPU_ACCESS_USER;

	if (user && !(walk->rights & ENTRY_USER))
		return false;
	if (access & AXVCPU_ACCESS_WRITE && !(walk->rights & ENTRY_WRITE) && (user || walk->sregs->cr0 & CR0_WP))
		return false;
	return !(access & AXVCPU_ACCESS_EXECUTE && walk->no_execute && walk->sregs->efer & EFER_NXE);
}

static bool walk_tables(struct kvm_vcpu *vcpu, struct walk *walk, uint64_t address, uint64_t *ret_gpa)
{
	for (unsigned level = walk->shape.levels; level; level--) {
		uint64_t offset = (UINT64_C(1) << (12 + walk->shape.index_bits * (level - 1))) - 1, entry;

		if (!read_entry(vcpu, walk, level, address, &entry))
			return false;
		if (level == 1 || is_large(walk, level, entry)) {
			uint64_t base = level == 1 ? entry & ADDRESS_MASK : large_base(walk, entry);

			*ret_gpa = (base & ~offset) | (address & offset);
			return true;
		}
		walk->table = entry & ADDRESS_MASK;
	}
	return false;
}

static bool is_canonical(const struct walk *walk, uint64_t address)
{
	unsigned unused = 64 - (walk->shape.levels == 5 ? 57 : 48);

	return walk->shape.levels < 4 || (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

bool kvm_walk(struct kvm_vcpu *vcpu, uint64_t address, uint32_t access, uint64_t *ret_gpa)
{
	const struct kvm_sregs *sregs = &vcpu->arch.state.sregs;
	struct walk walk = { .sregs = sregs, .rights = ENTRY_WRITE | ENTRY_USER };

	if (kvm_state_load(vcpu, KVM_GROUP_SREGS))
		return false;
	if (!(sregs->cr0 & CR0_PG)) {
		*ret_gpa = address & UINT32_MAX;
		return true;
	}
	walk.shape = shape_of(sregs);
	if (walk.shape.levels < 4)
		address &= UINT32_MAX;
	walk.table = sregs->cr3 & (walk.shape.levels == 3 ? PAE_ROOT_MASK : ADDRESS_MASK);
	return is_canonical(&walk, address) && walk_tables(vcpu, &walk, address, ret_gpa) && is_allowed(&walk, access);
}

int32_t kvm_arch_translate(struct kvm_vcpu *vcpu, uint64_t gva, uint32_t access, uint64_t *ret_gpa)
{
	uint64_t gpa;
	int32_t error = vcpu->before & KVM_BEFORE_STATE ? kvm_arch_write_state(vcpu) : 0;

	if (!error)
		error = kvm_state_load(vcpu, KVM_GROUP_SREGS);
	if (error)
		return error;
	if (!kvm_walk(vcpu, gva, access, &gpa))
		return vcpu->host->error(AXVCPU_ERROR_NOT_FOUND, "kvm: 0x%llx has no mapping that allows this access",
					 (unsigned long long)gva);
	*ret_gpa = gpa;
	return 0;
}
