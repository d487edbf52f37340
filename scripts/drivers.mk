# SPDX-License-Identifier: Apache-2.0
# Unmodified drivers against the stand-in, through the relay, and served from PostgreSQL.
.PHONY: test-drivers driver-cases
test-drivers: all  ## every driver case in every configuration; writes build/results/drivers.json and docs/drivers.md
	@scripts/install-drivers
	@tests/drivers/run.py --build $(BUILD) --docs

driver-cases:  ## tests/drivers/cases.json again from cases_*.py
	@cd tests/drivers && PYTHONDONTWRITEBYTECODE=1 python3 make_cases.py

.PHONY: test-drivers-short
test-drivers-short:  ## a few driver cases of every topic, all drivers and configurations
	@BUILD=$(BUILD) tests/e2e/run-drivers

# The cursor soak: a server of its own with the tap in it.
$(BUILD)/tests/cursor-server: $(BUILD)/tests/drivers/cursors/server.o $(call libs,wire)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,wire) -Wl,--end-group $(LIBS_wire)

CALLS ?= 1000000
.PHONY: soak-cursors
soak-cursors: $(BUILD)/tests/cursor-server  ## CALLS=1000000 re-executions by cursor id with every driver (DRIVERS="python go"); writes build/results/cursors.json
	@scripts/install-drivers
	@tests/drivers/cursors/soak.py --build $(BUILD) --calls $(CALLS) $(foreach d,$(DRIVERS),--driver $(d))
