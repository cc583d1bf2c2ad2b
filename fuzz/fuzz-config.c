/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a config. What is refused must change nothing; what is accepted must be within the ranges (fill checks
 * them) and read back as the same block.
 */
#include <stdlib.h>
#include <string.h>

#define AXARCH_STATIC_NAME fuzz_ops
#include "../tests/plugins/minimal.h"

#include <axvcpu/backend.h>
#include <axvcpu/config.h>

/* clang-format off */
#define FIELDS(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u8, a, 3, 1, 200, "") INT(T, u64, b, 1, 0, UINT64_MAX, "") INT(T, i8, c, -5, -10, 10, "") \
	INT(T, i64, d, -1, INT64_MIN, INT64_MAX, "") INT(T, flag, e, 1, 0, 1, "") CHOICE(T, f, 1, "little|big", "") \
	TEXT(T, g, 20, "text", "") ARRAY(T, u16, h, 3, 9, 0, 1000, "") ARRAY(T, flag, i, 2, 0, 0, 1, "") INT(T, u32, j, 0, 0, 9, "")
AXARCH_CONFIG(fuzz_config, FIELDS)
/* clang-format on */

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct fuzz_config config,
		      void **ret_self)
{
	(void)host, (void)vm_id, (void)vcpu_id, (void)config;
	*ret_self = &minimal_vcpu;
	return 0;
}

AXARCH_PLUGIN(fuzz_config, FIELDS, create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("fuzz")), MINIMAL_OPS, .kick = minimal_plain);

static void require(int32_t error)
{
	if (error)
		abort();
}

static struct axvcpu_config *make(void)
{
	static struct axvcpu_backend *backend;
	struct axvcpu_config *config;

	if (!backend)
		require(axvcpu_backend_adopt(&fuzz_ops, &backend));
	require(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
	return config;
}

static void check_same(const struct axvcpu_config *a, const struct axvcpu_config *b)
{
	size_t size;
	const void *block = axvcpu_config_block(a, &size);

	if (memcmp(block, axvcpu_config_block(b, NULL), size))
		abort();
}

/* Every field as text into a second config. */
static void copy_as_text(const struct axvcpu_config *from, struct axvcpu_config *to)
{
	char name[2] = "a", text[128];

	for (; name[0] <= 'j'; name[0]++) {
		require(axvcpu_config_get(from, name, text, sizeof(text)));
		require(axvcpu_config_set(to, name, text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct axvcpu_config *config = make(), *other = make();
	char *text = malloc(size + 1);
	const void *block;
	size_t block_size;

	require(!text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (axvcpu_config_parse(config, text))
		check_same(config, other);
	block = axvcpu_config_block(config, &block_size);
	require(axvcpu_config_fill(other, block, block_size));
	copy_as_text(config, other);
	check_same(config, other);
	free(text);
	axvcpu_config_destroy(other);
	axvcpu_config_destroy(config);
	return 0;
}
