/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSRs that S-mode and U-mode have: one row each. Privileged Architecture, "CSR Listing" and "Supervisor-Level
 * ISA". Numbers without a row do not exist: accesses are illegal instructions.
 */
#include "hart.h"

struct csr {
	unsigned number;
	bool control;      /* a write may change what the next instruction is, or how it is fetched */
	size_t offset;     /* of a plain one, in struct rv_hart */
	uint64_t writable; /* bits of a plain one */
	uint64_t (*read)(struct rv_hart *hart);
	void (*write)(struct rv_hart *hart, uint64_t value);
};

static uint64_t read_sstatus(struct rv_hart *hart)
{
	return hart->sstatus | RV_SSTATUS_UXL_64;
}

static void write_sstatus(struct rv_hart *hart, uint64_t value)
{
	hart->sstatus = value & (RV_SSTATUS_SIE | RV_SSTATUS_SPIE | RV_SSTATUS_SPP | RV_SSTATUS_SUM | RV_SSTATUS_MXR);
	rv_update_context(hart);
}

/* Modes 2 and 3 of stvec are reserved: the mode stays as it was. */
static void write_stvec(struct rv_hart *hart, uint64_t value)
{
	hart->stvec = (value & ~UINT64_C(3)) | (value & 2 ? hart->stvec & 1 : value & 1);
}

static uint64_t read_sip(struct rv_hart *hart)
{
	rv_look_at_clock(hart);
	return rv_pending(hart);
}

/* STIP and SEIP are cleared at their sources. */
static void write_sip(struct rv_hart *hart, uint64_t value)
{
	hart->latched = (hart->latched & ~RV_BIT(RV_SOFTWARE)) | (value & RV_BIT(RV_SOFTWARE));
}

/* A mode that is not there leaves all of satp as it was. In bare mode the other fields are kept 0. */
static void write_satp(struct rv_hart *hart, uint64_t value)
{
	uint64_t mode = value >> 60;

	if (mode != RV_SATP_BARE && mode != RV_SATP_SV39 && mode != RV_SATP_SV48)
		return;
	hart->satp = mode == RV_SATP_BARE ? 0 : value;
	rv_update_context(hart);
}

/* The instruction that reads a counter is part of a block that has been charged for already: it does not count itself.
 * Attempts that ended in an exception are cycles, but were not retired.
 */
static uint64_t retired_before(struct rv_hart *hart)
{
	return sim_cpu_retired(&hart->cpu) - (hart->exit ? 1 : 0);
}

static uint64_t read_cycle(struct rv_hart *hart)
{
	return retired_before(hart) + hart->cycle_offset;
}

static void write_cycle(struct rv_hart *hart, uint64_t value)
{
	hart->cycle_offset = value - retired_before(hart);
}

static uint64_t read_instret(struct rv_hart *hart)
{
	return retired_before(hart) - hart->exceptions + hart->instret_offset;
}

static void write_instret(struct rv_hart *hart, uint64_t value)
{
	hart->instret_offset = value - (retired_before(hart) - hart->exceptions);
}

static uint64_t read_time(struct rv_hart *hart)
{
	return rv_time(hart);
}

#define PLAIN(member, bits) .offset = offsetof(struct rv_hart, member), .writable = bits

static const struct csr csrs[] = {
	{ 0x100, .control = true, .read = read_sstatus, .write = write_sstatus },
	{ 0x104, .control = true, PLAIN(sie, RV_INTERRUPTS) },
	{ 0x105, PLAIN(stvec, 0), .write = write_stvec },
	{ 0x106, PLAIN(scounteren, 7) },
	{ 0x10a, PLAIN(senvcfg, 1) },
	{ 0x140, PLAIN(sscratch, UINT64_MAX) },
	{ 0x141, PLAIN(sepc, ~UINT64_C(1)) },
	{ 0x142, PLAIN(scause, UINT64_MAX) },
	{ 0x143, PLAIN(stval, UINT64_MAX) },
	{ 0x144, .control = true, .read = read_sip, .write = write_sip },
	{ 0x180, .control = true, PLAIN(satp, 0), .write = write_satp },
	{ 0xc00, .read = read_cycle, .write = write_cycle },
	{ 0xc01, .read = read_time },
	{ 0xc02, .read = read_instret, .write = write_instret },
};

static const struct csr *find(unsigned number)
{
	for (size_t i = 0; i < sizeof(csrs) / sizeof(csrs[0]); i++)
		if (csrs[i].number == number)
			return &csrs[i];
	return NULL;
}

static uint64_t *member_of(struct rv_hart *hart, const struct csr *csr)
{
	return (uint64_t *)(void *)((char *)hart + csr->offset);
}

bool rv_csr_read(struct rv_hart *hart, unsigned number, uint64_t *ret_value)
{
	const struct csr *csr = find(number);

	if (!csr)
		return false;
	*ret_value = csr->read ? csr->read(hart) : *member_of(hart, csr);
	return true;
}

bool rv_csr_write(struct rv_hart *hart, unsigned number, uint64_t value)
{
	const struct csr *csr = find(number);

	if (!csr || (!csr->write && !csr->writable))
		return false;
	if (csr->write)
		csr->write(hart, value);
	else
		*member_of(hart, csr) = value & csr->writable;
	return true;
}

/* Bits 9 and 8 of the number are the lowest mode that has it, bits 11 and 10 are 3 for what is read-only. */
bool rv_csr_allowed(const struct rv_hart *hart, unsigned number, bool write)
{
	bool counter = number >= 0xc00 && number < 0xc03;

	if ((number >> 8 & 3) > hart->mode || (write && number >> 10 == 3))
		return false;
	return !counter || hart->mode != RV_USER || hart->scounteren >> (number - 0xc00) & 1;
}

bool rv_csr_is_control(unsigned number)
{
	return find(number)->control;
}
