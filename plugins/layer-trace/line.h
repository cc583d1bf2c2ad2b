/* SPDX-License-Identifier: Apache-2.0 */
/* One line of text, made and written without anything that a signal handler may not call: kick is an op too. */
#ifndef PLUGINS_LAYER_TRACE_LINE_H
#define PLUGINS_LAYER_TRACE_LINE_H

#include <stddef.h>

#include <axvcpu/exit.h>

struct line {
	size_t length;
	char text[640];
};

/* What does not fit is left out. */
void line_text(struct line *line, const char *text);
void line_decimal(struct line *line, int64_t value);
void line_hex(struct line *line, uint64_t value);

/* "MmioRead{addr=0x10000005, width=0x1, ...}" */
void line_exit(struct line *line, const struct axvcpu_exit *exit);

/* With a newline, in one write, so that threads do not mix. errno stays as it is. */
void line_write(struct line *line, int fd);

#endif
