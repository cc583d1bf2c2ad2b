/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engines of a run: what --backend, --vcpu and --switch name, each backend once, and on which of them each cpu
 * starts. All are of one architecture. Knows nothing of machines.
 */
#ifndef CLI_ENGINES_H
#define CLI_ENGINES_H

#include "engine.h"

#define ENGINES_MAX 16u
#define ENGINE_NONE UINT32_MAX

struct engines {
	unsigned count;
	struct axvcpu_backend *items[ENGINES_MAX];
	unsigned of_cpu[OPTIONS_CPUS_MAX];    /* index of the one that the cpu starts on, or ENGINE_NONE */
	const char *fields[OPTIONS_CPUS_MAX]; /* "FIELD=VALUE,..." that --vcpu gives the cpu, or NULL */
	char reason[1024];                    /* why --backend auto took what it took; "" where it had no say */
	bool unexpected;                      /* see struct engine */
	char rescue[256];                     /* likewise; "" where cpus are on several engines */
};

/* Opens what --vcpu names. `engines` is zeroed. Statuses: USAGE, UNAVAILABLE. engines_close also after a failure. */
int engines_open_named(const struct options *options, struct engines *engines);

/*
 * Opens --backend's engine for the cpus that have none yet, if there are such; guests are of `arch` (AXVCPU_ARCH_*).
 * Statuses: UNAVAILABLE.
 */
int engines_open_standard(const struct options *options, uint32_t arch, struct engines *engines);

/*
 * Opens an engine that an option names (`option` is "--switch" and the like, `value` what is said with it), if it is
 * not open yet. Statuses: USAGE, UNAVAILABLE.
 */
int engines_add(struct engines *engines, const char *option, const char *value, const char *name, unsigned *ret_index);

void engines_close(struct engines *engines);

/* The architecture of the first that is for one alone; 0: all are for any. */
uint32_t engines_arch(const struct engines *engines);

/* That all run guests of `arch`. Statuses: UNAVAILABLE. */
int engines_check_arch(const struct engines *engines, uint32_t arch);

/* What to call one: its name, or its path where two have the same name. It lives as long as the engines are open. */
const char *engines_name(const struct engines *engines, unsigned index);
unsigned engines_index(const struct engines *engines, const struct axvcpu_backend *backend);

/* "kvm 0.1.0 (what it is)", with the layer that rescues it behind that, or "kvm 0.1.0, sim-x86_64 0.1.0" where there
 * are several. */
void engines_describe(const struct engines *engines, char *ret_text, size_t capacity);

#endif
