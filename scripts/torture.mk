# SPDX-License-Identifier: Apache-2.0
# Torture: the daemon with its fault points, between real databases, under real drivers, killed at every step of the path of a write.
CFLAGS_torture := -O1 -g -DUNDERSTUDY_FAULT_POINTS
TORTURE_BUILD ?= build/torture

.PHONY: torture torture-short torture-build
torture-build:
	@$(MAKE) --no-print-directory V=torture BUILD=$(TORTURE_BUILD) all

torture: torture-build  ## kill -9 at every step, lost targets, sources, disks and journals, planted corruptions; 40 minutes; writes build/results/torture.json
	@scripts/install-drivers python
	@tests/torture/run --build $(TORTURE_BUILD) $(TORTURE)

torture-short: torture-build  ## the same in two to four minutes, without what needs mounts or long waits
	@scripts/install-drivers python
	@tests/torture/run --build $(TORTURE_BUILD) --short $(TORTURE)
