/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing backends. Each object is loaded, checked and initialised once per process and stays loaded: its
 * thread-local destructors and late callbacks may run after the last close.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../config/layout.h"
#include "../error/error.h"
#include "backend.h"
#include "check.h"
#include "debug.h"
#include "file.h"
#include "object.h"
#include "search.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct axvcpu_backend *backends;

struct axvcpu_backend *backend_ref(struct axvcpu_backend *backend)
{
	__atomic_add_fetch(&backend->references, 1, __ATOMIC_RELAXED);
	return backend;
}

static struct axvcpu_backend *find(const struct axarch_vcpu_ops *plugin)
{
	struct axvcpu_backend *backend = backends;

	while (backend && backend->plugin != plugin)
		backend = backend->next;
	return backend;
}

static void release(struct axvcpu_backend *backend)
{
	config_layout_destroy(backend->setup_layout);
	config_layout_destroy(backend->create_layout);
	note_finish(&backend->note);
	free(backend->path);
	free(backend);
}

/* Checks all that a note says, and lays the configs out. 0, or `report` says. */
static int examine(struct axvcpu_backend *backend, struct report *report)
{
	const struct axarch_description *about = &backend->note.description;

	note_check(&backend->note, report);
	backend->create_layout =
		config_layout_create(AXVCPU_CONFIG_CREATE, &about->create, backend->note.create, report);
	backend->setup_layout = config_layout_create(AXVCPU_CONFIG_SETUP, &about->setup, backend->note.setup, report);
	return report->count ? -1 : 0;
}

/* The file's note, checked, without running the file. */
static int32_t read_file(struct axvcpu_backend *backend, struct stat *ret_status, struct report *report)
{
	struct file_image image;
	int32_t error = file_map(backend->path, &image, report);

	if (error == AXVCPU_ERROR_NOT_FOUND)
		return error_set(error, "no backend at %s: no such file", backend->path);
	if (error)
		return report_refuse(report, backend->path);
	error = note_parse(image.bytes, image.size, &backend->note, report);
	*ret_status = image.status;
	file_unmap(&image);
	return error || examine(backend, report) ? report_refuse(report, backend->path) : 0;
}

/* The lock keeps two threads from loading, trying or initialising the same object at once. */
static int load(struct axvcpu_backend *backend, const struct stat *status, struct report *report)
{
	struct object object;

	if (object_load(backend->path, status, "axarch_vcpu_ops", &object, report))
		return -1;
	backend->handle = object.handle;
	backend->plugin = object.symbol;
	check_ops(backend->plugin, object.symbol_size, &backend->note.description, report);
	return report->count ? -1 : 0;
}

/* Calls the plugin for the first time, and lists it. */
static int32_t start(struct axvcpu_backend *backend)
{
	int32_t error = 0;

	check_copy_ops(&backend->ops, backend->plugin);
	error_clear();
	if (backend->ops.host_init)
		error = backend->ops.host_init(host_table());
	if (error)
		return error_prefix(error, "backend \"%s\" does not start: ", backend->note.description.id);
	backend->references = 1;
	backend->next = backends;
	backends = backend;
	return 0;
}

/*
 * Takes `fresh` over: the backend that has this table already, or `fresh` itself once it has started.
 */
static int32_t list(struct axvcpu_backend *fresh, struct axvcpu_backend **ret_backend)
{
	struct axvcpu_backend *backend = find(fresh->plugin);
	int32_t error = 0;

	if (backend) {
		*ret_backend = backend_ref(backend);
		release(fresh);
		return 0;
	}
	error = start(fresh);
	if (error)
		release(fresh);
	else
		*ret_backend = fresh;
	return error;
}

static int32_t load_and_list(struct axvcpu_backend *fresh, const struct stat *status,
			     struct axvcpu_backend **ret_backend)
{
	struct report report = REPORT_INIT;
	int32_t error;

	pthread_mutex_lock(&lock);
	if (load(fresh, status, &report)) {
		error = report_refuse(&report, fresh->path);
		release(fresh);
	} else {
		error = list(fresh, ret_backend);
	}
	pthread_mutex_unlock(&lock);
	return error;
}

/* Takes `path` over. */
static int32_t open_file(char *path, struct axvcpu_backend **ret_backend)
{
	struct axvcpu_backend *fresh = calloc(1, sizeof(*fresh));
	struct report report = REPORT_INIT;
	struct stat status;
	int32_t error;

	if (!fresh) {
		free(path);
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a backend");
	}
	fresh->path = path;
	error = read_file(fresh, &status, &report);
	if (error) {
		release(fresh);
		return error;
	}
	return load_and_list(fresh, &status, ret_backend);
}

int32_t axvcpu_backend_open(const char *name, struct axvcpu_backend **ret_backend)
{
	char *path;
	int32_t error;

	if (!name || !*name || !ret_backend)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "a backend is opened by a name or a path, and none was given");
	error = search_find("backend", SEARCH_BACKEND_PREFIX, name, &path);
	if (!error)
		error = open_file(path, ret_backend);
	debug_log(DEBUG_LOADER, "open %s: %s", name, error ? axvcpu_error_text() : (*ret_backend)->path);
	return error;
}

/* The fields lie behind the description, as AXARCH_PLUGIN puts them. */
static int read_adopted(const struct axarch_vcpu_ops *ops, struct axvcpu_backend *backend, struct report *report)
{
	const struct axarch_description *about = ops->description;
	size_t size;

	if (ops->magic != AXARCH_MAGIC || ops->abi_major != AXARCH_ABI_MAJOR || !about) {
		check_ops(ops, 0, about, report);
		return -1;
	}
	size = about->size + (size_t)about->create.field_count * about->create.field_size +
	       (size_t)about->setup.field_count * about->setup.field_size;
	if (note_from_bytes(about, size, &backend->note, report))
		return -1;
	backend->plugin = ops;
	examine(backend, report);
	check_ops(ops, 0, &backend->note.description, report);
	return report->count ? -1 : 0;
}

int32_t axvcpu_backend_adopt(const struct axarch_vcpu_ops *ops, struct axvcpu_backend **ret_backend)
{
	struct report report = REPORT_INIT;
	struct axvcpu_backend *fresh;
	int32_t error;

	if (!ops || !ret_backend)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "a backend is adopted by its table of ops, and none was given");
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh || !(fresh->path = strdup(""))) {
		free(fresh);
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a backend");
	}
	if (read_adopted(ops, fresh, &report)) {
		release(fresh);
		return report_refuse(&report, "the adopted backend");
	}
	pthread_mutex_lock(&lock);
	error = list(fresh, ret_backend);
	pthread_mutex_unlock(&lock);
	return error;
}

/* The object stays; only the count goes down, for who debugs a host that forgets to close. */
void axvcpu_backend_close(struct axvcpu_backend *backend)
{
	if (backend && !__atomic_sub_fetch(&backend->references, 1, __ATOMIC_RELAXED))
		debug_log(DEBUG_LOADER, "close %s: the last user went; the object stays loaded",
			  backend->note.description.id);
}

const struct axarch_description *axvcpu_backend_description(const struct axvcpu_backend *backend)
{
	return &backend->note.description;
}

const char *axvcpu_backend_path(const struct axvcpu_backend *backend)
{
	return backend->path;
}

const char *axvcpu_backend_reason(const struct axvcpu_backend *backend)
{
	const char *reason = __atomic_load_n(&backend->reason, __ATOMIC_ACQUIRE);

	return reason ? reason : "";
}

int backend_has_at(const struct axvcpu_backend *backend, size_t offset)
{
	void (*fn)(void);

	if (offset + sizeof(fn) > backend->plugin->struct_size)
		return 0;
	memcpy(&fn, (const char *)backend->plugin + offset, sizeof(fn));
	return fn != NULL;
}

int axvcpu_backend_has(const struct axvcpu_backend *backend, const char *op)
{
	size_t offset = check_op_offset(op);

	return offset && backend_has_at(backend, offset);
}
