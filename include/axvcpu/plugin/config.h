/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations that a plugin declares and the host parses, checks, lays out and passes by value.
 *
 *   #define MOCK_CREATE(T, INT, CHOICE, TEXT, ARRAY) \
 *           INT(T, u32, steps, 1, 0, 100, "exits to give before the script repeats") \
 *           CHOICE(T, endian, 0, "little|big", "byte order") \
 *           TEXT(T, script, 64, "", "what to do") \
 *           ARRAY(T, u64, seeds, 2, 0, 0, UINT64_MAX, "start values")
 *   AXARCH_CONFIG(mock_create, MOCK_CREATE)
 *
 * declares `struct mock_create { uint32_t steps; uint32_t endian; char script[64]; uint64_t seeds[2]; }` and records per
 * field its name, type, count, offset, size, range, default and one line of documentation. The records lie in an ELF note, so
 * that a host reads them without running the plugin. Arguments:
 *   INT(T, type, name, default, min, max, "doc")    type: u8 u16 u32 u64 i8 i16 i32 i64 or flag (a uint8_t, 0 or 1)
 *   CHOICE(T, name, default index, "a|b|c", "doc")  a uint32_t: the index of the word
 *   TEXT(T, name, capacity, "default", "doc")       a char array, always ended by a NUL
 *   ARRAY(T, type, name, count, default, min, max, "doc")
 * A config has at least one field: AXARCH_EMPTY_CONFIG stands for one that has nothing to say.
 */
#ifndef AXVCPU_PLUGIN_CONFIG_H
#define AXVCPU_PLUGIN_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TYPE(spelling, value, C type, signed) */
#define AXARCH_FIELD_TYPES(TYPE) \
	TYPE(u8, 1, uint8_t, 0) \
	TYPE(u16, 2, uint16_t, 0) \
	TYPE(u32, 3, uint32_t, 0) \
	TYPE(u64, 4, uint64_t, 0) \
	TYPE(i8, 5, int8_t, 1) \
	TYPE(i16, 6, int16_t, 1) \
	TYPE(i32, 7, int32_t, 1) \
	TYPE(i64, 8, int64_t, 1) \
	TYPE(flag, 9, uint8_t, 0) \
	TYPE(choice, 10, uint32_t, 0) \
	TYPE(text, 11, char, 0)

#define AXARCH_FIELD_TYPE_CONSTANT(spelling, value, type, is_signed) AXARCH_FIELD_##spelling = value,
enum { AXARCH_FIELD_TYPES(AXARCH_FIELD_TYPE_CONSTANT) };
#undef AXARCH_FIELD_TYPE_CONSTANT

#define AXARCH_FIELD_TYPE_NAME(spelling, value, type, is_signed) typedef type axarch_field_##spelling;
AXARCH_FIELD_TYPES(AXARCH_FIELD_TYPE_NAME)
#undef AXARCH_FIELD_TYPE_NAME

/* One field, free of pointers so that it can be read from the file. Texts end with a NUL. */
struct axarch_field {
	char name[32];
	char doc[160];
	char choices[128];      /* "a|b|c" of a choice, else "" */
	char default_text[128]; /* of a text, else "" */
	uint64_t default_value; /* of the others; two's complement for signed types */
	uint64_t min;           /* inclusive; two's complement for signed types */
	uint64_t max;           /* inclusive */
	uint32_t type;          /* AXARCH_FIELD_* */
	uint32_t count;         /* elements; the capacity of a text */
	uint32_t offset;        /* bytes, as the plugin's compiler laid the struct out */
	uint32_t size;          /* bytes of the whole field */
};

/* The struct that the fields make up. */
struct axarch_schema {
	uint32_t struct_size;
	uint32_t struct_align;
	uint32_t field_count;
	uint32_t field_size; /* sizeof(struct axarch_field) of the plugin's compiler */
};

/*
 * Declares `struct tag`, how many fields it has, and a macro's worth of records for AXARCH_PLUGIN. The first parameter T of
 * the list stands for the struct's tag: rows hand it on, so that each can take its own offset.
 */
#define AXARCH_CONFIG(tag, FIELDS) \
	struct tag { \
		FIELDS(tag, AXARCH_INT_MEMBER_, AXARCH_CHOICE_MEMBER_, AXARCH_TEXT_MEMBER_, AXARCH_ARRAY_MEMBER_) \
	}; \
	enum { tag##_field_count = 0 FIELDS(tag, AXARCH_INT_COUNT_, AXARCH_CHOICE_COUNT_, AXARCH_TEXT_COUNT_, AXARCH_ARRAY_COUNT_) };

#define AXARCH_INT_MEMBER_(T, type, name, initial, min, max, doc) axarch_field_##type name;
#define AXARCH_CHOICE_MEMBER_(T, name, initial, choices, doc) uint32_t name;
#define AXARCH_TEXT_MEMBER_(T, name, capacity, initial, doc) char name[capacity];
#define AXARCH_ARRAY_MEMBER_(T, type, name, count, initial, min, max, doc) axarch_field_##type name[count];

#define AXARCH_INT_COUNT_(T, type, name, initial, min, max, doc) +1
#define AXARCH_CHOICE_COUNT_(T, name, initial, choices, doc) +1
#define AXARCH_TEXT_COUNT_(T, name, capacity, initial, doc) +1
#define AXARCH_ARRAY_COUNT_(T, type, name, count, initial, min, max, doc) +1

/* The struct axarch_field initialisers of a list, in order. */
#define AXARCH_FIELD_RECORDS(tag, FIELDS) \
	FIELDS(tag, AXARCH_INT_RECORD_, AXARCH_CHOICE_RECORD_, AXARCH_TEXT_RECORD_, AXARCH_ARRAY_RECORD_)

#define AXARCH_RECORD_(T, type_, member, count_, doc_, choices_, text_, initial_, min_, max_) \
	{ .name = #member, .doc = doc_, .choices = choices_, .default_text = text_, .default_value = (uint64_t)(initial_), \
	  .min = (uint64_t)(min_), .max = (uint64_t)(max_), .type = AXARCH_FIELD_##type_, .count = count_, \
	  .offset = (uint32_t)offsetof(struct T, member), .size = (uint32_t)sizeof(((struct T *)0)->member) },
#define AXARCH_INT_RECORD_(T, type, name, initial, min, max, doc) \
	AXARCH_RECORD_(T, type, name, 1, doc, "", "", initial, min, max)
#define AXARCH_CHOICE_RECORD_(T, name, initial, choices, doc) \
	AXARCH_RECORD_(T, choice, name, 1, doc, choices, "", initial, 0, UINT32_MAX)
#define AXARCH_TEXT_RECORD_(T, name, capacity, initial, doc) \
	AXARCH_RECORD_(T, text, name, capacity, doc, "", initial, 0, 0, 0)
#define AXARCH_ARRAY_RECORD_(T, type, name, count, initial, min, max, doc) \
	AXARCH_RECORD_(T, type, name, count, doc, "", "", initial, min, max)

#define AXARCH_EMPTY_CONFIG(T, INT, CHOICE, TEXT, ARRAY) INT(T, u32, reserved, 0, 0, 0, "nothing to configure yet")

#ifdef __cplusplus
}
#endif
#endif
