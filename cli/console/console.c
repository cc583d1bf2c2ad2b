/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fail.h"
#include "console.h"
#include "terminal.h"

#define ESCAPE 1 /* Ctrl-A */

/*
 * A write to a terminal or a pipe may block although poll says otherwise, and O_NONBLOCK on the descriptor would be
 * seen by every process that shares it. So such a file is opened once more. Others are written as they are.
 */
static int unblocking(int fd)
{
	struct stat info;
	char path[32];

	if (fstat(fd, &info) || !(S_ISFIFO(info.st_mode) || isatty(fd)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int console_open(struct console *console, int in_fd, int out_fd)
{
	int own = unblocking(out_fd);

	*console = (struct console){ .in_fd = in_fd, .out_fd = own >= 0 ? own : out_fd, .out_fd_owned = own >= 0 };
	console->input = (struct ring){ console->input_data, CONSOLE_INPUT_CAPACITY, 0, 0 };
	console->output = (struct ring){ console->output_data, CONSOLE_OUTPUT_CAPACITY, 0, 0 };
	console->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (console->event_fd < 0) {
		if (own >= 0)
			close(own);
		return fail(STATUS_HOST, "the console cannot be opened: eventfd: %s", strerror(errno));
	}
	pthread_mutex_init(&console->lock, NULL);
	pthread_cond_init(&console->room, NULL);
	console->interactive = isatty(in_fd);
	if (console->interactive)
		terminal_open(in_fd);
	return STATUS_OK;
}

void console_close(struct console *console)
{
	if (!console->output.data)
		return;
	terminal_close();
	if (console->out_fd_owned)
		close(console->out_fd);
	close(console->event_fd);
	pthread_cond_destroy(&console->room);
	pthread_mutex_destroy(&console->lock);
	console->output.data = NULL;
}

static void wake_main(struct console *console)
{
	uint64_t one = 1;

	if (write(console->event_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it is awake already */
}

int console_get(struct console *console)
{
	const uint8_t *data;
	int byte = -1;
	bool wake = false;

	pthread_mutex_lock(&console->lock);
	if (ring_peek(&console->input, &data)) {
		byte = *data;
		ring_drop(&console->input, 1);
		wake = console->starved;
		console->starved = false;
	}
	pthread_mutex_unlock(&console->lock);
	if (wake)
		wake_main(console);
	return byte;
}

bool console_has_input(struct console *console)
{
	bool has;

	pthread_mutex_lock(&console->lock);
	has = console->input.count != 0;
	pthread_mutex_unlock(&console->lock);
	return has;
}

static void put(struct console *console, uint8_t byte)
{
	bool first;

	pthread_mutex_lock(&console->lock);
	first = !console->output.count;
	ring_put(&console->output, byte);
	pthread_mutex_unlock(&console->lock);
	if (first)
		wake_main(console);
}

void console_put(struct console *console, uint8_t byte)
{
	put(console, byte);
	if (console->listen)
		console->listen(console->listen_context, byte);
}

void console_listen(struct console *console, void (*listen)(void *context, uint8_t byte), void *context)
{
	console->listen = listen;
	console->listen_context = context;
}

void console_wait_room(struct console *console)
{
	pthread_mutex_lock(&console->lock);
	while (ring_room(&console->output) < CONSOLE_OUTPUT_RESERVE && !console->stopped)
		pthread_cond_wait(&console->room, &console->lock);
	pthread_mutex_unlock(&console->lock);
}

void console_stop(struct console *console)
{
	pthread_mutex_lock(&console->lock);
	console->stopped = true;
	pthread_cond_broadcast(&console->room);
	pthread_mutex_unlock(&console->lock);
}

bool console_has_output(struct console *console)
{
	bool has;

	pthread_mutex_lock(&console->lock);
	has = console->output.count && !console->output_error;
	pthread_mutex_unlock(&console->lock);
	return has;
}

void console_prepare(struct console *console, struct pollfd fds[3])
{
	bool readable;

	pthread_mutex_lock(&console->lock);
	console->starved = !ring_room(&console->input);
	readable = console->in_fd >= 0 && !console->starved && (!console->interactive || terminal_is_raw());
	fds[0] = (struct pollfd){ .fd = readable ? console->in_fd : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = console->output.count && !console->output_error ? console->out_fd : -1,
				  .events = POLLOUT };
	fds[2] = (struct pollfd){ .fd = console->event_fd, .events = POLLIN };
	pthread_mutex_unlock(&console->lock);
}

static void put_text(struct console *console, const char *text)
{
	for (; *text; text++)
		put(console, (uint8_t)*text);
}

static const char key_help[] =
	"\r\nCtrl-A x  ends the run\r\nCtrl-A h  shows this\r\nCtrl-A Ctrl-A  sends Ctrl-A to the guest\r\n";

static void take_byte(struct console *console, uint8_t byte)
{
	pthread_mutex_lock(&console->lock);
	ring_put(&console->input, byte);
	pthread_mutex_unlock(&console->lock);
}

/* What Ctrl-A and then `key` mean. */
static enum console_key take_escaped(struct console *console, uint8_t key)
{
	console->escaped = false;
	switch (key) {
	case 'x':
	case 'X':
		return CONSOLE_KEY_QUIT;
	case ESCAPE:
		take_byte(console, ESCAPE);
		return CONSOLE_KEY_NONE;
	default:
		put_text(console, key_help);
		return CONSOLE_KEY_NONE;
	}
}

static enum console_key take_typed(struct console *console, uint8_t byte)
{
	if (console->interactive && console->escaped)
		return take_escaped(console, byte);
	if (console->interactive && byte == ESCAPE)
		console->escaped = true;
	else
		take_byte(console, byte);
	return CONSOLE_KEY_NONE;
}

/* Reads no more than there is room for. Returns whether there was anything. */
static bool read_input(struct console *console, enum console_key *ret_key)
{
	uint8_t bytes[CONSOLE_INPUT_CAPACITY];
	ssize_t got;
	size_t room;

	pthread_mutex_lock(&console->lock);
	room = ring_room(&console->input);
	pthread_mutex_unlock(&console->lock);
	got = read(console->in_fd, bytes, room);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (got <= 0) {
		console->in_fd = -1; /* its end: the guest goes on without input */
		return false;
	}
	for (ssize_t i = 0; i < got && *ret_key == CONSOLE_KEY_NONE; i++)
		*ret_key = take_typed(console, bytes[i]);
	return true;
}

static void write_output(struct console *console)
{
	uint8_t bytes[4096]; /* as much as poll promises for a pipe */
	const uint8_t *data;
	size_t size;
	ssize_t written;

	pthread_mutex_lock(&console->lock);
	size = ring_peek(&console->output, &data);
	size = size < sizeof(bytes) ? size : sizeof(bytes);
	memcpy(bytes, data, size);
	pthread_mutex_unlock(&console->lock);
	written = write(console->out_fd, bytes, size);
	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	pthread_mutex_lock(&console->lock);
	if (written < 0)
		console->output_error = errno;
	ring_drop(&console->output, written < 0 ? console->output.count : (size_t)written);
	pthread_cond_broadcast(&console->room);
	pthread_mutex_unlock(&console->lock);
}

bool console_service(struct console *console, const struct pollfd fds[3], enum console_key *ret_key)
{
	uint64_t count;
	bool came = false;

	*ret_key = CONSOLE_KEY_NONE;
	if (fds[2].revents && read(console->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return false;
	if (fds[0].revents)
		came = read_input(console, ret_key);
	if (fds[1].revents)
		write_output(console);
	return came;
}
