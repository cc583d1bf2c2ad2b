/* SPDX-License-Identifier: Apache-2.0 */
/* Writing results, and noticing when that fails: a closed pipe and a full disk are errors, not silence. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdio.h>

struct json_object;

/* Flushes standard output. Statuses: OUTPUT. */
int output_finish(void);

/* Writes a JSON document and a newline, and lets go of it. */
void output_json(FILE *stream, struct json_object *document);

/* Writes a whole file, "-" being standard output. Statuses: CANNOT_CREATE, OUTPUT. */
int output_file(const char *name, const void *data, size_t size);

#endif
