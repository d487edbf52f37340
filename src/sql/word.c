/* SPDX-License-Identifier: Apache-2.0 */
/* The word list: text to number by bisection, and back. */
#include "sql/token.h"

struct word_entry {
    const char *text;
    uint8_t size;
    bool reserved;
};

static const struct word_entry words[WORD_COUNT_] = {
    {"", 0, false},
#define WORD(name)     {#name, sizeof #name - 1, false},
#define RESERVED(name) {#name, sizeof #name - 1, true},
#include "sql/word.inc"
#undef WORD
#undef RESERVED
};

enum { WORD_SIZE_MAX = 24 };

enum word word_find(struct view text)
{
    char upper[WORD_SIZE_MAX];
    if (text.size == 0 || text.size > WORD_SIZE_MAX) return WORD_NONE;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    int low = 1, high = WORD_COUNT_ - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        const struct word_entry *entry = &words[middle];
        size_t shorter = entry->size < text.size ? entry->size : text.size;
        int order = memcmp(upper, entry->text, shorter);
        if (order == 0) order = (int)text.size - (int)entry->size;
        if (order == 0) return (enum word)middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return WORD_NONE;
}

const char *word_text(enum word word)
{
    return words[word < WORD_COUNT_ ? word : 0].text;
}

bool word_reserved(enum word word)
{
    return words[word < WORD_COUNT_ ? word : 0].reserved;
}

bool word_defines(enum word word)
{
    switch (word) {
    case WORD_CREATE:
    case WORD_ALTER:
    case WORD_DROP:
    case WORD_TRUNCATE:
    case WORD_COMMENT:
    case WORD_GRANT:
    case WORD_REVOKE:
    case WORD_RENAME:
    case WORD_ANALYZE:
    case WORD_AUDIT:
    case WORD_NOAUDIT:
    case WORD_PURGE:
    case WORD_FLASHBACK: return true;
    default: return false;
    }
}
