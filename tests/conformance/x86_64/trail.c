/* SPDX-License-Identifier: Apache-2.0 */
/* See trail.h. */
#include "trail.h"

#define TABLES_END (MACHINE_TABLES + UINT64_C(0x4000))

void snapshot_save(struct machine *from, struct snapshot *snapshot)
{
	assert_ok(axvcpu_save_state(from->vcpu[0], snapshot->bytes, sizeof(snapshot->bytes), &snapshot->size));
	assert_ok(axvcpu_space_read(from->space, 0, snapshot->ram, MACHINE_RAM_SIZE));
}

static int look_at(void *context, uint64_t id, const char *name, const void *value, uint32_t size)
{
	struct search *search = context;

	(void)name;
	if (id == search->id) {
		search->value = value;
		search->size = size;
	}
	return 0;
}

struct search snapshot_find(const struct snapshot *snapshot, uint64_t id)
{
	struct search search = { .id = id };

	assert_ok(axvcpu_snapshot_walk(snapshot->bytes, snapshot->size, look_at, &search));
	return search;
}

static uint64_t word_of(const struct search *search)
{
	uint64_t word = 0;

	if (search->value)
		memcpy(&word, search->value, search->size < 8 ? search->size : 8);
	return word;
}

/* Which last instruction x87 tells: AMD's processors keep it only while an exception is pending. A KVM in software
 * runs ring 3 with its own IOPL. */
static bool is_the_processors(const struct axvcpu_reg *reg)
{
	return reg->id == AXVCPU_X86_64_FPU(3) || reg->id == AXVCPU_X86_64_FPU(4) || reg->id == AXVCPU_X86_64_FPU(5);
}

static bool are_alike(const struct axvcpu_reg *reg, const struct search *one, const struct search *two)
{
	const uint64_t iopl = 0x3000;

	if (reg->id == AXVCPU_X86_64_RFLAGS)
		return (word_of(one) & ~iopl) == (word_of(two) & ~iopl);
	return is_the_processors(reg) || (one->size == two->size && !memcmp(one->value, two->value, one->size));
}

static bool are_same(const struct search *one, const struct search *two)
{
	return one->size == two->size && (!one->size || !memcmp(one->value, two->value, one->size));
}

static void expect(const struct snapshot *found, const struct snapshot *expected, bool alike, const char *when)
{
	uint32_t count;
	const struct axvcpu_reg *reg = axvcpu_regs(AXVCPU_ARCH_X86_64, &count);

	for (; count--; reg++) {
		struct search one = snapshot_find(found, reg->id), two = snapshot_find(expected, reg->id);

		if (reg->flags & AXVCPU_REG_VOLATILE || are_same(&one, &two) || (alike && are_alike(reg, &one, &two)))
			continue;
		fail_msg("%s: %s is 0x%llx..., not 0x%llx...", when, reg->name, (unsigned long long)word_of(&one),
			 (unsigned long long)word_of(&two));
	}
	assert_memory_equal(found->ram, expected->ram, MACHINE_TABLES);
	assert_memory_equal(found->ram + TABLES_END, expected->ram + TABLES_END, MACHINE_RAM_SIZE - TABLES_END);
}

void snapshot_expect_same(const struct snapshot *found, const struct snapshot *expected, const char *when)
{
	expect(found, expected, false, when);
}

void snapshot_expect_alike(const struct snapshot *found, const struct snapshot *expected, const char *when)
{
	expect(found, expected, true, when);
}

/* ---- the guest's run, exit by exit ---- */

static uint64_t answer(unsigned number)
{
	return UINT64_C(0x9e3779b97f4a7c15) * (number + 1);
}

bool trail_is_read(const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_IO_READ || exit->reason == AXVCPU_EXIT_MMIO_READ ||
	       exit->reason == AXVCPU_EXIT_SYSREG_READ;
}

bool trail_is_done(const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_IO_WRITE && exit->io_write.port == MACHINE_PORT_DONE;
}

void trail_respond(struct machine *at, const struct axvcpu_exit *exit, unsigned number)
{
	if (trail_is_read(exit))
		assert_ok(axvcpu_complete_read(at->vcpu[0], exit, answer(number)));
}

void trail_expect_exit(const struct axvcpu_exit *exit, const struct axvcpu_exit *trail, unsigned number)
{
	char found[256], expected[256];

	axvcpu_exit_format(exit, found, sizeof(found));
	axvcpu_exit_format(&trail[number], expected, sizeof(expected));
	if (strcmp(found, expected))
		fail_msg("exit %u is %s, not %s", number, found, expected);
}
