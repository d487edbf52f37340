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

# Another engine's answers to the cases: H2 in its mode for Oracle, from Maven Central. Without it the suite runs, and says so.
H2 := com.h2database:h2:2.2.224
.PHONY: translator-witness
translator-witness:  ## what H2 answers to the differential suite, into build/results/witness.tsv
	@mkdir -p build/results build/witness && rm -f build/results/witness.tsv
	@test -e build/witness/h2.jar || mvn -q -B dependency:copy -Dartifact=$(H2) -DoutputDirectory=build/witness -Dmdep.stripVersion=true >build/witness/log 2>&1 || echo "SKIPPED: H2 could not be fetched, see build/witness/log"
	@! test -e build/witness/h2.jar || { javac -d build/witness tests/translator/witness/Witness.java && java -cp build/witness:build/witness/h2.jar Witness 'jdbc:h2:mem:%;MODE=Oracle' sa '' tests/translator/differential build/results/witness.tsv; }

.PHONY: test-translator
test-translator: $(BUILD)/tests/measure-translator translator-witness  ## the translator against documented answers and corpora (CORPUS=folder)
	@mkdir -p build/results
	@$(BUILD)/tests/measure-translator build/results $(CORPUS)

# A statement of 1 KiB, seen before and new, beside a bare hash of it.
$(BUILD)/bench_translate: $(BUILD)/tests/bench/bench_translate.o $(call libs,engine)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,engine) -Wl,--end-group $(LIBS_engine)

.PHONY: bench bench-translate
bench: bench-translate bench-journal bench-apply bench-client bench-relay bench-feed bench-backfill  ## all benches
bench-translate:  ## translator: a statement seen before and a new one
	@$(MAKE) --no-print-directory V=release BUILD=build/release build/release/bench_translate
	@build/release/bench_translate
