/* SPDX-License-Identifier: Apache-2.0 */
/* dlopen and dlsym, with the checks that they leave to their callers. Knows nothing of what the symbol is. */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "object.h"
#include "trial.h"

/* dlsym on a handle finds the symbols of the object's dependencies too. */
static int is_own(const struct object *object, const char *symbol, struct report *report)
{
	struct link_map *opened = NULL, *owner = NULL;
	Dl_info info;

	if (!dlinfo(object->handle, RTLD_DI_LINKMAP, &opened) &&
	    dladdr1(object->symbol, &info, (void **)&owner, RTLD_DL_LINKMAP) && owner == opened)
		return 1;
	report_add(report,
		   "%s: expected in the object itself, found in its dependency %s; name that file, or define the "
		   "symbol here",
		   symbol, owner && owner->l_name[0] ? owner->l_name : "(the host program)");
	return 0;
}

static size_t size_of(const void *symbol)
{
	const ElfW(Sym) *entry = NULL;
	Dl_info info;

	if (!dladdr1(symbol, &info, (void **)(uintptr_t)&entry, RTLD_DL_SYMENT) || !entry || info.dli_saddr != symbol)
		return 0;
	return entry->st_size;
}

static int load(const char *path, const struct stat *status, const char *symbol, struct object *ret_object,
		struct report *report)
{
	struct object object;

	if (trial_load(path, status, report))
		return -1;
	object.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object.handle) {
		report_add(report, "the dynamic linker says: %s", dlerror());
		return -1;
	}
	object.symbol = dlsym(object.handle, symbol);
	if (!object.symbol) {
		report_add(report,
			   "it exports no symbol %s; define it with the macro of the plugin header and do not hide it",
			   symbol);
		return -1;
	}
	if (!is_own(&object, symbol, report))
		return -1;
	object.symbol_size = size_of(object.symbol);
	*ret_object = object;
	return 0;
}

int object_load(const char *path, const struct stat *status, const char *symbol, struct object *ret_object,
		struct report *report)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* a trial forks: one thing at a time */
	int result;

	pthread_mutex_lock(&lock);
	result = load(path, status, symbol, ret_object, report);
	pthread_mutex_unlock(&lock);
	return result;
}
