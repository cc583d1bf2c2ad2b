/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the device tree (Devicetree Specification 0.4, and Linux' bindings) from the memory map. Nothing here is
 * random: two runs with the same options give the same bytes.
 */
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../device/plic.h"
#include "../../device/sifive_test.h"
#include "../../machine.h"
#include "fdt.h"
#include "map.h"

#define UART_PATH "/soc/serial@10000000"

/* phandles; those of the harts' interrupt controllers follow */
enum { PHANDLE_PLIC = 1, PHANDLE_TEST = 2, PHANDLE_CPU = 16 };

/* The tree in the making; the first error sticks and everything after it does nothing. */
struct writer {
	void *fdt;
	int error;
};

static void keep(struct writer *writer, int error)
{
	if (!writer->error)
		writer->error = error;
}

static void begin(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void begin(struct writer *writer, const char *format, ...)
{
	va_list arguments;
	char name[64];

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	keep(writer, fdt_begin_node(writer->fdt, name));
}

static void end(struct writer *writer)
{
	keep(writer, fdt_end_node(writer->fdt));
}

static void put_u32(struct writer *writer, const char *name, uint32_t value)
{
	keep(writer, fdt_property_u32(writer->fdt, name, value));
}

static void put_text(struct writer *writer, const char *name, const char *value)
{
	keep(writer, fdt_property_string(writer->fdt, name, value));
}

static void put_flag(struct writer *writer, const char *name)
{
	keep(writer, fdt_property(writer->fdt, name, NULL, 0));
}

/* Several strings, each with its NUL but the last, which the literal's own ends. */
#define put_texts(writer, name, literal) keep(writer, fdt_property((writer)->fdt, name, literal, sizeof(literal)))

static void put_reg(struct writer *writer, uint64_t base, uint64_t size)
{
	fdt64_t reg[2] = { cpu_to_fdt64(base), cpu_to_fdt64(size) };

	keep(writer, fdt_property(writer->fdt, "reg", reg, sizeof(reg)));
}

static void put_cells(struct writer *writer, uint32_t address_cells, uint32_t size_cells)
{
	put_u32(writer, "#address-cells", address_cells);
	put_u32(writer, "#size-cells", size_cells);
}

static void put_interrupt(struct writer *writer, uint32_t number)
{
	put_u32(writer, "interrupts", number);
	put_u32(writer, "interrupt-parent", PHANDLE_PLIC);
}

static void write_chosen(struct writer *writer, const struct fdt_info *info)
{
	begin(writer, "chosen");
	put_text(writer, "stdout-path", UART_PATH);
	put_text(writer, "axvcpu,engine", info->engine);
	end(writer);
}

static void write_cpu(struct writer *writer, unsigned id)
{
	begin(writer, "cpu@%x", id);
	put_text(writer, "device_type", "cpu");
	put_u32(writer, "reg", id);
	put_text(writer, "status", "okay");
	put_text(writer, "compatible", "riscv");
	put_text(writer, "riscv,isa", RISCV64_ISA);
	put_text(writer, "mmu-type", "riscv,sv48");
	begin(writer, "interrupt-controller");
	put_u32(writer, "#interrupt-cells", 1);
	put_flag(writer, "interrupt-controller");
	put_text(writer, "compatible", "riscv,cpu-intc");
	put_u32(writer, "phandle", PHANDLE_CPU + id);
	end(writer);
	end(writer);
}

static void write_cpus(struct writer *writer, const struct fdt_info *info)
{
	begin(writer, "cpus");
	put_cells(writer, 1, 0);
	put_u32(writer, "timebase-frequency", RISCV64_TIMEBASE_HZ);
	for (unsigned id = 0; id < info->cpus; id++)
		write_cpu(writer, id);
	end(writer);
}

static void write_memory(struct writer *writer, const struct fdt_info *info)
{
	begin(writer, "memory@%llx", (unsigned long long)RISCV64_RAM_BASE);
	put_text(writer, "device_type", "memory");
	put_reg(writer, RISCV64_RAM_BASE, info->memory_size);
	end(writer);
}

static void write_plic(struct writer *writer, const struct fdt_info *info)
{
	fdt32_t targets[2 * MACHINE_CPUS_MAX];

	for (unsigned id = 0; id < info->cpus; id++) {
		targets[2 * id] = cpu_to_fdt32(PHANDLE_CPU + id);
		targets[2 * id + 1] = cpu_to_fdt32(RISCV64_EXTERNAL_INTERRUPT);
	}
	begin(writer, "interrupt-controller@%x", (unsigned)RISCV64_PLIC_BASE);
	put_texts(writer, "compatible", "sifive,plic-1.0.0\0riscv,plic0");
	put_reg(writer, RISCV64_PLIC_BASE, RISCV64_PLIC_SIZE);
	put_u32(writer, "#interrupt-cells", 1);
	put_u32(writer, "#address-cells", 0);
	put_flag(writer, "interrupt-controller");
	keep(writer,
	     fdt_property(writer->fdt, "interrupts-extended", targets, (int)(info->cpus * 2 * sizeof(targets[0]))));
	put_u32(writer, "riscv,ndev", PLIC_SOURCES);
	put_u32(writer, "phandle", PHANDLE_PLIC);
	end(writer);
}

static void write_uart(struct writer *writer, const struct fdt_info *info)
{
	(void)info;
	begin(writer, "serial@%x", (unsigned)RISCV64_UART_BASE);
	put_text(writer, "compatible", "ns16550a");
	put_reg(writer, RISCV64_UART_BASE, RISCV64_UART_SIZE);
	put_u32(writer, "clock-frequency", RISCV64_UART_CLOCK_HZ);
	put_interrupt(writer, RISCV64_UART_IRQ);
	end(writer);
}

static void write_rtc(struct writer *writer, const struct fdt_info *info)
{
	(void)info;
	begin(writer, "rtc@%x", (unsigned)RISCV64_RTC_BASE);
	put_text(writer, "compatible", "google,goldfish-rtc");
	put_reg(writer, RISCV64_RTC_BASE, RISCV64_RTC_SIZE);
	put_interrupt(writer, RISCV64_RTC_IRQ);
	end(writer);
}

static void write_test(struct writer *writer, const struct fdt_info *info)
{
	(void)info;
	begin(writer, "test@%x", (unsigned)RISCV64_TEST_BASE);
	put_texts(writer, "compatible", "sifive,test1\0sifive,test0\0syscon");
	put_reg(writer, RISCV64_TEST_BASE, RISCV64_TEST_SIZE);
	put_u32(writer, "phandle", PHANDLE_TEST);
	end(writer);
}

static void write_soc(struct writer *writer, const struct fdt_info *info)
{
	static void (*const devices[])(struct writer *, const struct fdt_info *) = { write_plic, write_uart, write_rtc,
										     write_test };

	begin(writer, "soc");
	put_cells(writer, 2, 2);
	put_text(writer, "compatible", "simple-bus");
	put_flag(writer, "ranges");
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		devices[i](writer, info);
	end(writer);
}

/* "poweroff" and "reboot": what to write where. */
static void write_syscon(struct writer *writer, const char *name, const char *compatible, uint32_t value)
{
	begin(writer, "%s", name);
	put_text(writer, "compatible", compatible);
	put_u32(writer, "regmap", PHANDLE_TEST);
	put_u32(writer, "offset", 0);
	put_u32(writer, "value", value);
	end(writer);
}

static void write_root(struct writer *writer, const struct fdt_info *info)
{
	begin(writer, "%s", "");
	put_cells(writer, 2, 2);
	put_texts(writer, "compatible", "axvcpu,virt\0riscv-virtio");
	put_text(writer, "model", "axvcpu riscv64 board");
	write_chosen(writer, info);
	begin(writer, "aliases");
	put_text(writer, "serial0", UART_PATH);
	end(writer);
	write_memory(writer, info);
	write_cpus(writer, info);
	write_soc(writer, info);
	write_syscon(writer, "poweroff", "syscon-poweroff", SIFIVE_TEST_POWER_OFF);
	write_syscon(writer, "reboot", "syscon-reboot", SIFIVE_TEST_REBOOT);
	end(writer);
}

int riscv64_make_fdt(const struct fdt_info *info, void *ret_fdt, size_t capacity)
{
	struct writer writer = { .fdt = ret_fdt };

	keep(&writer, fdt_create(ret_fdt, (int)capacity));
	keep(&writer, fdt_finish_reservemap(ret_fdt));
	write_root(&writer, info);
	keep(&writer, fdt_finish(ret_fdt));
	return writer.error;
}
