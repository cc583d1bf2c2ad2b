/* SPDX-License-Identifier: Apache-2.0 */
/* AXVCPU_DEBUG=loader,layer,plugin: the one way in which the library prints, to standard error. */
#ifndef CORE_LOADER_DEBUG_H
#define CORE_LOADER_DEBUG_H

#include <stdarg.h>

#include <axvcpu/error.h>

enum { DEBUG_LOADER = 1, DEBUG_LAYER = 2, DEBUG_PLUGIN = 4 };

/* Whether the user asked for this topic. The variable is read once. [any-thread] */
int debug_wants(unsigned topic);

/* One line, without its newline, in one write. [any-thread] */
void debug_log(unsigned topic, const char *format, ...) AXVCPU_PRINTF(2, 3);
void debug_vlog(unsigned topic, const char *format, va_list arguments);

#endif
