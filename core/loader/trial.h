/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a file for the first time where it can do no harm. */
#ifndef CORE_LOADER_TRIAL_H
#define CORE_LOADER_TRIAL_H

#include <sys/stat.h>

#include "report.h"

/* 0, or `report` says that the file's constructors crash, end the process or never return. Needs the loader's lock. */
int trial_load(const char *path, const struct stat *status, struct report *report);

#endif
