/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "built.h"

/* Folders below plugins/. A fresh clone and every build of it have the same ones. */
static const char *const plugins[] = { "kvm",         "sim-x86_64",     "sim-riscv64",  "layer-trace",
				       "layer-count", "layer-lockstep", "layer-rescue", "mock" };

/* The build folder that this program lies in, as cli/axvcpu-run; meson's build.ninja is what tells it from any other.
 */
static bool build_folder(char ret_folder[PATH_MAX])
{
	char mark[PATH_MAX + 16];
	ssize_t length = readlink("/proc/self/exe", ret_folder, PATH_MAX - 1);

	if (length < 0)
		return false;
	ret_folder[length] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(ret_folder, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	snprintf(mark, sizeof(mark), "%s/build.ninja", ret_folder);
	return !access(mark, F_OK);
}

void built_add_plugins(void)
{
	const char *given = secure_getenv("AXVCPU_PLUGIN_ADD_PATH");
	char folder[PATH_MAX], *list = NULL;
	size_t size;
	FILE *stream;

	if (!build_folder(folder))
		return;
	stream = open_memstream(&list, &size);
	if (!stream)
		return; /* the backend is not found then, which says what to do */
	fputs(given ? given : "", stream);
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
		fprintf(stream, ":%s/plugins/%s", folder, plugins[i]);
	if (!fclose(stream))
		setenv("AXVCPU_PLUGIN_ADD_PATH", list, 1);
	free(list);
}
