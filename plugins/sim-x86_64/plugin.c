/* SPDX-License-Identifier: Apache-2.0 */
/* The plugin's ops: thin, each calls what does the work. */
#include <axvcpu/plugin/plugin.h>
#include <axvcpu/regs/x86_64.h>
#include <string.h>

#include "access.h"
#include "clock.h"
#include "mmu.h"
#include "pending.h"
#include "regs.h"
#include "where.h"
#include "x86-cpuid.h"
#include "x86.h"

#define WHO "sim-x86_64"
#define APIC_ID_OF_VCPU UINT32_MAX

/* clang-format off */
#define CREATE_CONFIG(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u32, apic_id, APIC_ID_OF_VCPU, 0, UINT32_MAX, "initial APIC id in CPUID; 4294967295: the vCPU's number") \
	INT(T, u32, cpus, 1, 1, 255, "logical processors that CPUID speaks of: one package, one thread a core") \
	CHOICE(T, cpuid, X86_CPUID_MAX, "max|x86-64-v1|x86-64-v2|x86-64-v3|portable", \
	       "processor features: all that are simulated, or those of a level of the psABI; portable: as kvm's, which is max here") \
	TEXT(T, features, 1024, "", "changes to them, by the names of /proc/cpuinfo: \"-avx2,+x2apic\"; + only for what is simulated") \
	INT(T, u32, tsc_khz, 0, 0, UINT32_MAX, "frequency of the time stamp counter; 0: the host's, or with deterministic 1 GHz") \
	TEXT(T, msr_exits, 256, "", "MSRs that give SysReg exits besides 0x1b, 0x6e0 and 0x800-0x8ff: \"0xc0010000-0xc00100ff,0x34\"") \
	INT(T, flag, deterministic, 0, 0, 1, "the counter counts instructions (10 ns each), so that two runs are identical") \
	INT(T, u32, code_cache, 16, 1, 64, "MiB of decoded code that are kept at most")
AXARCH_CONFIG(sim_x86_64_create, CREATE_CONFIG)
AXARCH_CONFIG(sim_x86_64_setup, AXARCH_EMPTY_CONFIG)
/* clang-format on */

static int32_t configure(struct x86_cpu *cpu, uint32_t vcpu_id, const struct sim_x86_64_create *config)
{
	int32_t error = msr_ranges_parse(cpu->cpu.host, WHO, config->msr_exits, &cpu->msr_exits);

	if (error)
		return error;
	cpu_processor_init(&cpu->processor);
	cpu->processor.apic_id = config->apic_id == APIC_ID_OF_VCPU ? vcpu_id : config->apic_id;
	cpu->processor.cpus = config->cpus;
	cpu->deterministic = config->deterministic;
	x86_set_tsc_khz(cpu, config->tsc_khz);
	cpu->is_first = vcpu_id == 0;
	cpu->cpu.member.id = cpu->processor.apic_id;
	return x86_cpuid_make(cpu, config->cpuid, config->features);
}

static int32_t no_memory(const struct axarch_host *host)
{
	return host->error(AXVCPU_ERROR_NO_MEMORY, WHO ": no memory for a processor (%zu bytes)",
			   sizeof(struct x86_cpu));
}

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct sim_x86_64_create config,
		      void **ret_self)
{
	struct x86_cpu *cpu = host->alloc(sizeof(*cpu));
	int32_t error;

	if (!cpu)
		return no_memory(host);
	error = sim_cpu_init(&cpu->cpu, host, &x86_isa, (size_t)config.code_cache << 20);
	if (error)
		goto free_cpu;
	cpu->vm_clock = x86_clock_join(host, vm_id);
	error = cpu->vm_clock ? 0 : no_memory(host);
	if (error)
		goto finish_cpu;
	error = configure(cpu, vcpu_id, &config);
	if (error)
		goto leave_clock;
	x86_reset(cpu);
	*ret_self = cpu;
	return 0;

leave_clock:
	x86_clock_leave(host, cpu->vm_clock);
finish_cpu:
	sim_cpu_finish(&cpu->cpu);
free_cpu:
	host->free(cpu);
	return error;
}

static int32_t destroy(void *self)
{
	struct x86_cpu *cpu = self;

	x86_clock_leave(cpu->cpu.host, cpu->vm_clock);
	sim_cpu_finish(&cpu->cpu);
	cpu->cpu.host->free(cpu);
	return 0;
}

static int32_t set_entry(void *self, uint64_t entry)
{
	struct x86_cpu *cpu = self;

	if (entry > UINT32_MAX)
		return cpu->cpu.host->error(
			AXVCPU_ERROR_INVALID_INPUT,
			WHO ": entry 0x%llx: a processor starts in real mode, below 4 GiB; set rip and the mode after "
			    "setup",
			(unsigned long long)entry);
	cpu->entry = entry;
	x86_go_to_entry(cpu);
	return 0;
}

/* Nothing of the space may stay: what points into it is forgotten now, or before the next instruction. */
static void leave_space(struct x86_cpu *cpu)
{
	sim_group_leave(&cpu->cpu.member);
	sim_memory_forget(&cpu->cpu.memory);
	cpu->cpu.memory.space = NULL;
	sim_member_request(&cpu->cpu.member, SIM_REQUEST_SLOTS);
}

static int32_t set_ept_root(void *self, uint64_t ept_root)
{
	struct x86_cpu *cpu = self;
	struct axarch_space *space;
	int32_t error;

	leave_space(cpu);
	error = sim_group_join(&cpu->cpu.member, ept_root, &space);
	if (error)
		return error;
	cpu->cpu.memory.space = space;
	return 0;
}

static int32_t setup(void *self, struct sim_x86_64_setup config)
{
	struct x86_cpu *cpu = self;

	(void)config;
	x86_reset(cpu);
	x86_go_to_entry(cpu);
	return x86_settle(cpu);
}

/* What the VMM may refuse is an access to an MSR that was the last exit. */
static void note_exit(struct x86_cpu *cpu, const struct axvcpu_exit *exit)
{
	cpu->msr_refusable = exit->reason == AXVCPU_EXIT_SYSREG_READ ||
			     (exit->reason == AXVCPU_EXIT_SYSREG_WRITE && cpu->msr_written);
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	struct x86_cpu *cpu = self;
	int32_t error = x86_settle(cpu);

	if (error)
		return error;
	if (cpu->single_step) /* a read that was completed was a step: what follows is another */
		x86_finish_access(cpu);
	cpu->msr_written = cpu->access.part_count && cpu->msr_written;
	cpu->msr_refusable = false;
	error = x86_run(cpu, exit);
	if (!error)
		note_exit(cpu, exit);
	return error;
}

/* A kick and interrupts are the next run's. */
static int32_t finish(void *self, struct axvcpu_exit *exit)
{
	struct x86_cpu *cpu = self;
	int32_t error;

	if (cpu->access.waiting)
		return x86_read_waits(cpu);
	error = x86_settle(cpu);
	if (error)
		return error;
	cpu->msr_written = cpu->access.part_count && cpu->msr_written;
	x86_finish(cpu, exit);
	note_exit(cpu, exit);
	return 0;
}

/* There is nothing per host CPU. */
static int32_t bind_or_unbind(void *self)
{
	(void)self;
	return 0;
}

static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	struct x86_cpu *cpu = self;

	if (index > 15)
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT,
					    WHO ": x86_64 has general registers 0 (rax) to 15 (r15), no %u", index);
	return x86_set_reg(cpu, AXVCPU_X86_64_GPR(index), &value, sizeof(value));
}

static int32_t inject_interrupt(void *self, uint64_t vector)
{
	return x86_inject_interrupt(self, vector);
}

static int32_t set_interrupt_line(void *self, uint32_t line, uint32_t level)
{
	return x86_set_interrupt_line(self, line, level);
}

static int32_t set_return_value(void *self, uint64_t value)
{
	return set_gpr(self, X86_RAX, value);
}

static int32_t kick(void *self)
{
	struct x86_cpu *cpu = self;

	sim_member_request(&cpu->cpu.member, SIM_REQUEST_KICK);
	return 0;
}

static int32_t complete_read(void *self, const struct axvcpu_exit *exit, uint64_t value)
{
	struct x86_cpu *cpu = self;

	if (!cpu->access.waiting || !x86_is_read_exit(exit->reason))
		return cpu->cpu.host->error(AXVCPU_ERROR_BAD_STATE, WHO ": no read waits for a value");
	cpu->msr_refusable = false;
	x86_complete_read(cpu, value);
	return 0;
}

/* The instruction has changed nothing, as wrmsr has no result: it faults as if it were executed now. */
static int32_t fail_access(void *self, const struct axvcpu_exit *exit)
{
	struct x86_cpu *cpu = self;
	bool read = exit->reason == AXVCPU_EXIT_SYSREG_READ;

	if (!cpu->msr_refusable || read != cpu->access.waiting)
		return cpu->cpu.host->error(AXVCPU_ERROR_BAD_STATE,
					    WHO ": the access is over: fail_access comes first after its exit");
	x86_forget_access(cpu);
	cpu->msr_refusable = false;
	if (!read)
		cpu->cpu.pc = cpu->msr_pc;
	cpu->cpu.link = NULL;
	x86_raise_code(cpu, X86_GP, 0);
	return 0;
}

static int32_t reset(void *self)
{
	struct x86_cpu *cpu = self;

	leave_space(cpu);
	cpu->entry = 0;
	x86_reset(cpu);
	return 0;
}

static int32_t get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	return x86_get_reg(self, id, ret_value, size);
}

static int32_t set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	return x86_set_reg(self, id, value, size);
}

static int32_t translate(void *self, uint64_t gva, uint32_t access, uint64_t *ret_gpa)
{
	struct x86_cpu *cpu = self;
	uint64_t gpa;
	int32_t error = x86_settle(cpu);
	bool found;

	if (error)
		return error;
	x86_finish_access(cpu);
	x86_touch_memory(cpu);
	found = x86_translate(cpu, gva, access, &gpa);
	x86_leave_memory(cpu);
	if (!found)
		return cpu->cpu.host->error(AXVCPU_ERROR_NOT_FOUND,
					    WHO ": 0x%llx has no mapping that allows this access",
					    (unsigned long long)gva);
	*ret_gpa = gpa;
	return 0;
}

/* From now on the counter shows this clock's time. */
static int32_t set_clock(void *self, axarch_clock_fn now, void *context)
{
	struct x86_cpu *cpu = self;

	cpu->clock = now;
	cpu->clock_context = context;
	x86_tsc_begin(cpu);
	return 0;
}

static int32_t interrupt_pending(void *self, uint64_t *ret_pending)
{
	*ret_pending = x86_interrupt_pending(self);
	return 0;
}

static int32_t set_single_step(void *self, uint32_t enabled)
{
	((struct x86_cpu *)self)->single_step = enabled;
	return 0;
}

static int32_t set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	struct x86_cpu *cpu = self;
	unsigned i;

	for (i = 0; i < cpu->breakpoint_count && cpu->breakpoints[i] != gva; i++)
		;
	if (!enabled && i < cpu->breakpoint_count)
		cpu->breakpoints[i] = cpu->breakpoints[--cpu->breakpoint_count];
	if (!enabled || i < cpu->breakpoint_count)
		return 0;
	if (i == X86_BREAKPOINTS)
		return cpu->cpu.host->error(AXVCPU_ERROR_RESOURCE_BUSY,
					    WHO ": all %d breakpoints are in use: remove one first", X86_BREAKPOINTS);
	cpu->breakpoints[cpu->breakpoint_count++] = gva;
	return 0;
}

static int32_t set_budget(void *self, uint64_t instructions)
{
	struct x86_cpu *cpu = self;

	if (__builtin_add_overflow(sim_cpu_retired(&cpu->cpu), instructions, &cpu->budget_end))
		cpu->budget_end = X86_NO_BUDGET;
	return 0;
}

static int32_t read_counter(void *self, uint32_t counter, uint64_t *ret_value)
{
	struct x86_cpu *cpu = self;

	switch (counter) {
	case AXARCH_COUNTER_INSTRUCTIONS:
		*ret_value = sim_cpu_retired(&cpu->cpu);
		return 0;
	case AXARCH_COUNTER_BLOCKS:
		*ret_value = cpu->cpu.code.decoded;
		return 0;
	case AXARCH_COUNTER_TLB_MISSES:
		*ret_value = cpu->cpu.tlb.misses;
		return 0;
	case AXARCH_COUNTER_INTERRUPTS:
		*ret_value = cpu->interrupts;
		return 0;
	case AXARCH_COUNTER_EXCEPTIONS:
		*ret_value = cpu->exceptions;
		return 0;
	}
	return cpu->cpu.host->error(AXVCPU_ERROR_NOT_FOUND, WHO ": no counter %u", counter);
}

/* axvcpu.where/1: for error messages and monitors. The vCPU is given as axvcpu_arch_vcpu has it, on its own thread. */
static int32_t where(void *self, char *text, uint64_t capacity)
{
	return x86_where(self, text, capacity);
}

static const struct axarch_function where_functions[] = {
	{ "where", "i32(ptr,ptr,u64)", (void (*)(void))where,
	  "writes pc, bytes and disassembly of the vCPU's next instruction; returns the text's length" },
};
static const struct axarch_extension where_extension = {
	.size = sizeof(struct axarch_extension),
	.function_count = 1,
	.name = "axvcpu.where/1",
	.functions = where_functions,
};

static const struct axarch_extension *get_extension(const char *name)
{
	return strcmp(name, where_extension.name) ? NULL : &where_extension;
}

/* next_deadline is missing: the timers are the VMM's. */
AXARCH_PLUGIN(sim_x86_64_create, CREATE_CONFIG, create, sim_x86_64_setup, AXARCH_EMPTY_CONFIG, setup,
	      AXARCH_ABOUT(.arch = AXVCPU_ARCH_X86_64, .id = "sim-x86_64", .version = "0.1.0", .licence = "Apache-2.0",
			   .summary = "simulated x86-64 processor with SSE and AVX, for hosts without KVM",
			   .capabilities = AXARCH_CAPABILITY_SIMULATED | AXARCH_CAPABILITY_DETERMINISTIC |
					   AXARCH_CAPABILITY_GUEST_MEMORY),
	      .get_extension = get_extension, .destroy = destroy, .set_entry = set_entry, .set_ept_root = set_ept_root,
	      .run = run, .bind = bind_or_unbind, .unbind = bind_or_unbind, .set_gpr = set_gpr,
	      .inject_interrupt = inject_interrupt, .set_return_value = set_return_value, .kick = kick,
	      .set_interrupt_line = set_interrupt_line, .complete_read = complete_read, .fail_access = fail_access,
	      .finish = finish, .reset = reset, .get_reg = get_reg, .set_reg = set_reg, .translate = translate,
	      .set_clock = set_clock, .interrupt_pending = interrupt_pending, .set_single_step = set_single_step,
	      .set_breakpoint = set_breakpoint, .set_budget = set_budget, .read_counter = read_counter);
