# SPDX-License-Identifier: Apache-2.0
# The demo: a live application moves from the legacy database to PostgreSQL under load.
.PHONY: demo
demo:  ## the whole migration, with a report in build/results
	@python3 demo/run.py $(DEMO)

.PHONY: demo-checks
demo-checks:  ## the demo's own judges (ledger, comparison) must be able to say no
	@cd demo && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest -q tests/test_checks.py
