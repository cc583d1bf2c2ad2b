/* SPDX-License-Identifier: Apache-2.0 */
/* One cpu's thread: started and stopped as the guest asks, and in between run, exit by exit. */
#ifndef CLI_CPU_H
#define CLI_CPU_H

/* A thread's body; the argument is its struct cpu. Ends when the machine stops. */
void *cpu_thread(void *cpu);

#endif
