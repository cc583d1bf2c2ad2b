/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for libffi closures, of which no page is writable and executable at a time. */
#ifndef CORE_LAYER_MEMORY_H
#define CORE_LAYER_MEMORY_H

#include <ffi.h>

/*
 * A closure to fill, zeroed, and the address that it is called at. It is never freed. NULL: there is none. Not
 * thread-safe.
 */
ffi_closure *memory_closure(void **ret_code);

#endif
