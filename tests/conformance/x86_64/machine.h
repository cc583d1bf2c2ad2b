/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest PC that a conformance test needs: RAM with tables for every processor mode, a ROM page, a hole where
 * devices would be, and vCPUs of the backend under test. Uses the public headers alone, so that every x86_64 backend
 * can be tested.
 *
 * Everything here fails the running cmocka test where it fails. What the backend's host cannot do (an instruction that
 * ends in FailEntry with EMULATION; machine_need_prompt) skips the test, and says what it was: hosts may have a KVM
 * that emulates privileged code. With AXVCPU_CONFORMANCE_STRICT in the environment what would be skipped fails; what
 * the engine's processor is known to lack, such as "avx", is listed in AXVCPU_CONFORMANCE_WITHOUT and skipped all the
 * same. AXVCPU_CONFORMANCE_LAYERS are layers for vCPU 0, which the suite must not notice;
 * with AXVCPU_CONFORMANCE_NO_IOPL ring 3 may use ports by its task's bitmap alone.
 *
 * AXVCPU_CONFORMANCE_OTHER names a second backend, that vCPUs with an odd number run on: two engines in one VM.
 */
#ifndef TESTS_CONFORMANCE_X86_64_MACHINE_H
#define TESTS_CONFORMANCE_X86_64_MACHINE_H

#include "../../unit/unit.h"

#include <axvcpu/axvcpu.h>
#include <axvcpu/regs/x86_64.h>
#include <pthread.h>
#include <stdbool.h>

#include "guest.h"

/* Guest-physical addresses. Segments of real mode begin at 0, but es at the hole. */
#define MACHINE_CODE UINT64_C(0x1000)  /* the guest's image, at most to DATA */
#define MACHINE_AP UINT64_C(0x7000)    /* a page for code that other vCPUs start in */
#define MACHINE_DATA UINT64_C(0x8000)  /* two pages */
#define MACHINE_STACK UINT64_C(0xb000) /* the end of a page */
#define MACHINE_GDT UINT64_C(0xb000)
#define MACHINE_IDT UINT64_C(0xc000)
#define MACHINE_RING0_STACK UINT64_C(0xe000) /* the end of a page, for interrupts out of ring 3 */
#define MACHINE_TABLES UINT64_C(0x10000)     /* four pages: the first 2 MiB, page by page, each where it is */
#define MACHINE_TSS \
	UINT64_C(0x14000) /* with a bitmap that lets ring 3 use all ports, as IOPL does: some hosts lack one of them \
			   */
#define MACHINE_RAM_SIZE UINT64_C(0x40000)
#define MACHINE_ROM UINT64_C(0x80000)  /* a page */
#define MACHINE_HOLE UINT64_C(0xa0000) /* no memory: MMIO */

enum { MACHINE_PORT_VECTOR = 0xe0, MACHINE_PORT_DONE = 0xf4, MACHINE_VCPUS = 4 };

struct machine {
	struct axvcpu_backend *backend;
	struct axvcpu_backend *other; /* of vCPUs with an odd number; NULL: the same */
	struct axvcpu_space *space;
	struct axvcpu *vcpu[MACHINE_VCPUS];
	const char *config; /* of vcpus that are still to be made */
	uint32_t vm_id;
	uint8_t *ram;
	uint8_t *rom;
	uint32_t ram_id;
	unsigned mode; /* GUEST_* */
	const struct guest_image *image;
};

/* The backend under test: AXVCPU_CONFORMANCE_BACKEND, or kvm. */
const char *machine_backend_name(void);

/* AXVCPU_CONFORMANCE_OTHER, or NULL. */
const char *machine_other_name(void);

/* For main(): ends the program with status 77, and says why, where this host cannot run the backend at all. */
void machine_need_backend(void);

/* `config`: text for the vCPUs' create config. vCPU 0 is made; machine_vcpu makes the others when they are first asked
 * for. */
void machine_create(struct machine *machine, const char *config);
void machine_destroy(struct machine *machine);
struct axvcpu *machine_vcpu(struct machine *machine, unsigned index);

/* Memory as at the beginning, with the guest's image of that mode; skips the test where there is none. */
void machine_load_guest(struct machine *machine, const struct guest_image *images, unsigned mode);
/* Resets and binds a vCPU: the registers of the machine's mode, at `label` of its guest. */
void machine_start_vcpu(struct machine *machine, unsigned index, const char *label);
/* Both, with vCPU 0. */
void machine_start(struct machine *machine, const struct guest_image *images, unsigned mode, const char *label);

uint64_t machine_label(const struct machine *machine, const char *label);
bool machine_has_label(const struct machine *machine, const char *label);
const char *machine_mode_name(unsigned mode);
/* What a mode's registers have: 4 bytes in real mode too, as instructions can use them. */
uint64_t machine_mask(const struct machine *machine);

/* Interrupts lead to the guest's stubs; without them the first exception is a triple fault. */
void machine_use_interrupts(struct machine *machine, unsigned index, bool use);

/* Registers of vCPU 0 by name. */
uint64_t machine_get(struct machine *machine, const char *name);
void machine_set(struct machine *machine, const char *name, uint64_t value);
/* A segment register and what its descriptor says; `name` is es, cs ... */
void machine_set_segment(struct axvcpu *vcpu, const char *name, uint64_t selector, uint64_t base, uint64_t limit,
			 uint64_t attributes);

uint64_t machine_read(struct machine *machine, uint64_t gpa, unsigned size);
void machine_write(struct machine *machine, uint64_t gpa, unsigned size, uint64_t value);

/* Runs vCPU 0 to an exit for a VMM; one that lasts ten seconds fails the test. */
void machine_run(struct machine *machine, struct axvcpu_exit *ret_exit);
/* The same, and it must be for this reason. */
void machine_expect(struct machine *machine, struct axvcpu_exit *ret_exit, uint32_t reason);
/* The next exit is the guest's end. */
void machine_expect_done(struct machine *machine);
/* The guest has taken an interrupt or exception, and tells so. Returns the address that was interrupted. */
uint64_t machine_expect_vector(struct machine *machine, unsigned vector);
/* Skips the test if the exit is that of an instruction that cannot be executed here. For those who run vCPUs by
 * themselves. */
void machine_skip_if_unable(const struct axvcpu_exit *exit, const char *error_text);

/* Skips the running test for this reason, which is printed. */
void machine_skip(const char *format, ...) CMOCKA_PRINTF_ATTRIBUTE(1, 2);

/* Skips the running test because the guest's processor has no such feature ("avx"), as its CPUID says. */
void machine_skip_without(const char *feature);

/*
 * Skips the test where the engine does not look for interrupts between any two instructions of that ring-0 mode: a KVM
 * that emulates code does so every so many instructions. The guest must be loaded, and is to be started anew.
 */
void machine_need_prompt(struct machine *machine);

/*
 * What CPUID says: eax, ebx, ecx, edx. It is asked in real mode, as a KVM that runs programs natively may let them see
 * the host's. The guest is to be loaded and started anew.
 */
void machine_cpuid(struct machine *machine, const struct guest_image *images, uint32_t leaf, uint32_t subleaf,
		   uint32_t ret_registers[4]);

/* Fails the test with both values in hexadecimal. */
void machine_equal(const char *what, uint64_t found, uint64_t expected);

#endif
