/* SPDX-License-Identifier: Apache-2.0 */
/* The configurations that engines get for the cpus of a machine: --set's and --vcpu's fields, and what the board says.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "machine.h"

/* The setup config of the engine of that index. Statuses: USAGE, ENGINE. The caller destroys it. */
int config_setup(const struct machine_info *info, unsigned engine, struct axvcpu_config **ret_config);

/* The create config of that engine for a cpu. Statuses: USAGE, ENGINE. The caller destroys it. */
int config_create(const struct machine_info *info, unsigned engine, unsigned cpu, struct axvcpu_config **ret_config);

#endif
