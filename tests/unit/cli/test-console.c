/* SPDX-License-Identifier: Apache-2.0 */
/* The console: nothing is lost in either direction, escape keys, and writers that wait. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "console/console.h"
#include "console/terminal.h"

struct fixture {
	struct console console;
	int host_in, guest_in;   /* what is written to host_in the console reads */
	int guest_out, host_out; /* what the console writes can be read from host_out */
};

static int make(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int in[2], out[2];

	if (pipe(in) || pipe(out))
		return -1;
	fixture->guest_in = in[0];
	fixture->host_in = in[1];
	fixture->host_out = out[0];
	fixture->guest_out = out[1];
	*state = fixture;
	return console_open(&fixture->console, in[0], out[1]);
}

static int discard(void **state)
{
	struct fixture *fixture = *state;

	console_close(&fixture->console);
	close(fixture->guest_in);
	close(fixture->guest_out);
	close(fixture->host_out);
	if (fixture->host_in >= 0)
		close(fixture->host_in);
	free(fixture);
	return 0;
}

/* One turn of the main loop, that does not wait. */
static bool turn(struct console *console, enum console_key *ret_key)
{
	struct pollfd fds[3];

	console_prepare(console, fds);
	assert_true(poll(fds, 3, 0) >= 0);
	return console_service(console, fds, ret_key);
}

static void gives_input_to_the_guest(void **state)
{
	struct fixture *fixture = *state;
	enum console_key key;

	assert_int_equal(console_get(&fixture->console), -1);
	assert_int_equal(write(fixture->host_in, "a\1x", 3), 3); /* from a pipe Ctrl-A is a byte like others */
	assert_true(turn(&fixture->console, &key));
	assert_int_equal(key, CONSOLE_KEY_NONE);
	assert_int_equal(console_get(&fixture->console), 'a');
	assert_int_equal(console_get(&fixture->console), 1);
	assert_int_equal(console_get(&fixture->console), 'x');
	assert_false(console_has_input(&fixture->console));
}

static void loses_no_input_when_the_guest_is_slow(void **state)
{
	struct fixture *fixture = *state;
	enum console_key key;
	uint8_t sent[3 * CONSOLE_INPUT_CAPACITY / 2];
	int byte;
	size_t got = 0;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(write(fixture->host_in, sent, sizeof(sent)), sizeof(sent));
	while (got < sizeof(sent)) {
		turn(&fixture->console, &key);
		turn(&fixture->console, &key); /* no room: reads nothing */
		while ((byte = console_get(&fixture->console)) >= 0)
			assert_int_equal(byte, sent[got++]);
	}
}

static void goes_on_at_the_end_of_input(void **state)
{
	struct fixture *fixture = *state;
	enum console_key key;
	struct pollfd fds[3];

	close(fixture->host_in);
	fixture->host_in = -1;
	assert_false(turn(&fixture->console, &key));
	console_prepare(&fixture->console, fds);
	assert_int_equal(fds[0].fd, -1);
	assert_int_equal(console_get(&fixture->console), -1);
}

static void writes_what_the_guest_says(void **state)
{
	struct fixture *fixture = *state;
	enum console_key key;
	char text[8] = "";

	for (const char *c = "hello"; *c; c++)
		console_put(&fixture->console, (uint8_t)*c);
	assert_true(console_has_output(&fixture->console));
	turn(&fixture->console, &key);
	assert_false(console_has_output(&fixture->console));
	assert_int_equal(read(fixture->host_out, text, sizeof(text)), 5);
	assert_string_equal(text, "hello");
}

static void *fill(void *console)
{
	for (unsigned i = 0; i < 3 * CONSOLE_OUTPUT_CAPACITY; i++) {
		console_wait_room(console);
		console_put(console, (uint8_t)i);
	}
	return NULL;
}

static void makes_writers_wait_for_a_slow_reader(void **state)
{
	struct fixture *fixture = *state;
	enum console_key key;
	uint8_t bytes[4096];
	pthread_t writer;
	unsigned got = 0;

	fcntl(fixture->host_out, F_SETFL, O_NONBLOCK);
	assert_int_equal(pthread_create(&writer, NULL, fill, &fixture->console), 0);
	while (got < 3 * CONSOLE_OUTPUT_CAPACITY) {
		ssize_t size;

		turn(&fixture->console, &key);
		size = read(fixture->host_out, bytes, sizeof(bytes));
		for (ssize_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], (uint8_t)(got + (unsigned)i));
		got += size > 0 ? (unsigned)size : 0;
	}
	pthread_join(writer, NULL);
}

static void lets_writers_go_when_it_stops(void **state)
{
	struct fixture *fixture = *state;
	pthread_t writer;

	assert_int_equal(pthread_create(&writer, NULL, fill, &fixture->console), 0);
	console_stop(&fixture->console); /* nobody ever reads */
	pthread_join(writer, NULL);
}

static void reports_a_closed_reader(void **state)
{
	struct fixture *fixture = *state;
	enum console_key key;
	int nobody = open("/dev/null", O_RDONLY);

	dup2(nobody, fixture->host_out);
	close(nobody);
	console_put(&fixture->console, 'x');
	turn(&fixture->console, &key);
	assert_int_equal(fixture->console.output_error, EPIPE);
	assert_false(console_has_output(&fixture->console));
}

/* A console on a pseudoterminal, that is not the one of this process: raw mode is for the foreground only. */
static void takes_escape_keys_on_a_terminal(void **state)
{
	struct fixture *fixture = *state;
	struct console *console = &fixture->console;
	enum console_key key;

	console->interactive = true;
	console->in_fd = fixture->guest_in;
	assert_int_equal(write(fixture->host_in, "\1\1b\1h", 5), 5);
	assert_false(terminal_is_raw());
	struct pollfd fds[3] = { { .revents = POLLIN } };
	assert_true(console_service(console, fds, &key));
	assert_int_equal(key, CONSOLE_KEY_NONE);
	assert_int_equal(console_get(console), 1);
	assert_int_equal(console_get(console), 'b');
	assert_int_equal(console_get(console), -1);
	assert_true(console_has_output(console)); /* the keys' help */
	assert_int_equal(write(fixture->host_in, "c\1", 2), 2);
	assert_true(console_service(console, fds, &key));
	assert_int_equal(key, CONSOLE_KEY_NONE);
	assert_int_equal(write(fixture->host_in, "xd", 2), 2);
	assert_true(console_service(console, fds, &key));
	assert_int_equal(key, CONSOLE_KEY_QUIT);
	assert_int_equal(console_get(console), 'c');
	assert_int_equal(console_get(console), -1);
}

#define CONSOLE_TEST(name) cmocka_unit_test_setup_teardown(name, make, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONSOLE_TEST(gives_input_to_the_guest),
		CONSOLE_TEST(loses_no_input_when_the_guest_is_slow),
		CONSOLE_TEST(goes_on_at_the_end_of_input),
		CONSOLE_TEST(writes_what_the_guest_says),
		CONSOLE_TEST(makes_writers_wait_for_a_slow_reader),
		CONSOLE_TEST(lets_writers_go_when_it_stops),
		CONSOLE_TEST(reports_a_closed_reader),
		CONSOLE_TEST(takes_escape_keys_on_a_terminal),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
