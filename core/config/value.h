/* SPDX-License-Identifier: Apache-2.0 */
/* Values of fields as text. Pure functions over text and a block. */
#ifndef CORE_CONFIG_VALUE_H
#define CORE_CONFIG_VALUE_H

#include <stddef.h>

#include <axvcpu/plugin/config.h>

/* Puts a value given as text into the field of `block`. INVALID_INPUT: the text names the field, the range and what is
 * near; the block is untouched. */
int32_t value_parse(const struct axarch_field *field, const char *text, void *block);

/* The value as text that value_parse takes; returns the length it wants, as snprintf does. */
size_t value_format(const struct axarch_field *field, const void *block, char *ret_text, size_t capacity);

/* The field's own check of one number: range, choice. INVALID_INPUT as above. */
int32_t value_check(const struct axarch_field *field, uint64_t value);

#endif
