/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways, priorities and targets. See plic.h; "section" refers to the PLIC specification 1.0. */
#include "plic.h"

enum {
	PRIORITY_BASE = 0x0,
	PENDING_BASE = 0x1000,
	ENABLE_BASE = 0x2000,
	ENABLE_STRIDE = 0x80,
	CONTEXT_BASE = 0x200000,
	CONTEXT_STRIDE = 0x1000,
};

static bool bit(const uint32_t *words, unsigned number)
{
	return words[number / 32] >> (number % 32) & 1;
}

static void set_bit(uint32_t *words, unsigned number, bool value)
{
	uint32_t mask = UINT32_C(1) << (number % 32);

	words[number / 32] = value ? words[number / 32] | mask : words[number / 32] & ~mask;
}

/* The pending source with the highest priority above `threshold` that the context enables, the lowest number of equals;
 * or 0. */
static unsigned best(const struct plic *plic, const struct plic_context *context, uint32_t threshold)
{
	unsigned found = 0;
	uint32_t highest = threshold;

	for (unsigned word = 0; word < PLIC_WORDS; word++)
		for (uint32_t left = plic->pending[word] & context->enable[word]; left; left &= left - 1) {
			unsigned number = word * 32 + (unsigned)__builtin_ctz(left);

			if (plic->priority[number] > highest) {
				highest = plic->priority[number];
				found = number;
			}
		}
	return found;
}

static void update(struct plic *plic)
{
	for (unsigned i = 0; i < plic->context_count; i++) {
		struct plic_context *context = &plic->contexts[i];
		bool output = best(plic, context, context->threshold) != 0;

		if (output == context->output)
			continue;
		context->output = output;
		plic->set_output(plic->context, i, output);
	}
}

/* The gateway: a level that is high becomes one request, and the next only after completion (section 5). */
static void forward(struct plic *plic, unsigned number)
{
	if (bit(plic->level, number) && !bit(plic->in_flight, number))
		set_bit(plic->pending, number, true);
}

void plic_set_source(void *plic_, unsigned number, bool level)
{
	struct plic *plic = plic_;

	if (!number || number > PLIC_SOURCES || bit(plic->level, number) == level)
		return;
	set_bit(plic->level, number, level);
	forward(plic, number);
	update(plic);
}

/* Not affected by the threshold (section 7). */
static uint32_t claim(struct plic *plic, struct plic_context *context)
{
	unsigned number = best(plic, context, 0);

	if (number) {
		set_bit(plic->pending, number, false);
		set_bit(plic->in_flight, number, true);
		update(plic);
	}
	return number;
}

/* Ignored for a source that the context does not enable (section 8). */
static void complete(struct plic *plic, struct plic_context *context, uint32_t number)
{
	if (!number || number > PLIC_SOURCES || !bit(context->enable, number))
		return;
	set_bit(plic->in_flight, number, false);
	forward(plic, number);
}

static struct plic_context *context_at(struct plic *plic, uint64_t offset, uint64_t base, uint64_t stride)
{
	uint64_t index = (offset - base) / stride;

	return index < plic->context_count ? &plic->contexts[index] : NULL;
}

/* Where a pending or enable word is, or NULL. */
static uint32_t *word_at(uint32_t *words, uint64_t offset)
{
	return offset / 4 < PLIC_WORDS ? &words[offset / 4] : NULL;
}

static uint32_t *enable_word(struct plic *plic, uint64_t offset)
{
	struct plic_context *context = context_at(plic, offset, ENABLE_BASE, ENABLE_STRIDE);

	return context ? word_at(context->enable, (offset - ENABLE_BASE) % ENABLE_STRIDE) : NULL;
}

static uint32_t read_context(struct plic *plic, uint64_t offset)
{
	struct plic_context *context = context_at(plic, offset, CONTEXT_BASE, CONTEXT_STRIDE);

	if (!context)
		return 0;
	switch ((offset - CONTEXT_BASE) % CONTEXT_STRIDE) {
	case 0:
		return context->threshold;
	case 4:
		return claim(plic, context);
	default:
		return 0;
	}
}

static void write_context(struct plic *plic, uint64_t offset, uint32_t value)
{
	struct plic_context *context = context_at(plic, offset, CONTEXT_BASE, CONTEXT_STRIDE);

	if (!context)
		return;
	switch ((offset - CONTEXT_BASE) % CONTEXT_STRIDE) {
	case 0:
		context->threshold = value & PLIC_PRIORITY_MAX;
		break;
	case 4:
		complete(plic, context, value);
		break;
	default:
		break;
	}
}

static uint32_t read_register(struct plic *plic, uint64_t offset)
{
	uint32_t *word;

	if (offset >= CONTEXT_BASE)
		return read_context(plic, offset);
	if (offset >= ENABLE_BASE)
		word = enable_word(plic, offset);
	else if (offset >= PENDING_BASE)
		word = word_at(plic->pending, offset - PENDING_BASE);
	else
		return offset / 4 <= PLIC_SOURCES ? plic->priority[offset / 4] : 0;
	return word ? *word : 0;
}

static void write_register(struct plic *plic, uint64_t offset, uint32_t value)
{
	uint32_t *word;

	if (offset >= CONTEXT_BASE) {
		write_context(plic, offset, value);
	} else if (offset >= ENABLE_BASE) {
		word = enable_word(plic, offset);
		if (word) /* there is no source 0 */
			*word = word == enable_word(plic, offset & ~UINT64_C(0x7f)) ? value & ~UINT32_C(1) : value;
	} else if (offset < PENDING_BASE && offset && offset / 4 <= PLIC_SOURCES) {
		plic->priority[offset / 4] = value & PLIC_PRIORITY_MAX;
	}
	update(plic);
}

/* Registers are 32 bits wide: an aligned access of 64 reaches two, narrower or unaligned ones reach none. */
static uint64_t plic_read(struct device *device, uint64_t offset, unsigned width)
{
	struct plic *plic = (struct plic *)device;
	uint64_t value = 0;

	if (width < 4 || offset % width)
		return 0;
	for (unsigned i = 0; i < width; i += 4)
		value |= (uint64_t)read_register(plic, offset + i) << (8 * i);
	return value;
}

static void plic_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct plic *plic = (struct plic *)device;

	if (width < 4 || offset % width)
		return;
	for (unsigned i = 0; i < width; i += 4)
		write_register(plic, offset + i, (uint32_t)(value >> (8 * i)));
}

static const struct device_ops ops = {
	.name = "plic",
	.read = plic_read,
	.write = plic_write,
};

void plic_init(struct plic *plic, unsigned contexts,
	       void (*set_output)(void *context, unsigned plic_context, bool level), void *context)
{
	*plic = (struct plic){ .device.ops = &ops,
			       .context_count = contexts < PLIC_CONTEXTS_MAX ? contexts : PLIC_CONTEXTS_MAX,
			       .set_output = set_output,
			       .context = context };
}
