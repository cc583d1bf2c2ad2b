/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error codes and error texts.
 *
 * Every function that can fail returns an int32_t: 0 is success, a positive value is one of the kinds below (names and
 * values are axerrno's), a negative value is a negated Linux errno. With each failure comes one sentence that names the
 * thing that failed and the way out. The text belongs to the calling thread and lives until its next failing call.
 * The library never prints and never aborts.
 */
#ifndef AXVCPU_ERROR_H
#define AXVCPU_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AXVCPU_API __attribute__((visibility("default")))
#define AXVCPU_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define AXVCPU_API
#define AXVCPU_PRINTF(text, first)
#endif

/* ERROR(NAME, axerrno value, "what it means") */
#define AXVCPU_ERRORS(ERROR) \
	ERROR(BAD_STATE, 7, "the object is not in the state that the call needs") \
	ERROR(INVALID_DATA, 17, "data that was read (a plugin, an image, a snapshot) is malformed") \
	ERROR(INVALID_INPUT, 19, "an argument is outside what the call accepts") \
	ERROR(NO_MEMORY, 23, "the host has not enough memory") \
	ERROR(NOT_FOUND, 30, "no such thing") \
	ERROR(RESOURCE_BUSY, 36, "the thing is in use, or a bounded queue is full") \
	ERROR(UNSUPPORTED, 41, "this backend cannot do that")

#define AXVCPU_ERROR_CONSTANT(name, value, text) AXVCPU_ERROR_##name = value,
enum { AXVCPU_OK = 0, AXVCPU_ERRORS(AXVCPU_ERROR_CONSTANT) };
#undef AXVCPU_ERROR_CONSTANT

/* The text of the calling thread's last failure, "" when there was none. Never NULL. [any-thread] */
AXVCPU_API const char *axvcpu_error_text(void);

/* The code of the calling thread's last failure, 0 when there was none. [any-thread] */
AXVCPU_API int32_t axvcpu_error_code(void);

/* A short fixed name: "BadState" for AXVCPU_ERROR_BAD_STATE, "ENOENT" for -ENOENT, "unknown error". [any-thread] */
AXVCPU_API const char *axvcpu_error_name(int32_t code);

/*
 * The candidate that a mistyped word was most likely meant to be, or NULL when none is near. For error messages that suggest; the
 * library's own use it too. [any-thread]
 */
AXVCPU_API const char *axvcpu_nearest(const char *word, const char *const *candidates, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
