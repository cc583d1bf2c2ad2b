/* SPDX-License-Identifier: Apache-2.0 */
/* The host's extension that gives layers engines: <axvcpu/plugin/engine.h>. */
#ifndef CORE_HOST_ENGINES_H
#define CORE_HOST_ENGINES_H

#include <axvcpu/plugin/engine.h>

/* Lives as long as the process. */
const struct axarch_engines *engines_table(void);

#endif
