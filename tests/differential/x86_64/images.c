/* SPDX-License-Identifier: Apache-2.0 */
/* See images.h. */
#include "images.h"

#include <string.h>

#define MXCSR_FLAGS UINT64_C(0x3f)
#define MXCSR_DAZ UINT64_C(0x40)
#define MXCSR_MASKS UINT64_C(0x1f80)
#define MXCSR_ROUNDING UINT64_C(0x6000)
#define MXCSR_FTZ UINT64_C(0x8000)
#define FCW_MASKS UINT64_C(0x3f)
#define FCW_FIXED UINT64_C(0x40)
#define FCW_MODES UINT64_C(0xf00) /* precision, rounding */
#define FCW_INFINITY UINT64_C(0x1000)
#define FSW_FLAGS 0x3fu
#define FSW_STACK_FAULT 0x40u
#define FSW_SUMMARY 0x80u
#define FSW_CODES 0x4700u
#define FSW_BUSY 0x8000u
#define MXCSR_MASK_INTEL 0xffffu

enum { FX_MXCSR = 24, FX_MXCSR_MASK = 28, FX_ST = 32, FX_XMM = 160, XSAVE_HEADER = 512, XSAVE_YMM = 576 };

uint64_t image_mxcsr(struct random *random, bool may_be_wrong)
{
	uint64_t any = random_u64(random);
	uint64_t value = any & (MXCSR_ROUNDING | MXCSR_DAZ | MXCSR_FTZ);

	value |= random_chance(random, 75) ? MXCSR_MASKS : any & MXCSR_MASKS;
	if (random_chance(random, 60))
		value &= ~(MXCSR_DAZ | MXCSR_FTZ);
	if (random_chance(random, 20))
		value |= any & MXCSR_FLAGS;
	/* Bit 17 is AMD's misaligned mode. */
	return may_be_wrong && random_chance(random, 10) ? value | UINT64_C(1) << (18 + any % 14) : value;
}

uint64_t image_fcw(struct random *random)
{
	uint64_t any = random_u64(random);
	uint64_t value = (any & (FCW_MODES | FCW_MASKS)) | FCW_FIXED;

	if (random_chance(random, 75))
		value |= FCW_MASKS;
	if (random_chance(random, 60)) /* double extended, nearest */
		value = (value & ~FCW_MODES) | 0x300;
	return random_chance(random, 5) ? value | FCW_INFINITY : value;
}

/* A status that the control word's masks agree with. */
static uint16_t make_fsw(struct random *random, uint64_t fcw)
{
	uint64_t any = random_u64(random);
	uint32_t value = (uint32_t)(any & FSW_CODES) | (uint32_t)(any >> 16 & 7) << 11;

	if (random_chance(random, 20))
		value |= (uint32_t)(any >> 32) & FSW_FLAGS;
	if (value & 1 && any >> 40 & 1)
		value |= FSW_STACK_FAULT;
	if (value & ~fcw & FSW_FLAGS)
		value |= FSW_SUMMARY | FSW_BUSY;
	return (uint16_t)value;
}

static uint16_t make_tags(struct random *random)
{
	if (random_chance(random, 45))
		return 0xff;
	if (random_chance(random, 20))
		return 0;
	return (uint16_t)random_below(random, 256);
}

void image_x87(struct random *random, struct state *ret_state)
{
	ret_state->fcw = (uint16_t)image_fcw(random);
	ret_state->fsw = make_fsw(random, ret_state->fcw);
	ret_state->ftw = make_tags(random);
	for (unsigned i = 0; i < 8; i++)
		values_fill(random, VALUE_FLOAT80, ret_state->st[i], 10);
}

void image_environment(struct random *random, uint8_t *ret_image, uint32_t size)
{
	unsigned word = size == 28 || size == 108 ? 4 : 2;
	uint32_t begin = 7 * word;
	uint16_t fcw = (uint16_t)image_fcw(random);
	uint16_t fsw = make_fsw(random, fcw);
	uint16_t ftw = random_chance(random, 50) ? 0 : (uint16_t)random_u64(random);

	values_fill(random, VALUE_RANDOM, ret_image, begin);
	memcpy(ret_image, &fcw, 2);
	memcpy(ret_image + word, &fsw, 2);
	memcpy(ret_image + 2 * word, &ftw, 2);
	for (uint32_t at = begin; at + 10 <= size; at += 10)
		values_fill(random, VALUE_FLOAT80, ret_image + at, 10);
}

void image_fxsave(struct random *random, uint8_t ret_image[IMAGE_FXSAVE_SIZE])
{
	uint32_t mxcsr = (uint32_t)image_mxcsr(random, true);
	uint32_t mask = MXCSR_MASK_INTEL;
	struct state state;

	values_fill(random, VALUE_RANDOM, ret_image, IMAGE_FXSAVE_SIZE);
	image_x87(random, &state);
	memcpy(ret_image, &state.fcw, 2);
	memcpy(ret_image + 2, &state.fsw, 2);
	memcpy(ret_image + 4, &state.ftw, 2);
	memcpy(ret_image + FX_MXCSR, &mxcsr, 4);
	memcpy(ret_image + FX_MXCSR_MASK, &mask, 4);
	for (unsigned i = 0; i < 8; i++)
		memcpy(ret_image + FX_ST + 16 * i, state.st[i], 10);
}

/* The standard form, with a header that is now and then one that XRSTOR refuses. */
void image_xsave(struct random *random, uint8_t ret_image[IMAGE_XSAVE_SIZE])
{
	uint64_t components = random_below(random, 8);

	image_fxsave(random, ret_image);
	memset(ret_image + XSAVE_HEADER, 0, 64);
	if (random_chance(random, 3))
		components |= UINT64_C(1) << 62;
	memcpy(ret_image + XSAVE_HEADER, &components, 8);
	if (random_chance(random, 3))
		ret_image[XSAVE_HEADER + 8 + random_below(random, 16)] = 1;
	values_fill(random, VALUE_RANDOM, ret_image + XSAVE_YMM, 256);
}
