/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an engine for x86_64 guests can execute what the kernels of operating systems do. A software KVM runs
 * programs natively, emulates ring 0, and lacks many instructions there: that shows only when a guest comes to one. So
 * a small guest tries some (builtin/probe_x86_64.S), in a VM of its own that is gone before the call returns. Takes 5
 * to 20 ms, the most of which is the end of a VM in the kernel. Knows nothing of boards and images.
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include <axvcpu/axvcpu.h>

/* False with the reason, as one sentence without a full stop; what cannot be tried counts as what cannot be executed.
 */
bool probe_runs_kernels(struct axvcpu_backend *backend, char *ret_why, size_t capacity);

#endif
