/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of a vCPU one by one, and snapshots: saved, walked, loaded, refused and rolled back. */
#include <stdlib.h>

#include "../vcpu/engine.h"

#define CAPACITY 8192

static uint64_t get(struct axvcpu *vcpu, const char *name)
{
	uint64_t value = 0;

	assert_ok(axvcpu_get_reg_u64(vcpu, name, &value));
	return value;
}

static void registers_by_name_and_by_id(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	uint64_t value = 0x1234;

	(void)state;
	assert_ok(axvcpu_set_reg(vcpu, AXVCPU_RISCV64_X(10), &value, 8));
	assert_ptr_equal(engine_orders.current_in_op, vcpu);
	assert_int_equal(get(vcpu, "a0"), 0x1234);
	assert_ok(axvcpu_set_reg_u64(vcpu, "satp", 9));
	assert_ok(axvcpu_get_reg(vcpu, AXVCPU_RISCV64_CSR(0x180), &value, 8));
	assert_int_equal(value, 9);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static void bad_registers_are_refused(void **state)
{
	struct axvcpu *full = vcpu_ready(full_backend), *bare = vcpu_ready(bare_backend);
	uint64_t value = 7;

	(void)state;
	assert_error(axvcpu_get_reg_u64(full, "stap", &value), AXVCPU_ERROR_NOT_FOUND, "did you mean satp?");
	assert_error(axvcpu_set_reg_u64(full, "a8", 0), AXVCPU_ERROR_NOT_FOUND, "riscv64 has no register \"a8\"");
	assert_error(axvcpu_get_reg_u64(full, "qqqqqq", &value), AXVCPU_ERROR_NOT_FOUND, "no register \"qqqqqq\"");
	assert_error(axvcpu_get_reg(full, AXVCPU_RISCV64_X(10), &value, 4), AXVCPU_ERROR_INVALID_INPUT,
		     "has 8 bytes, not 4");
	assert_error(axvcpu_get_reg(full, UINT64_C(0x0101000000000000), &value, 8), AXVCPU_ERROR_NOT_FOUND,
		     "riscv64 has no");
	assert_error(axvcpu_set_reg_u64(full, "x0", 1), AXVCPU_ERROR_INVALID_INPUT, "read-only");
	engine_orders.missing_reg = AXVCPU_RISCV64_F(3);
	assert_error(axvcpu_get_reg_u64(full, "ft3", &value), AXVCPU_ERROR_NOT_FOUND, "vCPU 0: get_reg: f3: ");
	assert_error(axvcpu_get_reg_u64(bare, "a0", &value), AXVCPU_ERROR_UNSUPPORTED, "vCPU 0: get_reg: x10: ");
	assert_error(axvcpu_set_reg_u64(bare, "a0", 0), AXVCPU_ERROR_UNSUPPORTED, "set_reg");
	assert_int_equal(value, 7);
	assert_ok(axvcpu_destroy(full));
	assert_ok(axvcpu_destroy(bare));
}

/* A vCPU whose registers all differ, and its snapshot. */
static size_t snapshot_of(struct axvcpu *vcpu, uint64_t salt, void *buffer)
{
	size_t wanted = 0, size = 0;
	struct engine *engine = engine_of(vcpu);

	for (uint64_t i = 1; i < ENGINE_REGS_MAX; i++) /* 0 is x0 */
		engine->regs[i] = salt * i;
	assert_ok(axvcpu_save_state(vcpu, NULL, 0, &wanted));
	assert_true(wanted <= CAPACITY);
	assert_ok(axvcpu_save_state(vcpu, buffer, CAPACITY, &size));
	assert_int_equal(size, wanted);
	return size;
}

static void a_snapshot_restores_everything(void **state)
{
	uint8_t snapshot[CAPACITY], again[CAPACITY];
	struct axvcpu *from = vcpu_ready(full_backend), *to = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	size_t size;

	(void)state;
	size = snapshot_of(from, 0x1111, snapshot);
	snapshot_of(to, 0x7, again);
	assert_ok(axvcpu_load_state(to, snapshot, size));
	assert_int_equal(get(to, "pc"), get(from, "pc"));
	assert_int_equal(get(to, "satp"), get(from, "satp"));
	assert_int_not_equal(get(to, "time"), get(from, "time"));
	/* Apart from time, which is volatile and read-only, the two are the same. */
	assert_ok(axvcpu_save_state(from, snapshot, sizeof(snapshot), &size));
	engine_of(to)->regs[axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, "time") -
			    axvcpu_regs(AXVCPU_ARCH_RISCV64, &(uint32_t){ 0 })] = get(from, "time");
	assert_ok(axvcpu_save_state(to, again, sizeof(again), &size));
	assert_memory_equal(snapshot, again, size);
	assert_ok(axvcpu_destroy(from));
	assert_ok(axvcpu_destroy(to));
}

static void too_small_a_buffer_is_told_the_size(void **state)
{
	uint8_t buffer[64] = { 0 };
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	size_t size = 5;

	(void)state;
	assert_error(axvcpu_save_state(vcpu, buffer, sizeof(buffer), &size), AXVCPU_ERROR_INVALID_INPUT, "room for 64");
	assert_int_equal(size, 5);
	assert_error(axvcpu_save_state(vcpu, buffer, 0, &size), AXVCPU_ERROR_INVALID_INPUT, "room for 0");
	assert_ok(axvcpu_destroy(vcpu));
}

struct walk {
	uint32_t count, stop_at;
	uint64_t a0;
};

static int note_register(void *context, uint64_t id, const char *name, const void *value, uint32_t value_size)
{
	struct walk *walk = context;

	assert_string_equal(axvcpu_reg_by_id(id)->name, name);
	assert_int_equal(value_size, 8);
	if (!strcmp(name, "x10"))
		memcpy(&walk->a0, value, 8);
	return ++walk->count == walk->stop_at;
}

static void a_walk_meets_every_register(void **state)
{
	uint8_t snapshot[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct walk all = { 0 }, some = { .stop_at = 3 };
	uint32_t count;
	size_t size;

	(void)state;
	axvcpu_regs(AXVCPU_ARCH_RISCV64, &count);
	size = snapshot_of(vcpu, 3, snapshot);
	assert_ok(axvcpu_snapshot_walk(snapshot, size, note_register, &all));
	assert_int_equal(all.count, count - 1); /* fcsr is an alias */
	assert_int_equal(all.a0, 30);
	assert_ok(axvcpu_snapshot_walk(snapshot, size, note_register, &some));
	assert_int_equal(some.count, 3);
	assert_ok(axvcpu_destroy(vcpu));
}

static void what_an_engine_lacks_is_not_saved(void **state)
{
	uint8_t snapshot[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct walk all = { 0 }, fewer = { 0 };

	(void)state;
	assert_ok(axvcpu_snapshot_walk(snapshot, snapshot_of(vcpu, 3, snapshot), note_register, &all));
	engine_orders.missing_reg = AXVCPU_RISCV64_F(3);
	assert_ok(axvcpu_snapshot_walk(snapshot, snapshot_of(vcpu, 3, snapshot), note_register, &fewer));
	assert_int_equal(fewer.count, all.count - 1);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_register_that_the_engine_lacks_is_named_and_nothing_written(void **state)
{
	uint8_t snapshot[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	size_t size;

	(void)state;
	size = snapshot_of(vcpu, 3, snapshot);
	engine_orders.missing_reg = AXVCPU_RISCV64_F(3);
	assert_error(axvcpu_load_state(vcpu, snapshot, size), AXVCPU_ERROR_NOT_FOUND, "load_state: f3: ");
	assert_int_equal(engine_orders.reg_writes, 0);
	/* A volatile one is skipped. */
	engine_orders.missing_reg = AXVCPU_RISCV64_CSR(0xc00);
	assert_ok(axvcpu_load_state(vcpu, snapshot, size));
	engine_orders.missing_reg = 0;
	engine_orders.refused_reg = AXVCPU_RISCV64_CSR(0xc00);
	assert_ok(axvcpu_load_state(vcpu, snapshot, size));
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_refused_value_is_named_and_rolled_back(void **state)
{
	uint8_t snapshot[CAPACITY], before[CAPACITY], after[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	size_t size, size_before;

	(void)state;
	size = snapshot_of(vcpu, 0x3333, snapshot);
	size_before = snapshot_of(vcpu, 0x4, before);
	engine_orders.refused_reg = AXVCPU_RISCV64_CSR(0x180);
	assert_error(axvcpu_load_state(vcpu, snapshot, size), AXVCPU_ERROR_INVALID_INPUT,
		     "vCPU 0: load_state: satp: bits 63:60 must be zero; the vCPU is as it was before");
	assert_true(engine_orders.reg_writes > 40);
	assert_ok(axvcpu_save_state(vcpu, after, sizeof(after), &size));
	assert_int_equal(size, size_before);
	assert_memory_equal(before, after, size);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_read_only_register_that_differs_is_refused(void **state)
{
	uint8_t snapshot[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	size_t size;

	(void)state;
	size = snapshot_of(vcpu, 3, snapshot);
	engine_of(vcpu)->regs[0] = 1;
	assert_error(axvcpu_load_state(vcpu, snapshot, size), AXVCPU_ERROR_INVALID_INPUT, "x0 (always 0) is read-only");
	assert_int_equal(engine_orders.reg_writes, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static void load_needs_the_ops(void **state)
{
	uint8_t snapshot[CAPACITY];
	struct axvcpu *full = vcpu_ready(full_backend), *bare = vcpu_ready(bare_backend);
	size_t size;

	(void)state;
	size = snapshot_of(full, 3, snapshot);
	assert_error(axvcpu_load_state(bare, snapshot, size), AXVCPU_ERROR_UNSUPPORTED, "load_state");
	assert_error(axvcpu_save_state(bare, NULL, 0, &size), AXVCPU_ERROR_UNSUPPORTED, "save_state");
	assert_ok(axvcpu_destroy(full));
	assert_ok(axvcpu_destroy(bare));
}

static int count_only(void *context, uint64_t id, const char *name, const void *value, uint32_t value_size)
{
	(void)id;
	(void)name;
	(void)value;
	(void)value_size;
	++*(uint32_t *)context;
	return 0;
}

static void every_truncation_is_malformed(void **state)
{
	uint8_t snapshot[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	size_t size;

	(void)state;
	size = snapshot_of(vcpu, 3, snapshot);
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1); /* so that the address sanitizer sees a read past it */
		uint32_t met = 0, cut32 = (uint32_t)cut;

		memcpy(exact, snapshot, cut);
		if (cut >= sizeof(struct axvcpu_snapshot_header))
			memcpy(exact + offsetof(struct axvcpu_snapshot_header, size), &cut32, 4);
		assert_int_equal(axvcpu_snapshot_walk(exact, cut, count_only, &met), AXVCPU_ERROR_INVALID_DATA);
		assert_int_equal(met, 0);
		assert_int_equal(axvcpu_load_state(vcpu, exact, cut), AXVCPU_ERROR_INVALID_DATA);
		free(exact);
	}
	assert_int_equal(engine_orders.reg_writes, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

/* One change to a good snapshot: `width` bytes at `offset` become `value`. */
static void broken_snapshots_are_refused_by_name(void **state)
{
	enum { RECORDS = sizeof(struct axvcpu_snapshot_header), RECORD = 32 };
	static const struct {
		size_t offset;
		uint64_t value;
		uint32_t width;
		int32_t code;
		const char *text;
	} rows[] = {
		{ 0, 0, 1, AXVCPU_ERROR_INVALID_DATA, "magic" },
		{ 8, 2, 4, AXVCPU_ERROR_INVALID_DATA, "version 2" },
		{ 12, AXVCPU_ARCH_X86_64, 4, AXVCPU_ERROR_INVALID_INPUT,
		  "is a riscv64 one, and the snapshot is of x86_64" },
		{ 12, 99, 4, AXVCPU_ERROR_INVALID_DATA, "architecture 99" },
		{ 16, 3, 4, AXVCPU_ERROR_INVALID_DATA, "behind the last register" },
		{ 16, UINT32_MAX, 4, AXVCPU_ERROR_INVALID_DATA, "in the middle of a register" },
		{ 20, 100, 4, AXVCPU_ERROR_INVALID_DATA, "says that it has 100 bytes" },
		{ RECORDS, AXVCPU_RISCV64_X(99), 8, AXVCPU_ERROR_NOT_FOUND, "a register x0" },
		{ RECORDS + RECORD, AXVCPU_RISCV64_X(0), 8, AXVCPU_ERROR_INVALID_DATA, "calls register x0 x1" },
		{ RECORDS + 8, 4, 4, AXVCPU_ERROR_INVALID_DATA, "register x0 has 8 bytes, not 4" },
		{ RECORDS + 8, 0, 4, AXVCPU_ERROR_INVALID_DATA, "impossible" },
		{ RECORDS + 8, 65, 4, AXVCPU_ERROR_INVALID_DATA, "impossible" },
		{ RECORDS + 12, UINT32_MAX, 4, AXVCPU_ERROR_INVALID_DATA, "impossible" },
		{ RECORDS + 12, 0, 4, AXVCPU_ERROR_INVALID_DATA, "not text" },
		{ RECORDS + 16, 0x1b, 1, AXVCPU_ERROR_INVALID_DATA, "not text" },
		{ RECORDS + 20, 1, 1, AXVCPU_ERROR_INVALID_DATA, "pads it is not zero" },
	};
	uint8_t good[CAPACITY], snapshot[CAPACITY];
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	size_t size;

	(void)state;
	size = snapshot_of(vcpu, 0, good);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(snapshot, good, size);
		memcpy(snapshot + rows[i].offset, &rows[i].value, rows[i].width);
		assert_error(axvcpu_load_state(vcpu, snapshot, size), rows[i].code, rows[i].text);
	}
	/* The same register twice. */
	memcpy(snapshot, good, size);
	memcpy(snapshot + RECORDS + RECORD, good + RECORDS, RECORD);
	assert_error(axvcpu_load_state(vcpu, snapshot, size), AXVCPU_ERROR_INVALID_DATA, "x0 twice");
	assert_int_equal(engine_orders.reg_writes, 0);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static int no_logs_setup(void **state)
{
	engine_setup(state);
	engine_orders.logs = 0;
	return 0;
}

int main(void)
{
#define QUIET_TEST(name) cmocka_unit_test_setup_teardown(name, no_logs_setup, engine_teardown)
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(registers_by_name_and_by_id),
		ENGINE_TEST(bad_registers_are_refused),
		QUIET_TEST(a_snapshot_restores_everything),
		QUIET_TEST(too_small_a_buffer_is_told_the_size),
		QUIET_TEST(a_walk_meets_every_register),
		QUIET_TEST(what_an_engine_lacks_is_not_saved),
		QUIET_TEST(a_register_that_the_engine_lacks_is_named_and_nothing_written),
		QUIET_TEST(a_refused_value_is_named_and_rolled_back),
		QUIET_TEST(a_read_only_register_that_differs_is_refused),
		QUIET_TEST(load_needs_the_ops),
		QUIET_TEST(every_truncation_is_malformed),
		QUIET_TEST(broken_snapshots_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
