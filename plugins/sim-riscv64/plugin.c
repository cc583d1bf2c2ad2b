/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's ops: thin, each calls what does the work. */
#include <axvcpu/plugin/plugin.h>

#include <string.h>
#include <time.h>

#include "decode.h"
#include "hart.h"
#include "mmu.h"

#define CREATE_CONFIG(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u64, hart_id, 0, 0, UINT64_MAX, "hart id: in a0 at the start, and by which SBI calls name this hart") \
	INT(T, u64, dtb_addr, 0, 0, UINT64_MAX, \
	    "guest-physical address of the flattened device tree: in a1 at the start") \
	INT(T, flag, deterministic, 0, 0, 1, "time counts instructions (10 ns each), so that two runs are identical") \
	INT(T, u32, code_cache, 8, 1, 32, "MiB of decoded code that are kept at most")
AXARCH_CONFIG(sim_riscv64_create, CREATE_CONFIG)
AXARCH_CONFIG(sim_riscv64_setup, AXARCH_EMPTY_CONFIG)

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
		      struct sim_riscv64_create config, void **ret_self)
{
	struct rv_hart *hart = host->alloc(sizeof(*hart));
	int32_t error;

	(void)vm_id;
	(void)vcpu_id;
	if (!hart)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for a hart (%zu bytes)", sizeof(*hart));
	error = sim_cpu_init(&hart->cpu, host, &rv_isa, (size_t)config.code_cache << 20);
	if (error)
		goto free_hart;
	hart->hart_id = config.hart_id;
	hart->cpu.member.id = config.hart_id;
	hart->dtb_addr = config.dtb_addr;
	hart->deterministic = config.deterministic;
	hart->origin_ns = monotonic_ns();
	rv_reset(hart);
	*ret_self = hart;
	return 0;

free_hart:
	host->free(hart);
	return error;
}

static int32_t destroy(void *self)
{
	struct rv_hart *hart = self;

	sim_cpu_finish(&hart->cpu);
	hart->cpu.host->free(hart);
	return 0;
}

static int32_t set_entry(void *self, uint64_t entry)
{
	struct rv_hart *hart = self;

	if (entry & 1)
		return hart->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT,
					     "entry 0x%llx is odd: instructions lie at even addresses",
					     (unsigned long long)entry);
	hart->entry = entry;
	hart->cpu.pc = entry;
	hart->cpu.link = NULL;
	hart->read.pending = false;
	return 0;
}

/* Nothing of the space may stay: what points into it is forgotten now, or before the next instruction. */
static void leave_space(struct rv_hart *hart)
{
	sim_group_leave(&hart->cpu.member);
	sim_memory_forget(&hart->cpu.memory);
	hart->cpu.memory.space = NULL;
	sim_member_request(&hart->cpu.member, SIM_REQUEST_SLOTS);
}

static int32_t set_ept_root(void *self, uint64_t ept_root)
{
	struct rv_hart *hart = self;
	struct axarch_space *space;
	struct sim_member *member = &hart->cpu.member;
	int32_t error;

	leave_space(hart);
	error = sim_group_join(member, ept_root, &space);
	if (error)
		return error;
	hart->cpu.memory.space = space;
	return 0;
}

static int32_t setup(void *self, struct sim_riscv64_setup config)
{
	(void)config;
	rv_reset(self);
	return 0;
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	return rv_run(self, exit);
}

/* There is nothing per host CPU. The hart may come from another engine, on which it has executed fence.i: code is
 * compared here too. */
static int32_t bind_vcpu(void *self)
{
	sim_cpu_code_changed(&((struct rv_hart *)self)->cpu);
	return 0;
}

static int32_t unbind_vcpu(void *self)
{
	(void)self;
	return 0;
}

static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	struct rv_hart *hart = self;

	if (index > 31)
		return hart->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, "riscv64 has x0 to x31, no x%u", index);
	if (index)
		hart->cpu.x[index] = value;
	return 0;
}

static bool is_interrupt(uint64_t number)
{
	return number < 64 && RV_INTERRUPTS >> number & 1;
}

static int32_t no_interrupt(const struct rv_hart *hart, uint64_t number)
{
	return hart->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT,
				     "riscv64 has interrupts 1 (software), 5 (timer) and 9 (external), no %llu",
				     (unsigned long long)number);
}

static int32_t inject_interrupt(void *self, uint64_t vector)
{
	struct rv_hart *hart = self;

	if (!is_interrupt(vector))
		return no_interrupt(hart, vector);
	hart->latched |= RV_BIT(vector);
	return 0;
}

static int32_t set_interrupt_line(void *self, uint32_t line, uint32_t level)
{
	struct rv_hart *hart = self;

	if (!is_interrupt(line))
		return no_interrupt(hart, line);
	hart->lines = (hart->lines & ~RV_BIT(line)) | (level ? RV_BIT(line) : 0);
	return 0;
}

static int32_t set_return_value(void *self, uint64_t value)
{
	return set_gpr(self, 10, value);
}

static int32_t kick(void *self)
{
	struct rv_hart *hart = self;

	sim_member_request(&hart->cpu.member, SIM_REQUEST_KICK);
	return 0;
}

static int32_t complete_read(void *self, const struct axvcpu_exit *exit, uint64_t value)
{
	struct rv_hart *hart = self;

	if (!hart->read.pending || exit->reason != AXVCPU_EXIT_MMIO_READ)
		return hart->cpu.host->error(AXVCPU_ERROR_BAD_STATE, "no MmioRead waits for a value");
	hart->read.pending = false;
	hart->cpu.x[hart->read.rd] = value;
	hart->cpu.pc += hart->read.length;
	hart->cpu.retired++;
	return 0;
}

/* Each exit is the last of its instruction, but a read that waits for its value. */
static int32_t finish(void *self, struct axvcpu_exit *exit)
{
	struct rv_hart *hart = self;

	if (hart->read.pending)
		return hart->cpu.host->error(AXVCPU_ERROR_BAD_STATE,
					     "the read at pc 0x%llx was not completed: call axvcpu_complete_read first",
					     (unsigned long long)hart->cpu.pc);
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t reset(void *self)
{
	struct rv_hart *hart = self;

	leave_space(hart);
	hart->entry = 0;
	hart->single_step = false;
	hart->breakpoint_count = 0;
	rv_reset(hart);
	return 0;
}

static int32_t get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	return rv_get_reg(self, id, ret_value, size);
}

static int32_t set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	return rv_set_reg(self, id, value, size);
}

static int32_t translate(void *self, uint64_t gva, uint32_t access, uint64_t *ret_gpa)
{
	static const unsigned kinds[] = { RV_READ, RV_WRITE, RV_FETCH };
	struct rv_hart *hart = self;
	struct rv_walk walk = { .outcome = RV_WALK_PAGE_FAULT };

	rv_touch_memory(hart);
	for (unsigned i = 0; i < 3; i++) {
		if (!(access & kinds[i]))
			continue;
		walk = rv_walk(hart, gva, kinds[i], false);
		if (walk.outcome != RV_WALK_OK)
			break;
	}
	rv_leave_memory(hart);
	if (walk.outcome != RV_WALK_OK)
		return hart->cpu.host->error(AXVCPU_ERROR_NOT_FOUND, "0x%llx has no mapping that allows this access",
					     (unsigned long long)gva);
	*ret_gpa = walk.gpa;
	return 0;
}

static int32_t set_clock(void *self, axarch_clock_fn now, void *context)
{
	struct rv_hart *hart = self;

	hart->clock = now;
	hart->clock_context = context;
	return 0;
}

/* In deterministic mode a halted hart has no timer that would be due by waiting. */
static int32_t next_deadline(void *self, uint64_t *ret_ns)
{
	struct rv_hart *hart = self;

	*ret_ns = hart->deterministic ? UINT64_MAX : rv_deadline_ns(hart);
	return 0;
}

static int32_t interrupt_pending(void *self, uint64_t *ret_pending)
{
	struct rv_hart *hart = self;

	rv_look_at_clock(hart);
	*ret_pending = (rv_pending(hart) & hart->sie) != 0;
	return 0;
}

static int32_t set_single_step(void *self, uint32_t enabled)
{
	((struct rv_hart *)self)->single_step = enabled;
	return 0;
}

static int32_t set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	struct rv_hart *hart = self;
	unsigned i;

	for (i = 0; i < hart->breakpoint_count && hart->breakpoints[i] != gva; i++)
		;
	if (!enabled && i < hart->breakpoint_count)
		hart->breakpoints[i] = hart->breakpoints[--hart->breakpoint_count];
	if (!enabled || i < hart->breakpoint_count)
		return 0;
	if (i == RV_BREAKPOINTS)
		return hart->cpu.host->error(AXVCPU_ERROR_RESOURCE_BUSY,
					     "all %d breakpoints are in use: remove one first", RV_BREAKPOINTS);
	hart->breakpoints[hart->breakpoint_count++] = gva;
	return 0;
}

static int32_t set_budget(void *self, uint64_t instructions)
{
	struct rv_hart *hart = self;

	if (__builtin_add_overflow(sim_cpu_retired(&hart->cpu), instructions, &hart->budget_end))
		hart->budget_end = RV_NO_BUDGET;
	return 0;
}

static int32_t read_counter(void *self, uint32_t counter, uint64_t *ret_value)
{
	struct rv_hart *hart = self;

	switch (counter) {
	case AXARCH_COUNTER_INSTRUCTIONS:
		*ret_value = sim_cpu_retired(&hart->cpu);
		return 0;
	case AXARCH_COUNTER_BLOCKS:
		*ret_value = hart->cpu.code.decoded;
		return 0;
	case AXARCH_COUNTER_TLB_MISSES:
		*ret_value = hart->cpu.tlb.misses;
		return 0;
	case AXARCH_COUNTER_INTERRUPTS:
		*ret_value = hart->interrupts;
		return 0;
	case AXARCH_COUNTER_EXCEPTIONS:
		*ret_value = hart->exceptions;
		return 0;
	}
	return hart->cpu.host->error(AXVCPU_ERROR_NOT_FOUND, "no counter %u", counter);
}

/* axvcpu.disassemble/1: "i32 disassemble(u32 insn, ptr text, u64 capacity)", as rv_disassemble. */
static const struct axarch_function disassemble_functions[] = {
	{ "disassemble", "i32(u32,ptr,u64)", (void (*)(void))rv_disassemble,
	  "writes one instruction as text; returns its length" },
};
static const struct axarch_extension disassemble_extension = {
	.size = sizeof(struct axarch_extension),
	.function_count = 1,
	.name = "axvcpu.disassemble/1",
	.functions = disassemble_functions,
};

static const struct axarch_extension *get_extension(const char *name)
{
	return strcmp(name, disassemble_extension.name) ? NULL : &disassemble_extension;
}

AXARCH_PLUGIN(sim_riscv64_create, CREATE_CONFIG, create, sim_riscv64_setup, AXARCH_EMPTY_CONFIG, setup,
	      AXARCH_ABOUT(.arch = AXVCPU_ARCH_RISCV64, .id = "sim-riscv64", .version = "0.1.0",
			   .licence = "Apache-2.0",
			   .summary = "simulated RV64IMAC hart with S-mode, Sv39 and Sv48, and an SBI",
			   .capabilities = AXARCH_CAPABILITY_SIMULATED | AXARCH_CAPABILITY_DETERMINISTIC |
					   AXARCH_CAPABILITY_GUEST_MEMORY),
	      .get_extension = get_extension, .destroy = destroy, .set_entry = set_entry, .set_ept_root = set_ept_root,
	      .run = run, .bind = bind_vcpu, .unbind = unbind_vcpu, .set_gpr = set_gpr,
	      .inject_interrupt = inject_interrupt, .set_return_value = set_return_value, .kick = kick,
	      .set_interrupt_line = set_interrupt_line, .complete_read = complete_read, .finish = finish,
	      .reset = reset, .get_reg = get_reg, .set_reg = set_reg, .translate = translate, .set_clock = set_clock,
	      .next_deadline = next_deadline, .interrupt_pending = interrupt_pending,
	      .set_single_step = set_single_step, .set_breakpoint = set_breakpoint, .set_budget = set_budget,
	      .read_counter = read_counter);
