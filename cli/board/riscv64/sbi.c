/* SPDX-License-Identifier: Apache-2.0 */
#include "sbi.h"
#include "../../console/console.h"
#include "map.h"

enum {
	SBI_SUCCESS = 0,
	SBI_ERR_NOT_SUPPORTED = -2,
	SBI_ERR_INVALID_PARAM = -3,
	SBI_ERR_INVALID_ADDRESS = -5,
	SBI_ERR_ALREADY_AVAILABLE = -6,
};

enum { HSM_STARTED = 0, HSM_STOPPED = 1, HSM_START_PENDING = 2 };

#define REG_A1 11

/* One call of the debug console takes at most this much; the guest is told how much it was and comes again. */
#define DEBUG_CONSOLE_MAX 4096u

struct sbi_result {
	int64_t error;  /* a0 */
	uint64_t value; /* a1, where the call has one */
};

/* The physical address in two halves of which the upper one is for 32-bit guests. */
struct guest_range {
	uint64_t size, address, address_high;
};

static struct guest_range range_of(const uint64_t *args)
{
	return (struct guest_range){ .size = args[0], .address = args[1], .address_high = args[2] };
}

static bool is_memory(struct axvcpu_space *space, const struct guest_range *range, size_t size)
{
	uint8_t probe;

	return !range->address_high && size <= UINT64_MAX - range->address &&
	       !axvcpu_space_read(space, range->address, &probe, 1) &&
	       !axvcpu_space_read(space, range->address + size - 1, &probe, 1);
}

static struct sbi_result debug_write(struct cpu *cpu, const uint64_t *args)
{
	struct machine *machine = cpu->machine;
	struct guest_range range = range_of(args);
	uint8_t bytes[DEBUG_CONSOLE_MAX];
	size_t size = range.size < sizeof(bytes) ? range.size : sizeof(bytes);

	if (size && (range.address_high || axvcpu_space_read(machine->space, range.address, bytes, size)))
		return (struct sbi_result){ .error = SBI_ERR_INVALID_PARAM };
	console_wait_room(machine->console);
	for (size_t i = 0; i < size; i++)
		console_put(machine->console, bytes[i]);
	return (struct sbi_result){ .value = size };
}

static struct sbi_result debug_read(struct cpu *cpu, const uint64_t *args)
{
	struct machine *machine = cpu->machine;
	struct guest_range range = range_of(args);
	uint8_t bytes[DEBUG_CONSOLE_MAX];
	size_t size = range.size < sizeof(bytes) ? range.size : sizeof(bytes), got = 0;
	int byte;

	/* Before any character is taken: one that cannot be stored would be lost. */
	if (size && !is_memory(machine->space, &range, size))
		return (struct sbi_result){ .error = SBI_ERR_INVALID_PARAM };
	while (got < size && (byte = console_get(machine->console)) >= 0)
		bytes[got++] = (uint8_t)byte;
	if (got && axvcpu_space_write(machine->space, range.address, bytes, got))
		return (struct sbi_result){ .error = SBI_ERR_INVALID_PARAM };
	if (!got)
		cpu->polled = true;
	return (struct sbi_result){ .value = got };
}

static struct sbi_result put_byte(struct cpu *cpu, const uint64_t *args)
{
	console_wait_room(cpu->machine->console);
	console_put(cpu->machine->console, (uint8_t)args[0]);
	return (struct sbi_result){ .error = SBI_SUCCESS };
}

static struct sbi_result legacy_getchar(struct cpu *cpu, const uint64_t *args)
{
	int byte = console_get(cpu->machine->console);

	(void)args;
	if (byte < 0)
		cpu->polled = true;
	return (struct sbi_result){ .error = byte };
}

static struct sbi_result hart_status(struct cpu *cpu, const uint64_t *args)
{
	static const uint64_t status[] = {
		[CPU_STOPPED] = HSM_STOPPED, [CPU_STARTING] = HSM_START_PENDING, [CPU_STARTED] = HSM_STARTED
	};

	if (args[0] >= cpu->machine->cpu_count)
		return (struct sbi_result){ .error = SBI_ERR_INVALID_PARAM };
	return (struct sbi_result){ .value = status[machine_cpu_power(cpu->machine, (unsigned)args[0])] };
}

#define ANY_FUNCTION UINT32_MAX

static const struct sbi_call {
	uint32_t extension;
	uint32_t function; /* legacy extensions have but one, whatever a6 holds */
	bool has_value;    /* legacy calls leave a1 as it is */
	struct sbi_result (*call)(struct cpu *cpu, const uint64_t *args);
} calls[] = {
	{ 0x1, ANY_FUNCTION, false, put_byte }, { 0x2, ANY_FUNCTION, false, legacy_getchar },
	{ 0x4442434e, 0, true, debug_write },   { 0x4442434e, 1, true, debug_read },
	{ 0x4442434e, 2, true, put_byte },      { 0x48534d, 2, true, hart_status },
};

static const struct sbi_call *find_call(uint64_t number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].extension == number >> 32 &&
		    (calls[i].function == ANY_FUNCTION || calls[i].function == (uint32_t)number))
			return &calls[i];
	return NULL;
}

int32_t sbi_hypercall(struct board *board, struct cpu *cpu, const struct axvcpu_exit_hypercall *call)
{
	const struct sbi_call *row = find_call(call->nr);
	struct sbi_result result;
	int32_t error;

	(void)board;
	if (!row)
		return axvcpu_set_return_value(cpu->vcpu, (uint64_t)(int64_t)SBI_ERR_NOT_SUPPORTED);
	result = row->call(cpu, call->args);
	error = axvcpu_set_return_value(cpu->vcpu, (uint64_t)result.error);
	return error || !row->has_value ? error : axvcpu_set_gpr(cpu->vcpu, REG_A1, result.value);
}

static int64_t hart_start(struct machine *machine, const struct axvcpu_exit_cpu_up *up)
{
	struct guest_range entry = { .address = up->entry_point };

	if (up->target_cpu >= machine->cpu_count)
		return SBI_ERR_INVALID_PARAM;
	if (!is_memory(machine->space, &entry, 2))
		return SBI_ERR_INVALID_ADDRESS;
	if (!machine_start_cpu(machine, (unsigned)up->target_cpu, up->entry_point, up->arg))
		return SBI_ERR_ALREADY_AVAILABLE;
	return SBI_SUCCESS;
}

int32_t sbi_hart_start(struct board *board, struct cpu *cpu, const struct axvcpu_exit_cpu_up *up)
{
	return axvcpu_set_return_value(cpu->vcpu, (uint64_t)hart_start(board->machine, up));
}

/* The harts of a mask whose bit 0 is hart `base`; all of them for a base of -1. */
static int64_t send_ipi(struct machine *machine, uint64_t base, uint64_t mask, bool all)
{
	uint64_t harts = machine->cpu_count >= 64 ? UINT64_MAX : (UINT64_C(1) << machine->cpu_count) - 1;

	if (all)
		base = 0;
	else if (mask && (base >= 64 || (mask << base) >> base != mask || (mask << base) & ~harts))
		return SBI_ERR_INVALID_PARAM; /* one of them does not exist */
	for (uint64_t left = all ? harts : mask ? mask << base : 0; left; left &= left - 1)
		machine_inject(machine, (unsigned)__builtin_ctzll(left), RISCV64_SOFTWARE_INTERRUPT);
	return SBI_SUCCESS;
}

int32_t sbi_send_ipi(struct board *board, struct cpu *cpu, const struct axvcpu_exit_send_ipi *ipi)
{
	int64_t error = send_ipi(board->machine, ipi->target_cpu, ipi->target_cpu_aux, ipi->send_to_all);

	return axvcpu_set_return_value(cpu->vcpu, (uint64_t)error);
}
