/* SPDX-License-Identifier: Apache-2.0 */
/* The test machine. See machine.h. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUN_SECONDS_MAX = 10, VECTORS = 64, STUB_SIZE = 16, EXIT_SKIP = 77 };

/* Selectors. The TSS takes two places. */
enum { CODE32 = 0x08, DATA = 0x10, CODE64 = 0x18, USER_DATA = 0x20, USER_CODE = 0x28, TASK = 0x30, RING3 = 3 };

#define FLAT UINT64_C(0xffffffff)
#define CODE32_ATTRIBUTES UINT64_C(0xc09b)
#define DATA_ATTRIBUTES UINT64_C(0xc093)
#define CODE64_ATTRIBUTES UINT64_C(0xa09b)
#define USER_DATA_ATTRIBUTES UINT64_C(0xc0f3)
#define USER_CODE_ATTRIBUTES UINT64_C(0xa0fb)
#define TASK_ATTRIBUTES UINT64_C(0x8b)
#define TASK_BITMAP UINT64_C(0x68)
#define TASK_LIMIT (TASK_BITMAP + 65536 / 8) /* the bitmap is followed by a byte of ones */

#define CR0_PROTECTED UINT64_C(0x31) /* PE, ET, NE */
#define CR0_PAGING UINT64_C(0x80000000)
#define CR4_LONG UINT64_C(0x620)  /* PAE, OSFXSR, OSXMMEXCPT */
#define EFER_LONG UINT64_C(0xd00) /* LME, LMA, NXE */
#define RFLAGS_FIXED UINT64_C(2)
/* Ring 3 may use ports by this and by the bitmap: some simulated processors look at the bitmap of a task that is not
 * busy alone. */
#define RFLAGS_IOPL3 UINT64_C(0x3000)
#define ENTRY UINT64_C(0x07) /* present, writable, user */

static const char *const mode_names[GUEST_MODES] = { "real", "protected", "long", "user" };

/* ---- the watchdog: a guest that never exits fails its test instead of hanging it ---- */

static struct {
	struct axvcpu *vcpu; /* atomic: it runs */
	uint32_t seconds;    /* atomic: for how long */
	uint32_t bitten;     /* atomic */
} watchdog;

static void *watch(void *context)
{
	for (;;) {
		struct axvcpu *vcpu;

		sleep(1);
		vcpu = __atomic_load_n(&watchdog.vcpu, __ATOMIC_SEQ_CST);
		if (!vcpu || __atomic_add_fetch(&watchdog.seconds, 1, __ATOMIC_SEQ_CST) < RUN_SECONDS_MAX)
			continue;
		__atomic_store_n(&watchdog.bitten, 1, __ATOMIC_SEQ_CST);
		axvcpu_kick(vcpu);
	}
	return context;
}

static void start_watchdog(void)
{
	static pthread_t thread;

	if (!thread)
		assert_int_equal(pthread_create(&thread, NULL, watch, NULL), 0);
}

/* ---- what cannot be tested here ---- */

static bool is_strict(void)
{
	return getenv("AXVCPU_CONFORMANCE_STRICT") != NULL;
}

void machine_skip(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (is_strict())
		fail_msg("nothing may be skipped: %s", text);
	print_message("SKIP: %s\n", text);
	skip();
}

/* Whether a word is in a list with commas. */
static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, word, length) && (!list[length] || list[length] == ','))
			return true;
	return false;
}

void machine_skip_without(const char *feature)
{
	if (!is_listed(getenv("AXVCPU_CONFORMANCE_WITHOUT"), feature))
		machine_skip("this processor has no %s", feature);
	print_message("SKIP: this processor is one without %s\n", feature);
	skip();
}

/* ---- the backend ---- */

const char *machine_backend_name(void)
{
	const char *name = getenv("AXVCPU_CONFORMANCE_BACKEND");

	return name ? name : "kvm";
}

const char *machine_other_name(void)
{
	return getenv("AXVCPU_CONFORMANCE_OTHER");
}

static void need(const char *name)
{
	struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_backend *backend;
	struct axvcpu *vcpu;

	if (axvcpu_backend_open(name, &backend)) {
		fprintf(stderr, "backend %s: %s\n", name, axvcpu_error_text());
		exit(EXIT_FAILURE);
	}
	if (axvcpu_create(backend, &info, &vcpu)) {
		printf("SKIP: backend %s makes no vCPU here: %s\n", name, axvcpu_error_text());
		exit(is_strict() ? EXIT_FAILURE : EXIT_SKIP);
	}
	axvcpu_destroy(vcpu);
	axvcpu_backend_close(backend);
}

void machine_need_backend(void)
{
	need(machine_backend_name());
	if (machine_other_name())
		need(machine_other_name());
}

/* ---- memory ---- */

static void add_slot(struct machine *machine, uint64_t gpa, uint64_t size, uint32_t flags, struct axvcpu_slot *ret_slot)
{
	*ret_slot =
		(struct axvcpu_slot){ .size_of_struct = sizeof(*ret_slot), .gpa = gpa, .size = size, .flags = flags };
	assert_ok(axvcpu_space_add(machine->space, ret_slot));
}

uint64_t machine_read(struct machine *machine, uint64_t gpa, unsigned size)
{
	uint64_t value = 0;

	assert_ok(axvcpu_space_read(machine->space, gpa, &value, size));
	return value;
}

void machine_write(struct machine *machine, uint64_t gpa, unsigned size, uint64_t value)
{
	assert_ok(axvcpu_space_write(machine->space, gpa, &value, size));
}

static uint64_t descriptor(uint64_t base, uint64_t limit, uint64_t attributes)
{
	return (limit & 0xffff) | (base & 0xffffff) << 16 | (attributes & 0xff) << 40 | (limit >> 16 & 0xf) << 48 |
	       (attributes >> 12 & 0xf) << 52 | (base >> 24 & 0xff) << 56;
}

static void write_gdt(struct machine *machine)
{
	const uint64_t gdt[] = {
		0,
		[CODE32 / 8] = descriptor(0, FLAT, CODE32_ATTRIBUTES),
		[DATA / 8] = descriptor(0, FLAT, DATA_ATTRIBUTES),
		[CODE64 / 8] = descriptor(0, FLAT, CODE64_ATTRIBUTES),
		[USER_DATA / 8] = descriptor(0, FLAT, USER_DATA_ATTRIBUTES),
		[USER_CODE / 8] = descriptor(0, FLAT, USER_CODE_ATTRIBUTES),
		[TASK / 8] = descriptor(MACHINE_TSS, TASK_LIMIT, TASK_ATTRIBUTES),
	};

	assert_ok(axvcpu_space_write(machine->space, MACHINE_GDT, gdt, sizeof(gdt)));
	machine_write(machine, MACHINE_TSS + 4, 8, MACHINE_RING0_STACK);
	machine_write(machine, MACHINE_TSS + 0x66, 2, TASK_BITMAP);
	machine_write(machine, MACHINE_TSS + TASK_LIMIT, 1, 0xff);
}

/* A vector's way to its stub, in the mode's table. */
static void write_vector(struct machine *machine, unsigned vector)
{
	uint64_t stub = machine_label(machine, "stubs") + STUB_SIZE * vector;

	if (machine->mode == GUEST_REAL) {
		machine_write(machine, 4 * vector, 4, stub);
	} else if (machine->mode == GUEST_PROTECTED) {
		machine_write(machine, MACHINE_IDT + 8 * vector, 8, stub | CODE32 << 16 | UINT64_C(0x8e00) << 32);
	} else {
		machine_write(machine, MACHINE_IDT + 16 * vector, 8, stub | CODE64 << 16 | UINT64_C(0x8e00) << 32);
		machine_write(machine, MACHINE_IDT + 16 * vector + 8, 8, 0);
	}
}

static void write_tables(struct machine *machine)
{
	for (unsigned level = 0; level < 3; level++)
		machine_write(machine, MACHINE_TABLES + level * AXVCPU_PAGE_SIZE, 8,
			      (MACHINE_TABLES + (level + 1) * AXVCPU_PAGE_SIZE) | ENTRY);
	for (unsigned page = 0; page < 512; page++)
		machine_write(machine, MACHINE_TABLES + 3 * AXVCPU_PAGE_SIZE + 8 * page, 8,
			      page * AXVCPU_PAGE_SIZE | ENTRY);
}

void machine_load_guest(struct machine *machine, const struct guest_image *images, unsigned mode)
{
	if (!images[mode].code)
		fail_msg("the guest is not made for %s mode", mode_names[mode]);
	machine->mode = mode;
	machine->image = &images[mode];
	assert_true(machine->image->size <= MACHINE_AP - MACHINE_CODE);
	memset(machine->ram, 0, MACHINE_RAM_SIZE);
	memset(machine->rom, 0, AXVCPU_PAGE_SIZE);
	assert_ok(axvcpu_space_write(machine->space, MACHINE_CODE, machine->image->code, machine->image->size));
	write_gdt(machine);
	for (unsigned vector = 0; vector < VECTORS; vector++)
		write_vector(machine, vector);
	write_tables(machine);
	assert_ok(axvcpu_space_mark_written(machine->space, 0, MACHINE_RAM_SIZE));
	assert_ok(axvcpu_space_mark_written(machine->space, MACHINE_ROM, AXVCPU_PAGE_SIZE));
}

/* ---- the machine ---- */

void machine_create(struct machine *machine, const char *config)
{
	static uint32_t machines;
	struct axvcpu_slot slot;

	*machine = (struct machine){ .config = config, .vm_id = ++machines };
	start_watchdog();
	assert_ok(axvcpu_backend_open(machine_backend_name(), &machine->backend));
	if (machine_other_name())
		assert_ok(axvcpu_backend_open(machine_other_name(), &machine->other));
	assert_ok(axvcpu_space_create(&machine->space));
	add_slot(machine, 0, MACHINE_RAM_SIZE, 0, &slot);
	machine->ram = slot.host;
	machine->ram_id = slot.id;
	add_slot(machine, MACHINE_ROM, AXVCPU_PAGE_SIZE, AXVCPU_SLOT_ROM, &slot);
	machine->rom = slot.host;
	machine_vcpu(machine, 0);
}

void machine_destroy(struct machine *machine)
{
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		assert_ok(axvcpu_destroy(machine->vcpu[i]));
	assert_ok(axvcpu_space_destroy(machine->space));
	axvcpu_backend_close(machine->backend);
	if (machine->other)
		axvcpu_backend_close(machine->other);
}

struct axvcpu *machine_vcpu(struct machine *machine, unsigned index)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .vm_id = machine->vm_id, .vcpu_id = index };
	struct axvcpu_backend *backend = index % 2 && machine->other ? machine->other : machine->backend;
	struct axvcpu_config *config;

	if (machine->vcpu[index])
		return machine->vcpu[index];
	assert_ok(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
	assert_ok(axvcpu_config_parse(config, machine->config));
	info.config = config;
	info.layers = index ? NULL : getenv("AXVCPU_CONFORMANCE_LAYERS");
	assert_ok(axvcpu_create(backend, &info, &machine->vcpu[index]));
	axvcpu_config_destroy(config);
	return machine->vcpu[index];
}

/* ---- registers ---- */

static void set(struct axvcpu *vcpu, const char *name, uint64_t value)
{
	assert_ok(axvcpu_set_reg_u64(vcpu, name, value));
}

uint64_t machine_get(struct machine *machine, const char *name)
{
	uint64_t value = 0;

	assert_ok(axvcpu_get_reg_u64(machine->vcpu[0], name, &value));
	return value;
}

void machine_set(struct machine *machine, const char *name, uint64_t value)
{
	set(machine->vcpu[0], name, value);
}

void machine_set_segment(struct axvcpu *vcpu, const char *name, uint64_t selector, uint64_t base, uint64_t limit,
			 uint64_t attributes)
{
	const struct {
		const char *part;
		uint64_t value;
	} parts[] = { { "selector", selector }, { "base", base }, { "limit", limit }, { "attributes", attributes } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s.%s", name, parts[i].part);
		set(vcpu, text, parts[i].value);
	}
}

static void set_flat_segments(struct axvcpu *vcpu, uint64_t code, uint64_t code_attributes, uint64_t data,
			      uint64_t data_attributes)
{
	static const char *const names[] = { "es", "ss", "ds", "fs", "gs" };

	machine_set_segment(vcpu, "cs", code, 0, FLAT, code_attributes);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		machine_set_segment(vcpu, names[i], data, 0, FLAT, data_attributes);
}

static void set_system_tables(struct axvcpu *vcpu)
{
	set(vcpu, "gdtr.base", MACHINE_GDT);
	set(vcpu, "gdtr.limit", TASK + 15);
	set(vcpu, "idtr.base", MACHINE_IDT);
	set(vcpu, "idtr.limit", 0xfff);
	machine_set_segment(vcpu, "tr", TASK, MACHINE_TSS, TASK_LIMIT, TASK_ATTRIBUTES);
}

static void set_long_mode(struct axvcpu *vcpu)
{
	set(vcpu, "cr0", CR0_PROTECTED | CR0_PAGING);
	set(vcpu, "cr3", MACHINE_TABLES);
	set(vcpu, "cr4", CR4_LONG);
	set(vcpu, "efer", EFER_LONG);
}

static void enter_real(struct axvcpu *vcpu)
{
	machine_set_segment(vcpu, "es", MACHINE_HOLE >> 4, MACHINE_HOLE, 0xffff, 0x93);
	machine_set_segment(vcpu, "cs", 0, 0, 0xffff, 0x9b);
}

static void enter_protected(struct axvcpu *vcpu)
{
	set_system_tables(vcpu);
	set(vcpu, "cr0", CR0_PROTECTED);
	set_flat_segments(vcpu, CODE32, CODE32_ATTRIBUTES, DATA, DATA_ATTRIBUTES);
}

static void enter_long(struct axvcpu *vcpu)
{
	set_system_tables(vcpu);
	set_long_mode(vcpu);
	set_flat_segments(vcpu, CODE64, CODE64_ATTRIBUTES, DATA, DATA_ATTRIBUTES);
}

static void enter_user(struct axvcpu *vcpu)
{
	set_system_tables(vcpu);
	set_long_mode(vcpu);
	set_flat_segments(vcpu, USER_CODE | RING3, USER_CODE_ATTRIBUTES, USER_DATA | RING3, USER_DATA_ATTRIBUTES);
}

/* A KVM that runs programs without hardware forgets it, which who compares engines sees. */
static bool has_no_iopl(void)
{
	return getenv("AXVCPU_CONFORMANCE_NO_IOPL") != NULL;
}

void machine_start_vcpu(struct machine *machine, unsigned index, const char *label)
{
	static void (*const enter[GUEST_MODES])(struct axvcpu *) = { enter_real, enter_protected, enter_long,
								     enter_user };
	struct axvcpu *vcpu = machine_vcpu(machine, index);

	assert_ok(axvcpu_reset(vcpu));
	assert_ok(axvcpu_setup(vcpu, MACHINE_CODE, axvcpu_space_root(machine->space), NULL));
	enter[machine->mode](vcpu);
	for (uint32_t gpr = 0; gpr < 16; gpr++)
		assert_ok(axvcpu_set_gpr(vcpu, gpr, 0));
	set(vcpu, "rsp", MACHINE_STACK);
	set(vcpu, "rbx", machine->mode == GUEST_REAL ? 0 : MACHINE_HOLE);
	set(vcpu, "rflags", RFLAGS_FIXED | (machine->mode == GUEST_USER && !has_no_iopl() ? RFLAGS_IOPL3 : 0));
	set(vcpu, "rip", machine_label(machine, label));
	assert_ok(axvcpu_bind(vcpu));
}

void machine_start(struct machine *machine, const struct guest_image *images, unsigned mode, const char *label)
{
	machine_load_guest(machine, images, mode);
	machine_start_vcpu(machine, 0, label);
}

void machine_use_interrupts(struct machine *machine, unsigned index, bool use)
{
	set(machine_vcpu(machine, index), "idtr.limit", use ? 0xfff : 0);
}

/* ---- labels ---- */

static const struct guest_label *find_label(const struct machine *machine, const char *label)
{
	for (size_t i = 0; i < machine->image->label_count; i++)
		if (!strcmp(machine->image->labels[i].name, label))
			return &machine->image->labels[i];
	return NULL;
}

bool machine_has_label(const struct machine *machine, const char *label)
{
	return find_label(machine, label);
}

uint64_t machine_label(const struct machine *machine, const char *label)
{
	const struct guest_label *found = find_label(machine, label);

	if (!found)
		fail_msg("the guest of %s mode has no label %s", mode_names[machine->mode], label);
	return found->address;
}

const char *machine_mode_name(unsigned mode)
{
	return mode_names[mode];
}

uint64_t machine_mask(const struct machine *machine)
{
	return machine->mode == GUEST_REAL || machine->mode == GUEST_PROTECTED ? UINT32_MAX : UINT64_MAX;
}

/* ---- running ---- */

void machine_skip_if_unable(const struct axvcpu_exit *exit, const char *error_text)
{
	if (exit->reason != AXVCPU_EXIT_FAIL_ENTRY ||
	    exit->fail_entry.hardware_entry_failure_reason != AXVCPU_FAIL_ENTRY_EMULATION)
		return;
	machine_skip("%s", error_text);
}

void machine_run(struct machine *machine, struct axvcpu_exit *ret_exit)
{
	int32_t error;

	__atomic_store_n(&watchdog.seconds, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&watchdog.vcpu, machine->vcpu[0], __ATOMIC_SEQ_CST);
	do {
		*ret_exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
		error = axvcpu_run(machine->vcpu[0], ret_exit);
	} while (!error && ret_exit->reason == AXVCPU_EXIT_NOTHING);
	__atomic_store_n(&watchdog.vcpu, NULL, __ATOMIC_SEQ_CST);
	assert_ok(error);
	if (__atomic_exchange_n(&watchdog.bitten, 0, __ATOMIC_SEQ_CST))
		fail_msg("the guest made no exit in %d seconds; rip 0x%llx", RUN_SECONDS_MAX,
			 (unsigned long long)machine_get(machine, "rip"));
	machine_skip_if_unable(ret_exit, axvcpu_error_text());
}

void machine_expect(struct machine *machine, struct axvcpu_exit *ret_exit, uint32_t reason)
{
	char text[256];

	machine_run(machine, ret_exit);
	if (ret_exit->reason == reason)
		return;
	axvcpu_exit_format(ret_exit, text, sizeof(text));
	fail_msg("expected %s, but the run ended with %s at rip 0x%llx", axvcpu_exit_name(reason), text,
		 (unsigned long long)machine_get(machine, "rip"));
}

void machine_equal(const char *what, uint64_t found, uint64_t expected)
{
	if (found != expected)
		fail_msg("%s is 0x%llx, not 0x%llx", what, (unsigned long long)found, (unsigned long long)expected);
}

void machine_expect_done(struct machine *machine)
{
	struct axvcpu_exit exit;

	machine_expect(machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port written", exit.io_write.port, MACHINE_PORT_DONE);
}

/* The stub has pushed the accumulator above the frame: error code if any, instruction pointer, code segment, flags. */
static uint64_t interrupted_address(struct machine *machine, unsigned vector)
{
	unsigned word = machine->mode == GUEST_REAL ? 2 : machine->mode == GUEST_PROTECTED ? 4 : 8;
	bool has_error = machine->mode != GUEST_REAL && (vector == 8 || (vector >= 10 && vector <= 14) || vector == 17);

	return machine_read(machine, machine_get(machine, "rsp") + (has_error ? 2 : 1) * word, word);
}

uint64_t machine_expect_vector(struct machine *machine, unsigned vector)
{
	struct axvcpu_exit exit;

	machine_expect(machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port written", exit.io_write.port, MACHINE_PORT_VECTOR);
	machine_equal("the vector", exit.io_write.data, vector);
	return interrupted_address(machine, vector);
}

void machine_cpuid(struct machine *machine, const struct guest_image *images, uint32_t leaf, uint32_t subleaf,
		   uint32_t ret_registers[4])
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx" };

	machine_start(machine, images, GUEST_REAL, "cpuid_probe");
	machine_set(machine, "rax", leaf);
	machine_set(machine, "rcx", subleaf);
	machine_expect_done(machine);
	for (unsigned i = 0; i < 4; i++)
		ret_registers[i] = (uint32_t)machine_get(machine, names[i]);
}

void machine_need_prompt(struct machine *machine)
{
	static uint32_t known, prompt; /* bits: modes */
	uint32_t mode = 1u << machine->mode;
	struct axvcpu_exit exit;

	if (!(known & mode)) {
		machine_start_vcpu(machine, 0, "prompt_probe");
		assert_ok(axvcpu_inject_interrupt(machine->vcpu[0], 0x20));
		machine_expect(machine, &exit, AXVCPU_EXIT_IO_WRITE);
		known |= mode;
		prompt |= exit.io_write.port == MACHINE_PORT_VECTOR ? mode : 0;
	}
	if (!(prompt & mode))
		machine_skip("this engine looks for interrupts now and then in %s mode, not between all instructions",
			     mode_names[machine->mode]);
}
