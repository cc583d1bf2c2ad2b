/* SPDX-License-Identifier: Apache-2.0 */
/* The ACPI tables as a guest walks them: root, addresses, lengths, checksums, and what the MADT and the FADT say. With
 * a folder as argument it writes each table there, for iasl to take apart. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "board/x86_64/acpi.h"
#include "board/x86_64/map.h"
#include "cli.h"

#define BASE UINT64_C(0xe0000)
#define CAPACITY 0x10000u

static uint8_t tables[CAPACITY];
static size_t size;

static uint64_t get(size_t offset, unsigned bytes)
{
	uint64_t value = 0;

	assert_true(offset + bytes <= size);
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)tables[offset + i] << (8 * i);
	return value;
}

static uint8_t sum(size_t offset, size_t length)
{
	uint8_t total = 0;

	assert_true(offset + length <= size);
	for (size_t i = 0; i < length; i++)
		total = (uint8_t)(total + tables[offset + i]);
	return total;
}

static void make(unsigned cpus)
{
	const struct acpi_info info = { .cpus = cpus, .base = BASE };

	memset(tables, 0xee, sizeof(tables));
	assert_done(x86_64_acpi_make(&info, tables, sizeof(tables), &size));
}

/* The table that an address of so many bytes at `pointer` leads to, which has that signature and is sound. */
static size_t follow(size_t pointer, unsigned bytes, const char *signature)
{
	uint64_t address = get(pointer, bytes);
	size_t table = (size_t)(address - BASE);

	assert_in_range(address, BASE, BASE + size - 1);
	assert_memory_equal(tables + table, signature, 4);
	if (strcmp(signature, "FACS"))
		assert_int_equal(sum(table, get(table + 4, 4)), 0);
	return table;
}

static size_t xsdt(void)
{
	return follow(24, 8, "XSDT");
}

static size_t fadt(void)
{
	return follow(xsdt() + 36, 8, "FACP");
}

static size_t madt(void)
{
	return follow(xsdt() + 44, 8, "APIC");
}

static void the_root_is_at_the_base(void **state)
{
	(void)state;
	make(1);
	assert_memory_equal(tables, "RSD PTR ", 8);
	assert_int_equal(get(15, 1), 2);
	assert_int_equal(get(20, 4), 36);
	assert_int_equal(sum(0, 20), 0);
	assert_int_equal(sum(0, 36), 0);
	assert_int_equal(get(xsdt() + 4, 4), 36 + 2 * 8);
}

static void the_fadt_describes_the_ports(void **state)
{
	static const struct {
		unsigned offset, bytes;
		uint64_t value;
	} rows[] = {
		{ 4, 4, 244 },         { 46, 2, 9 },           { 48, 4, 0 } /* no SMI command */,
		{ 56, 4, 0x600 },      { 64, 4, 0x604 },       { 76, 4, 0x608 },
		{ 88, 4, 0x04000204 }, { 108, 1, 0x32 },       { 109, 2, 0x5 },
		{ 112, 4, 0x575 },     { 116, 4, 0x01000801 }, { 120, 8, 0xcf9 },
		{ 128, 1, 6 },         { 132, 8, 0 },          { 148, 4, 0x02002001 },
		{ 152, 8, 0x600 },     { 176, 8, 0x604 },      { 212, 8, 0x608 },
	};
	size_t table, facs;

	(void)state;
	make(2);
	table = fadt();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(get(table + rows[i].offset, rows[i].bytes), rows[i].value);
	assert_int_equal(follow(table + 40, 4, "DSDT"), follow(table + 140, 8, "DSDT"));
	facs = follow(table + 36, 4, "FACS");
	assert_int_equal((BASE + facs) % 64, 0);
	assert_int_equal(get(facs + 4, 4), 64);
	assert_int_equal(get(facs + 32, 1), 2);
}

/* Entries by type: how many there are, and the sum of what tells them apart. */
static void the_madt_has_every_processor(void **state)
{
	static const unsigned counts[] = { 1, 2, 7, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned found[8] = { 0 };
		size_t table, end;

		make(counts[i]);
		table = madt();
		end = table + get(table + 4, 4);
		assert_int_equal(get(table + 36, 4), X86_64_LAPIC_BASE);
		assert_int_equal(get(table + 40, 4), 1);
		for (size_t entry = table + 44; entry < end; entry += get(entry + 1, 1)) {
			unsigned type = (unsigned)get(entry, 1);

			assert_in_range(type, 0, 7);
			assert_in_range(get(entry + 1, 1), 6, end - entry);
			if (!type) {
				assert_int_equal(get(entry + 2, 1), found[0]);
				assert_int_equal(get(entry + 3, 1), found[0]);
				assert_int_equal(get(entry + 4, 4), 1);
			}
			found[type]++;
		}
		assert_int_equal(found[0], counts[i]);
		assert_int_equal(found[1], 1);
		assert_int_equal(found[2], 2);
		assert_int_equal(found[4], 1);
	}
}

static void the_madt_wires_the_interrupts(void **state)
{
	static const uint8_t expected[] = { 1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0,   0, 0, 0, /* IOAPIC */
					    2, 10, 0,    0, 2, 0, 0,    0,    0,   0,       /* timer */
					    2, 10, 0,    9, 9, 0, 0,    0,    0xd, 0,       /* SCI */
					    4, 6,  0xff, 0, 0, 1 };                         /* NMI */

	(void)state;
	make(3);
	assert_memory_equal(tables + madt() + 44 + 3 * 8, expected, sizeof(expected));
	assert_int_equal(get(madt() + 4, 4), 44 + 3 * 8 + sizeof(expected));
}

static bool holds(const void *bytes, size_t length)
{
	return memmem(tables, size, bytes, length);
}

static void the_dsdt_says_how_to_power_off(void **state)
{
	static const uint8_t s5[] = { 0x08, '_', 'S', '5', '_', 0x12 }, com1[] = { 0x41, 0xd0, 0x05, 0x01 };

	(void)state;
	make(2);
	assert_true(holds(s5, sizeof(s5)));
	assert_true(holds(com1, sizeof(com1))); /* PNP0501 */
	assert_true(holds("C001", 4));
	assert_false(holds("C002", 4));
}

static void too_little_room_is_refused(void **state)
{
	const struct acpi_info info = { .cpus = 64, .base = BASE };
	uint8_t few[200] = { 0 };
	size_t untouched = 7;

	(void)state;
	assert_fails(x86_64_acpi_make(&info, few, 100, &untouched), STATUS_HOST, "room for 100");
	assert_int_equal(untouched, 7);
	for (size_t i = 100; i < sizeof(few); i++)
		assert_int_equal(few[i], 0);
}

static void write_table(const char *folder, const char *signature, size_t table)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.dat", folder, signature);
	file = fopen(path, "wb");
	if (!file || fwrite(tables + table, 1, (size_t)get(table + 4, 4), file) != get(table + 4, 4) || fclose(file))
		abort();
}

static int write_tables(const char *folder)
{
	make(64);
	write_table(folder, "XSDT", xsdt());
	write_table(folder, "FACP", fadt());
	write_table(folder, "APIC", madt());
	write_table(folder, "DSDT", follow(fadt() + 40, 4, "DSDT"));
	write_table(folder, "FACS", follow(fadt() + 36, 4, "FACS"));
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_is_at_the_base),        cmocka_unit_test(the_fadt_describes_the_ports),
		cmocka_unit_test(the_madt_has_every_processor),   cmocka_unit_test(the_madt_wires_the_interrupts),
		cmocka_unit_test(the_dsdt_says_how_to_power_off), cmocka_unit_test(too_little_room_is_refused),
	};

	return argc > 1 ? write_tables(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
