/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of <axvcpu/regs/riscv64.h>, by number. F and D are described there, but a hart without them has none.
 */
#include <string.h>

#include <axvcpu/regs/riscv64.h>

#include "hart.h"
#include "mmu.h"

enum { INDEX_PC = 32, INDEX_MODE = 33 };
enum { EVENT_COMPARE = 0, EVENT_LINES = 1, EVENT_HALTED = 2, EVENT_RESERVATION = 3 };

static int32_t refuse(struct rv_hart *hart, const char *what, uint64_t value)
{
	return hart->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, "0x%llx is no value for %s", (unsigned long long)value,
				     what);
}

static bool get_general(struct rv_hart *hart, uint64_t index, uint64_t *ret_value)
{
	if (index < 32)
		*ret_value = hart->cpu.x[index];
	else if (index == INDEX_PC)
		*ret_value = hart->cpu.pc;
	else if (index == INDEX_MODE)
		*ret_value = hart->mode;
	return index <= INDEX_MODE;
}

static bool get_event(struct rv_hart *hart, uint64_t index, uint64_t *ret_value)
{
	const uint64_t values[] = { hart->compare, hart->lines, hart->halted, hart->reservation.gpa };

	if (index >= sizeof(values) / sizeof(values[0]))
		return false;
	*ret_value = values[index];
	return true;
}

static int32_t not_found(struct rv_hart *hart, uint64_t id, uint32_t size)
{
	if (size != 8)
		return hart->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, "registers of riscv64 have 8 bytes, not %u",
					     size);
	return hart->cpu.host->error(AXVCPU_ERROR_NOT_FOUND, "this hart (RV64IMAC, S-mode) has no register 0x%llx",
				     (unsigned long long)id);
}

int32_t rv_get_reg(struct rv_hart *hart, uint64_t id, void *ret_value, uint32_t size)
{
	uint64_t index = AXVCPU_REG_ID_INDEX(id), value = 0;
	bool found = false;

	if (size == 8 && AXVCPU_REG_ID_ARCH(id) == AXVCPU_ARCH_RISCV64) {
		switch (AXVCPU_REG_ID_GROUP(id)) {
		case AXVCPU_REG_GENERAL:
			found = get_general(hart, index, &value);
			break;
		case AXVCPU_REG_SYSTEM:
			found = index < 4096 && rv_csr_read(hart, (unsigned)index, &value);
			break;
		case AXVCPU_REG_EVENT:
			found = get_event(hart, index, &value);
			break;
		}
	}
	if (!found)
		return not_found(hart, id, size);
	memcpy(ret_value, &value, sizeof(value));
	return 0;
}

static int32_t set_general(struct rv_hart *hart, uint64_t index, uint64_t value)
{
	if (index == 0)
		return hart->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, "x0 is always 0 and cannot be written");
	if (index < 32) {
		hart->cpu.x[index] = value;
	} else if (index == INDEX_PC) {
		if (value & 1)
			return refuse(hart, "pc: bit 0 must be 0", value);
		hart->cpu.pc = value;
		hart->cpu.link = NULL;
		hart->at_breakpoint = false;
		hart->read.pending = false; /* who moves pc gives up the read */
	} else {
		if (value > RV_SUPERVISOR)
			return refuse(hart, "mode: 0 (U) or 1 (S)", value);
		hart->mode = value;
		rv_update_context(hart);
	}
	return 0;
}

/*
 * sip is written with all its bits: what a snapshot of one engine had pending is pending on the next. Its bits that
 * turn out to be those of a level or of the timer, which come later in a snapshot, stop being edges then: see
 * set_event.
 */
static int32_t set_system(struct rv_hart *hart, uint64_t number, uint64_t value)
{
	uint64_t kept;

	if (number == 0x144) {
		if (value & ~RV_INTERRUPTS)
			return refuse(hart, "sip: it has bits 1, 5 and 9", value);
		hart->latched = value & ~hart->lines & ~(hart->timer_due ? RV_BIT(RV_TIMER) : 0);
		return 0;
	}
	if (number >= 4096 || !rv_csr_write(hart, (unsigned)number, value))
		return not_found(hart, AXVCPU_RISCV64_CSR(number), 8);
	if (number < 0xc00 && rv_csr_read(hart, (unsigned)number, &kept) && kept != value)
		return refuse(hart, "a CSR (bits that are fixed here, or a mode that is not there)", value);
	return 0;
}

/* Reads what memory holds there now, as a lr would have. */
static bool reserve(struct rv_hart *hart, uint64_t gpa)
{
	unsigned size = gpa & 4 ? 4 : 8;
	uint8_t *memory = gpa & 3 ? NULL : sim_memory_at(&hart->cpu.memory, gpa, size, false);

	if (!memory)
		return false;
	hart->reservation = (struct rv_reservation){ .gpa = gpa, .host = memory };
	if (size == 4)
		hart->reservation.value = __atomic_load_n((uint32_t *)(void *)memory, __ATOMIC_SEQ_CST);
	else
		hart->reservation.value = __atomic_load_n((uint64_t *)(void *)memory, __ATOMIC_SEQ_CST);
	return true;
}

static int32_t set_reservation(struct rv_hart *hart, uint64_t gpa)
{
	bool reserved;

	if (gpa == RV_NO_RESERVATION) {
		hart->reservation.gpa = RV_NO_RESERVATION;
		return 0;
	}
	rv_touch_memory(hart);
	reserved = reserve(hart, gpa);
	rv_leave_memory(hart);
	return reserved ? 0 : refuse(hart, "reservation: an aligned address in memory, or all ones", gpa);
}

static int32_t set_event(struct rv_hart *hart, uint64_t index, uint64_t value)
{
	switch (index) {
	case EVENT_COMPARE:
		hart->compare = value;
		rv_look_at_clock(hart);
		hart->latched &= ~(hart->timer_due ? RV_BIT(RV_TIMER) : 0);
		return 0;
	case EVENT_LINES:
		if (value & ~RV_INTERRUPTS)
			return refuse(hart, "lines: there are inputs 1, 5 and 9", value);
		hart->lines = value;
		hart->latched &= ~value;
		return 0;
	case EVENT_HALTED:
		if (value > 1)
			return refuse(hart, "halted: 0 or 1", value);
		hart->halted = value;
		return 0;
	}
	return set_reservation(hart, value);
}

int32_t rv_set_reg(struct rv_hart *hart, uint64_t id, const void *value, uint32_t size)
{
	uint64_t index = AXVCPU_REG_ID_INDEX(id), word;

	if (size != 8 || AXVCPU_REG_ID_ARCH(id) != AXVCPU_ARCH_RISCV64)
		return not_found(hart, id, size);
	memcpy(&word, value, sizeof(word));
	switch (AXVCPU_REG_ID_GROUP(id)) {
	case AXVCPU_REG_GENERAL:
		if (index <= INDEX_MODE)
			return set_general(hart, index, word);
		break;
	case AXVCPU_REG_SYSTEM:
		return set_system(hart, index, word);
	case AXVCPU_REG_EVENT:
		if (index <= EVENT_RESERVATION)
			return set_event(hart, index, word);
		break;
	}
	return not_found(hart, id, size);
}
