/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configs of many shapes, and a backend for each whose create writes down what it was given: by value, and by pointer.
 * The backends are made by hand, without a plugin: what is tested is core/config alone.
 */
#ifndef TESTS_UNIT_CONFIG_SHAPES_H
#define TESTS_UNIT_CONFIG_SHAPES_H

#include <axvcpu/plugin/plugin.h>

/* clang-format off */
#define ONE_BYTE(T, INT, CHOICE, TEXT, ARRAY) INT(T, u8, a, 1, 0, UINT8_MAX, "")
#define ONE_FLAG(T, INT, CHOICE, TEXT, ARRAY) INT(T, flag, a, 1, 0, 1, "")
#define ONE_WORD(T, INT, CHOICE, TEXT, ARRAY) INT(T, u64, a, 1, 0, UINT64_MAX, "")
#define TWO_WORDS(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u64, a, 1, 0, UINT64_MAX, "") INT(T, i64, b, -1, INT64_MIN, INT64_MAX, "")
#define THREE_WORDS(T, INT, CHOICE, TEXT, ARRAY) ARRAY(T, u64, a, 3, 7, 0, UINT64_MAX, "")
#define THREE_BYTES(T, INT, CHOICE, TEXT, ARRAY) ARRAY(T, u8, a, 3, 7, 0, UINT8_MAX, "")
#define NINE_BYTES(T, INT, CHOICE, TEXT, ARRAY) ARRAY(T, i8, a, 9, -7, INT8_MIN, INT8_MAX, "")
#define HOLES(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u8, a, 1, 0, UINT8_MAX, "") INT(T, u64, b, 1, 0, UINT64_MAX, "") INT(T, u16, c, 1, 0, UINT16_MAX, "") \
	INT(T, i32, d, -1, INT32_MIN, INT32_MAX, "") INT(T, u8, e, 1, 0, UINT8_MAX, "")
#define TAIL(T, INT, CHOICE, TEXT, ARRAY) INT(T, u32, a, 1, 0, UINT32_MAX, "") INT(T, u16, b, 1, 0, UINT16_MAX, "")
#define SIGNED(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, i8, a, -1, INT8_MIN, INT8_MAX, "") INT(T, i16, b, -1, INT16_MIN, INT16_MAX, "") \
	INT(T, i32, c, -1, INT32_MIN, INT32_MAX, "") INT(T, i64, d, -1, INT64_MIN, INT64_MAX, "")
#define TEXTS(T, INT, CHOICE, TEXT, ARRAY) TEXT(T, a, 5, "ab", "") INT(T, u32, b, 1, 0, UINT32_MAX, "") TEXT(T, c, 1, "", "")
#define SHORT_TEXT(T, INT, CHOICE, TEXT, ARRAY) TEXT(T, a, 16, "sixteen", "")
#define LONG_TEXT(T, INT, CHOICE, TEXT, ARRAY) TEXT(T, a, 1000, "long", "") INT(T, u8, b, 1, 0, UINT8_MAX, "")
#define CHOICES(T, INT, CHOICE, TEXT, ARRAY) \
	CHOICE(T, a, 1, "little|big|middle", "") INT(T, flag, b, 1, 0, 1, "") CHOICE(T, c, 0, "only", "")
#define ALL_TYPES(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u8, a, 3, 1, 200, "a byte") INT(T, u16, b, 500, 0, UINT16_MAX, "") INT(T, u32, c, 1, 0, 1u << 20, "") \
	INT(T, u64, d, 1, 0, UINT64_MAX, "") INT(T, i8, e, -5, -10, 10, "from -10 to 10") \
	INT(T, i16, f, -1, INT16_MIN, INT16_MAX, "") INT(T, i32, g, -1, INT32_MIN, INT32_MAX, "") \
	INT(T, i64, h, -1, INT64_MIN, INT64_MAX, "") INT(T, flag, i, 1, 0, 1, "") CHOICE(T, j, 1, "little|big", "byte order") \
	TEXT(T, k, 20, "default text", "") ARRAY(T, u16, l, 5, 9, 0, 1000, "") ARRAY(T, flag, m, 3, 0, 0, 1, "")

#define SHAPES(SHAPE) \
	SHAPE(one_byte, ONE_BYTE) SHAPE(one_flag, ONE_FLAG) SHAPE(one_word, ONE_WORD) SHAPE(two_words, TWO_WORDS) \
	SHAPE(three_words, THREE_WORDS) SHAPE(three_bytes, THREE_BYTES) SHAPE(nine_bytes, NINE_BYTES) SHAPE(holes, HOLES) \
	SHAPE(tail, TAIL) SHAPE(signed_, SIGNED) SHAPE(texts, TEXTS) SHAPE(short_text, SHORT_TEXT) SHAPE(long_text, LONG_TEXT) \
	SHAPE(choices, CHOICES) SHAPE(all_types, ALL_TYPES)
/* clang-format on */

/* What the last create or setup was given. */
struct given {
	const void *context; /* the host table, or self */
	uint32_t vm_id;
	uint32_t vcpu_id;
	void **ret_self;
	uint8_t config[2048];
};

extern struct given given;

/* One shape: a backend with it as create and setup config, and the by-pointer ways into the same functions. */
struct axvcpu_backend;
struct shape {
	const char *name;
	struct axvcpu_backend *backend;
	int32_t (*create)(const void *host, uint32_t vm_id, uint32_t vcpu_id, const void *config, void **ret_self);
	int32_t (*setup)(void *self, const void *config);
};

/* The shapes, `*ret_count` of them; the backend of `name`. They are made at the first call and stay. */
const struct shape *shapes(size_t *ret_count);
struct axvcpu_backend *shape_backend(const char *name);

#endif
