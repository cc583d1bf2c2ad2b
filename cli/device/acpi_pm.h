/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixed hardware of ACPI (Advanced Configuration and Power Interface Specification 6.4, section 4.8): the PM1a
 * event block at offset 0, the PM1a control block at 4, the power management timer at 8. ACPI mode is always on.
 */
#ifndef CLI_DEVICE_ACPI_PM_H
#define CLI_DEVICE_ACPI_PM_H

#include "device.h"

#define ACPI_PM_SIZE 12u
#define ACPI_PM_TIMER_HZ 3579545u

struct acpi_pm {
	struct device device;
	struct irq_line irq; /* the SCI */
	struct device_clock clock;
	void (*power_off)(void *context);
	void *context;
	uint16_t status, enable, control;
	uint64_t half_seen; /* times that the timer's highest bit has changed */
};

void acpi_pm_init(struct acpi_pm *pm, const struct irq_line *irq, const struct device_clock *clock,
		  void (*power_off)(void *context), void *context);

/* When the timer wants to interrupt next, UINT64_MAX: never; and what is due. */
uint64_t acpi_pm_due(const struct acpi_pm *pm);
void acpi_pm_tick(struct acpi_pm *pm);

#endif
