/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes cases on a backend, through the public API: a vCPU in 64-bit mode at ring 3, whose page tables have the
 * case's pages where the host's process has them. Every exception leads to a hlt of its own at ring 0: the address of
 * that tells the vector, and the stack the rest.
 */
#ifndef DIFFERENTIAL_GUEST_H
#define DIFFERENTIAL_GUEST_H

#include "case.h"

struct guest;

enum guest_answer { GUEST_READY, GUEST_SKIP, GUEST_FAILED };

/* SKIP: the backend is not there, or makes no vCPU here; the reason is on standard error. */
enum guest_answer guest_create(const char *backend, const char *config, struct guest **ret_guest);
void guest_destroy(struct guest *guest);

/* False: the backend fails as such, and cannot be used any more. */
bool guest_run(struct guest *guest, const struct test_case *test, struct outcome *ret_outcome);

/* CPUID as the backend's guests see it: eax, ebx, ecx, edx. */
bool guest_cpuid(struct guest *guest, uint32_t leaf, uint32_t subleaf, uint32_t ret_registers[4]);

/* What the last OUTCOME_EXIT was. */
const char *guest_exit_text(const struct guest *guest);

#endif
