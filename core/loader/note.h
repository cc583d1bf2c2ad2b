/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's description, as it lies in the ELF note of its file, read without running the plugin. Everything here is a
 * pure function over bytes that nobody has looked at yet.
 */
#ifndef CORE_LOADER_NOTE_H
#define CORE_LOADER_NOTE_H

#include <axvcpu/plugin/plugin.h>

#include "report.h"

/* The host's own copy. The fields are those of this host's struct axarch_field, whatever the plugin's size is. */
struct note {
	struct axarch_description description;
	struct axarch_field *create; /* description.create.field_count of them; one allocation with setup */
	struct axarch_field *setup;
};

/* What an ELF file must be before anybody looks for a note or loads it: whole, and for this machine. 0, or `report`
 * says. */
int note_check_image(const void *image, size_t size, struct report *report);

/* The note of a file's image, with its structure checked. 0, or `report` says what is wrong and there is nothing to
 * finish. */
int note_parse(const void *image, size_t size, struct note *ret_note, struct report *report);

/* The same from the bytes of a description and the fields behind it. */
int note_from_bytes(const void *bytes, size_t size, struct note *ret_note, struct report *report);

void note_finish(struct note *note);

/* Whether what it says makes sense: id, architecture, texts, which all have an end afterwards. The configs are checked
 * by config_layout_create. */
void note_check(struct note *note, struct report *report);

#endif
