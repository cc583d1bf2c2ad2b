/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See native.h. What runs in the child between two cases may use no thread-local storage before the thread's own fs
 * base is back, and nothing that a case may have left behind: flags (AC faults on what is not aligned), and the bases
 * of fs and gs.
 */
#include "native.h"

#include <asm/ldt.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "segments.h"
#include "values.h"

#define HWCAP2_HAS_FSGSBASE 2u
#define MODIFY_LDT_WRITE 0x11
#define SIGNAL_STACK_SIZE 0x10000u
#define WAIT_MS_MAX 10000

/* The frame's copy of the registers: FXSAVE's image, and behind it XSAVE's header and the upper halves of ymm. */
enum {
	FRAME_FCW = 0,
	FRAME_FSW = 2,
	FRAME_FTW = 4,
	FRAME_MXCSR = 24,
	FRAME_ST = 32,
	FRAME_XMM = 160,
	FRAME_XSTATE_BV = 512,
	FRAME_YMM = 576
};
#define COMPONENTS UINT64_C(7) /* x87, SSE, AVX */

/* Shared with the child. */
struct board {
	uint32_t first; /* of the batch, for the child to begin at */
	uint32_t count;
	uint32_t now; /* the case that the child is at */
	uint32_t reserved;
	/* struct test_case cases[capacity], then struct outcome outcomes[capacity] */
};

struct native {
	struct board *board;
	size_t board_size;
	struct test_case *cases;
	struct outcome *outcomes;
	unsigned capacity;
	pid_t child;
	int to_child;
	int from_child;
	uint8_t *code; /* the child's code pages, writable */
	int code_file;
};

/* ---- the child ---- */

static struct {
	const struct native *native;
	uint8_t *code;
	uint64_t fs_base;
	uint32_t now;
	bool running;
	sigjmp_buf idle;
} self;

static inline uint64_t read_fs_base(void)
{
	uint64_t base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline uint64_t read_gs_base(void)
{
	uint64_t base;

	__asm__ volatile("rdgsbase %0" : "=r"(base));
	return base;
}

static inline void write_bases(uint64_t fs, uint64_t gs)
{
	__asm__ volatile("wrfsbase %0; wrgsbase %1" : : "r"(fs), "r"(gs) : "memory");
}

#define READ_SELECTOR(name, to) __asm__ volatile("movw %%" #name ", %0" : "=m"(to))
#define WRITE_SELECTOR(name, from) __asm__ volatile("movw %0, %%" #name : : "m"(from) : "memory")

static inline void read_selectors(uint16_t selectors[SEGMENTS])
{
	READ_SELECTOR(es, selectors[SEGMENT_ES]);
	READ_SELECTOR(ds, selectors[SEGMENT_DS]);
	READ_SELECTOR(fs, selectors[SEGMENT_FS]);
	READ_SELECTOR(gs, selectors[SEGMENT_GS]);
}

/* cs and ss are the frame's. The bases of fs and gs are to be written after it. */
static inline void write_selectors(const uint16_t selectors[SEGMENTS])
{
	WRITE_SELECTOR(es, selectors[SEGMENT_ES]);
	WRITE_SELECTOR(ds, selectors[SEGMENT_DS]);
	WRITE_SELECTOR(fs, selectors[SEGMENT_FS]);
	WRITE_SELECTOR(gs, selectors[SEGMENT_GS]);
}

static inline bool has_selectors(const uint16_t selectors[SEGMENTS])
{
	return selectors[SEGMENT_ES] | selectors[SEGMENT_DS] | selectors[SEGMENT_FS] | selectors[SEGMENT_GS];
}

/* Linux' names of the registers, in the order of opcodes. */
static const uint8_t gregs[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static void load(const struct test_case *test, ucontext_t *context)
{
	const struct state *state = &test->state;
	uint8_t *frame = (uint8_t *)context->uc_mcontext.fpregs;
	const uint64_t components = COMPONENTS;

	memcpy(self.code + (test->code_address - CASE_CODE), test->code, test->code_size);
	case_fill_memory(test, (uint8_t *)CASE_DATA);
	for (unsigned i = 0; i < 16; i++)
		context->uc_mcontext.gregs[gregs[i]] = (long long)state->gpr[i];
	context->uc_mcontext.gregs[REG_RIP] = (long long)state->rip;
	context->uc_mcontext.gregs[REG_EFL] = (long long)state->rflags;
	context->uc_mcontext.gregs[REG_CSGSFS] =
		(long long)(state->segments[SEGMENT_CS] | (uint64_t)state->segments[SEGMENT_SS] << 48);
	memcpy(frame + FRAME_FCW, &state->fcw, 2);
	memcpy(frame + FRAME_FSW, &state->fsw, 2);
	memcpy(frame + FRAME_FTW, &state->ftw, 2);
	memset(frame + FRAME_FTW + 2, 0, FRAME_MXCSR - FRAME_FTW - 2);
	memcpy(frame + FRAME_MXCSR, &state->mxcsr, 4);
	memcpy(frame + FRAME_ST, state->st, sizeof(state->st));
	for (unsigned i = 0; i < 16; i++) {
		memcpy(frame + FRAME_XMM + 16 * i, state->ymm[i], 16);
		memcpy(frame + FRAME_YMM + 16 * i, state->ymm[i] + 16, 16);
	}
	memcpy(frame + FRAME_XSTATE_BV, &components, 8);
	memset(frame + FRAME_XSTATE_BV + 8, 0, 56);
}

static void store(const struct test_case *test, const ucontext_t *context, struct outcome *outcome)
{
	const uint8_t *frame = (const uint8_t *)context->uc_mcontext.fpregs;
	struct state *state = &outcome->state;

	outcome->vector = (uint32_t)context->uc_mcontext.gregs[REG_TRAPNO];
	outcome->error_code = (uint32_t)context->uc_mcontext.gregs[REG_ERR];
	outcome->cr2 = (uint64_t)context->uc_mcontext.gregs[REG_CR2];
	for (unsigned i = 0; i < 16; i++)
		state->gpr[i] = (uint64_t)context->uc_mcontext.gregs[gregs[i]];
	state->rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
	state->rflags = (uint64_t)context->uc_mcontext.gregs[REG_EFL];
	state->segments[SEGMENT_CS] = (uint16_t)context->uc_mcontext.gregs[REG_CSGSFS];
	state->segments[SEGMENT_SS] = (uint16_t)((uint64_t)context->uc_mcontext.gregs[REG_CSGSFS] >> 48);
	memcpy(&state->fcw, frame + FRAME_FCW, 2);
	memcpy(&state->fsw, frame + FRAME_FSW, 2);
	memcpy(&state->ftw, frame + FRAME_FTW, 2);
	memcpy(&state->mxcsr, frame + FRAME_MXCSR, 4);
	memcpy(state->st, frame + FRAME_ST, sizeof(state->st));
	for (unsigned i = 0; i < 16; i++) {
		memcpy(state->ymm[i], frame + FRAME_XMM + 16 * i, 16);
		memcpy(state->ymm[i] + 16, frame + FRAME_YMM + 16 * i, 16);
	}
	memcpy(outcome->memory, (const void *)CASE_DATA, CASE_DATA_SIZE);
	memset(self.code + (test->code_address - CASE_CODE), CASE_TRAP, test->code_size);
}

/* The only place where a case begins or ends. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	static const uint16_t null_selectors[SEGMENTS];
	const struct native *native = self.native;
	const struct state *next;
	uint16_t selectors[SEGMENTS];
	struct state *out;
	uint64_t fs;
	uint64_t gs;

	(void)number;
	(void)info;
	__asm__ volatile("pushq $0x202; popfq" : : : "cc", "memory");
	fs = read_fs_base();
	gs = read_gs_base();
	read_selectors(selectors);
	if (has_selectors(selectors))
		write_selectors(null_selectors);
	write_bases(self.fs_base, 0);
	if (self.running) {
		out = &native->outcomes[self.now].state;
		memcpy(out->segments, selectors, sizeof(selectors));
		store(&native->cases[self.now], context, &native->outcomes[self.now]);
		out->fs_base = fs;
		out->gs_base = gs;
		self.running = false;
		self.now++;
	}
	__atomic_store_n(&native->board->now, self.now, __ATOMIC_RELEASE);
	if (self.now == native->board->count)
		siglongjmp(self.idle, 1);
	load(&native->cases[self.now], context);
	self.running = true;
	next = &native->cases[self.now].state;
	if (has_selectors(next->segments))
		write_selectors(next->segments);
	write_bases(next->fs_base, next->gs_base);
}

static void *map_at(uint64_t address, size_t size, int protection, int file)
{
	int flags = MAP_FIXED_NOREPLACE | MAP_POPULATE | (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
	void *memory = mmap((void *)address, size, protection, flags, file, 0);

	if (memory != (void *)address) {
		fprintf(stderr, "native: the child cannot map %zu bytes at 0x%llx: %s\n", size,
			(unsigned long long)address, strerror(errno));
		_exit(2);
	}
	return memory;
}

static void map_all(const struct native *native)
{
	void *read_only = map_at(CASE_READ_ONLY, CASE_READ_ONLY_SIZE, PROT_READ | PROT_WRITE, -1);

	values_fill_read_only(read_only);
	mprotect(read_only, CASE_READ_ONLY_SIZE, PROT_READ);
	map_at(CASE_DATA, CASE_DATA_SIZE, PROT_READ | PROT_WRITE, -1);
	memset((void *)CASE_DATA, 0, CASE_DATA_SIZE);
	map_at(CASE_CODE, CASE_CODE_SIZE, PROT_READ | PROT_EXEC, native->code_file);
	mlock((void *)CASE_CODE, CASE_CODE_SIZE);
	mlock((void *)CASE_DATA, CASE_DATA_SIZE + CASE_READ_ONLY_SIZE);
}

/* The two segments that are not Linux' own. */
static void make_segments(void)
{
	static const uint16_t selectors[] = { SELECTOR_SMALL, SELECTOR_DOWN };

	for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		const struct segment *segment = segments_find(selectors[i]);
		struct user_desc wanted = { .entry_number = selectors[i] / 8u,
					    .base_addr = (unsigned)segment->base,
					    .limit = (unsigned)segment->limit,
					    .seg_32bit = 1,
					    .contents = selectors[i] == SELECTOR_DOWN,
					    .useable = 1 };

		if (syscall(SYS_modify_ldt, MODIFY_LDT_WRITE, &wanted, sizeof(wanted))) {
			perror("native: modify_ldt");
			_exit(2);
		}
	}
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_size = SIGNAL_STACK_SIZE };

	stack.ss_sp = mmap(NULL, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			   -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL))
		_exit(2);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static _Noreturn void serve(const struct native *native, int requests, int answers)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self.native = native;
	self.code = native->code;
	self.fs_base = read_fs_base();
	map_all(native);
	make_segments();
	catch_signals();
	while (read(requests, &byte, 1) == 1) {
		self.now = native->board->first;
		self.running = false;
		if (!sigsetjmp(self.idle, 0))
			__asm__ volatile("int3");
		if (write(answers, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

/* ---- the parent ---- */

static void end_child(struct native *native)
{
	if (native->child <= 0)
		return;
	kill(native->child, SIGKILL);
	waitpid(native->child, NULL, 0);
	close(native->to_child);
	close(native->from_child);
	native->child = 0;
}

static bool start_child(struct native *native)
{
	int requests[2];
	int answers[2];

	memset(native->code, CASE_TRAP, CASE_CODE_SIZE);
	if (pipe(requests))
		return false;
	if (pipe(answers)) {
		close(requests[0]);
		close(requests[1]);
		return false;
	}
	native->child = fork();
	if (!native->child) {
		close(requests[1]);
		close(answers[0]);
		serve(native, requests[0], answers[1]);
	}
	close(requests[0]);
	close(answers[1]);
	native->to_child = requests[1];
	native->from_child = answers[0];
	return native->child > 0;
}

static bool make_board(struct native *native)
{
	native->board_size =
		sizeof(struct board) + native->capacity * (sizeof(struct test_case) + sizeof(struct outcome));
	native->board = mmap(NULL, native->board_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (native->board == MAP_FAILED)
		return false;
	native->cases = (struct test_case *)(native->board + 1);
	native->outcomes = (struct outcome *)(native->cases + native->capacity);
	native->code_file = memfd_create("differential", MFD_CLOEXEC);
	if (native->code_file < 0 || ftruncate(native->code_file, CASE_CODE_SIZE))
		return false;
	native->code = mmap(NULL, CASE_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, native->code_file, 0);
	return native->code != MAP_FAILED;
}

struct native *native_create(unsigned capacity)
{
	struct native *native = calloc(1, sizeof(*native));

	if (!(getauxval(AT_HWCAP2) & HWCAP2_HAS_FSGSBASE)) {
		fprintf(stderr, "native: this host's kernel does not let programs use rdfsbase\n");
		free(native);
		return NULL;
	}
	if (!native)
		return NULL;
	native->capacity = capacity;
	if (!make_board(native) || !start_child(native)) {
		perror("native");
		free(native);
		return NULL;
	}
	return native;
}

void native_destroy(struct native *native)
{
	end_child(native);
	munmap(native->code, CASE_CODE_SIZE);
	close(native->code_file);
	munmap(native->board, native->board_size);
	free(native);
}

struct test_case *native_cases(struct native *native)
{
	return native->cases;
}

const struct outcome *native_outcomes(const struct native *native)
{
	return native->outcomes;
}

static bool submit_from(struct native *native, unsigned first)
{
	native->board->first = first;
	__atomic_store_n(&native->board->now, first, __ATOMIC_RELEASE);
	return write(native->to_child, "", 1) == 1;
}

bool native_submit(struct native *native, unsigned count)
{
	native->board->count = count;
	return submit_from(native, 0);
}

/* True when the child answers; false when it is gone, or still at the same case. */
static bool hear(struct native *native)
{
	struct pollfd from = { .fd = native->from_child, .events = POLLIN };
	uint32_t before;
	int ready;
	char byte;

	do {
		before = __atomic_load_n(&native->board->now, __ATOMIC_ACQUIRE);
		ready = poll(&from, 1, WAIT_MS_MAX);
	} while ((ready < 0 && errno == EINTR) ||
		 (!ready && before != __atomic_load_n(&native->board->now, __ATOMIC_ACQUIRE)));
	return ready > 0 && read(native->from_child, &byte, 1) == 1;
}

bool native_wait(struct native *native)
{
	while (!hear(native)) {
		uint32_t lost = __atomic_load_n(&native->board->now, __ATOMIC_ACQUIRE);

		end_child(native);
		if (!start_child(native) || lost >= native->board->count)
			return false;
		native->outcomes[lost].vector = OUTCOME_LOST;
		if (lost + 1 == native->board->count)
			return true;
		if (!submit_from(native, lost + 1))
			return false;
	}
	return true;
}
