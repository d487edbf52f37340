# SPDX-License-Identifier: Apache-2.0
# Understudy: everything that a developer, a user trying it, or CI runs. `make help` lists the targets.
#   V=debug|release|asan|tsan|fuzz   build variant, each in build/$(V)
#   CC=gcc|clang
V ?= debug
CC ?= gcc
BUILD ?= build/$(V)
SHELL := /bin/bash

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
CFLAGS_debug   := -O1 -g
CFLAGS_release := -O2 -g
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread
CFLAGS_fuzz    := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -DUS_FUZZ
PG_INCLUDE := $(shell pkg-config --cflags libpq 2>/dev/null || echo -I/usr/include/postgresql)
CFLAGS_ALL = -std=gnu11 $(WARNINGS) $(CFLAGS_$(V)) -Isrc -I. -MMD -MP -pthread $(EXTRA_CFLAGS)
LDFLAGS_ALL = $(CFLAGS_$(V)) -pthread

FLOORS := base wire sql io store pg engine control
# What each floor may link: itself and what is below it.
BELOW_base := base
BELOW_wire := wire base
BELOW_sql := sql base
BELOW_io := io base
BELOW_store := store base
BELOW_pg := pg base
BELOW_engine := engine wire sql io store pg base
BELOW_control := control $(BELOW_engine)
BELOW_cli := $(BELOW_control)
BELOW_standin := wire io base
LIBS_base := -lcrypto -lxxhash -lm
LIBS_wire := $(LIBS_base)
LIBS_sql := $(LIBS_base)
LIBS_io := -luv -lssl -lcrypto -lmicrohttpd -lcurl $(LIBS_base)
LIBS_store := -lsqlite3 $(LIBS_base)
LIBS_pg := -lpq $(LIBS_base)
LIBS_engine := -luv -lssl -lmicrohttpd -lcurl -lsqlite3 -lpq -ljansson $(LIBS_base)
LIBS_control := $(LIBS_engine)
LIBS_cli := $(LIBS_engine)
LIBS_standin := $(LIBS_io) -lmariadb

sources = $(sort $(wildcard src/$(1)/*.c src/$(1)/*/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
libs = $(foreach f,$(BELOW_$(1)),$(BUILD)/lib$(f).a)
unit_libs = $(if $(filter cli,$(1)),$(BUILD)/libcli.a) $(call libs,$(1))

.PHONY: all
all: $(BUILD)/understudy $(BUILD)/standin

$(BUILD)/src/pg/%.o: EXTRA_CFLAGS += $(PG_INCLUDE)
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS_ALL) -c $< -o $@

# Files that are made: the dashboard's pages and the target's runtime script, embedded in the program.
-include scripts/generated.mk

define floor_rule
$$(BUILD)/lib$(1).a: $$(call objects,$(1)) $$(GENERATED_OBJECTS_$(1))
	@rm -f $$@ && mkdir -p $$(@D) && ar rcs $$@ $$^
.PHONY: $(1)
$(1): $$(BUILD)/lib$(1).a
endef
$(foreach f,$(FLOORS),$(eval $(call floor_rule,$(f))))

$(BUILD)/understudy: $(call objects,cli) $(call libs,cli)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(call objects,cli) -Wl,--start-group $(call libs,cli) -Wl,--end-group $(LIBS_cli)

STANDIN_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard standin/*.c)))
$(BUILD)/standin/%.o: EXTRA_CFLAGS += $(shell mariadb_config --include 2>/dev/null)
$(BUILD)/standin/dictionary.o $(BUILD)/standin/bootstrap.o: $(wildcard standin/sql/*.sql)
.PHONY: $(BUILD)/standin
$(BUILD)/standin: $(BUILD)/standin-server $(BUILD)/standin_udf.so
# Functions that MariaDB loads into itself: never with a sanitizer, whatever the variant.
$(BUILD)/standin_udf.so: $(wildcard standin/udf/*.c standin/udf/*.h) src/base/memory.c src/base/check.c
	@mkdir -p $(@D)
	@$(CC) -O2 -g -std=gnu11 $(WARNINGS) -fPIC -shared -fvisibility=default -Isrc -I. $(shell mariadb_config --include 2>/dev/null) -o $@ $(filter %.c,$^) -lm
$(BUILD)/standin-server: $(STANDIN_OBJECTS) $(call libs,standin)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(STANDIN_OBJECTS) -Wl,--start-group $(call libs,standin) -Wl,--end-group $(LIBS_standin)

# The commands without main, for their unit tests.
$(BUILD)/libcli.a: $(filter-out %/main.o,$(call objects,cli))
	@rm -f $@ && ar rcs $@ $^

# Unit tests: tests/unit/test_FLOOR_NAME.c is linked with FLOOR and what is below it.
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
unit_floor = $(word 2,$(subst _, ,$(notdir $(basename $(1)))))
unit_binary = $(BUILD)/tests/$(notdir $(basename $(1)))
UNIT_BINARIES := $(foreach s,$(UNIT_SOURCES),$(call unit_binary,$(s)))
TEST_SUPPORT = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))
define unit_rule
$$(BUILD)/tests/$(notdir $(basename $(1))): $$(BUILD)/$(basename $(1)).o $$(call unit_libs,$(call unit_floor,$(1)))
	@mkdir -p $$(@D)
	@$$(CC) $$(LDFLAGS_ALL) -o $$@ $$< -Wl,--start-group $$(call unit_libs,$(call unit_floor,$(1))) -Wl,--end-group $$(LIBS_$(call unit_floor,$(1))) -lcmocka $$(if $$(filter sql,$(call unit_floor,$(1))),-lpq -lpg_query)
endef
$(foreach s,$(UNIT_SOURCES),$(eval $(call unit_rule,$(s))))
$(BUILD)/tests/unit/test_sql%.o: EXTRA_CFLAGS += $(PG_INCLUDE)

.PHONY: unit unit-% help clean
unit: $(UNIT_BINARIES)
	@scripts/run-unit $(UNIT_BINARIES)
unit-%:  ## unit tests of one floor: make unit-wire
	@$(MAKE) --no-print-directory $(filter $(BUILD)/tests/test_$*_%,$(UNIT_BINARIES)) && scripts/run-unit $(filter $(BUILD)/tests/test_$*_%,$(UNIT_BINARIES))

clean:
	rm -rf build

-include scripts/targets.mk
-include scripts/fuzz.mk
-include scripts/captures.mk
-include scripts/bench.mk
-include scripts/translator.mk
-include scripts/demo.mk
-include scripts/drivers.mk
-include scripts/torture.mk
-include scripts/sim.mk
-include scripts/install.mk
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
