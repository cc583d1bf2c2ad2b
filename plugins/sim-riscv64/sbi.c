/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Supervisor Binary Interface 2.0: what the engine answers itself (base, timer, remote fences), and what it hands
 * to the VMM as an exit (console, harts, IPIs, the end of the machine). One row per extension.
 */
#include "hart.h"
#include "mmu.h"

enum { SBI_SUCCESS = 0, SBI_ERR_FAILED = -1, SBI_ERR_NOT_SUPPORTED = -2, SBI_ERR_INVALID_PARAM = -3 };

enum { A0 = 10, A1 = 11, A2 = 12, A6 = 16, A7 = 17 };

#define EID_HYPERCALL 0x485643 /* "HVC" */

#define SPECIFICATION_VERSION 0x02000000
#define IMPLEMENTATION_ID 0x617876 /* not registered: "axv" */

static void answer(struct rv_hart *hart, int64_t error, uint64_t value)
{
	hart->cpu.x[A0] = (uint64_t)error;
	hart->cpu.x[A1] = value;
}

/* Hands the call to the VMM. It has succeeded, unless the VMM says other. */
static struct axvcpu_exit *hand_over(struct rv_hart *hart, uint32_t reason)
{
	answer(hart, SBI_SUCCESS, 0);
	return rv_stop(hart, reason);
}

static void hypercall(struct rv_hart *hart, uint64_t nr)
{
	uint64_t args[6];
	struct axvcpu_exit *exit;

	for (unsigned i = 0; i < 6; i++)
		args[i] = hart->cpu.x[A0 + i];
	exit = hand_over(hart, AXVCPU_EXIT_HYPERCALL);
	exit->hypercall.nr = nr;
	for (unsigned i = 0; i < 6; i++)
		exit->hypercall.args[i] = args[i];
}

/* An SBI call that the VMM serves, under the number EID << 32 | FID. */
static void vmm_call(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	hypercall(hart, eid << 32 | fid);
}

static void not_supported(struct rv_hart *hart)
{
	answer(hart, SBI_ERR_NOT_SUPPORTED, 0);
}

static bool is_supported(uint64_t eid);

static void base(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	(void)eid;
	switch (fid) {
	case 0:
		answer(hart, SBI_SUCCESS, SPECIFICATION_VERSION);
		return;
	case 1:
		answer(hart, SBI_SUCCESS, IMPLEMENTATION_ID);
		return;
	case 2: /* implementation version */
	case 4: /* mvendorid */
	case 5: /* marchid */
	case 6: /* mimpid */
		answer(hart, SBI_SUCCESS, 0);
		return;
	case 3:
		answer(hart, SBI_SUCCESS, is_supported(hart->cpu.x[A0]));
		return;
	}
	not_supported(hart);
}

static void set_timer(struct rv_hart *hart, uint64_t compare)
{
	hart->compare = compare;
	hart->latched &= ~RV_BIT(RV_TIMER);
	rv_look_at_clock(hart);
	answer(hart, SBI_SUCCESS, 0);
}

static void timer(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	(void)eid;
	if (fid == 0)
		set_timer(hart, hart->cpu.x[A0]);
	else
		not_supported(hart);
}

/* The harts that a call is for. base -1: all. */
struct harts {
	uint64_t mask;
	uint64_t base;
};

static bool is_meant(const struct sim_member *member, const void *context)
{
	const struct harts *harts = context;

	if (harts->base == UINT64_MAX)
		return true;
	return member->id - harts->base < 64 && harts->mask >> (member->id - harts->base) & 1;
}

static void send_ipi(struct rv_hart *hart, const struct harts *harts)
{
	struct axvcpu_exit *exit = hand_over(hart, AXVCPU_EXIT_SEND_IPI);

	exit->send_ipi.target_cpu = harts->base;
	exit->send_ipi.target_cpu_aux = harts->mask;
	exit->send_ipi.send_to_all = harts->base == UINT64_MAX;
	exit->send_ipi.send_to_self = 0;
	exit->send_ipi.vector = RV_SOFTWARE;
}

static void ipi(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	struct harts harts = { hart->cpu.x[A0], hart->cpu.x[A1] };

	(void)eid;
	if (fid == 0)
		send_ipi(hart, &harts);
	else
		not_supported(hart);
}

/*
 * Makes other harts forget what they have translated or decoded, and returns when they have. This hart is outside of
 * the guest meanwhile: whoever waits for it must not wait for its waiting.
 */
static int64_t remote_fence(struct rv_hart *hart, const struct harts *harts, uint32_t bits)
{
	struct sim_member *self = &hart->cpu.member;
	unsigned wanted = (unsigned)__builtin_popcountll(harts->mask), matched;

	if (is_meant(self, harts))
		sim_member_request(self, bits); /* served by the loop before the next instruction */
	sim_member_exit(self);
	matched = sim_group_request(self->group, bits, is_meant, harts, self, true);
	sim_member_enter(self);
	return harts->base != UINT64_MAX && matched < wanted ? SBI_ERR_INVALID_PARAM : SBI_SUCCESS;
}

static void rfence(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	struct harts harts = { hart->cpu.x[A0], hart->cpu.x[A1] };

	(void)eid;
	if (fid > 2)
		not_supported(hart);
	else
		answer(hart, remote_fence(hart, &harts, fid == 0 ? SIM_REQUEST_CODE : SIM_REQUEST_TRANSLATIONS), 0);
}

static void hart_start(struct rv_hart *hart)
{
	uint64_t target = hart->cpu.x[A0], entry = hart->cpu.x[A1], arg = hart->cpu.x[A2];
	struct axvcpu_exit *exit = hand_over(hart, AXVCPU_EXIT_CPU_UP);

	exit->cpu_up.target_cpu = target;
	exit->cpu_up.entry_point = entry;
	exit->cpu_up.arg = arg;
}

/* Suspends until an interrupt, like wfi: the default retentive type is the only one there is. */
static void hart_suspend(struct rv_hart *hart)
{
	if ((uint32_t)hart->cpu.x[A0] != 0) {
		not_supported(hart);
		return;
	}
	answer(hart, SBI_SUCCESS, 0);
	hart->halted = true;
}

static void hsm(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	switch (fid) {
	case 0:
		hart_start(hart);
		return;
	case 1:
		hand_over(hart, AXVCPU_EXIT_CPU_DOWN)->cpu_down.state = 0;
		return;
	case 2:
		vmm_call(hart, eid, fid);
		return;
	case 3:
		hart_suspend(hart);
		return;
	}
	not_supported(hart);
}

static void system_down(struct rv_hart *hart, uint64_t kind, uint64_t reason)
{
	struct axvcpu_exit *exit = hand_over(hart, AXVCPU_EXIT_SYSTEM_DOWN);

	exit->system_down.kind = kind;
	exit->system_down.reason = reason;
}

/* Types: 0 shutdown, 1 cold reboot, 2 warm reboot. */
static void srst(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	uint32_t type = (uint32_t)hart->cpu.x[A0];

	(void)eid;
	if (fid != 0)
		not_supported(hart);
	else if (type > 2)
		answer(hart, SBI_ERR_INVALID_PARAM, 0);
	else
		system_down(hart, type != 0, (uint32_t)hart->cpu.x[A1]);
}

static void debug_console(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	if (fid > 2)
		not_supported(hart);
	else
		vmm_call(hart, eid, fid);
}

static void axvcpu_hypercall(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	(void)eid;
	hypercall(hart, fid);
}

/* Legacy calls return in a0 alone, and have no FID. */
static void legacy_timer(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	uint64_t a1 = hart->cpu.x[A1];

	(void)eid;
	(void)fid;
	set_timer(hart, hart->cpu.x[A0]);
	hart->cpu.x[A1] = a1;
}

static void legacy_console(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	(void)fid;
	vmm_call(hart, eid, 0);
}

static void legacy_clear_ipi(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	(void)eid;
	(void)fid;
	hart->latched &= ~RV_BIT(RV_SOFTWARE);
	hart->cpu.x[A0] = SBI_SUCCESS;
}

/* a0 points to the mask of harts in the guest's memory, or is 0: all. */
static bool legacy_harts(struct rv_hart *hart, struct harts *ret_harts)
{
	uint64_t mask = 0, address = hart->cpu.x[A0];

	if (address && !rv_read_u64(hart, address, &mask)) {
		hart->cpu.x[A0] = (uint64_t)SBI_ERR_FAILED;
		return false;
	}
	*ret_harts = (struct harts){ mask, address ? 0 : UINT64_MAX };
	return true;
}

static void legacy_ipi(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	struct harts harts;

	(void)eid;
	(void)fid;
	if (legacy_harts(hart, &harts))
		send_ipi(hart, &harts);
}

static void legacy_fence(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	struct harts harts;

	(void)fid;
	if (!legacy_harts(hart, &harts))
		return;
	remote_fence(hart, &harts, eid == 5 ? SIM_REQUEST_CODE : SIM_REQUEST_TRANSLATIONS);
	hart->cpu.x[A0] = SBI_SUCCESS;
}

static void legacy_shutdown(struct rv_hart *hart, uint64_t eid, uint64_t fid)
{
	(void)eid;
	(void)fid;
	system_down(hart, 0, 0);
}

struct extension {
	uint64_t eid;
	void (*call)(struct rv_hart *hart, uint64_t eid, uint64_t fid);
};

static const struct extension extensions[] = {
	{ 0x10, base },
	{ 0x54494d45, timer },
	{ 0x735049, ipi },
	{ 0x52464e43, rfence },
	{ 0x48534d, hsm },
	{ 0x53525354, srst },
	{ 0x4442434e, debug_console },
	{ EID_HYPERCALL, axvcpu_hypercall },
	{ 0, legacy_timer },
	{ 1, legacy_console },
	{ 2, legacy_console },
	{ 3, legacy_clear_ipi },
	{ 4, legacy_ipi },
	{ 5, legacy_fence },
	{ 6, legacy_fence },
	{ 7, legacy_fence },
	{ 8, legacy_shutdown },
};

static const struct extension *find(uint64_t eid)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (extensions[i].eid == eid)
			return &extensions[i];
	return NULL;
}

static bool is_supported(uint64_t eid)
{
	return find(eid) != NULL;
}

void rv_sbi_call(struct rv_hart *hart)
{
	const struct extension *extension = find(hart->cpu.x[A7]);

	if (extension)
		extension->call(hart, extension->eid, hart->cpu.x[A6]);
	else
		not_supported(hart);
}
