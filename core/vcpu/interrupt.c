/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts: queued by any thread, handed to the engine by the vCPU's. Knows nothing of what a vector or a line means.
 */
#include <stdlib.h>

#include "vcpu.h"

int32_t interrupt_queue_init(struct interrupt_queue *queue, uint32_t capacity)
{
	queue->edges = calloc(capacity, sizeof(*queue->edges));
	if (!queue->edges)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for an interrupt queue of %u entries", capacity);
	queue->capacity = capacity;
	pthread_mutex_init(&queue->lock, NULL);
	return 0;
}

void interrupt_queue_finish(struct interrupt_queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
	free(queue->edges);
}

void interrupt_queue_forget(struct interrupt_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->count = 0;
	queue->levels = 0;
	queue->changed = 0;
	queue->known = 0;
	pthread_mutex_unlock(&queue->lock);
}

static int push_edge(struct interrupt_queue *queue, uint64_t vector)
{
	int fits;

	pthread_mutex_lock(&queue->lock);
	fits = queue->count < queue->capacity;
	if (fits)
		queue->edges[(queue->first + queue->count++) % queue->capacity] = vector;
	pthread_mutex_unlock(&queue->lock);
	return fits;
}

static int first_edge(struct interrupt_queue *queue, uint64_t *ret_vector)
{
	int any;

	pthread_mutex_lock(&queue->lock);
	any = queue->count > 0;
	if (any)
		*ret_vector = queue->edges[queue->first];
	pthread_mutex_unlock(&queue->lock);
	return any;
}

static void drop_first_edge(struct interrupt_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->first = (queue->first + 1) % queue->capacity;
	queue->count--;
	pthread_mutex_unlock(&queue->lock);
}

static void note_level(struct interrupt_queue *queue, uint32_t line, uint32_t level)
{
	uint64_t bit = UINT64_C(1) << line;

	pthread_mutex_lock(&queue->lock);
	queue->levels = level ? queue->levels | bit : queue->levels & ~bit;
	queue->changed |= bit;
	queue->known |= bit;
	pthread_mutex_unlock(&queue->lock);
}

void interrupt_lines_retell(struct interrupt_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->changed = queue->known;
	pthread_mutex_unlock(&queue->lock);
}

int32_t interrupt_lines_expect(struct axvcpu *vcpu, const struct engine *engine)
{
	struct interrupt_queue *queue = &vcpu->interrupts;
	uint64_t levels;

	pthread_mutex_lock(&queue->lock);
	levels = queue->levels;
	pthread_mutex_unlock(&queue->lock);
	if (!levels || BACKEND_HAS(engine->bottom.backend, set_interrupt_line))
		return 0;
	return error_set(AXVCPU_ERROR_UNSUPPORTED, "interrupt line %u is up, and it has no interrupt lines",
			 (uint32_t)__builtin_ctzll(levels));
}

/* The lowest line whose level the engine has to be told; it counts as told. */
static int take_line(struct interrupt_queue *queue, uint32_t *ret_line, uint32_t *ret_level)
{
	int any;

	pthread_mutex_lock(&queue->lock);
	any = queue->changed != 0;
	if (any) {
		*ret_line = (uint32_t)__builtin_ctzll(queue->changed);
		*ret_level = queue->levels >> *ret_line & 1;
		queue->changed &= queue->changed - 1;
	}
	pthread_mutex_unlock(&queue->lock);
	return any;
}

static void put_line_back(struct interrupt_queue *queue, uint32_t line)
{
	pthread_mutex_lock(&queue->lock);
	queue->changed |= UINT64_C(1) << line;
	pthread_mutex_unlock(&queue->lock);
}

static int32_t deliver_lines(struct axvcpu *vcpu, uint32_t *delivered)
{
	const struct axarch_dispatch *ops = vcpu->ops;
	uint32_t line, level;

	/* Set while an engine was there that has lines: kept for when it is there again. */
	if (!BACKEND_HAS(vcpu_backend(vcpu), set_interrupt_line))
		return 0;
	while (take_line(&vcpu->interrupts, &line, &level)) {
		int32_t error;

		error_clear();
		error = ops->set_interrupt_line.fn(ops->set_interrupt_line.self, line, level);
		if (error == AXVCPU_ERROR_RESOURCE_BUSY)
			put_line_back(&vcpu->interrupts, line);
		if (error)
			return error;
		*delivered += level;
	}
	return 0;
}

static int32_t deliver_edges(struct axvcpu *vcpu, uint32_t *delivered)
{
	const struct axarch_dispatch *ops = vcpu->ops;
	uint64_t vector;

	while (first_edge(&vcpu->interrupts, &vector)) {
		int32_t error;

		error_clear();
		error = ops->inject_interrupt.fn(ops->inject_interrupt.self, vector);
		if (error == AXVCPU_ERROR_RESOURCE_BUSY)
			return error;
		drop_first_edge(&vcpu->interrupts);
		if (error)
			return error;
		++*delivered;
	}
	return 0;
}

int32_t interrupts_deliver(struct axvcpu *vcpu, uint32_t *delivered)
{
	uint32_t *gate = &vcpu->head.gate;
	int32_t error;

	if (!(__atomic_load_n(gate, __ATOMIC_ACQUIRE) & AXVCPU_GATE_INTERRUPT))
		return 0;
	/* Before the queue is looked at: what is queued from now on sets the bit again. */
	__atomic_fetch_and(gate, ~(uint32_t)AXVCPU_GATE_INTERRUPT, __ATOMIC_SEQ_CST);
	error = deliver_lines(vcpu, delivered);
	if (!error)
		error = deliver_edges(vcpu, delivered);
	if (error == AXVCPU_ERROR_RESOURCE_BUSY) {
		__atomic_fetch_or(gate, AXVCPU_GATE_INTERRUPT, __ATOMIC_SEQ_CST);
		return 0;
	}
	return error ? vcpu_error(vcpu, "an interrupt was refused", error) : 0;
}

int32_t axvcpu_inject_interrupt(struct axvcpu *vcpu, uint64_t vector)
{
	if (!push_edge(&vcpu->interrupts, vector))
		return error_set(AXVCPU_ERROR_RESOURCE_BUSY,
				 "vCPU %u: interrupt %llu does not fit into its queue of %u: run it, or create it with "
				 "a larger interrupt_capacity",
				 vcpu->id, (unsigned long long)vector, vcpu->interrupts.capacity);
	gate_raise(vcpu, AXVCPU_GATE_INTERRUPT);
	return 0;
}

int32_t axvcpu_set_interrupt_line(struct axvcpu *vcpu, uint32_t line, uint32_t level)
{
	if (!BACKEND_HAS(vcpu_backend(vcpu), set_interrupt_line))
		return error_set(AXVCPU_ERROR_UNSUPPORTED,
				 "vCPU %u: its backend has no interrupt lines: use axvcpu_inject_interrupt", vcpu->id);
	if (line >= INTERRUPT_LINES)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "vCPU %u: there is no interrupt line %u: lines go from 0 to %u", vcpu->id, line,
				 INTERRUPT_LINES - 1);
	note_level(&vcpu->interrupts, line, level);
	gate_raise(vcpu, AXVCPU_GATE_INTERRUPT);
	return 0;
}
