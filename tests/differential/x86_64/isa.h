/* SPDX-License-Identifier: Apache-2.0 */
/* Which instruction sets both processors have: by CPUID, on the host and in a guest of the backend. */
#ifndef DIFFERENTIAL_ISA_H
#define DIFFERENTIAL_ISA_H

#include <stdbool.h>

#include <Zydis/Zydis.h>

struct features;
struct guest;

/* False: the backend cannot say, or the host has no AVX state to compare (the reason is on standard error). */
bool features_find(struct guest *guest, struct features **ret_features);
void features_destroy(struct features *features);

/* For encodings_find. */
bool features_has(void *features, ZydisISASet set);
/* Those of the host that the backend lacks, on standard output. */
void features_print_lacking(const struct features *features);

#endif
