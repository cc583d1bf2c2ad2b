/* SPDX-License-Identifier: Apache-2.0 */
/* See guest.h. */
#include "guest.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <axvcpu/axvcpu.h>
#include <axvcpu/regs/x86_64.h>

#include "segments.h"
#include "values.h"

/* Guest-physical memory: one slot. */
enum {
	GDT = 0x1000,
	LDT = 0x1800,
	IDT = 0x2000,
	TSS = 0x3000,
	PML4 = 0x4000,
	PDPT_SYSTEM = 0x5000,
	PD_SYSTEM = 0x6000,
	PT_SYSTEM = 0x7000,
	PDPT_USER = 0x8000,
	PD_USER = 0x9000,
	PT_CODE = 0xa000,
	PT_DATA = 0xb000,
	STUBS = 0x10000,
	STACK_TOP = 0x14000,
	CODE = 0x20000,
	DATA = 0x30000,
	RAM_SIZE = 0x40000
};

/* Where ring 0 sees that memory: nowhere near what a case computes as an address. */
#define SYSTEM UINT64_C(0x600000000000)

enum { STUB_SIZE = 16, VECTORS = 256, WATCH_US = 100000, STUCK_LOOKS = 30 };

#define TASK_ATTRIBUTES UINT64_C(0x8b)
#define GRANULAR UINT64_C(0x8000)
#define LDT_ATTRIBUTES UINT64_C(0x82)
#define TASK_LIMIT UINT64_C(0x67)

/* As Linux has them, where ring 3 can tell. */
#define CR0 UINT64_C(0x80050033) /* PE, MP, ET, NE, WP, AM, PG */
#define CR4 UINT64_C(0x620)      /* PAE, OSFXSR, OSXMMEXCPT */
#define CR4_FSGSBASE UINT64_C(0x10000)
#define CR4_OSXSAVE UINT64_C(0x40000)
#define EFER UINT64_C(0xd01) /* SCE, LME, LMA, NXE */
#define XCR0 UINT64_C(7)

#define PRESENT UINT64_C(0x61) /* accessed and dirty too */
#define WRITABLE UINT64_C(2)
#define USER UINT64_C(4)
#define NO_EXECUTE (UINT64_C(1) << 63)

#define VECTORS_WITH_ERROR_CODE UINT64_C(0x227d00) /* 8, 10 to 14, 17, 21 */

struct guest {
	struct axvcpu_backend *backend;
	struct axvcpu_space *space;
	struct axvcpu *vcpu;
	uint8_t *ram;
	bool has_xsave;
	bool knows_segments;
	uint16_t segments[SEGMENTS]; /* as they are in the vCPU; cs and ss are never */
	pthread_t watchdog;
	uint32_t runs;    /* atomic: how many there were; odd while one goes on */
	uint32_t closing; /* atomic */
	char exit_text[256];
};

/* ---- the machine ---- */

static void put(struct guest *guest, uint64_t gpa, unsigned size, uint64_t value)
{
	memcpy(guest->ram + gpa, &value, size);
}

static uint64_t descriptor(uint64_t base, uint64_t limit, uint64_t attributes)
{
	if (attributes & GRANULAR)
		limit >>= 12;
	return (limit & 0xffff) | (base & 0xffffff) << 16 | (attributes & 0xff) << 40 | (limit >> 16 & 0xf) << 48 |
	       (attributes >> 12 & 0xf) << 52 | (base >> 24 & 0xff) << 56;
}

static void write_segments(struct guest *guest)
{
	uint64_t base = SYSTEM + TSS;
	unsigned count;
	const struct segment *segments = segments_all(&count);

	for (unsigned i = 0; i < count; i++)
		put(guest, (segments[i].selector & SELECTOR_IN_LDT ? LDT : GDT) + (segments[i].selector & ~7u), 8,
		    descriptor(segments[i].base, segments[i].limit, segments[i].attributes));
	put(guest, GDT + SELECTOR_TASK, 8, descriptor(base, TASK_LIMIT, TASK_ATTRIBUTES));
	put(guest, GDT + SELECTOR_TASK + 8, 8, base >> 32);
	put(guest, GDT + SELECTOR_LDT, 8, descriptor(SYSTEM + LDT, SEGMENTS_LDT_SIZE - 1, LDT_ATTRIBUTES));
	put(guest, GDT + SELECTOR_LDT + 8, 8, (SYSTEM + LDT) >> 32);
	put(guest, TSS + 4, 8, SYSTEM + STACK_TOP);
	put(guest, TSS + 0x66, 2, TASK_LIMIT + 1); /* no I/O bitmap */
}

/* int3 and into may be used by ring 3, as on Linux. */
static void write_idt(struct guest *guest)
{
	for (uint64_t vector = 0; vector < VECTORS; vector++) {
		uint64_t stub = SYSTEM + STUBS + vector * STUB_SIZE;
		uint64_t attributes = vector == VECTOR_BP || vector == 4 ? 0xee00 : 0x8e00;

		put(guest, IDT + vector * 16, 8,
		    (stub & 0xffff) | (uint64_t)SELECTOR_KERNEL_CODE << 16 | attributes << 32 |
			    (stub >> 16 & 0xffff) << 48);
		put(guest, IDT + vector * 16 + 8, 8, stub >> 32);
		memset(guest->ram + STUBS + vector * STUB_SIZE, 0xf4, STUB_SIZE);
	}
}

static void write_pages(struct guest *guest, uint64_t table, uint64_t gpa, uint64_t size, uint64_t rights)
{
	for (uint64_t page = 0; page < size / CASE_PAGE; page++)
		put(guest, table + 8 * page, 8, (gpa + page * CASE_PAGE) | PRESENT | rights);
}

static void write_tables(struct guest *guest)
{
	put(guest, PML4, 8, PDPT_USER | PRESENT | WRITABLE | USER);
	put(guest, PML4 + 8 * (SYSTEM >> 39 & 511), 8, PDPT_SYSTEM | PRESENT | WRITABLE);
	put(guest, PDPT_SYSTEM, 8, PD_SYSTEM | PRESENT | WRITABLE);
	put(guest, PD_SYSTEM, 8, PT_SYSTEM | PRESENT | WRITABLE);
	write_pages(guest, PT_SYSTEM, 0, RAM_SIZE, WRITABLE);
	put(guest, PDPT_USER, 8, PD_USER | PRESENT | WRITABLE | USER);
	put(guest, PD_USER + 8 * (CASE_CODE >> 21 & 511), 8, PT_CODE | PRESENT | WRITABLE | USER);
	put(guest, PD_USER + 8 * (CASE_DATA >> 21 & 511), 8, PT_DATA | PRESENT | WRITABLE | USER);
	write_pages(guest, PT_CODE, CODE, CASE_CODE_SIZE, USER);
	write_pages(guest, PT_DATA, DATA, CASE_DATA_SIZE, USER | WRITABLE | NO_EXECUTE);
	write_pages(guest, PT_DATA + 8 * (CASE_DATA_SIZE / CASE_PAGE), DATA + CASE_DATA_SIZE, CASE_READ_ONLY_SIZE,
		    USER | NO_EXECUTE);
}

static bool make_memory(struct guest *guest)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .size = RAM_SIZE };

	if (axvcpu_space_create(&guest->space) || axvcpu_space_add(guest->space, &slot))
		return false;
	guest->ram = slot.host;
	write_segments(guest);
	write_idt(guest);
	write_tables(guest);
	memset(guest->ram + CODE, CASE_TRAP, CASE_CODE_SIZE);
	values_fill_read_only(guest->ram + DATA + CASE_DATA_SIZE);
	return !axvcpu_space_mark_written(guest->space, 0, RAM_SIZE);
}

/* ---- registers ---- */

static bool set(struct guest *guest, uint64_t id, uint64_t value)
{
	return !axvcpu_set_reg(guest->vcpu, id, &value, 8);
}

static bool get(struct guest *guest, uint64_t id, uint64_t *ret_value)
{
	return !axvcpu_get_reg(guest->vcpu, id, ret_value, 8);
}

static bool set_segment(struct guest *guest, unsigned segment, uint64_t selector, uint64_t base, uint64_t limit,
			uint64_t attributes)
{
	return set(guest, AXVCPU_X86_64_SEGMENT(segment, 0), selector) &&
	       set(guest, AXVCPU_X86_64_SEGMENT(segment, 1), base) &&
	       set(guest, AXVCPU_X86_64_SEGMENT(segment, 2), limit) &&
	       set(guest, AXVCPU_X86_64_SEGMENT(segment, 3), attributes);
}

enum { SEGMENT_TR = 6, SEGMENT_LDTR = 7 };

/* Only what the last case did not have already. */
static bool load_segments(struct guest *guest, const struct state *state)
{
	bool good = true;

	for (unsigned i = 0; good && i < SEGMENTS; i++) {
		const struct segment *segment = segments_find(state->segments[i]);

		if (guest->knows_segments && guest->segments[i] == state->segments[i] && i != SEGMENT_CS &&
		    i != SEGMENT_SS)
			continue;
		good = set_segment(guest, i, state->segments[i], segment->base, segment->limit, segment->attributes);
	}
	guest->knows_segments = true;
	return good && set(guest, AXVCPU_X86_64_SEGMENT(SEGMENT_FS, 1), state->fs_base) &&
	       set(guest, AXVCPU_X86_64_SEGMENT(SEGMENT_GS, 1), state->gs_base);
}

/* cs and ss are in the frame. */
static bool store_segments(struct guest *guest, struct state *state)
{
	bool good = true;

	for (unsigned i = 0; good && i < SEGMENTS; i++) {
		uint64_t selector = 0;

		if (i == SEGMENT_CS || i == SEGMENT_SS)
			continue;
		good = get(guest, AXVCPU_X86_64_SEGMENT(i, 0), &selector);
		state->segments[i] = (uint16_t)selector;
		guest->segments[i] = (uint16_t)selector;
	}
	return good && get(guest, AXVCPU_X86_64_SEGMENT(SEGMENT_FS, 1), &state->fs_base) &&
	       get(guest, AXVCPU_X86_64_SEGMENT(SEGMENT_GS, 1), &state->gs_base);
}

/* For the checks that a mode's registers go together: 64-bit mode at ring 3. */
static bool set_user_segments(struct guest *guest)
{
	struct state state = { .gpr = { 0 } };

	state.segments[SEGMENT_CS] = SELECTOR_USER_CODE;
	state.segments[SEGMENT_SS] = SELECTOR_USER_DATA;
	return load_segments(guest, &state);
}

static bool set_system(struct guest *guest)
{
	uint64_t cr4 = CR4 | CR4_FSGSBASE | (guest->has_xsave ? CR4_OSXSAVE : 0);
	bool good = set(guest, AXVCPU_X86_64_TABLE(0, 0), SYSTEM + GDT) &&
		    set(guest, AXVCPU_X86_64_TABLE(0, 1), 0x7f) &&
		    set(guest, AXVCPU_X86_64_TABLE(1, 0), SYSTEM + IDT) && set(guest, AXVCPU_X86_64_TABLE(1, 1), 0xfff);

	good = good && set(guest, AXVCPU_X86_64_CR(0), CR0) && set(guest, AXVCPU_X86_64_CR(3), PML4) &&
	       set(guest, AXVCPU_X86_64_CR(4), cr4) && set(guest, AXVCPU_X86_64_MSR(0xc0000080), EFER);
	if (good && guest->has_xsave)
		good = set(guest, AXVCPU_X86_64_XCR(0), XCR0);
	return good && set_segment(guest, SEGMENT_TR, SELECTOR_TASK, SYSTEM + TSS, TASK_LIMIT, TASK_ATTRIBUTES) &&
	       set_segment(guest, SEGMENT_LDTR, SELECTOR_LDT, SYSTEM + LDT, SEGMENTS_LDT_SIZE - 1, LDT_ATTRIBUTES) &&
	       set_user_segments(guest);
}

/* FXSAVE's tags from the full ones, and back: which bits of a full tag say more follows from the register's value. */
static uint16_t short_tags(uint64_t full)
{
	uint16_t tags = 0;

	for (unsigned i = 0; i < 8; i++)
		tags |= (uint16_t)((full >> 2 * i & 3) != 3) << i;
	return tags;
}

static uint64_t full_tags(uint16_t tags)
{
	uint64_t full = 0;

	for (unsigned i = 0; i < 8; i++)
		full |= tags >> i & 1 ? 0 : UINT64_C(3) << 2 * i;
	return full;
}

static bool load_vectors(struct guest *guest, const struct state *state)
{
	bool good = set(guest, AXVCPU_X86_64_FPU(0), state->fcw) && set(guest, AXVCPU_X86_64_FPU(1), state->fsw) &&
		    set(guest, AXVCPU_X86_64_FPU(2), full_tags(state->ftw)) &&
		    set(guest, AXVCPU_X86_64_FPU(6), state->mxcsr);

	for (unsigned i = 0; good && i < 8; i++)
		good = !axvcpu_set_reg(guest->vcpu, AXVCPU_X86_64_ST(i), state->st[i], 10);
	for (unsigned i = 0; good && i < 16; i++)
		good = !axvcpu_set_reg(guest->vcpu, AXVCPU_X86_64_YMM(i), state->ymm[i], 32);
	return good;
}

static bool load(struct guest *guest, const struct state *state)
{
	bool good = load_segments(guest, state) && load_vectors(guest, state);

	for (unsigned i = 0; good && i < 16; i++)
		good = set(guest, AXVCPU_X86_64_GPR(i), state->gpr[i]);
	return good && set(guest, AXVCPU_X86_64_RIP, state->rip) && set(guest, AXVCPU_X86_64_RFLAGS, state->rflags) &&
	       set(guest, AXVCPU_X86_64_CR(2), 0);
}

static bool store_vectors(struct guest *guest, struct state *state)
{
	uint64_t fcw = 0;
	uint64_t fsw = 0;
	uint64_t ftw = 0;
	uint64_t mxcsr = 0;
	bool good = get(guest, AXVCPU_X86_64_FPU(0), &fcw) && get(guest, AXVCPU_X86_64_FPU(1), &fsw) &&
		    get(guest, AXVCPU_X86_64_FPU(2), &ftw) && get(guest, AXVCPU_X86_64_FPU(6), &mxcsr);

	state->fcw = (uint16_t)fcw;
	state->fsw = (uint16_t)fsw;
	state->ftw = short_tags(ftw);
	state->mxcsr = (uint32_t)mxcsr;
	for (unsigned i = 0; good && i < 8; i++)
		good = !axvcpu_get_reg(guest->vcpu, AXVCPU_X86_64_ST(i), state->st[i], 10);
	for (unsigned i = 0; good && i < 16; i++)
		good = !axvcpu_get_reg(guest->vcpu, AXVCPU_X86_64_YMM(i), state->ymm[i], 32);
	return good;
}

/* What the exception pushed: an error code at most, then rip, cs, rflags, rsp, ss. */
static void store_frame(struct guest *guest, struct outcome *outcome)
{
	bool has_error = outcome->vector < 64 && VECTORS_WITH_ERROR_CODE >> outcome->vector & 1;
	uint64_t frame[6];

	memcpy(frame, guest->ram + STACK_TOP - sizeof(frame), sizeof(frame));
	outcome->error_code = has_error ? (uint32_t)frame[0] : 0;
	outcome->state.rip = frame[1];
	outcome->state.rflags = frame[3];
	outcome->state.gpr[RSP] = frame[4];
	outcome->state.segments[SEGMENT_CS] = (uint16_t)frame[2];
	outcome->state.segments[SEGMENT_SS] = (uint16_t)frame[5];
}

static bool store(struct guest *guest, struct outcome *outcome)
{
	struct state *state = &outcome->state;
	uint64_t rip = 0;
	bool good = get(guest, AXVCPU_X86_64_RIP, &rip) && store_vectors(guest, state) &&
		    store_segments(guest, state) && get(guest, AXVCPU_X86_64_CR(2), &outcome->cr2);

	for (unsigned i = 0; good && i < 16; i++)
		good = get(guest, AXVCPU_X86_64_GPR(i), &state->gpr[i]);
	if (outcome->vector == VECTORS) {
		outcome->vector = (uint32_t)((rip - SYSTEM - STUBS) / STUB_SIZE);
		store_frame(guest, outcome);
	}
	return good;
}

/* ---- running ---- */

/* A guest that does not come back is kicked out. */
static void *watch(void *context)
{
	struct guest *guest = context;
	uint32_t before = 0;
	unsigned looks = 0;

	while (!__atomic_load_n(&guest->closing, __ATOMIC_SEQ_CST)) {
		uint32_t runs = __atomic_load_n(&guest->runs, __ATOMIC_SEQ_CST);

		looks = runs & 1 && runs == before ? looks + 1 : 0;
		before = runs;
		if (looks >= STUCK_LOOKS)
			axvcpu_kick(guest->vcpu);
		usleep(WATCH_US);
	}
	return NULL;
}

static bool run(struct guest *guest, struct outcome *outcome)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int32_t error;

	__atomic_add_fetch(&guest->runs, 1, __ATOMIC_SEQ_CST);
	do {
		error = axvcpu_run(guest->vcpu, &exit);
	} while (!error && exit.reason == AXVCPU_EXIT_NOTHING);
	__atomic_add_fetch(&guest->runs, 1, __ATOMIC_SEQ_CST);
	if (error)
		return false;
	outcome->error_code = 0;
	if (exit.reason == AXVCPU_EXIT_HALT) {
		outcome->vector = VECTORS; /* store() finds out which */
	} else {
		int length = axvcpu_exit_format(&exit, guest->exit_text, sizeof(guest->exit_text));

		if (exit.reason == AXVCPU_EXIT_FAIL_ENTRY && length > 0 && (size_t)length < sizeof(guest->exit_text))
			snprintf(guest->exit_text + length, sizeof(guest->exit_text) - (size_t)length, " %s",
				 axvcpu_error_text());
		outcome->vector = exit.reason == AXVCPU_EXIT_KICKED ? OUTCOME_STUCK : OUTCOME_EXIT;
		outcome->error_code = exit.reason;
	}
	return true;
}

static bool touch_code(struct guest *guest, const struct test_case *test)
{
	return !axvcpu_space_mark_written(guest->space, CODE + (test->code_address - CASE_CODE), test->code_size);
}

bool guest_run(struct guest *guest, const struct test_case *test, struct outcome *ret_outcome)
{
	uint8_t *code = guest->ram + CODE + (test->code_address - CASE_CODE);
	bool good;

	memset(ret_outcome, 0, offsetof(struct outcome, memory));
	memcpy(code, test->code, test->code_size);
	case_fill_memory(test, guest->ram + DATA);
	good = touch_code(guest, test) && !axvcpu_space_mark_written(guest->space, DATA, CASE_DATA_SIZE) &&
	       load(guest, &test->state) && run(guest, ret_outcome) && store(guest, ret_outcome);
	if (!good) {
		fprintf(stderr, "backend: %s\n", axvcpu_error_text());
		return false;
	}
	memcpy(ret_outcome->memory, guest->ram + DATA, CASE_DATA_SIZE);
	memset(code, CASE_TRAP, test->code_size);
	return touch_code(guest, test);
}

bool guest_cpuid(struct guest *guest, uint32_t leaf, uint32_t subleaf, uint32_t ret_registers[4])
{
	static const uint8_t code[] = { 0x0f, 0xa2 };
	struct test_case test = { .code_address = CASE_CODE, .code_size = sizeof(code) };
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	bool good;

	memcpy(test.code, code, sizeof(code));
	test.state.rip = CASE_CODE;
	test.state.segments[SEGMENT_CS] = SELECTOR_USER_CODE;
	test.state.segments[SEGMENT_SS] = SELECTOR_USER_DATA;
	test.state.rflags = FLAG_FIXED | FLAG_IF;
	test.state.gpr[RAX] = leaf;
	test.state.gpr[RCX] = subleaf;
	test.state.gpr[RSP] = CASE_DATA + CASE_PAGE;
	test.state.fcw = 0x37f;
	test.state.mxcsr = 0x1f80;
	good = outcome && guest_run(guest, &test, outcome);
	if (good && outcome->vector != VECTOR_BP) {
		fprintf(stderr, "backend: cpuid ends with vector %u, error code 0x%x, cr2 0x%llx %s\n", outcome->vector,
			outcome->error_code, (unsigned long long)outcome->cr2, guest->exit_text);
		good = false;
	}
	if (good) {
		ret_registers[0] = (uint32_t)outcome->state.gpr[RAX];
		ret_registers[1] = (uint32_t)outcome->state.gpr[RBX];
		ret_registers[2] = (uint32_t)outcome->state.gpr[RCX];
		ret_registers[3] = (uint32_t)outcome->state.gpr[RDX];
	}
	free(outcome);
	return good;
}

const char *guest_exit_text(const struct guest *guest)
{
	return guest->exit_text;
}

/* ---- its life ---- */

static bool create_vcpu(struct guest *guest, const char *text)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .state_policy = AXVCPU_POLICY_REJECT };
	struct axvcpu_config *config = NULL;
	bool good;

	if (axvcpu_config_create(guest->backend, AXVCPU_CONFIG_CREATE, &config))
		return false;
	info.config = config;
	good = !axvcpu_config_parse(config, text) && !axvcpu_create(guest->backend, &info, &guest->vcpu);
	axvcpu_config_destroy(config);
	return good;
}

static bool start(struct guest *guest)
{
	uint64_t xcr0;

	if (axvcpu_setup(guest->vcpu, STUBS, axvcpu_space_root(guest->space), NULL))
		return false;
	guest->has_xsave = get(guest, AXVCPU_X86_64_XCR(0), &xcr0);
	return set_system(guest) && !axvcpu_bind(guest->vcpu) && !pthread_create(&guest->watchdog, NULL, watch, guest);
}

enum guest_answer guest_create(const char *backend, const char *config, struct guest **ret_guest)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return GUEST_FAILED;
	if (axvcpu_backend_open(backend, &guest->backend) || !create_vcpu(guest, config)) {
		fprintf(stderr, "backend %s: %s\n", backend, axvcpu_error_text());
		axvcpu_backend_close(guest->backend);
		free(guest);
		return GUEST_SKIP;
	}
	if (!make_memory(guest) || !start(guest)) {
		fprintf(stderr, "backend %s: %s\n", backend, axvcpu_error_text());
		guest_destroy(guest);
		return GUEST_FAILED;
	}
	*ret_guest = guest;
	return GUEST_READY;
}

void guest_destroy(struct guest *guest)
{
	__atomic_store_n(&guest->closing, 1, __ATOMIC_SEQ_CST);
	if (guest->watchdog)
		pthread_join(guest->watchdog, NULL);
	axvcpu_destroy(guest->vcpu);
	axvcpu_space_destroy(guest->space);
	axvcpu_backend_close(guest->backend);
	free(guest);
}
