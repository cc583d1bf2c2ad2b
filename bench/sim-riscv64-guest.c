/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of the sim-riscv64 benchmark: small integer programs, chosen by WORKLOAD, each repeated ROUNDS times.
 * Freestanding, for any machine with RAM at 0x80000000 and QEMU's test device at 0x100000, in S-mode or M-mode. It
 * fails loudly when a result is wrong.
 */
#include <stdint.h>

enum { CRC, SIEVE, SHA, FIB, CALLS, RANDOM, LIST, NOTHING };

static volatile uint32_t *const test_device = (volatile uint32_t *)0x100000;

static uint8_t memory[32 << 20] __attribute__((aligned(4096)));
uint8_t stack[65536] __attribute__((aligned(16), used));

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

static __attribute__((noinline)) uint32_t fib(uint32_t n)
{
	__asm__ volatile(""); /* keeps the recursion */
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint32_t add(uint32_t x)
{
	return x + 3;
}
static uint32_t mix(uint32_t x)
{
	return x * 5 ^ x >> 3;
}
static uint32_t turn(uint32_t x)
{
	return rotate(x, 7);
}
static uint32_t flip(uint32_t x)
{
	return ~x;
}

static uint32_t calls(void)
{
	static uint32_t (*volatile const table[])(uint32_t) = { add, mix, turn, flip };
	uint32_t x = 1;

	for (unsigned i = 0; i < 10000; i++)
		x = table[x & 3](x);
	return x;
}

static uint32_t random_loads(void)
{
	uint64_t x = 88172645463325252u;
	uint32_t sum = 0;

	for (unsigned i = 0; i < 10000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		sum += *(uint32_t *)&memory[x % sizeof(memory) & ~3u];
	}
	return sum;
}

/* CoreMark's list half: walk and reverse. */
struct node {
	struct node *next;
	uint64_t value;
};

static uint32_t list(void)
{
	struct node *nodes = (struct node *)memory, *head = nodes, *reversed = 0;
	uint32_t sum = 0;

	for (unsigned i = 0; i < 1024; i++)
		nodes[i] = (struct node){ i < 1023 ? &nodes[(i * 389 + 1) % 1024] : 0, i };
	for (unsigned i = 0; i < 1024 && head; i++) {
		struct node *next = head->next;

		head->next = reversed;
		reversed = head;
		head = next;
	}
	for (; reversed; reversed = reversed->next)
		sum = sum * 3 + (uint32_t)reversed->value;
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
	case RANDOM:
		return random_loads();
	case LIST:
		return list();
	}
	return 0;
}

void guest(void);
void guest(void)
{
	uint32_t first = once();

	for (unsigned i = 1; i < ROUNDS; i++)
		if (once() != first)
			*test_device = 0x13333; /* QEMU ends with status 1 */
	for (;;)
		*test_device = 0x5555;
}

/* The linker puts this section first: a flat binary starts at its first byte. */
__asm__(".section .text.unlikely, \"ax\"\n"
	".globl _start\n"
	"_start:\n"
	"	la sp, stack + 65536\n"
	"	j guest\n");
