/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Computes with floating point in all the ways that a C program has, and prints each result to the bit: what it prints
 * on a simulated processor must be what it prints on the host. It is linked statically, and whatever libm has for a
 * processor's features is used.
 */
#include <complex.h>
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Numbers of all magnitudes, infinities and NaNs among them. */
static double any_double(void)
{
	uint64_t bits = next_random();
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static double ordinary_double(void)
{
	return (double)(int64_t)next_random() / 1e17;
}

static void functions(void)
{
	static const struct {
		const char *name;
		double (*of)(double);
	} list[] = {
		{ "sin", sin },   { "cos", cos },     { "tan", tan },     { "asin", asin },     { "acos", acos },
		{ "atan", atan }, { "exp", exp },     { "exp2", exp2 },   { "expm1", expm1 },   { "log", log },
		{ "log2", log2 }, { "log10", log10 }, { "log1p", log1p }, { "sqrt", sqrt },     { "cbrt", cbrt },
		{ "sinh", sinh }, { "cosh", cosh },   { "tanh", tanh },   { "floor", floor },   { "ceil", ceil },
		{ "rint", rint }, { "round", round }, { "trunc", trunc }, { "lgamma", lgamma }, { "tgamma", tgamma },
		{ "erf", erf },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		printf("%s", list[i].name);
		for (unsigned n = 0; n < 6; n++)
			printf(" %a", list[i].of(ordinary_double()));
		printf("\n");
	}
}

static void long_functions(void)
{
	for (unsigned i = 0; i < 8; i++) {
		long double x = (long double)ordinary_double();

		printf("long double %La %La %La %La %La %La\n", sinl(x), cosl(x), expl(x / 8), logl(fabsl(x)),
		       sqrtl(fabsl(x)), fmodl(x, 0.7L));
	}
}

static void text(void)
{
	static const char *const numbers[] = { "0.1",          "1e308",   "4.9e-324",
					       "-0x1.8p-1074", "1e-5000", "3.14159265358979323846",
					       "nan",          "inf" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		printf("text %.17g %.9g %La\n", strtod(numbers[i], NULL), (double)strtof(numbers[i], NULL),
		       strtold(numbers[i], NULL));
	for (unsigned i = 0; i < 20; i++)
		printf("text %.17g %f %e\n", any_double(), ordinary_double(), any_double());
}

/* NaNs print as such only: which of two is the result is a compiler's choice of operands. */
static void print_double(double value)
{
	if (isnan(value))
		printf(" nan");
	else
		printf(" %a", value);
}

static void rounding(void)
{
	static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };

	for (unsigned mode = 0; mode < 4; mode++) {
		fesetround(modes[mode]);
		for (unsigned i = 0; i < 10; i++) {
			volatile double a = any_double(), b = any_double();
			volatile float f = (float)a, g = (float)b;
			volatile long double l = a, m = b;

			feclearexcept(FE_ALL_EXCEPT);
			printf("mode %u", mode);
			print_double(a + b);
			print_double(a * b);
			print_double(a / b);
			print_double((double)(f * g));
			print_double((double)(l / m));
			print_double(fma(a, b, a));
			print_double((double)lrint(ordinary_double()));
			printf(" exceptions %x\n", (unsigned)fetestexcept(FE_ALL_EXCEPT));
		}
	}
	fesetround(FE_TONEAREST);
}

/* A loop that a compiler vectorises, with a sum that depends on every element. */
static void vectors(void)
{
	enum { SIZE = 4096 };
	static double a[SIZE], b[SIZE];
	static float c[SIZE];
	double complex z = 0;
	double sum = 0;

	for (unsigned i = 0; i < SIZE; i++) {
		a[i] = ordinary_double();
		b[i] = ordinary_double();
	}
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < SIZE; i++) {
			a[i] = a[i] * 0.5 + b[i] / 3;
			c[i] = (float)a[i] * 1.25f;
		}
		for (unsigned i = 0; i < SIZE; i++) {
			sum += a[i] - (double)c[i];
			z = z * (0.5 + 0.25 * I) + a[i];
		}
	}
	printf("vectors %a %a %a\n", sum, creal(z), cimag(z));
}

int main(void)
{
	functions();
	long_functions();
	text();
	rounding();
	vectors();
	return 0;
}
