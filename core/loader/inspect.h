/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and checking a backend's file as far as that goes without running it. */
#ifndef CORE_LOADER_INSPECT_H
#define CORE_LOADER_INSPECT_H

#include "note.h"

/* 0: there is a note (for note_finish), though `report` may say that it is refused. -1: none could be read. */
int inspect_file(const char *path, struct note *ret_note, struct report *report);

#endif
