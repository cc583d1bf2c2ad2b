/* SPDX-License-Identifier: Apache-2.0 */
/* What backends say of themselves, without running any of their code: by name, and all that the search path has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../config/layout.h"
#include "../error/error.h"
#include "debug.h"
#include "file.h"
#include "inspect.h"
#include "note.h"
#include "search.h"

/* All checks that need no code of the plugin, on a note that was read. */
static void check_all(struct note *note, struct report *report)
{
	const struct axarch_description *about = &note->description;

	note_check(note, report);
	config_layout_destroy(config_layout_create(AXVCPU_CONFIG_CREATE, &about->create, note->create, report));
	config_layout_destroy(config_layout_create(AXVCPU_CONFIG_SETUP, &about->setup, note->setup, report));
}

int inspect_file(const char *path, struct note *ret_note, struct report *report)
{
	struct file_image image;
	int32_t error = file_map(path, &image, report);
	int result;

	if (error == AXVCPU_ERROR_NOT_FOUND)
		report_add(report, "there is no such file");
	if (error)
		return -1;
	result = note_parse(image.bytes, image.size, ret_note, report);
	file_unmap(&image);
	if (!result)
		check_all(ret_note, report);
	return result;
}

/* The inspection and what its pointers lead to. */
struct holder {
	struct axvcpu_inspection inspection;
	struct note note;
	char *path;
};

int32_t axvcpu_backend_inspect(const char *name, struct axvcpu_inspection **ret_inspection)
{
	struct holder *holder = calloc(1, sizeof(*holder));
	struct report report = REPORT_INIT;
	int32_t error = holder ? 0 : error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for an inspection");

	if (!error)
		error = search_find("backend", SEARCH_BACKEND_PREFIX, name, &holder->path);
	if (error)
		goto free_holder;
	inspect_file(holder->path, &holder->note, &report);
	error = report_refuse(&report, holder->path);
	if (error)
		goto free_holder;
	holder->inspection.description = &holder->note.description;
	holder->inspection.create = holder->note.create;
	holder->inspection.setup = holder->note.setup;
	holder->inspection.path = holder->path;
	*ret_inspection = &holder->inspection;
	return 0;
free_holder:
	axvcpu_backend_inspect_free(holder ? &holder->inspection : NULL);
	return error;
}

void axvcpu_backend_inspect_free(struct axvcpu_inspection *inspection)
{
	struct holder *holder = (struct holder *)inspection; /* its first member */

	if (!holder)
		return;
	note_finish(&holder->note);
	free(holder->path);
	free(holder);
}

/* A walk through the search path. `seen` holds the names that an earlier folder has. */
struct walk {
	int (*met)(void *context, const struct axvcpu_backend_candidate *candidate);
	void *context;
	uint32_t count;
	const struct report *folder; /* what is wrong with the present folder */
	char **seen;
};

static int was_seen(const struct walk *walk, const char *file)
{
	for (uint32_t i = 0; i < walk->count; i++)
		if (!strcmp(walk->seen[i], file))
			return 1;
	return 0;
}

static int remember(struct walk *walk, const char *file)
{
	char **seen = realloc(walk->seen, (walk->count + 1) * sizeof(*seen));

	if (!seen)
		return -1;
	walk->seen = seen;
	seen[walk->count] = strdup(file);
	if (!seen[walk->count])
		return -1;
	walk->count++;
	return 0;
}

static void examine_layer(const char *path, struct report *report)
{
	struct file_image image;

	if (file_map(path, &image, report))
		return;
	note_check_image(image.bytes, image.size, report);
	file_unmap(&image);
}

/* What is wrong with the file itself, as far as that shows without running it. Gives its note when it has one. */
static const struct axarch_description *examine(uint32_t kind, const char *path, struct note *ret_note,
						struct report *report)
{
	if (kind == AXVCPU_CANDIDATE_BACKEND)
		return inspect_file(path, ret_note, report) ? NULL : &ret_note->description;
	examine_layer(path, report);
	return NULL;
}

static int meet(void *context, uint32_t kind, const char *name, const char *path)
{
	struct walk *walk = context;
	const char *file = strrchr(path, '/') + 1;
	struct report report = *walk->folder;
	struct note note = { .create = NULL };
	struct axvcpu_backend_candidate candidate = {
		.size_of_struct = sizeof(candidate), .kind = kind, .name = name, .path = path
	};
	char why[REPORT_TEXT + 32];
	int stop;

	candidate.description = examine(kind, path, &note, &report);
	candidate.refusal = report.count ? AXVCPU_ERROR_INVALID_DATA : 0;
	if (!report.count && was_seen(walk, file)) {
		report_add(&report,
			   "an earlier folder of the search path has the same name; open this one by its path");
		candidate.refusal = AXVCPU_ERROR_RESOURCE_BUSY;
	}
	if (report.count > 1)
		snprintf(why, sizeof(why), "%u reasons:%s", report.count, report_text(&report));
	else
		snprintf(why, sizeof(why), "%s", report_text(&report));
	candidate.why = why;
	debug_log(DEBUG_LOADER, "search: %s: %s", path, report.count ? why : "fine");
	stop = remember(walk, file) || walk->met(walk->context, &candidate);
	note_finish(&note);
	return stop;
}

uint32_t axvcpu_backend_search(int (*met)(void *context, const struct axvcpu_backend_candidate *candidate),
			       void *context)
{
	struct walk walk = { .met = met, .context = context };
	struct search_folders folders;
	int stop = 0;

	if (search_folders_init(&folders))
		return 0;
	for (size_t i = 0; i < folders.count && !stop; i++) {
		struct report folder = REPORT_INIT;

		file_check_folder(folders.names[i], &folder);
		walk.folder = &folder;
		stop = search_scan(folders.names[i], meet, &walk);
	}
	for (uint32_t i = 0; i < walk.count; i++)
		free(walk.seen[i]);
	free(walk.seen);
	search_folders_finish(&folders);
	return walk.count;
}
