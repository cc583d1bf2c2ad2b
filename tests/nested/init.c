// SPDX-License-Identifier: Apache-2.0
//
// The first process of the machine that run.py boots: loads the modules that it is told to, runs the tests one after
// the other and reports on a serial port of its own. It knows nothing of what it runs, and needs no other program.
//
// In the initramfs: /nested/modules, paths of modules, and /nested/0, /nested/1, ..., the tests. Fields end with NUL:
// of a test the limit in seconds, the folder to run it in, the number of variables, the variables (NAME=VALUE), the
// command, its arguments.
//
// Reports are lines of text, and bytes that are counted, so that nothing that a test writes can be taken for a report:
//   begin TEST
//   output TEST COUNT, and so many bytes
//   end TEST exited STATUS|signaled NUMBER|timeout SECONDS after MILLISECONDS
//   alive, every few seconds
//   fatal TEXT
//   bye
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define REPORTS "/dev/ttyS1"

enum { fields_max = 256, record_max = 65536, alive_ms = 5000 };

struct record {
	char text[record_max];
	char *fields[fields_max + 1];
	size_t count;
};

struct test {
	unsigned number;
	unsigned limit; // seconds
	const char *folder;
	char **variables;
	size_t variables_count;
	char **command;
};

static int reports = -1;

static void write_all(const void *bytes, size_t size)
{
	const char *next = bytes;
	while (size) {
		ssize_t written = write(reports, next, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		next += written;
		size -= (size_t)written;
	}
}

__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length > sizeof line - 2)
		length = (int)sizeof line - 2;
	line[length] = '\n';
	write_all(line, (size_t)length + 1);
}

// A first process must not return: the kernel would panic.
static _Noreturn void power_off(void)
{
	if (reports >= 0)
		tcdrain(reports);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

__attribute__((format(printf, 1, 2))) static _Noreturn void fatal(const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	report("fatal %s", text);
	power_off();
}

static void mount_all(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		// Below the one before.
		{ "devpts", "/dev/pts" },
		{ "tmpfs", "/dev/shm" },
	};
	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL))
			printf("init: %s is not mounted: %s\n", mounts[i].where, strerror(errno));
	}
}

// Raw: what is written arrives as it is.
static void open_reports(void)
{
	reports = open(REPORTS, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios terminal;
	if (reports < 0 || tcgetattr(reports, &terminal)) {
		printf("init: %s: %s\n", REPORTS, strerror(errno));
		power_off();
	}
	cfmakeraw(&terminal);
	tcsetattr(reports, TCSANOW, &terminal);
}

// false when there is no such file.
static bool read_record(const char *path, struct record *record)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t size = read(file, record->text, sizeof record->text);
	close(file);
	if (size < 0 || size == sizeof record->text || (size && record->text[size - 1]))
		fatal("%s cannot be read or is too long", path);
	record->count = 0;
	for (char *field = record->text; field < record->text + size; field += strlen(field) + 1) {
		if (record->count == fields_max)
			fatal("%s has more than %d fields", path, fields_max);
		record->fields[record->count++] = field;
	}
	record->fields[record->count] = NULL;
	return true;
}

static void load_modules(void)
{
	static struct record modules;
	if (!read_record("/nested/modules", &modules))
		return;
	for (size_t i = 0; i < modules.count; i++) {
		int file = open(modules.fields[i], O_RDONLY | O_CLOEXEC);
		if (file < 0 || syscall(SYS_finit_module, file, "", 0))
			fatal("the module %s cannot be loaded: %s", modules.fields[i], strerror(errno));
		close(file);
	}
	if (access("/dev/kvm", R_OK | W_OK))
		fatal("the modules are loaded, but /dev/kvm cannot be used: %s", strerror(errno));
}

// The first virtual machine and the first vCPU without an interrupt controller of the kernel's make Linux exchange
// instructions in code that all CPUs execute, and so do the last ones' ends. machine.py tells what a machine with
// parallel CPUs may do then. With one of each for as long as the machine runs that code stays as it is.
static void hold_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0 && errno == ENOENT)
		return;
	int machine = ioctl(kvm, KVM_CREATE_VM, 0);
	if (machine < 0 || ioctl(machine, KVM_CREATE_VCPU, 0) < 0)
		fatal("/dev/kvm makes no vCPU: %s", strerror(errno));
	close(kvm);
}

static bool read_test(unsigned number, struct record *record, struct test *test)
{
	char path[64];
	snprintf(path, sizeof path, "/nested/%u", number);
	if (!read_record(path, record))
		return false;
	size_t variables = record->count > 2 ? strtoul(record->fields[2], NULL, 10) : 0;
	if (record->count < 4 + variables)
		fatal("%s has no command", path);
	*test = (struct test){
		.number = number,
		.limit = (unsigned)strtoul(record->fields[0], NULL, 10),
		.folder = record->fields[1],
		.variables = record->fields + 3,
		.variables_count = variables,
		.command = record->fields + 3 + variables,
	};
	return true;
}

static _Noreturn void become(const struct test *test, int output)
{
	setsid();
	int nothing = open("/dev/null", O_RDONLY);
	dup2(nothing, 0);
	dup2(output, 1);
	dup2(output, 2);
	clearenv();
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/", 1);
	for (size_t i = 0; i < test->variables_count; i++)
		putenv(test->variables[i]);
	if (!chdir(test->folder))
		execvp(test->command[0], test->command);
	dprintf(2, "%s cannot be run: %s\n", test->command[0], strerror(errno));
	_exit(127);
}

static long long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// Sends what is there to be read. false at the end of it.
static bool send_output(unsigned number, int output)
{
	char bytes[4096];
	ssize_t size = read(output, bytes, sizeof bytes);
	if (size <= 0)
		return size < 0 && (errno == EINTR || errno == EAGAIN);
	report("output %u %zd", number, size);
	write_all(bytes, (size_t)size);
	return true;
}

// Until the process has ended, or until the deadline: then false. Its output may go on, when it left others behind.
static bool wait_for(pid_t process, unsigned number, int output, long long deadline, int *ret_status)
{
	struct pollfd ready = { .fd = output, .events = POLLIN };
	long long alive = milliseconds();
	for (;;) {
		pid_t ended;
		while ((ended = waitpid(-1, ret_status, WNOHANG)) > 0)
			if (ended == process)
				return true;
		long long now = milliseconds();
		if (now >= deadline)
			return false;
		if (now >= alive + alive_ms) {
			report("alive");
			alive = now;
		}
		// A process that closes its output before its end is looked for now and then.
		if (poll(&ready, 1, 10) > 0 && !send_output(number, output))
			ready.fd = -1;
	}
}

// All but this process. What was left behind holds the output open, and must not disturb the next test.
static void kill_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static void run_test(const struct test *test)
{
	int output[2];
	if (pipe2(output, O_CLOEXEC))
		fatal("no pipe: %s", strerror(errno));
	report("begin %u", test->number);
	long long start = milliseconds();
	pid_t process = fork();
	if (process < 0)
		fatal("no process: %s", strerror(errno));
	if (!process)
		become(test, output[1]);
	close(output[1]);
	int status = 0;
	bool ended = wait_for(process, test->number, output[0], start + test->limit * 1000LL, &status);
	long long took = milliseconds() - start;
	kill_all();
	while (send_output(test->number, output[0]))
		;
	close(output[0]);
	const char *how = !ended ? "timeout" : WIFSIGNALED(status) ? "signaled" : "exited";
	unsigned value =
		!ended ? test->limit : (unsigned)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	report("end %u %s %u after %lld", test->number, how, value, took);
}

int main(void)
{
	mount_all();
	open_reports();
	load_modules();
	hold_kvm();
	static struct record record;
	struct test test;
	for (unsigned number = 0; read_test(number, &record, &test); number++)
		run_test(&test);
	report("bye");
	power_off();
}
