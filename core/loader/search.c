/* SPDX-License-Identifier: Apache-2.0 */
/* The search path for plugins. Knows names and folders; nothing of what the files hold. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../error/error.h"
#include "debug.h"
#include "file.h"
#include "search.h"

#define SUFFIX ".so"
#define NAMES_MAX 128

static int32_t add_folder(struct search_folders *folders, const char *name, size_t length)
{
	char **names;

	if (!length)
		return 0;
	if (name[0] != '/') {
		debug_log(DEBUG_LOADER, "search: %.*s is ignored: not an absolute path", (int)length, name);
		return 0;
	}
	names = realloc(folders->names, (folders->count + 1) * sizeof(*names));
	if (!names)
		return AXVCPU_ERROR_NO_MEMORY;
	folders->names = names;
	names[folders->count] = strndup(name, length);
	if (!names[folders->count])
		return AXVCPU_ERROR_NO_MEMORY;
	folders->count++;
	return 0;
}

static int32_t add_list(struct search_folders *folders, const char *list)
{
	int32_t error = 0;

	while (list && *list && !error) {
		size_t length = strcspn(list, ":");

		error = add_folder(folders, list, length);
		list += length + (list[length] == ':');
	}
	return error;
}

/* The user's own folder; secure_getenv makes it nothing in privileged processes. */
static int32_t add_user_folder(struct search_folders *folders)
{
	const char *data = secure_getenv("XDG_DATA_HOME");
	const char *home = secure_getenv("HOME");
	char folder[4096];

	if (data && data[0] == '/')
		snprintf(folder, sizeof(folder), "%s/axvcpu/plugins", data);
	else if (home && home[0])
		snprintf(folder, sizeof(folder), "%s/.local/share/axvcpu/plugins", home);
	else
		return 0;
	return add_folder(folders, folder, strlen(folder));
}

static int32_t add_usual(struct search_folders *folders)
{
	static const char fixed[] = "/usr/local/lib/axvcpu/plugins:/etc/axvcpu/plugins:" AXVCPU_PLUGINDIR;
	int32_t error = add_list(folders, secure_getenv("AXVCPU_PLUGIN_ADD_PATH"));

	if (!error)
		error = add_user_folder(folders);
	return error ? error : add_list(folders, fixed);
}

int32_t search_folders_init(struct search_folders *ret_folders)
{
	const char *only = secure_getenv("AXVCPU_PLUGIN_PATH");
	int32_t error;

	ret_folders->names = NULL;
	ret_folders->count = 0;
	error = only ? add_list(ret_folders, only) : add_usual(ret_folders);
	if (error) {
		search_folders_finish(ret_folders);
		return error_set(error, "no memory for the search path of plugins");
	}
	return 0;
}

void search_folders_finish(struct search_folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free(folders->names[i]);
	free(folders->names);
	folders->names = NULL;
	folders->count = 0;
}

uint32_t search_kind(const char *file, char *ret_name, size_t capacity)
{
	size_t length = strlen(file);
	const char *prefix = SEARCH_BACKEND_PREFIX;
	uint32_t kind = AXVCPU_CANDIDATE_BACKEND;

	if (!strncmp(file, SEARCH_LAYER_PREFIX, strlen(SEARCH_LAYER_PREFIX))) {
		prefix = SEARCH_LAYER_PREFIX;
		kind = AXVCPU_CANDIDATE_LAYER;
	}
	if (strncmp(file, prefix, strlen(prefix)) || length <= strlen(prefix) + strlen(SUFFIX) ||
	    strcmp(file + length - strlen(SUFFIX), SUFFIX))
		return 0;
	snprintf(ret_name, capacity, "%.*s", (int)(length - strlen(prefix) - strlen(SUFFIX)), file + strlen(prefix));
	return kind;
}

static int is_plugin(const struct dirent *entry)
{
	char name[sizeof(entry->d_name)];

	return search_kind(entry->d_name, name, sizeof(name)) != 0;
}

int search_scan(const char *folder, int (*met)(void *context, uint32_t kind, const char *name, const char *path),
		void *context)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_plugin, alphasort);
	int stop = 0;

	if (count < 0) {
		debug_log(DEBUG_LOADER, "search: %s: %s", folder, strerror(errno));
		return 0;
	}
	for (int i = 0; i < count; i++) {
		char name[sizeof(entries[i]->d_name)], path[4096 + sizeof(name)];
		uint32_t kind = search_kind(entries[i]->d_name, name, sizeof(name));

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (!stop)
			stop = met(context, kind, name, path);
		free(entries[i]);
	}
	free(entries);
	return stop;
}

/* All names of a kind that the search path has, for "did you mean". */
struct names {
	uint32_t kind;
	uint32_t count;
	char *list[NAMES_MAX];
};

static int collect(void *context, uint32_t kind, const char *name, const char *path)
{
	struct names *names = context;

	(void)path;
	if (kind == names->kind && names->count < NAMES_MAX) {
		names->list[names->count] = strdup(name);
		names->count += names->list[names->count] != NULL;
	}
	return 0;
}

static int32_t say_not_found(const char *what, const char *prefix, const char *name,
			     const struct search_folders *folders, const struct report *refused)
{
	struct names names = { .kind = strcmp(what, "layer") ? AXVCPU_CANDIDATE_BACKEND : AXVCPU_CANDIDATE_LAYER };
	const char *near;
	char where[2048] = "";
	size_t length = 0;

	for (size_t i = 0; i < folders->count; i++) {
		search_scan(folders->names[i], collect, &names);
		if (length < sizeof(where))
			length += (size_t)snprintf(where + length, sizeof(where) - length, "%s%s", i ? ", " : "",
						   folders->names[i]);
	}
	near = axvcpu_nearest(name, (const char *const *)names.list, names.count);
	error_set(AXVCPU_ERROR_NOT_FOUND, "no %s \"%s\": there is no %s%s.so in %s%s%s%s%s%s", what, name, prefix, name,
		  folders->count ? where : "any folder, as AXVCPU_PLUGIN_PATH names none",
		  near ? "; did you mean \"" : "", near ? near : "",
		  near ? "\"?" : "; AXVCPU_PLUGIN_PATH can name other folders", refused->count ? "; refused:" : "",
		  refused->text);
	for (uint32_t i = 0; i < names.count; i++)
		free(names.list[i]);
	return AXVCPU_ERROR_NOT_FOUND;
}

static char *path_in(const char *folder, const char *prefix, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s%s" SUFFIX, folder, prefix, name) < 0 ? NULL : path;
}

static int32_t find_in_folders(const char *what, const char *prefix, const char *name,
			       const struct search_folders *folders, char **ret_path)
{
	struct report refused = REPORT_INIT;

	for (size_t i = 0; i < folders->count; i++) {
		char *path = path_in(folders->names[i], prefix, name);
		unsigned before = refused.count;
		int there = path && !access(path, F_OK);

		if (there)
			file_check_folder(folders->names[i], &refused);
		debug_log(DEBUG_LOADER, "search: %s: %s", path ? path : name,
			  !there                   ? "not there"
			  : refused.count > before ? "its folder is refused"
						   : "found");
		if (there && refused.count == before) {
			*ret_path = path;
			return 0;
		}
		free(path);
	}
	return say_not_found(what, prefix, name, folders, &refused);
}

int32_t search_find(const char *what, const char *prefix, const char *name, char **ret_path)
{
	struct search_folders folders;
	int32_t error;

	if (strchr(name, '/')) {
		*ret_path = realpath(name, NULL);
		return *ret_path ? 0
				 : error_set(AXVCPU_ERROR_NOT_FOUND, "no %s at %s: %s", what, name, strerror(errno));
	}
	error = search_folders_init(&folders);
	if (error)
		return error;
	error = find_in_folders(what, prefix, name, &folders, ret_path);
	search_folders_finish(&folders);
	return error;
}
