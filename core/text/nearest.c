/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The candidate nearest to a mistyped word, by the Damerau-Levenshtein distance (optimal string alignment): insertions,
 * deletions, replacements and swaps of neighbours cost one each. Knows nothing of what the words stand for.
 */
#include <stddef.h>
#include <string.h>

#include <axvcpu/error.h>

/* Longer words are never suggested: it bounds the stack and nobody mistypes a word of that length. */
#define WORD_MAX 63

typedef uint8_t row_t[WORD_MAX + 1];

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter;
}

static int same(char a, char b)
{
	return lower(a) == lower(b);
}

static uint8_t least(unsigned a, unsigned b, unsigned c)
{
	unsigned least_ab = a < b ? a : b;

	return (uint8_t)(least_ab < c ? least_ab : c);
}

/* One row of the distance matrix: the first i letters of `a` against every prefix of `b`. */
static void fill_row(row_t *rows, const char *a, size_t i, const char *b, size_t b_length)
{
	uint8_t *row = rows[i % 3];
	const uint8_t *above = rows[(i + 2) % 3];
	const uint8_t *above_that = rows[(i + 1) % 3];

	row[0] = (uint8_t)i;
	for (size_t j = 1; j <= b_length; j++) {
		row[j] = least(above[j] + 1u, row[j - 1] + 1u, above[j - 1] + !same(a[i - 1], b[j - 1]));
		if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
			row[j] = least(row[j], above_that[j - 2] + 1u, UINT8_MAX);
	}
}

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	row_t rows[3];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a_length; i++)
		fill_row(rows, a, i, b, b_length);
	return rows[a_length % 3][b_length];
}

/* How many slips are still a slip: one in a short word, a third of a longer one, never all of its letters. */
static unsigned tolerance(size_t length)
{
	if (length < 2)
		return 0;
	return length < 6 ? 1 : (unsigned)length / 3;
}

const char *axvcpu_nearest(const char *word, const char *const *candidates, uint32_t count)
{
	size_t length = strnlen(word, WORD_MAX + 1);
	unsigned best_distance = tolerance(length) + 1;
	const char *best = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		size_t candidate_length = candidates[i] ? strnlen(candidates[i], WORD_MAX + 1) : WORD_MAX + 1;
		unsigned found;

		if (candidate_length > WORD_MAX)
			continue;
		found = distance(word, length, candidates[i], candidate_length);
		if (found < best_distance) {
			best_distance = found;
			best = candidates[i];
		}
	}
	return best;
}
