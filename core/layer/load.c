/* SPDX-License-Identifier: Apache-2.0 */
/* Layers from files: found, examined, tried, loaded, checked. Knows nothing of what they are put around. */
#include <stdlib.h>

#include "../error/error.h"
#include "../loader/check.h"
#include "../loader/debug.h"
#include "../loader/file.h"
#include "../loader/object.h"
#include "../loader/search.h"
#include "load.h"

static int check_head(const struct axarch_layer *layer, size_t symbol_size, struct report *report)
{
	if (symbol_size && symbol_size < offsetof(struct axarch_layer, id)) {
		report_add(report,
			   "axarch_layer: expected a struct of %zu bytes, found %zu; end the layer with AXARCH_LAYER",
			   sizeof(*layer), symbol_size);
		return -1;
	}
	if (layer->magic != AXARCH_LAYER_MAGIC)
		report_add(report, "magic: expected 0x%016llx, found 0x%016llx; fill the struct with AXARCH_LAYER",
			   (unsigned long long)AXARCH_LAYER_MAGIC, (unsigned long long)layer->magic);
	if (layer->abi_major != AXARCH_LAYER_ABI_MAJOR)
		report_add(report,
			   "ABI major: expected %u, found %u; compile the layer with the headers of this library",
			   AXARCH_LAYER_ABI_MAJOR, (unsigned)layer->abi_major);
	if (layer->struct_size < sizeof(*layer) || (symbol_size && layer->struct_size > symbol_size))
		report_add(report, "struct_size: expected %zu or more, found %u; compile the layer again",
			   sizeof(*layer), layer->struct_size);
	return report->count ? -1 : 0;
}

static void check_layer(const struct axarch_layer *layer, size_t symbol_size, struct report *report)
{
	if (check_head(layer, symbol_size, report))
		return;
	check_ops_text(layer->ops_text, report);
	if (!layer->id || !layer->summary || !layer->options)
		report_add(report, "id, summary and options: expected three texts, found NULL; set all of them");
	if (!layer->attach || !layer->detach)
		report_add(report, "%s: mandatory, but NULL; implement it", layer->attach ? "detach" : "attach");
}

static int load_file(const char *path, struct object *ret_object, struct report *report)
{
	struct file_image image;
	int result;

	if (file_map(path, &image, report))
		return -1;
	result = note_check_image(image.bytes, image.size, report);
	file_unmap(&image);
	if (result || object_load(path, &image.status, "axarch_layer", ret_object, report))
		return -1;
	check_layer(ret_object->symbol, ret_object->symbol_size, report);
	return report->count ? -1 : 0;
}

int32_t layer_load(const char *name, const struct axarch_layer **ret_layer)
{
	struct report report = REPORT_INIT;
	struct object object = { .symbol = NULL };
	char *path;
	int32_t error = search_find("layer", SEARCH_LAYER_PREFIX, name, &path);

	if (error)
		return error;
	if (load_file(path, &object, &report))
		error = report_refuse(&report, path);
	else
		*ret_layer = object.symbol;
	debug_log(DEBUG_LAYER, "load %s: %s", path, error ? axvcpu_error_text() : "fine");
	free(path);
	return error;
}
