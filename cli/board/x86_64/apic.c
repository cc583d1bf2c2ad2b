/* SPDX-License-Identifier: Apache-2.0 */
#include <axvcpu/regs/x86_64.h>

#include "../../status.h"
#include "apic.h"

static struct lapic *lapic_of(struct board *board, const struct cpu *cpu)
{
	return &x86_64(board)->apics.lapics[cpu->id];
}

/* What the APICs do to vCPUs; the context is the board, whose lock is held. */

static void set_interrupt(void *board, unsigned id, bool level)
{
	machine_set_line(((struct board *)board)->machine, id, AXVCPU_X86_64_INTR, level);
}

static void nmi(void *board, unsigned id)
{
	machine_inject(((struct board *)board)->machine, id, AXVCPU_X86_64_NMI);
}

/* Behind the reset vector, where an INIT sends the bootstrap processor, firmware would start the machine anew. */
static void init(void *board, unsigned id)
{
	struct machine *machine = ((struct board *)board)->machine;

	if (id)
		machine_stop_cpu(machine, id);
	else
		machine_ended(machine, MACHINE_RESET, STATUS_RESET, NULL);
}

/* One that does not wait for it ignores it. */
static void start_up(void *board, unsigned id, uint8_t vector)
{
	machine_start_cpu(((struct board *)board)->machine, id, (uint64_t)vector << 12, 0);
}

static uint8_t acknowledge_external(void *board)
{
	return i8259_acknowledge(&x86_64(board)->pic);
}

static void end_of_level(void *board, uint8_t vector)
{
	ioapic_end(&x86_64(board)->ioapic, vector);
}

static uint64_t tsc_khz(struct x86_64_board *board, unsigned id)
{
	uint64_t *khz = &board->tsc_khz[id];

	if (!*khz)
		axvcpu_get_reg_u64(board->board.machine->cpus[id].vcpu, "tsc_khz", khz);
	return *khz;
}

/* An engine that cannot tell its time stamp counter makes deadlines due at once, which guests survive. */
static uint64_t tsc_due_ns(void *board, unsigned id, uint64_t deadline)
{
	struct machine *machine = ((struct board *)board)->machine;
	uint64_t khz = tsc_khz(board, id), now = machine_clock_ns(machine), tsc = deadline, wait;

	axvcpu_get_reg_u64(machine->cpus[id].vcpu, "tsc", &tsc);
	if (!khz || tsc >= deadline)
		return now;
	wait = clock_scale(deadline - tsc, 1000000, khz);
	return wait < UINT64_MAX - 1 - now ? now + wait + 1 : UINT64_MAX - 1;
}

void x86_64_apic_init(struct x86_64_board *board, const struct device_clock *clock)
{
	const struct apic_wiring wiring = { .set_interrupt = set_interrupt,
					    .nmi = nmi,
					    .init = init,
					    .start_up = start_up,
					    .acknowledge_external = acknowledge_external,
					    .end_of_level = end_of_level,
					    .tsc_due_ns = tsc_due_ns,
					    .context = board };

	apic_bus_init(&board->apics, board->board.machine->cpu_count, &wiring, clock);
	lapic_virtual_wire(&board->apics.lapics[0]);
}

/* A guest that raises CR8 does so without an exit. */
static int32_t fetch_priority(struct lapic *lapic, struct axvcpu *vcpu)
{
	uint64_t cr8;
	int32_t error = axvcpu_get_reg_u64(vcpu, "cr8", &cr8);

	if (!error && cr8 != lapic->tpr >> 4)
		lapic_set_tpr(lapic, (uint8_t)(cr8 << 4));
	return error;
}

static int32_t store_priority(uint64_t tpr, struct axvcpu *vcpu)
{
	return axvcpu_set_reg_u64(vcpu, "cr8", tpr >> 4 & 0xf);
}

static bool shows_priority(uint64_t offset)
{
	return (offset & ~UINT64_C(15)) == LAPIC_TPR || (offset & ~UINT64_C(15)) == LAPIC_APR ||
	       (offset & ~UINT64_C(15)) == LAPIC_PPR;
}

static int32_t read_mmio(struct lapic *lapic, struct cpu *cpu, struct local_access *access)
{
	uint64_t offset = access->gpa % LAPIC_SIZE;
	int32_t error = shows_priority(offset) ? fetch_priority(lapic, cpu->vcpu) : 0;

	access->value = lapic_mmio_read(lapic, offset, access->width);
	return error;
}

static int32_t write_mmio(struct lapic *lapic, struct cpu *cpu, const struct local_access *access)
{
	uint64_t offset = access->gpa % LAPIC_SIZE;

	lapic_mmio_write(lapic, offset, access->width, access->value);
	return offset == LAPIC_TPR ? store_priority(lapic->tpr, cpu->vcpu) : 0;
}

int32_t x86_64_apic_mmio(struct board *board, struct cpu *cpu, struct local_access *access)
{
	struct lapic *lapic = lapic_of(board, cpu);
	int32_t error = 0;

	pthread_mutex_lock(&board->lock);
	access->handled = lapic_decodes(lapic, access->gpa);
	if (access->handled)
		error = access->write ? write_mmio(lapic, cpu, access) : read_mmio(lapic, cpu, access);
	pthread_mutex_unlock(&board->lock);
	return error;
}

enum { MSR_TPR = LAPIC_MSR_X2APIC + LAPIC_TPR / 16 };

static bool is_of_apic(uint64_t msr)
{
	return msr == LAPIC_MSR_BASE || msr == LAPIC_MSR_TSC_DEADLINE ||
	       (msr >= LAPIC_MSR_X2APIC && msr <= LAPIC_MSR_X2APIC_LAST);
}

int32_t x86_64_apic_msr_read(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit)
{
	struct lapic *lapic = lapic_of(board, cpu);
	uint64_t msr = exit->sysreg_read.addr, value = 0;
	int32_t error = 0;
	bool known;

	pthread_mutex_lock(&board->lock);
	known = is_of_apic(msr);
	if (known && msr >= LAPIC_MSR_X2APIC && shows_priority((msr - LAPIC_MSR_X2APIC) * 16))
		error = fetch_priority(lapic, cpu->vcpu);
	known = known && lapic_msr_read(lapic, (uint32_t)msr, &value);
	pthread_mutex_unlock(&board->lock);
	if (error)
		return error;
	return known ? axvcpu_complete_read(cpu->vcpu, exit, value) : axvcpu_fail_access(cpu->vcpu, exit);
}

/* In xAPIC mode a write of the task priority comes from MOV to CR8. */
static bool write_msr(struct lapic *lapic, uint64_t msr, uint64_t value)
{
	if (!is_of_apic(msr))
		return false;
	if (msr != MSR_TPR || lapic->base & LAPIC_BASE_X2APIC)
		return lapic_msr_write(lapic, (uint32_t)msr, value);
	lapic_set_tpr(lapic, (uint8_t)value);
	return true;
}

int32_t x86_64_apic_msr_write(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit)
{
	uint64_t msr = exit->sysreg_write.addr, value = exit->sysreg_write.value;
	bool known;

	pthread_mutex_lock(&board->lock);
	known = write_msr(lapic_of(board, cpu), msr, value);
	pthread_mutex_unlock(&board->lock);
	if (!known)
		return axvcpu_fail_access(cpu->vcpu, exit);
	if (msr == LAPIC_MSR_BASE)
		return axvcpu_set_reg_u64(cpu->vcpu, "apic_base", value);
	return msr == MSR_TPR ? store_priority(value, cpu->vcpu) : 0;
}

/* When nothing is deliverable after all, the APIC has lowered the line already. */
int32_t x86_64_apic_interrupt_window(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit)
{
	struct lapic *lapic = lapic_of(board, cpu);
	int32_t error;
	int vector;

	(void)exit;
	pthread_mutex_lock(&board->lock);
	error = fetch_priority(lapic, cpu->vcpu);
	vector = error ? -1 : lapic_acknowledge(lapic);
	pthread_mutex_unlock(&board->lock);
	return vector < 0 ? error : axvcpu_inject_interrupt(cpu->vcpu, (uint64_t)vector);
}

int32_t x86_64_apic_start_cpu(struct board *board, struct cpu *cpu)
{
	uint64_t base;

	pthread_mutex_lock(&board->lock);
	base = lapic_of(board, cpu)->base;
	pthread_mutex_unlock(&board->lock);
	return axvcpu_set_reg_u64(cpu->vcpu, "apic_base", base);
}
