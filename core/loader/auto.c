/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing a backend for an architecture: hardware where it works, else a simulator, and why. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../error/error.h"
#include "backend.h"
#include "debug.h"

#define CANDIDATES_MAX 16
#define KVM_DEVICE "/dev/kvm"

struct choice {
	uint32_t arch;
	uint64_t capability; /* that the present round looks for */
	uint32_t count;
	int has_no_kvm; /* there is a backend for the host's processor, which cannot be used */
	char *paths[CANDIDATES_MAX];
	size_t length;
	char why[1024]; /* what was passed over, and at last what was taken */
};

static void explain(struct choice *choice, const char *what, const char *why)
{
	size_t room = sizeof(choice->why) - choice->length;
	int wanted = snprintf(choice->why + choice->length, room, "%s%s: %s", choice->length ? "; " : "", what, why);

	choice->length += wanted > 0 && (size_t)wanted < room ? (size_t)wanted : room - 1;
}

static const char *arch_name(uint32_t arch)
{
	static const char *const names[] = {
#define NAME(name, value, text) [value] = text,
		AXVCPU_ARCHS(NAME)
#undef NAME
	};

	return arch < sizeof(names) / sizeof(names[0]) && names[arch] ? names[arch] : NULL;
}

static int consider(void *context, const struct axvcpu_backend_candidate *candidate)
{
	struct choice *choice = context;
	const struct axarch_description *about = candidate->description;

	if (!about || about->arch != choice->arch || !(about->capabilities & choice->capability))
		return 0;
	if (candidate->refusal)
		explain(choice, candidate->path, candidate->why);
	else if (choice->count < CANDIDATES_MAX && (choice->paths[choice->count] = strdup(candidate->path)))
		choice->count++;
	return 0;
}

/* Whether the host's processor can be used at all. */
static int hardware_works(struct choice *choice)
{
	int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 1;
	}
	choice->has_no_kvm = 1;
	explain(choice, KVM_DEVICE, strerror(errno));
	return 0;
}

static void keep_reason(struct axvcpu_backend *backend, const char *text)
{
	char *reason = strdup(text), *none = NULL;

	if (reason &&
	    !__atomic_compare_exchange_n(&backend->reason, &none, reason, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		free(reason);
}

/* Opens the first of the candidates that can be opened, and frees all. */
static int open_first(struct choice *choice, const char *because, struct axvcpu_backend **ret_backend)
{
	int found = 0;

	for (uint32_t i = 0; i < choice->count; i++) {
		if (!found && axvcpu_backend_open(choice->paths[i], ret_backend))
			explain(choice, choice->paths[i], axvcpu_error_text());
		else if (!found) {
			explain(choice, (*ret_backend)->note.description.id, because);
			found = 1;
		}
		free(choice->paths[i]);
	}
	choice->count = 0;
	return found;
}

static int try_capability(struct choice *choice, uint64_t capability, const char *because,
			  struct axvcpu_backend **ret_backend)
{
	choice->capability = capability;
	axvcpu_backend_search(consider, choice);
	if (capability == AXARCH_CAPABILITY_HARDWARE && !choice->count)
		explain(choice, "hardware", "no backend for guests of this architecture is installed");
	else if (capability == AXARCH_CAPABILITY_HARDWARE && !hardware_works(choice)) {
		while (choice->count)
			free(choice->paths[--choice->count]);
	}
	return open_first(choice, because, ret_backend);
}

int32_t axvcpu_backend_auto(uint32_t arch, struct axvcpu_backend **ret_backend)
{
	struct choice choice = { .arch = arch };

	if (!arch_name(arch))
		return error_set(AXVCPU_ERROR_NOT_FOUND, "there is no architecture number %u; AXVCPU_ARCH_* names them",
				 arch);
	if (!try_capability(&choice, AXARCH_CAPABILITY_HARDWARE, "taken: the host's processor runs such guests",
			    ret_backend) &&
	    !try_capability(&choice, AXARCH_CAPABILITY_SIMULATED, "taken: it simulates such guests on any host",
			    ret_backend))
		return error_set(AXVCPU_ERROR_NOT_FOUND,
				 "no backend for %s guests: %s; %sinstall %s, or name its folder in AXVCPU_PLUGIN_PATH",
				 arch_name(arch), choice.why, choice.has_no_kvm ? "make " KVM_DEVICE " usable, " : "",
				 choice.has_no_kvm ? "a simulated one" : "one");
	keep_reason(*ret_backend, choice.why);
	debug_log(DEBUG_LOADER, "auto %s: %s", arch_name(arch), choice.why);
	return 0;
}
