/* SPDX-License-Identifier: Apache-2.0 */
/* See segments.h. */
#include "segments.h"

#include <stddef.h>

#include "case.h"

#define FLAT UINT64_C(0xffffffff)

static const struct segment segments[] = {
	{ 0x08, 0, FLAT, 0xc09b },
	{ SELECTOR_KERNEL_CODE, 0, FLAT, 0xa09b },
	{ 0x18, 0, FLAT, 0xc093 },
	{ SELECTOR_USER_CODE32, 0, FLAT, 0xc0fb },
	{ SELECTOR_USER_DATA, 0, FLAT, 0xc0f3 },
	{ SELECTOR_USER_CODE, 0, FLAT, 0xa0fb },
	{ SELECTOR_SMALL, CASE_DATA, CASE_DATA_SIZE + CASE_READ_ONLY_SIZE - 1, 0x50f3 },
	{ SELECTOR_DOWN, CASE_DATA, CASE_PAGE - 1, 0x50f7 },
};

const struct segment *segments_find(uint16_t selector)
{
	static const struct segment null;

	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		if ((segments[i].selector | 3) == (selector | 3))
			return &segments[i];
	return &null;
}

const struct segment *segments_all(unsigned *ret_count)
{
	*ret_count = sizeof(segments) / sizeof(segments[0]);
	return segments;
}
