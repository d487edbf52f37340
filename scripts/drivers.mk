# SPDX-License-Identifier: Apache-2.0
# Unmodified drivers against the stand-in, through the relay, and served from PostgreSQL.
.PHONY: test-drivers driver-cases
test-drivers: all  ## every driver case in every configuration; writes build/results/drivers.json and docs/drivers.md
	@scripts/install-drivers
	@tests/drivers/run.py --build $(BUILD) --docs

driver-cases:  ## tests/drivers/cases.json again from cases_*.py
	@cd tests/drivers && PYTHONDONTWRITEBYTECODE=1 python3 make_cases.py

.PHONY: test-drivers-short
test-drivers-short: all  ## a few driver cases of every topic, all drivers and configurations
	@DRIVERS_BUILD=$(BUILD) tests/drivers/run-short
