/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole VMM in one file: a riscv64 guest that prints a line on a serial port and switches the machine off.
 *
 *   cc tiny-vmm.c $(pkg-config --cflags --libs axvcpu) -o tiny-vmm && ./tiny-vmm
 *
 * The guest runs on whatever backend the library finds for riscv64; name another as the first argument.
 */
#include <stdio.h>
#include <string.h>

#include <axvcpu/axvcpu.h>

#define RAM_BASE 0x80000000u
#define RAM_SIZE 0x100000u
#define UART 0x10000000u

static const uint32_t guest[] = {
	0x00000517, /*    auipc a0, 0                  */
	0x03c50513, /*    addi  a0, a0, text - .       */
	0x100002b7, /*    lui   t0, UART               */
	0x00054303, /* 1: lbu   t1, 0(a0)              */
	0x00030863, /*    beqz  t1, 2f                 */
	0x00628023, /*    sb    t1, 0(t0)              */
	0x00150513, /*    addi  a0, a0, 1              */
	0xff1ff06f, /*    j     1b                     */
	0x535258b7, /* 2: lui   a7, 'SRST'             */
	0x3548889b, /*    addiw a7, a7, 0x354          */
	0x00000813, /*    li    a6, 0: system_reset    */
	0x00000513, /*    li    a0, 0: shut down       */
	0x00000593, /*    li    a1, 0: no reason       */
	0x00000073, /*    ecall                        */
	0xfe9ff06f, /*    j     2b                     */
};
static const char text[] = "Hello from the guest\n";

/* Answers one exit; returns 1 when the machine is off, a negative value on an error. */
static int handle(struct axvcpu *vcpu, const struct axvcpu_exit *exit)
{
	char words[256];

	switch (exit->reason) {
	case AXVCPU_EXIT_MMIO_WRITE:
		if (exit->mmio_write.addr == UART)
			putchar((int)exit->mmio_write.data);
		return 0;
	case AXVCPU_EXIT_MMIO_READ:
		return axvcpu_complete_read(vcpu, exit, 0) ? -1 : 0;
	case AXVCPU_EXIT_HALT:
		return axvcpu_wait(vcpu, UINT64_MAX) ? -1 : 0;
	case AXVCPU_EXIT_NOTHING:
		return 0;
	case AXVCPU_EXIT_SYSTEM_DOWN:
		return 1;
	default:
		axvcpu_exit_format(exit, words, sizeof(words));
		fprintf(stderr, "tiny-vmm: cannot handle %s\n", words);
		return -1;
	}
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

int main(int argc, char **argv)
{
	struct axvcpu_slot ram = { .size_of_struct = sizeof(ram), .gpa = RAM_BASE, .size = RAM_SIZE };
	struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_backend *backend = NULL;
	struct axvcpu_space *space = NULL;
	struct axvcpu *vcpu = NULL;
	int answer = -1;

	if (argc > 1 ? axvcpu_backend_open(argv[1], &backend) : axvcpu_backend_auto(AXVCPU_ARCH_RISCV64, &backend))
		goto out;
	if (axvcpu_space_create(&space) || axvcpu_space_add(space, &ram) ||
	    axvcpu_space_write(space, RAM_BASE, guest, sizeof(guest)) ||
	    axvcpu_space_write(space, RAM_BASE + sizeof(guest), text, sizeof(text)))
		goto out;
	if (axvcpu_create(backend, &info, &vcpu) || axvcpu_setup(vcpu, RAM_BASE, axvcpu_space_root(space), NULL) ||
	    axvcpu_bind(vcpu))
		goto out;
	answer = run(vcpu);
out:
	if (answer < 0)
		fprintf(stderr, "tiny-vmm: %s\n", axvcpu_error_text());
	axvcpu_destroy(vcpu);
	axvcpu_space_destroy(space);
	axvcpu_backend_close(backend);
	return answer == 1 ? 0 : 1;
}
