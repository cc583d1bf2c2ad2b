/* SPDX-License-Identifier: Apache-2.0 */
/* One line of text, made and written without anything that a signal handler may not call: kick is an op too. */
#ifndef PLUGINS_LAYER_TRACE_LINE_H
#define PLUGINS_LAYER_TRACE_LINE_H

#include <stddef.h>

#include <axvcpu/exit.h>

#define LINE_CAPACITY 1024 /* below PIPE_BUF: a line that goes to a pipe is whole, too */

struct line {
	size_t length;
	char text[LINE_CAPACITY];
};

/* What does not fit is left out. */
void line_text(struct line *line, const char *text);
void line_decimal(struct line *line, int64_t value);
void line_hex(struct line *line, uint64_t value);

/* `size` bytes as one number, in the host's byte order: how registers are handed over. */
void line_bytes(struct line *line, const void *bytes, uint32_t size);

/* "MmioRead{addr=0x10000005, width=1, ...}", as axvcpu_exit_format has it. */
void line_exit(struct line *line, const struct axvcpu_exit *exit);

/* With a newline, in one write, so that threads do not mix. errno stays as it is. 0, or the errno: the line is not, or
 * not all, in the file. */
int line_write(struct line *line, int fd);

#endif
