/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differences that are known: a row for each, with who it is and where the manuals say so (SDM: Intel's, APM: AMD's).
 * The first row that is about a case's difference counts it.
 */
#include <stddef.h>
#include <string.h>

#include "segments.h"
#include "system-compare.h"
#include "system-generate.h"

struct view {
	const struct system_case *test;
	const struct system_outcome *reference;
	const struct system_outcome *other;
	const struct system_difference *difference;
};

static bool is_kind(const struct view *view, const char *name)
{
	return !strcmp(view->test->kind->name, name);
}

static int end_of(const struct system_outcome *outcome)
{
	return outcome->reason == AXVCPU_EXIT_HALT ? system_vector(outcome) : -2;
}

/* SYSENTER and SYSEXIT are #UD in long mode on AMD's processors (APM 3, SYSENTER). */
static bool is_sysenter_in_long_mode(const struct view *view)
{
	return view->test->is_long && (is_kind(view, "sysenter") || is_kind(view, "sysexit")) &&
	       end_of(view->reference) == 6;
}

static const struct {
	bool (*is_it)(const struct view *view);
	const char *reason;
} rows[] = {
	{ is_sysenter_in_long_mode, "APM 3, SYSENTER and SYSEXIT: #UD in long mode on AMD's processors" },
};

const char *system_known(const struct system_case *test, const struct system_outcome *reference,
			 const struct system_outcome *other, const struct system_difference *difference)
{
	struct view view = { test, reference, other, difference };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is_it(&view))
			return rows[i].reason;
	return NULL;
}
