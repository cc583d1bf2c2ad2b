/* SPDX-License-Identifier: Apache-2.0 */
#include "rtc_goldfish.h"

enum {
	TIME_LOW = 0x00,
	TIME_HIGH = 0x04,
	ALARM_LOW = 0x08,
	ALARM_HIGH = 0x0c,
	IRQ_ENABLED = 0x10,
	CLEAR_ALARM = 0x14,
	ALARM_STATUS = 0x18,
	CLEAR_INTERRUPT = 0x1c,
};

static uint64_t guest_ns(const struct rtc_goldfish *rtc)
{
	return rtc->host_ns() + (uint64_t)rtc->offset;
}

static void set_guest_ns(struct rtc_goldfish *rtc, uint64_t ns)
{
	rtc->offset = (int64_t)(ns - rtc->host_ns());
}

uint64_t rtc_goldfish_due_in(const struct rtc_goldfish *rtc)
{
	uint64_t now = guest_ns(rtc);

	if (!rtc->alarm_armed)
		return UINT64_MAX;
	return rtc->alarm > now ? rtc->alarm - now : 0;
}

static void update(struct rtc_goldfish *rtc)
{
	irq_set(&rtc->irq, rtc->irq_pending && rtc->irq_enabled);
}

void rtc_goldfish_tick(struct rtc_goldfish *rtc)
{
	if (rtc_goldfish_due_in(rtc))
		return;
	rtc->alarm_armed = false;
	rtc->irq_pending = true;
	update(rtc);
}

/* Reading the low half latches the high half, so that the two belong together. */
static uint32_t read_time_low(struct rtc_goldfish *rtc)
{
	uint64_t now = guest_ns(rtc);

	rtc->latched_high = (uint32_t)(now >> 32);
	return (uint32_t)now;
}

static uint64_t rtc_read(struct device *device, uint64_t offset, unsigned width)
{
	struct rtc_goldfish *rtc = (struct rtc_goldfish *)device;

	if (width != 4)
		return 0;
	switch (offset) {
	case TIME_LOW:
		return read_time_low(rtc);
	case TIME_HIGH:
		return rtc->latched_high;
	case ALARM_LOW:
		return (uint32_t)rtc->alarm;
	case ALARM_HIGH:
		return rtc->alarm_high;
	case IRQ_ENABLED:
		return rtc->irq_enabled;
	case ALARM_STATUS:
		return rtc->alarm_armed;
	default:
		return 0;
	}
}

static uint64_t with_low(uint64_t value, uint32_t low)
{
	return (value & ~UINT64_C(0xffffffff)) | low;
}

static uint64_t with_high(uint64_t value, uint32_t high)
{
	return (value & UINT64_C(0xffffffff)) | (uint64_t)high << 32;
}

/* Writing the low half arms the alarm; the high half is written before. */
static void write_register(struct rtc_goldfish *rtc, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case TIME_LOW:
		set_guest_ns(rtc, with_low(guest_ns(rtc), value));
		break;
	case TIME_HIGH:
		set_guest_ns(rtc, with_high(guest_ns(rtc), value));
		break;
	case ALARM_LOW:
		rtc->alarm = (uint64_t)rtc->alarm_high << 32 | value;
		rtc->alarm_armed = true;
		rtc->rearmed(rtc->context);
		break;
	case ALARM_HIGH:
		rtc->alarm_high = value;
		break;
	case IRQ_ENABLED:
		rtc->irq_enabled = value & 1;
		break;
	case CLEAR_ALARM:
		rtc->alarm_armed = false;
		break;
	case CLEAR_INTERRUPT:
		rtc->irq_pending = false;
		break;
	default:
		break;
	}
}

static void rtc_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct rtc_goldfish *rtc = (struct rtc_goldfish *)device;

	if (width != 4)
		return;
	write_register(rtc, offset, (uint32_t)value);
	update(rtc);
}

static const struct device_ops ops = {
	.name = "rtc-goldfish",
	.read = rtc_read,
	.write = rtc_write,
};

void rtc_goldfish_init(struct rtc_goldfish *rtc, uint64_t (*host_ns)(void), const struct irq_line *irq,
		       void (*rearmed)(void *context), void *context)
{
	*rtc = (struct rtc_goldfish){
		.device.ops = &ops, .host_ns = host_ns, .irq = *irq, .rearmed = rearmed, .context = context
	};
}
