/* SPDX-License-Identifier: Apache-2.0 */
/* LOBs that a client holds locators of: values of fetched rows and temporary LOBs. One connection's; one thread at a time. */
#ifndef STANDIN_LOB_H
#define STANDIN_LOB_H

#include "base/buffer.h"
#include "base/view.h"

enum { LOB_LOCATOR_SIZE = 40 };

struct lob {
    uint64_t id;
    bool character, temporary, national;
    bool wide;   /* data is UTF-16BE; else UTF-8 that is all ASCII, or bytes */
    bool loaded; /* false: dropped to save memory; read again from its row */
    struct buffer data;
    char *owner, *table, *column; /* the row it came from; NULL: none */
    uint64_t row_number;
};
struct lob_store {
    struct lob **lobs;
    uint32_t count, capacity;
    uint64_t next_id;
    uint64_t bytes;
};

void lob_store_release(struct lob_store *store);
/* A copy of `utf8_or_bytes`. The answer is valid until the store drops it. */
struct lob *lob_new(struct lob_store *store, bool character, bool temporary, struct view utf8_or_bytes);
void lob_set_row(struct lob *lob, const char *owner, const char *table, const char *column, uint64_t row_number);
void lob_set_value(struct lob_store *store, struct lob *lob, struct view utf8_or_bytes);
void lob_write_locator(const struct lob *lob, uint8_t out[LOB_LOCATOR_SIZE]);
struct lob *lob_find(struct lob_store *store, struct view locator); /* NULL: not one of ours, or gone */
void lob_free(struct lob_store *store, struct lob *lob);

uint64_t lob_length(const struct lob *lob); /* UTF-16 units or bytes */
/* Appends units [offset, offset + amount) (1-based) as UTF-16BE or bytes; answers how many units there were. */
uint64_t lob_read(const struct lob *lob, uint64_t offset, uint64_t amount, struct buffer *out);
/* Puts UTF-16BE or bytes at `offset`, filling a gap with blanks or zeros. False: out of memory limits. */
bool lob_write(struct lob_store *store, struct lob *lob, uint64_t offset, struct view data) __attribute__((warn_unused_result));
void lob_trim(struct lob_store *store, struct lob *lob, uint64_t length);
/* The whole value as UTF-8 or bytes, appended. */
void lob_value(const struct lob *lob, struct buffer *out);

#endif
