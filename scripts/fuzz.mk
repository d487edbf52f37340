# SPDX-License-Identifier: Apache-2.0
# Fuzzing: each tests/fuzz/fuzz_FLOOR_NAME.c is a libFuzzer entry point, linked with FLOOR and what is below it. Inputs that once broke
# something are kept in tests/fuzz/seeds/FLOOR_NAME/ and run first; what a run finds goes to build/fuzz/corpus and build/fuzz/findings.
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SOURCES))
FUZZ_BINARIES := $(patsubst %,$(BUILD)/fuzz_%,$(FUZZ_NAMES))
fuzz_floor = $(word 1,$(subst _, ,$(1)))

define fuzz_rule
$$(BUILD)/fuzz_$(1): $$(BUILD)/tests/fuzz/fuzz_$(1).o $$(call libs,$(call fuzz_floor,$(1)))
	@$$(CC) $$(LDFLAGS_ALL) -fsanitize=fuzzer -o $$@ $$< -Wl,--start-group $$(call libs,$(call fuzz_floor,$(1))) -Wl,--end-group $$(LIBS_$(call fuzz_floor,$(1)))
endef
$(foreach n,$(FUZZ_NAMES),$(eval $(call fuzz_rule,$(n))))

.PHONY: fuzz fuzz-smoke fuzz-build
fuzz-build: $(FUZZ_BINARIES)

S ?= 60
fuzz:  ## one fuzz target for some time: make fuzz T=wire_tap S=60
	@$(MAKE) --no-print-directory V=fuzz CC=clang $(if $(T),build/fuzz/fuzz_$(T),fuzz-build)
	@scripts/run-fuzz $(S) $(if $(T),$(T),$(FUZZ_NAMES))

fuzz-smoke:  ## each fuzz target for ten seconds
	@$(MAKE) --no-print-directory fuzz S=10
