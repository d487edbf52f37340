# SPDX-License-Identifier: Apache-2.0
# Texts embedded in the program: the target's runtime script and the dashboard.
SQL_RUNTIME := $(sort $(wildcard src/sql/runtime/*.sql))
GENERATED_OBJECTS_sql := $(BUILD)/generated/sql_runtime_script.o
GENERATED_OBJECTS_control := $(BUILD)/generated/asset_dashboard.o

$(BUILD)/generated/sql_runtime_script.c: $(SQL_RUNTIME) scripts/embed-text
	@mkdir -p $(@D) && scripts/embed-text sql_runtime_script sql/translate.h $(SQL_RUNTIME) > $@
$(BUILD)/generated/asset_dashboard.c: web/dashboard.html scripts/embed-text
	@mkdir -p $(@D) && scripts/embed-text asset_dashboard control/assets.h web/dashboard.html > $@
$(BUILD)/generated/%.o: $(BUILD)/generated/%.c
	@$(CC) $(CFLAGS_ALL) -c $< -o $@
