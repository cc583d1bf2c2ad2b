/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts on their way to an engine: edges in the order in which they came, bounded; and the latest level of each
 * line. Thread-safe by a lock of its own, which is never held while an op runs.
 */
#ifndef CORE_VCPU_INTERRUPT_H
#define CORE_VCPU_INTERRUPT_H

#include <pthread.h>
#include <stdint.h>

#define INTERRUPT_LINES 64u
#define INTERRUPT_CAPACITY_DEFAULT 64u
#define INTERRUPT_CAPACITY_MAX 65536u

struct interrupt_queue {
	pthread_mutex_t lock;
	uint64_t *edges; /* a ring */
	uint32_t capacity;
	uint32_t first;
	uint32_t count;
	uint64_t levels;  /* a bit per line */
	uint64_t changed; /* lines whose level the engine has not been told */
	uint64_t known;   /* lines that were ever set */
};

/* NO_MEMORY. */
int32_t interrupt_queue_init(struct interrupt_queue *queue, uint32_t capacity);
void interrupt_queue_finish(struct interrupt_queue *queue);
void interrupt_queue_forget(struct interrupt_queue *queue);

#endif
