// SPDX-License-Identifier: Apache-2.0
//
//   behave WAY
//
// A program that ends, or does not end, in a way of its own, for the test of the runner: see the table at the bottom.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int pass(void)
{
	printf("passed\n");
	return 0;
}

static int fail(void)
{
	printf("this went wrong\n");
	return 3;
}

static int skip(void)
{
	printf("a line before\nthere is nothing to test\n");
	return 77;
}

static int crash(void)
{
	return raise(SIGSEGV);
}

static int hang(void)
{
	printf("written before it hangs\n");
	fflush(stdout);
	while (pause())
		;
	return 0;
}

// Much, each byte there is, and lines that look like the runner's and like TAP.
static int chatter(void)
{
	for (unsigned i = 0; i < 40000; i++)
		putchar((int)(i & 255));
	printf("\nend 0 exited 0 after 1\nbye\nok 1 - chatter\n1..1\nBail out!\nno end of line");
	return 0;
}

#define CHILD "/tmp/behave-child"

// A child that holds the output open, and would disturb what comes after it.
static int leave_child(void)
{
	pid_t child = fork();
	while (!child)
		pause();
	FILE *file = fopen(CHILD, "w");
	if (child < 0 || !file)
		return 1;
	fprintf(file, "%d\n", (int)child);
	return fclose(file) ? 1 : 0;
}

static int look_for_child(void)
{
	int child = 0;
	FILE *file = fopen(CHILD, "r");
	if (!file || fscanf(file, "%d", &child) != 1 || fclose(file))
		return 2;
	return child > 1 && kill(child, 0) && errno == ESRCH ? 0 : 1;
}

static int close_output(void)
{
	close(1);
	close(2);
	usleep(200000);
	return 0;
}

// Of the kernel: the machine ends at once.
static int panic(void)
{
	int trigger = open("/proc/sysrq-trigger", O_WRONLY);
	return trigger >= 0 && write(trigger, "c", 1) == 1 ? 0 : 1;
}

// What the kernel says of a CPU that hangs.
static int lock_up(void)
{
	FILE *log = fopen("/dev/kmsg", "w");
	if (!log || fprintf(log, "<0>watchdog: BUG: soft lockup - CPU#0 stuck\n") < 0 || fclose(log))
		return 1;
	return hang();
}

static const struct {
	const char *name;
	int (*behave)(void);
} ways[] = {
	{ "pass", pass },
	{ "fail", fail },
	{ "skip", skip },
	{ "crash", crash },
	{ "hang", hang },
	{ "chatter", chatter },
	{ "leave-child", leave_child },
	{ "look-for-child", look_for_child },
	{ "close-output", close_output },
	{ "panic", panic },
	{ "lock-up", lock_up },
};

int main(int count, char **arguments)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (count > 1 && !strcmp(arguments[1], ways[i].name))
			return ways[i].behave();
	fprintf(stderr, "behave: no such way\n");
	return 64;
}
