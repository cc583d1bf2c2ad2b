/* SPDX-License-Identifier: Apache-2.0 */
/* See system-machine.h. Every case begins with a reset, as any of them may leave a processor that cannot go on. */
#include "system-machine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCH_US = 200000, STUCK_LOOKS = 10 };

#define READ_VALUE UINT64_C(0x5a5aa5a5) /* of every port and MSR that the VMM is asked for */

struct system_machine {
	struct axvcpu_backend *backend;
	struct axvcpu_space *space;
	struct axvcpu *vcpu;
	uint8_t *ram;
	const char *name;
	bool is_bound;
	pthread_t watchdog;
	uint32_t runs;    /* atomic: how many there were; odd while one goes on */
	uint32_t closing; /* atomic */
};

static bool complain(const struct system_machine *machine, const char *what)
{
	fprintf(stderr, "backend %s: %s: %s\n", machine->name, what, axvcpu_error_text());
	return false;
}

/* A guest that does not come back is kicked out. */
static void *watch(void *context)
{
	struct system_machine *machine = context;
	uint32_t before = 0;
	unsigned looks = 0;

	while (!__atomic_load_n(&machine->closing, __ATOMIC_SEQ_CST)) {
		uint32_t runs = __atomic_load_n(&machine->runs, __ATOMIC_SEQ_CST);

		looks = runs & 1 && runs == before ? looks + 1 : 0;
		before = runs;
		if (looks >= STUCK_LOOKS)
			axvcpu_kick(machine->vcpu);
		usleep(WATCH_US);
	}
	return NULL;
}

/* ---- before and after ---- */

static bool load(struct system_machine *machine, const struct system_case *test)
{
	if (axvcpu_reset(machine->vcpu) ||
	    axvcpu_setup(machine->vcpu, SYSTEM_CODE, axvcpu_space_root(machine->space), NULL))
		return complain(machine, "reset");
	for (unsigned i = 0; i < SYSTEM_REGISTERS; i++)
		if (axvcpu_set_reg(machine->vcpu, system_register_id(i), &test->registers[i], 8)) {
			char name[32];

			system_register_name(i, name);
			return complain(machine, name);
		}
	memcpy(machine->ram, test->ram, SYSTEM_RAM);
	if (axvcpu_space_mark_written(machine->space, 0, SYSTEM_RAM) || axvcpu_bind(machine->vcpu))
		return complain(machine, "bind");
	return true;
}

static bool store(struct system_machine *machine, struct system_outcome *outcome)
{
	for (unsigned i = 0; i < SYSTEM_REGISTERS; i++)
		if (axvcpu_get_reg(machine->vcpu, system_register_id(i), &outcome->registers[i], 8))
			return complain(machine, "reading registers");
	memcpy(outcome->ram, machine->ram, SYSTEM_RAM);
	return true;
}

/* ---- running ---- */

static bool run(struct system_machine *machine, struct axvcpu_exit *ret_exit)
{
	int32_t error;

	__atomic_add_fetch(&machine->runs, 1, __ATOMIC_SEQ_CST);
	do {
		*ret_exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
		error = axvcpu_run(machine->vcpu, ret_exit);
	} while (!error && ret_exit->reason == AXVCPU_EXIT_NOTHING);
	__atomic_add_fetch(&machine->runs, 1, __ATOMIC_SEQ_CST);
	return error ? complain(machine, "run") : true;
}

/* What the VMM was asked for; false: it is not one of the exits that are answered. */
static bool note(const struct axvcpu_exit *exit, struct system_outcome *outcome)
{
	uint64_t *row = outcome->exits[outcome->exit_count];

	if (outcome->exit_count == SYSTEM_EXITS)
		return false;
	switch (exit->reason) {
	case AXVCPU_EXIT_IO_READ:
		row[0] = exit->reason | (uint64_t)exit->io_read.width << 32;
		row[1] = exit->io_read.port;
		break;
	case AXVCPU_EXIT_IO_WRITE:
		row[0] = exit->reason | (uint64_t)exit->io_write.width << 32;
		row[1] = exit->io_write.port | exit->io_write.data << 32;
		break;
	case AXVCPU_EXIT_SYSREG_READ:
		row[0] = exit->reason;
		row[1] = exit->sysreg_read.addr;
		break;
	case AXVCPU_EXIT_SYSREG_WRITE:
		row[0] = exit->reason;
		row[1] = exit->sysreg_write.addr;
		break;
	default:
		return false;
	}
	outcome->exit_count++;
	return true;
}

static bool run_to_end(struct system_machine *machine, struct system_outcome *outcome)
{
	struct axvcpu_exit exit;

	outcome->exit_count = 0;
	for (;;) {
		if (!run(machine, &exit))
			return false;
		if (!note(&exit, outcome))
			break;
		if ((exit.reason == AXVCPU_EXIT_IO_READ || exit.reason == AXVCPU_EXIT_SYSREG_READ) &&
		    axvcpu_complete_read(machine->vcpu, &exit, READ_VALUE))
			return complain(machine, "completing a read");
	}
	outcome->reason = exit.reason;
	outcome->is_unable = exit.reason == AXVCPU_EXIT_FAIL_ENTRY &&
			     exit.fail_entry.hardware_entry_failure_reason == AXVCPU_FAIL_ENTRY_EMULATION;
	axvcpu_exit_format(&exit, outcome->text, sizeof(outcome->text));
	if (exit.reason == AXVCPU_EXIT_FAIL_ENTRY)
		snprintf(outcome->text, sizeof(outcome->text), "FailEntry: %.200s", axvcpu_error_text());
	return true;
}

bool system_machine_run(struct system_machine *machine, const struct system_case *test,
			struct system_outcome *ret_outcome)
{
	if (machine->is_bound)
		axvcpu_unbind(machine->vcpu);
	machine->is_bound = false;
	if (!load(machine, test))
		return false;
	machine->is_bound = true;
	return run_to_end(machine, ret_outcome) &&
	       (ret_outcome->reason != AXVCPU_EXIT_HALT || store(machine, ret_outcome));
}

/* ---- its life ---- */

static bool create_vcpu(struct system_machine *machine, const char *text)
{
	static uint32_t machines;
	struct axvcpu_create_info info = { .size = sizeof(info),
					   .vm_id = ++machines,
					   .state_policy = AXVCPU_POLICY_REJECT };
	struct axvcpu_config *config = NULL;
	bool good;

	if (axvcpu_config_create(machine->backend, AXVCPU_CONFIG_CREATE, &config))
		return false;
	info.config = config;
	good = !axvcpu_config_parse(config, text) && !axvcpu_create(machine->backend, &info, &machine->vcpu);
	axvcpu_config_destroy(config);
	return good;
}

static bool make_memory(struct system_machine *machine)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .size = SYSTEM_RAM };

	if (axvcpu_space_create(&machine->space) || axvcpu_space_add(machine->space, &slot))
		return complain(machine, "memory");
	machine->ram = slot.host;
	return true;
}

enum system_answer system_machine_create(const char *backend, const char *config, struct system_machine **ret_machine)
{
	struct system_machine *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return SYSTEM_FAILED;
	machine->name = backend;
	if (axvcpu_backend_open(backend, &machine->backend) || !create_vcpu(machine, config)) {
		complain(machine, "it makes no vCPU here");
		axvcpu_backend_close(machine->backend);
		free(machine);
		return SYSTEM_SKIP;
	}
	if (!make_memory(machine) || pthread_create(&machine->watchdog, NULL, watch, machine)) {
		system_machine_destroy(machine);
		return SYSTEM_FAILED;
	}
	*ret_machine = machine;
	return SYSTEM_READY;
}

void system_machine_destroy(struct system_machine *machine)
{
	if (!machine)
		return;
	__atomic_store_n(&machine->closing, 1, __ATOMIC_SEQ_CST);
	if (machine->watchdog)
		pthread_join(machine->watchdog, NULL);
	axvcpu_destroy(machine->vcpu);
	axvcpu_space_destroy(machine->space);
	axvcpu_backend_close(machine->backend);
	free(machine);
}
