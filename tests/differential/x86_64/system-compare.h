/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what two backends have made of a case of system.h. */
#ifndef DIFFERENTIAL_SYSTEM_COMPARE_H
#define DIFFERENTIAL_SYSTEM_COMPARE_H

#include "system.h"

struct system_difference {
	bool any;
	bool reason;
	bool exits;
	bool ram;
	bool registers[SYSTEM_REGISTERS];
};

void system_compare(const struct system_case *test, const struct system_outcome *reference,
		    const struct system_outcome *other, struct system_difference *ret_difference);
void system_print_case(FILE *to, const struct system_case *test);
void system_print_difference(FILE *to, const struct system_outcome *reference, const struct system_outcome *other,
			     const struct system_difference *difference);

/* Why the two are different and both right, or why the reference is wrong; NULL: that is not known. */
const char *system_known(const struct system_case *test, const struct system_outcome *reference,
			 const struct system_outcome *other, const struct system_difference *difference);

#endif
