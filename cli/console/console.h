/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's console: standard input and output on one side, the UART and the SBI console on the other.
 *
 * The main thread alone touches the descriptors, when poll says so; the vCPUs' threads put into and take from two
 * rings. Input is read when there is room for it, so nothing that is piped in is lost. On a terminal Ctrl-A is the
 * escape key.
 */
#ifndef CLI_CONSOLE_CONSOLE_H
#define CLI_CONSOLE_CONSOLE_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ring.h"

#define CONSOLE_INPUT_CAPACITY 4096u
#define CONSOLE_OUTPUT_CAPACITY 65536u

/* What a byte that may leave without waiting for room; a cpu waits first when there is less. */
#define CONSOLE_OUTPUT_RESERVE 20480u

enum console_key { CONSOLE_KEY_NONE, CONSOLE_KEY_QUIT };

struct console {
	int in_fd; /* -1: at its end */
	int out_fd;
	int out_fd_owned; /* out_fd is to be closed */
	int event_fd;     /* readable when the main thread should look: output came, or room for input */
	bool interactive; /* standard input is a terminal */
	bool escaped;     /* Ctrl-A was typed */
	bool stopped;     /* nobody waits for room any more */
	bool starved;     /* input waits for room */
	int output_error; /* errno of the write that failed */
	pthread_mutex_t lock;
	pthread_cond_t room;
	void (*listen)(void *context, uint8_t byte); /* hears what the guest writes */
	void *listen_context;
	struct ring input, output;
	uint8_t input_data[CONSOLE_INPUT_CAPACITY];
	uint8_t output_data[CONSOLE_OUTPUT_CAPACITY];
};

/* Takes the descriptors; makes a terminal at in_fd raw. Statuses: HOST. The struct is large: not for the stack. */
int console_open(struct console *console, int in_fd, int out_fd);

/* Puts the terminal back. Fine on a zeroed console. */
void console_close(struct console *console);

/* [any-thread] One byte of input, or -1. */
int console_get(struct console *console);
bool console_has_input(struct console *console);

/* [any-thread] One byte of output; never blocks. Up to CONSOLE_OUTPUT_RESERVE bytes fit after console_wait_room. */
void console_put(struct console *console, uint8_t byte);

/* Who hears each byte that console_put takes, on the thread that puts it; NULL: nobody. While no vCPU runs. */
void console_listen(struct console *console, void (*listen)(void *context, uint8_t byte), void *context);

/* [any-thread] Waits until there is room for a reserve of output, or console_stop. */
void console_wait_room(struct console *console);

/* Nobody waits any more; output is dropped when there is no room. */
void console_stop(struct console *console);

/*
 * The main thread's part. prepare fills in what to wait for (three entries: input, output, event) and service does what
 * poll found: returns whether input came, and what an escape key asked for. At output_error the console writes nothing
 * more.
 */
void console_prepare(struct console *console, struct pollfd fds[3]);
bool console_service(struct console *console, const struct pollfd fds[3], enum console_key *ret_key);

/* Whether output waits to be written. */
bool console_has_output(struct console *console);

#endif
