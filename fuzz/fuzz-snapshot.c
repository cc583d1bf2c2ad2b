/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots from anywhere, walked and loaded. An input with an odd first byte patches a good snapshot ({u16 offset, u8
 * value}...), so that the fuzzer gets past the magic number at once. After a load that failed the vCPU must be as it
 * was before.
 */
#include <stdlib.h>
#include <string.h>

#define AXARCH_STATIC_NAME fuzz_ops
#include <axvcpu/axvcpu.h>
#include <axvcpu/plugin/plugin.h>

#define REGS_MAX 512
#define SNAPSHOT_MAX 16384

AXARCH_CONFIG(fuzz_config, AXARCH_EMPTY_CONFIG)

static uint64_t registers[REGS_MAX];

static uint64_t *register_of(uint64_t id)
{
	const struct axvcpu_reg *reg = axvcpu_reg_by_id(id);
	uint32_t count;

	return reg ? &registers[reg - axvcpu_regs(AXVCPU_ARCH_RISCV64, &count)] : NULL;
}

static int32_t fuzz_get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	(void)self;
	memcpy(ret_value, register_of(id), size);
	return 0;
}

/* Refuses some values, so that loads are rolled back. */
static int32_t fuzz_set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	(void)self;
	if (*(const uint8_t *)value == 0x5a)
		return AXVCPU_ERROR_INVALID_INPUT;
	memcpy(register_of(id), value, size);
	return 0;
}

static int32_t fuzz_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct fuzz_config config,
			   void **ret_self)
{
	(void)host;
	(void)vm_id;
	(void)vcpu_id;
	(void)config;
	*ret_self = registers;
	return 0;
}

static int32_t fuzz_setup(void *self, struct fuzz_config config)
{
	(void)self;
	(void)config;
	return 0;
}

static int32_t no_arguments(void *self)
{
	(void)self;
	return 0;
}

static int32_t one_u64(void *self, uint64_t value)
{
	(void)self;
	(void)value;
	return 0;
}

static int32_t fuzz_run(void *self, struct axvcpu_exit *exit)
{
	(void)self;
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t fuzz_set_gpr(void *self, uint32_t index, uint64_t value)
{
	(void)self;
	(void)index;
	(void)value;
	return 0;
}

/* clang-format off */
AXARCH_PLUGIN(fuzz_config, AXARCH_EMPTY_CONFIG, fuzz_create, fuzz_config, AXARCH_EMPTY_CONFIG, fuzz_setup,
	AXARCH_ABOUT(.arch = AXVCPU_ARCH_RISCV64, .id = "fuzz", .version = "1", .licence = "Apache-2.0",
		     .summary = "registers alone"),
	.destroy = no_arguments,
	.set_entry = one_u64,
	.set_ept_root = one_u64,
	.run = fuzz_run,
	.bind = no_arguments,
	.unbind = no_arguments,
	.set_gpr = fuzz_set_gpr,
	.inject_interrupt = one_u64,
	.set_return_value = one_u64,
	.get_reg = fuzz_get_reg,
	.set_reg = fuzz_set_reg
);
/* clang-format on */

static struct axvcpu *make_vcpu(void)
{
	const struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_backend *backend;
	struct axvcpu *vcpu;

	if (axvcpu_backend_adopt(&fuzz_ops, &backend) || axvcpu_create(backend, &info, &vcpu))
		abort();
	return vcpu;
}

static int touch(void *context, uint64_t id, const char *name, const void *value, uint32_t value_size)
{
	uint8_t sum = (uint8_t)(id + strlen(name));

	for (uint32_t i = 0; i < value_size; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)value)[i]);
	*(uint8_t *)context ^= sum;
	return 0;
}

/* A copy of exactly that size, so that a read past its end is seen. */
static uint8_t *exact_copy(const void *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	return copy;
}

static uint8_t *patched_snapshot(struct axvcpu *vcpu, const uint8_t *patches, size_t size, size_t *ret_size)
{
	static uint8_t snapshot[SNAPSHOT_MAX];

	memset(registers, 0, sizeof(registers));
	if (axvcpu_save_state(vcpu, snapshot, sizeof(snapshot), ret_size))
		abort();
	for (; size >= 3; patches += 3, size -= 3)
		snapshot[(patches[0] | patches[1] << 8) % *ret_size] = patches[2];
	return exact_copy(snapshot, *ret_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t before[REGS_MAX];
	static struct axvcpu *vcpu;
	uint8_t *snapshot, sum = 0;

	if (!vcpu)
		vcpu = make_vcpu();
	snapshot = size && data[0] & 1 ? patched_snapshot(vcpu, data + 1, size - 1, &size) : exact_copy(data, size);
	axvcpu_snapshot_walk(snapshot, size, touch, &sum);
	memcpy(before, registers, sizeof(before));
	if (axvcpu_load_state(vcpu, snapshot, size) && memcmp(before, registers, sizeof(before)))
		abort();
	free(snapshot);
	return 0;
}
