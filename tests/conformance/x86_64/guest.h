/* SPDX-License-Identifier: Apache-2.0 */
/* Guests as build-guest.py makes them: an image for each processor mode, and the addresses of its labels. */
#ifndef TESTS_CONFORMANCE_X86_64_GUEST_H
#define TESTS_CONFORMANCE_X86_64_GUEST_H

#include <stddef.h>
#include <stdint.h>

/* Real mode; 32-bit protected mode without paging; 64-bit mode in ring 0; 64-bit mode in ring 3, which may use all
 * ports. */
enum { GUEST_REAL, GUEST_PROTECTED, GUEST_LONG, GUEST_USER, GUEST_MODES };

struct guest_label {
	const char *name;
	uint64_t address;
};

/* Lies at MACHINE_CODE; code is NULL in a mode that the guest is not made for. */
struct guest_image {
	const unsigned char *code;
	size_t size;
	const struct guest_label *labels;
	size_t label_count;
};

#endif
