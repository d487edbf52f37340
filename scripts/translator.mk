# SPDX-License-Identifier: Apache-2.0
# The translator measured: the differential suite on a real PostgreSQL, and corpora if there are any (CORPUS=folder).
CORPUS ?= $(firstword $(wildcard ../*/sql) build/corpus)
TRANSLATOR_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/translator/*.c)))
$(BUILD)/tests/translator/%.o: EXTRA_CFLAGS += $(PG_INCLUDE) -D_GNU_SOURCE
$(BUILD)/tests/measure-translator: $(TRANSLATOR_OBJECTS) $(call libs,sql)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(TRANSLATOR_OBJECTS) -Wl,--start-group $(call libs,sql) -Wl,--end-group -lpg_query -lpq $(LIBS_sql)

.PHONY: translator-page
translator-page: $(BUILD)/tests/test_sql_contract  ## docs/translator.md from the translator's tables
	@GOLDEN_UPDATE=1 $(BUILD)/tests/test_sql_contract >/dev/null 2>&1

.PHONY: test-translator
test-translator: $(BUILD)/tests/measure-translator  ## the translator against documented answers and corpora (CORPUS=folder)
	@mkdir -p build/results
	@$(BUILD)/tests/measure-translator build/results $(CORPUS)

# A statement of 1 KiB, seen before and new, beside a bare hash of it.
$(BUILD)/bench_translate: $(BUILD)/tests/bench/bench_translate.o $(call libs,engine)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,engine) -Wl,--end-group $(LIBS_engine)

.PHONY: bench bench-translate
bench: bench-translate  ## all benches
bench-translate:  ## translator: a statement seen before and a new one
	@$(MAKE) --no-print-directory V=release BUILD=build/release build/release/bench_translate
	@build/release/bench_translate
