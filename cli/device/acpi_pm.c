/* SPDX-License-Identifier: Apache-2.0 */
#include "acpi_pm.h"

#define NS_PER_S UINT64_C(1000000000)

enum { STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8 };
enum {
	EVENT_TIMER = 0x0001,
	EVENTS = 0x0721, /* those that can be enabled: timer, global lock, the two buttons and the clock */
	CONTROL_SCI = 0x0001,
	CONTROL_SLEEP_TYPE = 0x1c00,
	CONTROL_SLEEP = 0x2000,
	CONTROL_KEPT = 0x1c03,
};

static uint64_t timer(const struct acpi_pm *pm)
{
	return clock_scale(clock_now(&pm->clock), ACPI_PM_TIMER_HZ, NS_PER_S);
}

/* The timer's status is set whenever its highest bit changes, of 32. */
void acpi_pm_tick(struct acpi_pm *pm)
{
	uint64_t half = timer(pm) >> 31;

	if (half > pm->half_seen)
		pm->status |= EVENT_TIMER;
	pm->half_seen = half;
	irq_set(&pm->irq, pm->status & pm->enable & EVENTS);
}

uint64_t acpi_pm_due(const struct acpi_pm *pm)
{
	if (!(pm->enable & EVENT_TIMER) || (pm->status & EVENT_TIMER))
		return UINT64_MAX;
	return clock_scale((pm->half_seen + 1) << 31, NS_PER_S, ACPI_PM_TIMER_HZ) + 1;
}

static uint64_t pm_read(struct device *device, uint64_t offset, unsigned width)
{
	struct acpi_pm *pm = (struct acpi_pm *)device;
	uint64_t blocks;

	(void)width;
	acpi_pm_tick(pm);
	if (offset >= TIMER)
		return (uint32_t)timer(pm) >> (8 * (offset - TIMER));
	blocks = pm->status | (uint64_t)pm->enable << 16 | (uint64_t)(pm->control | CONTROL_SCI) << 32;
	return blocks >> (8 * offset);
}

/* Only what is written into the upper byte can be the command to sleep. S5 is sleep type 0 (the DSDT's \_S5). */
static void write_control(struct acpi_pm *pm, uint16_t value)
{
	pm->control = value & CONTROL_KEPT;
	if ((value & CONTROL_SLEEP) && !(value & CONTROL_SLEEP_TYPE))
		pm->power_off(pm->context);
}

static uint16_t with_byte(uint16_t value, uint64_t offset, uint8_t byte)
{
	unsigned shift = 8 * (offset & 1);

	return (uint16_t)((value & ~(0xffu << shift)) | (unsigned)byte << shift);
}

static void write_byte(struct acpi_pm *pm, uint64_t offset, uint8_t byte)
{
	switch (offset & ~UINT64_C(1)) {
	case STATUS: /* ones clear */
		pm->status &= (uint16_t)~with_byte(0, offset, byte);
		break;
	case ENABLE:
		pm->enable = with_byte(pm->enable, offset, byte) & EVENTS;
		break;
	case CONTROL:
		write_control(pm, with_byte(pm->control, offset, byte));
		break;
	default: /* the timer cannot be written */
		break;
	}
}

static void pm_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct acpi_pm *pm = (struct acpi_pm *)device;
	uint64_t due;

	acpi_pm_tick(pm);
	for (unsigned i = 0; i < width; i++)
		write_byte(pm, offset + i, (uint8_t)(value >> (8 * i)));
	acpi_pm_tick(pm);
	due = acpi_pm_due(pm);
	if (due != UINT64_MAX)
		pm->clock.rearmed(pm->clock.context, due);
}

static const struct device_ops ops = {
	.name = "acpi-pm",
	.read = pm_read,
	.write = pm_write,
};

void acpi_pm_init(struct acpi_pm *pm, const struct irq_line *irq, const struct device_clock *clock,
		  void (*power_off)(void *context), void *context)
{
	*pm = (struct acpi_pm){
		.device.ops = &ops, .irq = *irq, .clock = *clock, .power_off = power_off, .context = context
	};
	pm->half_seen = timer(pm) >> 31;
}
