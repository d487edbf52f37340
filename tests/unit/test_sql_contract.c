/* SPDX-License-Identifier: Apache-2.0 */
/* docs/translator.md is what the translator's tables say. GOLDEN_UPDATE=1 writes it anew (make translator-page). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "sql/contract.h"
#include "sql/function.h"
#include "sql/parse_foreign.h"

static const char page[] = "docs/translator.md";

static void page_is_up_to_date(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    contract_print(&out);
    struct view text = buffer_view(&out);
    FILE *file = fopen(page, getenv("GOLDEN_UPDATE") ? "w+" : "r");
    assert_non_null(file);
    if (getenv("GOLDEN_UPDATE")) {
        assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
        rewind(file);
    }
    char *now = memory_zero(1, text.size + 2);
    size_t size = fread(now, 1, text.size + 1, file);
    fclose(file);
    if (size != text.size || memcmp(now, text.data, size) != 0) fail_msg("%s is not what the tables say: run make translator-page", page);
    memory_free(now);
    buffer_release(&out);
}

/* Every refusal says why, every difference what differs. */
static void rows_give_their_reason(void **state)
{
    (void)state;
    struct function_table table;
    for (uint32_t i = 0; i < contract_row_count; i++) {
        assert_non_null(contract_rows[i].text);
        if (contract_rows[i].state == SQL_REFUSED) assert_true(contract_rows[i].advice != NULL);
    }
    for (uint32_t i = 0; function_table_at(i, &table); i++)
        for (uint32_t j = 0; j < table.count; j++)
            if (table.rules[j].state == SQL_APPROXIMATE || table.rules[j].state == SQL_REFUSED)
                if (!table.rules[j].difference) fail_msg("%s gives no reason", table.rules[j].name);
}

/* Every construct of another dialect is met by a golden case. */
static void dialects_have_their_case(void **state)
{
    (void)state;
    const char *name, *advice;
    size_t size = 0;
    FILE *file = fopen("tests/golden/sql/foreign.txt", "r");
    assert_non_null(file);
    char *text = memory_zero(1, 1 << 20);
    size = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    assert_true(size > 0 && size < (1 << 20) - 1);
    for (uint32_t i = 0; foreign_row_at(i, &name, &advice); i++)
        if (!strstr(text, name)) fail_msg("no golden case for: %s", name);
    memory_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(page_is_up_to_date), cmocka_unit_test(rows_give_their_reason),
                                       cmocka_unit_test(dialects_have_their_case)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
