/* SPDX-License-Identifier: Apache-2.0 */
/* The x86_64 board: a minimal PC without firmware. Its devices, and how they are wired to the buses, the interrupt
 * controllers, the console and the machine's end. */
#include <stdlib.h>

#include "../../builtin/x86_64.h"
#include "../../fail.h"
#include "apic.h"
#include "boot.h"
#include "map.h"

#define RFLAGS_IF UINT64_C(0x200)
#define NO_SUCH_HYPERCALL ((uint64_t)-1000) /* KVM_ENOSYS of Linux */

/* The engine's chip is reached through any of its vCPUs; its inputs are numbered alike. What it refuses is lost, as on
 * a wire. */
static void set_chip_interrupt(struct machine *machine, unsigned irq, bool level)
{
	uint64_t arguments[] = { 0, irq, level }, result;
	struct axvcpu_backend *backend;
	void *vcpu;

	if (!machine->cpus[0].vcpu)
		return;
	backend = axvcpu_backend_of(machine->cpus[0].vcpu);
	if (axvcpu_arch_vcpu(machine->cpus[0].vcpu, backend, &vcpu))
		return;
	arguments[0] = (uintptr_t)vcpu;
	axvcpu_backend_call(backend, "axvcpu.kvm-chip/1", "set_irq", arguments, 3, &result);
}

/* Interrupts of ISA go to both kinds of controllers; the guest uses one of them. */
static void set_isa_interrupt(void *board_, unsigned irq, bool level)
{
	struct x86_64_board *board = board_;

	if (board->board.machine->kernel_chip) {
		set_chip_interrupt(board->board.machine, irq, level);
		return;
	}
	i8259_set_irq(&board->pic, irq, level);
	ioapic_set_pin(&board->ioapic, irq == X86_64_TIMER_IRQ ? X86_64_TIMER_PIN : irq, level);
}

static void set_pic_output(void *board, unsigned pin, bool level)
{
	lapic_set_pin(&((struct x86_64_board *)board)->apics.lapics[0], pin, level);
}

static void reset_machine(void *machine)
{
	machine_ended(machine, MACHINE_RESET, STATUS_RESET, NULL);
}

static void power_off(void *machine)
{
	machine_ended(machine, MACHINE_POWER_OFF, STATUS_OK, NULL);
}

static void end_machine(void *machine, uint32_t code)
{
	if (code)
		board_report_failure(machine, code);
	else
		power_off(machine);
}

/* The main thread sleeps until it is due to look at the board: it is woken only when that has become earlier. */
static void rearmed(void *board_, uint64_t due_ns)
{
	struct x86_64_board *board = board_;

	if (due_ns < board->wakes_at_ns)
		machine_wake(board->board.machine);
}

static uint64_t now_ns(void *board)
{
	return machine_clock_ns(((struct board *)board)->machine);
}

static uint64_t low_memory(const struct machine *machine)
{
	return machine->memory_size < X86_64_RAM_LOW_END ? machine->memory_size : X86_64_RAM_LOW_END;
}

static struct irq_line isa_line(struct x86_64_board *board, unsigned irq)
{
	return (struct irq_line){ set_isa_interrupt, board, irq };
}

static void init_interrupts(struct x86_64_board *board, const struct device_clock *clock)
{
	const struct irq_line pic_output = { set_pic_output, board, 0 };

	x86_64_apic_init(board, clock);
	ioapic_init(&board->ioapic, &board->apics);
	i8259_init(&board->pic, &pic_output);
}

static void init_devices(struct x86_64_board *board, struct machine *machine)
{
	const struct device_clock clock = { now_ns, rearmed, board };
	const struct cmos_info cmos = { .memory_below_4g = low_memory(machine),
					.memory_above_4g = machine->memory_size - low_memory(machine),
					.wall_ns = board_wall_clock_ns() };
	const struct uart_peer peer = board_console_peer(machine);
	const struct irq_line timer = isa_line(board, X86_64_TIMER_IRQ), rtc = isa_line(board, X86_64_RTC_IRQ),
			      com1 = isa_line(board, X86_64_COM1_IRQ), sci = isa_line(board, X86_64_PM_IRQ);

	init_interrupts(board, &clock);
	i8254_init(&board->pit, &timer, &clock);
	cmos_rtc_init(&board->rtc, &cmos, &rtc, &clock);
	acpi_pm_init(&board->pm, &sci, &clock, power_off, machine);
	pc_ports_init(&board->ports, reset_machine, end_machine, machine);
	uart16550_init(&board->com1, &peer, &com1);
}

/* The devices that belong to the interrupt controllers are the engine's when those are. */
static bool is_of_chip(const struct x86_64_board *board, const struct device *device)
{
	return device == &board->pic.chips[0].device || device == &board->pic.chips[1].device ||
	       device == &board->pic.elcr || device == &board->pit.device || device == &board->pit.speaker ||
	       device == &board->ioapic.device;
}

static bool plug_into(struct x86_64_board *board, struct bus *bus, struct device *device, uint64_t base, uint64_t size)
{
	return (board->board.machine->kernel_chip && is_of_chip(board, device)) || bus_add(bus, device, base, size);
}

static bool plug_in(struct x86_64_board *board)
{
	struct device *const PIC1 = &board->pic.chips[0].device, *const PIC2 = &board->pic.chips[1].device,
			     *const ELCR = &board->pic.elcr, *const PIT = &board->pit.device,
			     *const SPEAKER = &board->pit.speaker, *const RTC = &board->rtc.device,
			     *const PM = &board->pm.device, *const COM1 = &board->com1.device,
			     *const KEYBOARD = &board->ports.keyboard.device,
			     *const SYSTEM = &board->ports.system.device, *const RESET = &board->ports.reset.device,
			     *const POST = &board->ports.post.device, *const EXIT = &board->ports.exit.device;
	bool fits = plug_into(board, &board->board.bus, &board->ioapic.device, X86_64_IOAPIC_BASE, IOAPIC_SIZE);

#define PLUG_IN(name, first, count, irq) fits = plug_into(board, &board->board.ports, name, first, count) && fits;
	X86_64_PORTS(PLUG_IN)
#undef PLUG_IN
	return fits;
}

static void destroy(struct board *board)
{
	pthread_mutex_destroy(&board->lock);
	free(board);
}

static int create(struct machine *machine, struct board **ret_board)
{
	struct x86_64_board *board = calloc(1, sizeof(*board));

	if (!board)
		return fail(STATUS_HOST, "no memory for the board");
	board->board.machine = machine;
	board->board.bus.floating = board->board.ports.floating = UINT64_MAX;
	pthread_mutex_init(&board->board.lock, NULL);
	init_devices(board, machine);
	if (!plug_in(board)) {
		destroy(&board->board);
		return fail(STATUS_HOST, "the board's devices overlap");
	}
	*ret_board = &board->board;
	return STATUS_OK;
}

static int32_t prepare_cpu(struct board *board, struct cpu *cpu)
{
	int32_t error = board->machine->kernel_chip ? 0 : x86_64_apic_start_cpu(board, cpu);

	return error ? error : x86_64_start_cpu(board, cpu);
}

/* A halt with interrupts off is ended by an NMI alone, and no device here gives one. */
static bool may_wake(struct board *board, struct cpu *cpu)
{
	uint64_t rflags = RFLAGS_IF;

	(void)board;
	axvcpu_get_reg_u64(cpu->vcpu, "rflags", &rflags);
	return rflags & RFLAGS_IF;
}

/* There is none here: Linux takes this answer for that. */
static int32_t hypercall(struct board *board, struct cpu *cpu, const struct axvcpu_exit_hypercall *call)
{
	(void)board;
	(void)call;
	return axvcpu_set_return_value(cpu->vcpu, NO_SUCH_HYPERCALL);
}

static void input_came(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	uart16550_update(&x86_64(board)->com1);
	pthread_mutex_unlock(&board->lock);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t due_in_ns(struct board *board_)
{
	struct x86_64_board *board = x86_64(board_);
	uint64_t due, now;

	pthread_mutex_lock(&board_->lock);
	due = earlier(earlier(apic_bus_due(&board->apics), i8254_due(&board->pit)),
		      earlier(cmos_rtc_due(&board->rtc), acpi_pm_due(&board->pm)));
	now = now_ns(board);
	board->wakes_at_ns = due;
	pthread_mutex_unlock(&board_->lock);
	if (due == UINT64_MAX)
		return due;
	return due > now ? due - now : 0;
}

static void tick(struct board *board_)
{
	struct x86_64_board *board = x86_64(board_);

	pthread_mutex_lock(&board_->lock);
	apic_bus_tick(&board->apics);
	i8254_tick(&board->pit);
	cmos_rtc_tick(&board->rtc);
	acpi_pm_tick(&board->pm);
	pthread_mutex_unlock(&board_->lock);
}

const struct board_type board_x86_64 = {
	.name = "x86_64",
	.arch = AXVCPU_ARCH_X86_64,
	.ram_base = X86_64_RAM_BASE,
	.ram_low_end = X86_64_RAM_LOW_END,
	.ram_high_base = X86_64_RAM_HIGH_BASE,
	.load_address = X86_64_LOAD_ADDRESS,
	.id_field = "apic_id",
	.count_field = "cpus",
	.prepare_boot = x86_64_prepare_boot,
	.builtin_guest = builtin_x86_64,
	.builtin_guest_size = sizeof(builtin_x86_64),
	.create = create,
	.destroy = destroy,
	.prepare_cpu = prepare_cpu,
	.may_wake = may_wake,
	.hypercall = hypercall,
	.sysreg_read = x86_64_apic_msr_read,
	.sysreg_write = x86_64_apic_msr_write,
	.interrupt_window = x86_64_apic_interrupt_window,
	.local_mmio = x86_64_apic_mmio,
	.input_came = input_came,
	.due_in_ns = due_in_ns,
	.tick = tick,
};
