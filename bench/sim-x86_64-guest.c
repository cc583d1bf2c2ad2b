/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of the sim-x86_64 benchmark: small programs, chosen by WORKLOAD, each repeated ROUNDS times. Freestanding,
 * 64 bits, an ELF file that is started in one of two ways:
 *
 *   by its PVH note    in 32-bit mode without paging; it maps the first GiB to itself with 2 MiB pages and goes on in
 *                      64-bit mode: axvcpu-run, QEMU
 *   at its ELF entry   in 64-bit mode, wherever memory is mapped to itself and there is a stack: Unicorn
 *
 * It writes its result to COM1 as eight hexadecimal digits and a line feed, and ends by port 0xf4, with 0 where all
 * rounds had the same result.
 */
#include <stdint.h>

enum { CRC, SIEVE, SHA, FIB, CALLS, DOUBLES, RANDOM, NOTHING };
enum { COM1 = 0x3f8, EXIT = 0xf4, STACK_SIZE = 65536 };

static uint8_t memory[32 << 20] __attribute__((aligned(4096)));
static uint8_t stack[STACK_SIZE] __attribute__((aligned(4096), used));
static uint64_t tables[3][512] __attribute__((aligned(4096), used));

static uint32_t crc(void)
{
	uint32_t sum = ~0u;

	for (unsigned i = 0; i < 4096; i++)
		memory[i] = (uint8_t)(i * 7);
	for (unsigned i = 0; i < 4096; i++) {
		sum ^= memory[i];
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (0xedb88320 & -(sum & 1));
	}
	return ~sum;
}

static uint32_t sieve(void)
{
	uint32_t primes = 0;

	for (unsigned i = 2; i < 8192; i++)
		memory[i] = 1;
	for (unsigned i = 2; i < 8192; i++) {
		if (!memory[i])
			continue;
		primes++;
		for (unsigned j = 2 * i; j < 8192; j += i)
			memory[j] = 0;
	}
	return primes;
}

static uint32_t rotate(uint32_t value, unsigned by)
{
	return value >> by | value << (32 - by);
}

/* The rounds of SHA-256 with made-up constants. */
static uint32_t sha(void)
{
	uint32_t h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	for (unsigned i = 0; i < 2048; i++) {
		uint32_t s1 = rotate(h[4], 6) ^ rotate(h[4], 11) ^ rotate(h[4], 25);
		uint32_t t1 = h[7] + s1 + ((h[4] & h[5]) ^ (~h[4] & h[6])) + i * 0x9e3779b9;
		uint32_t s0 = rotate(h[0], 2) ^ rotate(h[0], 13) ^ rotate(h[0], 22);
		uint32_t t2 = s0 + ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]));

		for (unsigned j = 7; j; j--)
			h[j] = h[j - 1];
		h[4] += t1;
		h[0] = t1 + t2;
	}
	return h[0];
}

static __attribute__((noipa)) uint32_t fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint32_t add(uint32_t x)
{
	return x + 0x9e3779b9 * (x >> 16 | 1);
}
static uint32_t mix(uint32_t x)
{
	return x * 1664525 + 1013904223;
}
static uint32_t turn(uint32_t x)
{
	return rotate(x, 7) ^ 0x5a5a5;
}
static uint32_t flip(uint32_t x)
{
	return ~x * 69069;
}

/* Which one comes next cannot be foreseen. */
static uint32_t calls(void)
{
	static uint32_t (*volatile const table[])(uint32_t) = { add, mix, turn, flip };
	uint32_t x = 1;

	for (unsigned i = 0; i < 10000; i++)
		x = table[x >> 28 & 3](x);
	return x;
}

/* A product of matrices and a few points of the Mandelbrot set: sums, products, a division, a root, comparisons and
 * conversions of doubles. Every step is exact in IEEE 754, so that the result is the same everywhere. */
enum { ORDER = 16, POINTS = 16, STEPS = 64 };

static double matrix_sum(void)
{
	static double a[ORDER][ORDER], b[ORDER][ORDER];
	double sum = 0;

	for (int i = 0; i < ORDER; i++)
		for (int j = 0; j < ORDER; j++) {
			a[i][j] = i + 0.25 * j;
			b[i][j] = (i - j) / 8.0;
		}
	for (int i = 0; i < ORDER; i++)
		for (int j = 0; j < ORDER; j++) {
			double cell = 0;

			for (int k = 0; k < ORDER; k++)
				cell += a[i][k] * b[k][j];
			sum += __builtin_sqrt(cell * cell + 1);
		}
	return sum;
}

static unsigned steps_of_point(double cx, double cy)
{
	double x = 0, y = 0;
	unsigned steps = 0;

	while (x * x + y * y < 4 && steps < STEPS) {
		double next = x * x - y * y + cx;

		y = 2 * x * y + cy;
		x = next;
		steps++;
	}
	return steps;
}

static uint32_t doubles(void)
{
	union {
		double value;
		uint64_t bits;
	} sum = { matrix_sum() };

	for (int i = 0; i < POINTS; i++)
		for (int j = 0; j < POINTS; j++)
			sum.value += steps_of_point(-2 + 2.5 * i / POINTS, -1.25 + 2.5 * j / POINTS);
	return (uint32_t)(sum.bits ^ sum.bits >> 32);
}

static uint32_t random_accesses(void)
{
	uint64_t x = 88172645463325252u;
	uint32_t sum = 0;

	for (unsigned i = 0; i < 10000; i++) {
		uint32_t *word;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word = (uint32_t *)&memory[x % sizeof(memory) & ~(uint64_t)3];
		sum += *word + (uint32_t)x;
		*word = 0;
	}
	return sum;
}

static __attribute__((noipa)) uint32_t once(void)
{
	switch (WORKLOAD) {
	case CRC:
		return crc();
	case SIEVE:
		return sieve();
	case SHA:
		return sha();
	case FIB:
		return fib(18);
	case CALLS:
		return calls();
	case DOUBLES:
		return doubles();
	case RANDOM:
		return random_accesses();
	}
	return 0;
}

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		out(COM1, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
	out(COM1, '\n');
}

void guest(void);
__attribute__((used)) void guest(void)
{
	uint32_t first = once(), bad = 0;

	for (unsigned i = 1; i < ROUNDS; i++)
		bad |= once() ^ first;
	print(first);
	for (;;)
		out(EXIT, bad != 0);
}

/* XEN_ELFNOTE_PHYS32_ENTRY is 18. Bits: cr4 PAE, OSFXSR, OSXMMEXCPT; efer LME; cr0 PE, MP, NE, WP, PG. */
__asm__(".section .note.pvh, \"a\", @note\n"
	"	.balign 4\n"
	"	.long 4, 4, 18\n"
	"	.asciz \"Xen\"\n"
	"	.long enter\n"

	".text\n"
	".code32\n"
	"enter:	cld\n"
	"	mov $tables, %edi\n"
	"	lea 0x1007(%edi), %eax\n"
	"	mov %eax, (%edi)\n"
	"	lea 0x2007(%edi), %eax\n"
	"	mov %eax, 0x1000(%edi)\n"
	"	mov $0x87, %eax\n"
	"	xor %ecx, %ecx\n"
	"1:	mov %eax, 0x2000(%edi, %ecx, 8)\n"
	"	add $0x200000, %eax\n"
	"	inc %ecx\n"
	"	cmp $512, %ecx\n"
	"	jne 1b\n"
	"	mov %edi, %cr3\n"
	"	mov $0x620, %eax\n"
	"	mov %eax, %cr4\n"
	"	mov $0xc0000080, %ecx\n"
	"	xor %edx, %edx\n"
	"	mov $0x100, %eax\n"
	"	wrmsr\n"
	"	mov $0x80010023, %eax\n"
	"	mov %eax, %cr0\n"
	"	lgdt gdt_pointer\n"
	"	ljmp $8, $_start\n"

	".code64\n"
	".globl _start\n"
	"_start:	lea stack + 65536, %rsp\n"
	"	xor %ebp, %ebp\n"
	"	call guest\n"

	".section .rodata\n"
	"	.balign 8\n"
	"gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	"gdt_pointer:\n"
	"	.word 23\n"
	"	.long gdt\n"
	".text\n");
