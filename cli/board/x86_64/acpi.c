/* SPDX-License-Identifier: Apache-2.0 */
/* See acpi.h. Tables are written one after the other; lengths and checksums are filled in when a table is complete. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../device/cmos_rtc.h"
#include "../../fail.h"
#include "acpi.h"
#include "map.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where the tables are written; past `capacity` nothing is, but the size goes on. */
struct writer {
	uint8_t *data;
	size_t capacity;
	size_t size;
	uint64_t base;
};

static void put(struct writer *writer, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, writer->size++)
		if (writer->size < writer->capacity)
			writer->data[writer->size] = (uint8_t)(value >> (8 * i));
}

static void put_zeros(struct writer *writer, size_t count)
{
	while (count--)
		put(writer, 0, 1);
}

static void put_text(struct writer *writer, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(writer, (uint8_t)text[i], 1);
}

/* Overwrites what was put before. */
static void patch(struct writer *writer, size_t offset, uint64_t value, unsigned bytes)
{
	struct writer there = { writer->data, writer->capacity, offset, 0 };

	put(&there, value, bytes);
}

static void align(struct writer *writer, size_t alignment)
{
	put_zeros(writer, -writer->size % alignment);
}

static uint8_t checksum(const struct writer *writer, size_t from, size_t length)
{
	uint8_t sum = 0;

	for (size_t i = from; i < from + length && i < writer->capacity; i++)
		sum = (uint8_t)(sum + writer->data[i]);
	return (uint8_t)-sum;
}

enum { HEADER_LENGTH = 4, HEADER_CHECKSUM = 9 };

/* The header that all tables but RSDP and FACS have (section 5.2.6). Returns where the table is. */
static size_t begin_table(struct writer *writer, const char *signature, uint8_t revision)
{
	size_t start;

	align(writer, 16);
	start = writer->size;
	put_text(writer, signature, 4);
	put(writer, 0, 4); /* length */
	put(writer, revision, 1);
	put(writer, 0, 1); /* checksum */
	put_text(writer, "AXVCPUAXVCPUPC", 14);
	put(writer, 1, 4);
	put_text(writer, "AXVC", 4);
	put(writer, 1, 4);
	return start;
}

static void end_table(struct writer *writer, size_t start)
{
	size_t length = writer->size - start;

	patch(writer, start + HEADER_LENGTH, length, 4);
	patch(writer, start + HEADER_CHECKSUM, checksum(writer, start, length), 1);
}

/* AML (chapter 20): an object with a length, which is patched in when it is complete. */

#define AML_LENGTH_BYTES 3u

enum {
	AML_ZERO = 0x00,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_DWORD = 0x0c,
	AML_STRING = 0x0d,
	AML_SCOPE = 0x10,
	AML_BUFFER = 0x11,
	AML_PACKAGE = 0x12,
	AML_EXTENDED = 0x5b,
	AML_DEVICE = 0x82,
};

static size_t begin_package(struct writer *writer)
{
	size_t start = writer->size;

	put(writer, 0, AML_LENGTH_BYTES);
	return start;
}

/* Four bits in the first byte, eight in each of two more (section 20.2.4). */
static void end_package(struct writer *writer, size_t start)
{
	size_t length = writer->size - start;

	patch(writer, start, 0x80 | (length & 15) | (length >> 4 & 0xffff) << 8, AML_LENGTH_BYTES);
}

static void put_name(struct writer *writer, const char *name)
{
	put(writer, AML_NAME, 1);
	put_text(writer, name, 4);
}

static void put_byte(struct writer *writer, uint8_t value)
{
	put(writer, AML_BYTE, 1);
	put(writer, value, 1);
}

static size_t begin_device(struct writer *writer, const char *name)
{
	size_t start;

	put(writer, AML_EXTENDED | AML_DEVICE << 8, 2);
	start = begin_package(writer);
	put_text(writer, name, 4);
	return start;
}

/* "PNP0501" in 32 bits (section 6.1.5, EISA id): three letters of five bits, four hexadecimal digits, big-endian. */
static uint32_t eisa_id(const char *id)
{
	unsigned letters = (unsigned)(id[0] - '@') << 10 | (unsigned)(id[1] - '@') << 5 | (unsigned)(id[2] - '@');
	unsigned digits = 0;

	for (unsigned i = 3; i < 7; i++)
		digits = digits << 4 | (unsigned)(id[i] <= '9' ? id[i] - '0' : id[i] - 'A' + 10);
	return __builtin_bswap32(letters << 16 | digits);
}

static void put_hardware_id(struct writer *writer, const char *id)
{
	put_name(writer, "_HID");
	put(writer, AML_DWORD, 1);
	put(writer, eisa_id(id), 4);
}

/* A processor (section 8.4): its _UID is that of the MADT. */
static void put_processor(struct writer *writer, unsigned id)
{
	char name[8];
	size_t device;

	snprintf(name, sizeof(name), "C%03X", id & 0xfff);
	device = begin_device(writer, name);
	put_name(writer, "_HID");
	put(writer, AML_STRING, 1);
	put_text(writer, "ACPI0007", 9);
	put_name(writer, "_UID");
	put_byte(writer, (uint8_t)id);
	end_package(writer, device);
}

/* Ports, and an interrupt unless it is 0 (sections 6.4.2.1 and 6.4.2.5). */
static void put_resources(struct writer *writer, uint16_t port, uint8_t count, unsigned irq)
{
	uint8_t size = 8 + (irq ? 3 : 0) + 2;
	size_t buffer;

	put_name(writer, "_CRS");
	put(writer, AML_BUFFER, 1);
	buffer = begin_package(writer);
	put_byte(writer, size);
	put(writer, 0x0147, 2); /* I/O ports, decoded in 16 bits */
	put(writer, port, 2);
	put(writer, port, 2);
	put(writer, 1, 1);
	put(writer, count, 1);
	if (irq) {
		put(writer, 0x22, 1);
		put(writer, UINT64_C(1) << irq, 2);
	}
	put(writer, 0x0079, 2); /* the end */
	end_package(writer, buffer);
}

static void put_legacy_devices(struct writer *writer)
{
	static const struct {
		const char *name, *id;
		uint16_t port;
		uint8_t count;
		unsigned irq;
	} devices[] = {
		{ "COM1", "PNP0501", X86_64_COM1_PORT, X86_64_COM1_PORTS, X86_64_COM1_IRQ },
		{ "RTC_", "PNP0B00", X86_64_RTC_PORT, X86_64_RTC_PORTS, X86_64_RTC_IRQ },
		{ "PIT_", "PNP0100", X86_64_PIT_PORT, X86_64_PIT_PORTS, X86_64_TIMER_IRQ },
		{ "PIC_", "PNP0000", X86_64_PIC1_PORT, X86_64_PIC1_PORTS, 0 },
	};

	for (size_t i = 0; i < COUNT(devices); i++) {
		size_t device = begin_device(writer, devices[i].name);

		put_hardware_id(writer, devices[i].id);
		put_name(writer, "_UID");
		put_byte(writer, 1);
		put_resources(writer, devices[i].port, devices[i].count, devices[i].irq);
		end_package(writer, device);
	}
}

/* \_S5: what to write to the sleep type fields to power off. */
static void put_soft_off(struct writer *writer)
{
	size_t package;

	put_name(writer, "_S5_");
	put(writer, AML_PACKAGE, 1);
	package = begin_package(writer);
	put(writer, 4, 1);
	put(writer, AML_ZERO, 4);
	end_package(writer, package);
}

static size_t put_dsdt(struct writer *writer, unsigned cpus)
{
	size_t table = begin_table(writer, "DSDT", 2), scope;

	put_soft_off(writer);
	put(writer, AML_SCOPE, 1);
	scope = begin_package(writer);
	put_text(writer, "\\_SB_", 5);
	for (unsigned id = 0; id < cpus; id++)
		put_processor(writer, id);
	put_legacy_devices(writer);
	end_package(writer, scope);
	end_table(writer, table);
	return table;
}

/* Section 5.2.10. It has no checksum. */
static size_t put_facs(struct writer *writer)
{
	size_t table;

	align(writer, 64);
	table = writer->size;
	put_text(writer, "FACS", 4);
	put(writer, 64, 4);
	for (unsigned i = 8; i < 64; i += 8)
		put(writer, i == 32 ? 2 : 0, 8); /* version 2 */
	return table;
}

/* Fields of the FADT (section 5.2.9, table 5.9) that are not zero. */
enum {
	FADT_SIZE = 244,
	FADT_FACS = 36,
	FADT_DSDT = 40,
	FADT_X_DSDT = 140,
	BOOT_LEGACY_DEVICES = 1u << 0, /* and neither keyboard controller nor, as the next says, VGA */
	BOOT_NO_VGA = 1u << 2,
	FLAG_WBINVD = 1u << 0,
	FLAG_HALT = 1u << 2, /* C1 works on all processors */
	FLAG_NO_POWER_BUTTON = 1u << 4,
	FLAG_NO_SLEEP_BUTTON = 1u << 5,
	FLAG_NO_CLOCK_EVENT = 1u << 6, /* the clock does not wake by PM1 */
	FLAG_TIMER_32_BITS = 1u << 8,
	FLAG_RESET_REGISTER = 1u << 10,
};

enum { PM_EVENTS = X86_64_PM_PORT, PM_CONTROL = X86_64_PM_PORT + 4, PM_TIMER = X86_64_PM_PORT + 8 };

/* A generic address (section 5.2.3.2) of a port: address space 1, width in bits, access size as code. */
#define GENERIC(offset, bits, access, port) \
	{ (offset), 4, 1 | (bits) << 8 | (access) << 24 }, \
	{ \
		(offset) + 4, 8, (port) \
	}

static const struct {
	uint8_t offset, bytes;
	uint32_t value;
} fadt[] = {
	{ 46, 2, X86_64_PM_IRQ },
	{ 56, 4, PM_EVENTS },
	{ 64, 4, PM_CONTROL },
	{ 76, 4, PM_TIMER },
	{ 88, 1, 4 },    /* bytes of the event block */
	{ 89, 1, 2 },    /* of the control block */
	{ 91, 1, 4 },    /* of the timer */
	{ 96, 2, 101 },  /* latencies that say that there is no C2 */
	{ 98, 2, 1001 }, /* and no C3 */
	{ 108, 1, CMOS_CENTURY },
	{ 109, 2, BOOT_LEGACY_DEVICES | BOOT_NO_VGA },
	{ 112, 4,
	  FLAG_WBINVD | FLAG_HALT | FLAG_NO_POWER_BUTTON | FLAG_NO_SLEEP_BUTTON | FLAG_NO_CLOCK_EVENT |
		  FLAG_TIMER_32_BITS | FLAG_RESET_REGISTER },
	GENERIC(116, 8, 1, X86_64_RESET_PORT),
	{ 128, 1, X86_64_RESET_VALUE },
	GENERIC(148, 32, 2, PM_EVENTS),
	GENERIC(172, 16, 2, PM_CONTROL),
	GENERIC(208, 32, 3, PM_TIMER),
};

static size_t put_fadt(struct writer *writer, size_t dsdt, size_t facs)
{
	size_t table = begin_table(writer, "FACP", 4);

	put_zeros(writer, table + FADT_SIZE - writer->size);
	for (size_t i = 0; i < COUNT(fadt); i++)
		patch(writer, table + fadt[i].offset, fadt[i].value, fadt[i].bytes);
	patch(writer, table + FADT_FACS, writer->base + facs, 4);
	patch(writer, table + FADT_DSDT, writer->base + dsdt, 4);
	patch(writer, table + FADT_X_DSDT, writer->base + dsdt, 8);
	end_table(writer, table);
	return table;
}

/* Entries of the MADT (section 5.2.12), all little-endian: type, length, and what follows. */

static void put_local_apic(struct writer *writer, unsigned id)
{
	put(writer, 0x0800, 2);
	put(writer, id, 1); /* the processor's _UID */
	put(writer, id, 1);
	put(writer, 1, 4); /* enabled */
}

static void put_ioapic(struct writer *writer)
{
	put(writer, 0x0c01, 2);
	put(writer, 0, 2); /* its id */
	put(writer, X86_64_IOAPIC_BASE, 4);
	put(writer, 0, 4); /* the number of its first pin */
}

/* flags: bits 0 and 1 polarity, 2 and 3 trigger mode; 0 as the bus has it, 0xd high and level. */
static void put_override(struct writer *writer, uint8_t irq, uint32_t pin, uint16_t flags)
{
	put(writer, 0x0a02, 2);
	put(writer, 0, 1); /* ISA */
	put(writer, irq, 1);
	put(writer, pin, 4);
	put(writer, flags, 2);
}

/* The NMI is LINT1 of all processors. */
static void put_local_nmi(struct writer *writer)
{
	put(writer, 0x0604, 2);
	put(writer, 0xff, 1);
	put(writer, 0, 2);
	put(writer, 1, 1);
}

static size_t put_madt(struct writer *writer, unsigned cpus)
{
	size_t table = begin_table(writer, "APIC", 3);

	put(writer, X86_64_LAPIC_BASE, 4);
	put(writer, 1, 4); /* there are 8259s too */
	for (unsigned id = 0; id < cpus; id++)
		put_local_apic(writer, id);
	put_ioapic(writer);
	put_override(writer, X86_64_TIMER_IRQ, X86_64_TIMER_PIN, 0);
	put_override(writer, X86_64_PM_IRQ, X86_64_PM_IRQ, 0xd);
	put_local_nmi(writer);
	end_table(writer, table);
	return table;
}

static size_t put_xsdt(struct writer *writer, size_t fadt_table, size_t madt)
{
	size_t table = begin_table(writer, "XSDT", 1);

	put(writer, writer->base + fadt_table, 8);
	put(writer, writer->base + madt, 8);
	end_table(writer, table);
	return table;
}

/* Section 5.2.5.3: one checksum over its first 20 bytes, and one over all. */
enum { RSDP_SIZE = 36, RSDP_SIZE_1 = 20, RSDP_CHECKSUM = 8, RSDP_CHECKSUM_ALL = 32 };

static void put_rsdp(struct writer *writer)
{
	put_text(writer, "RSD PTR ", 8);
	put(writer, 0, 1); /* checksum */
	put_text(writer, "AXVCPU", 6);
	put(writer, 2, 1); /* revision */
	put(writer, 0, 4); /* there is no RSDT */
	put(writer, RSDP_SIZE, 4);
	put_zeros(writer, RSDP_SIZE - writer->size); /* XSDT, checksum, reserved */
}

static void finish_rsdp(struct writer *writer, size_t xsdt)
{
	patch(writer, 24, writer->base + xsdt, 8);
	patch(writer, RSDP_CHECKSUM, checksum(writer, 0, RSDP_SIZE_1), 1);
	patch(writer, RSDP_CHECKSUM_ALL, checksum(writer, 0, RSDP_SIZE), 1);
}

int x86_64_acpi_make(const struct acpi_info *info, uint8_t *ret_tables, size_t capacity, size_t *ret_size)
{
	struct writer writer = { .data = ret_tables, .capacity = capacity, .base = info->base };
	size_t facs, dsdt, fadt_table, madt;

	put_rsdp(&writer);
	facs = put_facs(&writer);
	dsdt = put_dsdt(&writer, info->cpus);
	fadt_table = put_fadt(&writer, dsdt, facs);
	madt = put_madt(&writer, info->cpus);
	finish_rsdp(&writer, put_xsdt(&writer, fadt_table, madt));
	if (writer.size > capacity)
		return fail(STATUS_HOST, "the ACPI tables take %zu bytes, and there is room for %zu", writer.size,
			    capacity);
	*ret_size = writer.size;
	return STATUS_OK;
}
