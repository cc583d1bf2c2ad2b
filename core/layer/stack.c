/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of bound slots that a vCPU calls through: the plugin's own at the bottom, one more for each layer. An op
 * that a layer does not have is bound to what is below, so that it costs nothing. Knows no op by name.
 */
#include <stdlib.h>
#include <string.h>

#include "../error/error.h"
#include "../loader/backend.h"
#include "../loader/debug.h"
#include "around.h"
#include "load.h"
#include "stack.h"

#define LAYERS_MAX 16

struct attached {
	const struct axarch_layer *layer;
	void *self;
	struct around *arounds[OP_COUNT]; /* NULL where the layer has a function, or has no around */
};

struct layer_stack {
	unsigned count;
	struct attached *layers;        /* outermost first */
	struct axarch_dispatch *tables; /* count + 1: a layer's own, and at the end the plugin's */
};

static struct op_slot slot_of(const struct attached *attached, unsigned op, const struct op_slot *below)
{
	void (*fn)(void) = op_layer_fn(attached->layer, op);

	if (!fn && attached->arounds[op])
		fn = around_fn(attached->arounds[op]);
	return fn ? (struct op_slot){ fn, attached->self } : *below;
}

static void bind_layer(struct layer_stack *stack, unsigned index)
{
	struct op_slot *slots = op_slots(&stack->tables[index]);
	const struct op_slot *below = op_slots(&stack->tables[index + 1]);

	for (unsigned op = 0; op < OP_COUNT; op++)
		slots[op] = slot_of(&stack->layers[index], op, &below[op]);
}

static int32_t make_arounds(struct layer_stack *stack, unsigned index)
{
	struct attached *attached = &stack->layers[index];
	const struct op_slot *below = op_slots(&stack->tables[index + 1]);

	for (unsigned op = 0; attached->layer->around && op < OP_COUNT; op++) {
		if (op_layer_fn(attached->layer, op))
			continue;
		attached->arounds[op] = around_create(attached->layer, attached->self, op, &below[op]);
		if (!attached->arounds[op])
			return axvcpu_error_code();
	}
	return 0;
}

static void detach(struct attached *attached)
{
	attached->layer->detach(attached->self);
	for (unsigned op = 0; op < OP_COUNT; op++)
		around_give_back(attached->arounds[op]);
}

/* Attaches a layer above what is there already. On failure it is not attached. */
static int32_t attach(struct layer_stack *stack, unsigned index, struct axarch_layer_site *site, const char *options)
{
	struct attached *attached = &stack->layers[index];
	int32_t error;

	site->below = &stack->tables[index + 1];
	error_clear();
	error = attached->layer->attach(host_table(), site, options, &attached->self);
	if (error)
		return error_prefix(error, "layer \"%s\": ", attached->layer->id);
	error = make_arounds(stack, index);
	if (error)
		detach(attached);
	else
		bind_layer(stack, index);
	return error;
}

/* One entry of the user's list: NAME or NAME=OPTIONS. */
struct entry {
	char *name;
	const char *options;
};

/* Cuts `list` in place. Empty entries do not count. -1: too many. */
static int cut_entries(char *list, struct entry *ret_entries)
{
	char *save = NULL;
	int count = 0;

	for (char *item = strtok_r(list, ";", &save); item; item = strtok_r(NULL, ";", &save)) {
		char *equals = strchr(item, '=');

		if (count == LAYERS_MAX)
			return -1;
		if (equals)
			*equals = '\0';
		ret_entries[count++] = (struct entry){ item, equals ? equals + 1 : "" };
	}
	return count;
}

static int32_t make_tables(struct layer_stack *stack, unsigned count)
{
	stack->count = count;
	stack->layers = calloc(count + 1, sizeof(*stack->layers));
	stack->tables = calloc(count + 1, sizeof(*stack->tables));
	return stack->layers && stack->tables
		       ? 0
		       : error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a vCPU's table of ops");
}

/* All layers are loaded before the first is attached; they are attached from the innermost on, which `below` needs. */
static int32_t attach_all(struct layer_stack *stack, const struct entry *entries, struct axarch_layer_site *site)
{
	int32_t error = 0;

	for (unsigned i = 0; i < stack->count && !error; i++)
		error = layer_load(entries[i].name, &stack->layers[i].layer);
	for (unsigned left = stack->count; left && !error; left--) {
		error = attach(stack, left - 1, site, entries[left - 1].options);
		for (unsigned i = left; error && i < stack->count; i++) /* outermost first, as destroy does */
			detach(&stack->layers[i]);
	}
	return error;
}

static void log_stack(const struct layer_stack *stack, const struct axarch_layer_site *site)
{
	char text[512] = "";

	for (unsigned i = 0; i < stack->count; i++) {
		strncat(text, stack->layers[i].layer->id, sizeof(text) - strlen(text) - 1);
		strncat(text, " > ", sizeof(text) - strlen(text) - 1);
	}
	debug_log(DEBUG_LAYER, "vCPU %u of VM %u: %s%s", site->vcpu_id, site->vm_id, text, site->backend_id);
}

static int32_t build(struct layer_stack *stack, char *list, const struct axarch_dispatch *bottom,
		     struct axarch_layer_site *site)
{
	struct entry entries[LAYERS_MAX];
	int count = cut_entries(list, entries);
	int32_t error;

	if (count < 0)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "more than %d layers", LAYERS_MAX);
	error = make_tables(stack, (unsigned)count);
	if (error)
		return error;
	stack->tables[stack->count] = *bottom;
	error = attach_all(stack, entries, site);
	if (!error)
		log_stack(stack, site);
	return error;
}

static void release(struct layer_stack *stack)
{
	free(stack->tables);
	free(stack->layers);
	free(stack);
}

int32_t layer_stack_create(const struct axarch_dispatch *bottom, const struct axarch_layer_site *site,
			   const char *layers, struct layer_stack **ret_stack)
{
	struct axarch_layer_site own = *site;
	struct layer_stack *stack = calloc(1, sizeof(*stack));
	char *list = strdup(layers ? layers : "");
	int32_t error;

	if (!stack || !list) {
		free(stack);
		free(list);
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a vCPU's table of ops");
	}
	error = build(stack, list, bottom, &own);
	free(list);
	if (error)
		release(stack);
	else
		*ret_stack = stack;
	return error;
}

const struct axarch_dispatch *layer_stack_dispatch(const struct layer_stack *stack)
{
	return stack->tables;
}

void layer_stack_rebind(struct layer_stack *stack, const struct axarch_dispatch *bottom)
{
	stack->tables[stack->count] = *bottom;
	for (unsigned left = stack->count; left; left--)
		bind_layer(stack, left - 1);
}

void layer_stack_destroy(struct layer_stack *stack)
{
	if (!stack)
		return;
	for (unsigned i = 0; i < stack->count; i++)
		detach(&stack->layers[i]);
	release(stack);
}
