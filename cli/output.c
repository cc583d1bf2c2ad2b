/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "fail.h"
#include "output.h"

static int cannot_write(const char *name, int error)
{
	return fail(STATUS_OUTPUT, "%s cannot be written: %s", name, strerror(error));
}

int output_finish(void)
{
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		return cannot_write("standard output", errno ? errno : EIO);
	return STATUS_OK;
}

void output_json(FILE *stream, struct json_object *document)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;

	fprintf(stream, "%s\n", json_object_to_json_string_ext(document, style));
	json_object_put(document);
}

int output_file(const char *name, const void *data, size_t size)
{
	FILE *file;
	size_t written;

	if (!strcmp(name, "-"))
		return fwrite(data, 1, size, stdout) == size ? output_finish() : cannot_write("standard output", errno);
	file = fopen(name, "we");
	if (!file)
		return fail(STATUS_CANNOT_CREATE, "\"%s\" cannot be created: %s", name, strerror(errno));
	written = fwrite(data, 1, size, file);
	if (fclose(file) || written != size)
		return cannot_write(name, errno);
	return STATUS_OK;
}
