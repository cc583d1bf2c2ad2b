/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot format, read and written. A snapshot may come from anywhere: everything is checked against the bytes
 * that are there before it is used, and nothing is read through a cast. Knows nothing of vCPUs.
 */
#include <string.h>

#include "state.h"

#define VERSION 1u

struct record_header {
	uint64_t id;
	uint32_t size;
	uint32_t name_length;
};

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

size_t record_size(const struct axvcpu_reg *reg)
{
	return sizeof(struct record_header) + padded(strlen(reg->name)) + padded(reg->size);
}

size_t record_write(uint8_t *at, const struct axvcpu_reg *reg, const void *value)
{
	struct record_header header = { .id = reg->id, .size = reg->size, .name_length = (uint32_t)strlen(reg->name) };

	memset(at, 0, record_size(reg));
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), reg->name, header.name_length);
	memcpy(at + sizeof(header) + padded(header.name_length), value, reg->size);
	return record_size(reg);
}

static int32_t malformed(const char *what)
{
	return error_set(AXVCPU_ERROR_INVALID_DATA, "the snapshot is malformed: %s", what);
}

int32_t reader_init(struct reader *reader, const void *snapshot, size_t size)
{
	struct axvcpu_snapshot_header *header = &reader->header;

	if (size < sizeof(*header))
		return malformed("it is shorter than its header");
	memcpy(header, snapshot, sizeof(*header));
	if (header->magic != AXVCPU_SNAPSHOT_MAGIC)
		return malformed("it does not begin with the magic number");
	if (header->version != VERSION)
		return error_set(AXVCPU_ERROR_INVALID_DATA,
				 "the snapshot has version %u, and this library reads version %u", header->version,
				 VERSION);
	if (header->size != size)
		return error_set(AXVCPU_ERROR_INVALID_DATA,
				 "the snapshot is malformed: it says that it has %u bytes, and there are %zu",
				 header->size, size);
	if (!strcmp(axvcpu_arch_name(header->arch), "unknown"))
		return error_set(AXVCPU_ERROR_INVALID_DATA,
				 "the snapshot is of architecture %u, which this library does not know", header->arch);
	reader->at = (const uint8_t *)snapshot + sizeof(*header);
	reader->left = size - sizeof(*header);
	reader->taken = 0;
	return 0;
}

/* `size` bytes and their padding, which is zero; NULL when they are not there. */
static const uint8_t *take(struct reader *reader, size_t size)
{
	const uint8_t *taken = reader->at;

	if (padded(size) > reader->left)
		return NULL;
	for (size_t i = size; i < padded(size); i++)
		if (taken[i])
			return NULL;
	reader->at += padded(size);
	reader->left -= padded(size);
	return taken;
}

static int is_name(const char *name, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return 0;
	return length > 0;
}

int reader_next(struct reader *reader, struct record *ret_record)
{
	struct record_header header;
	const uint8_t *taken;

	if (reader->taken == reader->header.count)
		return reader->left ? (malformed("there are bytes behind the last register"), -1) : 0;
	taken = take(reader, sizeof(header));
	if (!taken)
		return malformed("it ends in the middle of a register"), -1;
	memcpy(&header, taken, sizeof(header));
	if (!header.size || header.size > AXVCPU_REG_SIZE_MAX || header.name_length > AXVCPU_REG_SIZE_MAX)
		return malformed("a register's size or the length of its name is impossible"), -1;
	ret_record->id = header.id;
	ret_record->name_length = header.name_length;
	ret_record->value_size = header.size;
	ret_record->name = (const char *)take(reader, header.name_length);
	ret_record->value = take(reader, header.size);
	if (!ret_record->name || !ret_record->value)
		return malformed("it ends in the middle of a register, or what pads it is not zero"), -1;
	if (!is_name(ret_record->name, header.name_length))
		return malformed("a register's name is not text"), -1;
	reader->taken++;
	return 1;
}

static int32_t check_all(const void *snapshot, size_t size)
{
	struct reader reader;
	struct record record;
	int32_t error = reader_init(&reader, snapshot, size);
	int more = 1;

	while (!error && more == 1)
		more = reader_next(&reader, &record);
	return more < 0 ? AXVCPU_ERROR_INVALID_DATA : error;
}

int32_t axvcpu_snapshot_walk(const void *snapshot, size_t size,
			     int (*each)(void *context, uint64_t id, const char *name, const void *value,
					 uint32_t value_size),
			     void *context)
{
	char name[AXVCPU_REG_SIZE_MAX + 1];
	struct reader reader;
	struct record record;
	int32_t error = check_all(snapshot, size);

	if (error)
		return error;
	reader_init(&reader, snapshot, size);
	while (reader_next(&reader, &record) == 1) {
		memcpy(name, record.name, record.name_length);
		name[record.name_length] = '\0';
		if (each(context, record.id, name, record.value, record.value_size))
			break;
	}
	return 0;
}
