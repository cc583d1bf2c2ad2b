/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that is moved from one engine to another while it runs: it counts from 1 to 6 on a serial port, and the VMM
 * moves it after each digit. The registers go along, so it does not notice.
 *
 *   cc two-engines.c $(pkg-config --cflags --libs axvcpu) -o two-engines && ./two-engines kvm sim-x86_64
 *
 * Two backends for x86_64, by name or path, are the arguments.
 */
#include <stdio.h>

#include <axvcpu/axvcpu.h>

#define ENTRY 0x1000u
#define RAM_SIZE 0x10000u
#define SERIAL 0x3f8u
#define SHUT_DOWN 0x604u

/* Real mode. */
static const unsigned char guest[] = {
	0xb3, '1',        /*    mov $'1', %bl      */
	0xba, 0xf8, 0x03, /*    mov $SERIAL, %dx   */
	0x88, 0xd8,       /* 1: mov %bl, %al       */
	0xee,             /*    out %al, (%dx)     */
	0xfe, 0xc3,       /*    inc %bl            */
	0x80, 0xfb, '7',  /*    cmp $'7', %bl      */
	0x75, 0xf6,       /*    jne 1b             */
	0xba, 0x04, 0x06, /*    mov $0x604, %dx    */
	0xb8, 0x00, 0x20, /*    mov $0x2000, %ax   */
	0xef,             /*    out %ax, (%dx)     */
	0xeb, 0xf7,       /*    and again          */
};

static struct axvcpu_backend *engines[2];
static char **names;

/* Each digit on another engine. A refusal would leave the vCPU where it is, and the text says why. */
static int print_and_move(struct axvcpu *vcpu, char digit)
{
	int here = axvcpu_backend_of(vcpu) == engines[1];

	printf("%c on %s\n", digit, names[here]);
	return axvcpu_switch(vcpu, engines[!here]) ? -1 : 0;
}

/* 1: the machine is off. */
static int handle(struct axvcpu *vcpu, const struct axvcpu_exit *exit)
{
	char words[256];

	if (exit->reason == AXVCPU_EXIT_SYSTEM_DOWN)
		return 1;
	if (exit->reason == AXVCPU_EXIT_IO_WRITE && exit->io_write.port == SERIAL)
		return print_and_move(vcpu, (char)exit->io_write.data);
	if (exit->reason == AXVCPU_EXIT_NOTHING)
		return 0;
	axvcpu_exit_format(exit, words, sizeof(words));
	fprintf(stderr, "two-engines: cannot handle %s\n", words);
	return -1;
}

static int run(struct axvcpu *vcpu)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int answer;

	do {
		if (axvcpu_run(vcpu, &exit))
			return -1;
		answer = handle(vcpu, &exit);
	} while (!answer);
	return answer;
}

/* The second engine is added before the guest runs, so that both agree on what kind of processor they are. */
static int start(struct axvcpu *vcpu, struct axvcpu_space *space)
{
	return axvcpu_add_engine(vcpu, engines[1], NULL) || axvcpu_setup(vcpu, ENTRY, axvcpu_space_root(space), NULL) ||
	       axvcpu_bind(vcpu);
}

int main(int argc, char **argv)
{
	struct axvcpu_slot ram = { .size_of_struct = sizeof(ram), .size = RAM_SIZE };
	struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_space *space = NULL;
	struct axvcpu *vcpu = NULL;
	int answer = -1;

	if (argc != 3) {
		fprintf(stderr, "usage: two-engines BACKEND BACKEND\n");
		return 2;
	}
	names = &argv[1];
	if (axvcpu_backend_open(argv[1], &engines[0]) || axvcpu_backend_open(argv[2], &engines[1]))
		goto out;
	if (axvcpu_space_create(&space) || axvcpu_space_add(space, &ram) ||
	    axvcpu_space_write(space, ENTRY, guest, sizeof(guest)))
		goto out;
	if (axvcpu_create(engines[0], &info, &vcpu) || start(vcpu, space))
		goto out;
	answer = run(vcpu);
out:
	if (answer < 0)
		fprintf(stderr, "two-engines: %s\n", axvcpu_error_text());
	axvcpu_destroy(vcpu);
	axvcpu_space_destroy(space);
	axvcpu_backend_close(engines[0]);
	axvcpu_backend_close(engines[1]);
	return answer == 1 ? 0 : 1;
}
