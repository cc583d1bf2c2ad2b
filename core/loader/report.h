/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is wrong with a plugin, gathered so that one refusal names all of it. */
#ifndef CORE_LOADER_REPORT_H
#define CORE_LOADER_REPORT_H

#include <stddef.h>

#include <axvcpu/error.h>

#define REPORT_TEXT 3072

struct report {
	unsigned count;
	size_t length;
	char text[REPORT_TEXT];
};

#define REPORT_INIT \
	{ \
		0, 0, "" \
	}

/* One more thing that is wrong: what, expected and found, and what to do. */
void report_add(struct report *report, const char *format, ...) AXVCPU_PRINTF(2, 3);

/* Makes it the thread's error, INVALID_DATA: "SUBJECT is refused: ...". 0 when nothing is wrong. */
int32_t report_refuse(const struct report *report, const char *subject);

/* All of it: one thing as a sentence, more as a list of lines; "" when nothing is wrong. */
const char *report_text(const struct report *report);

#endif
