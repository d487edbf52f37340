# SPDX-License-Identifier: Apache-2.0
# What is run on the tree besides building it. A line with two hashes behind a target is its help.

.PHONY: help
help:  ## this list
	@grep -hE '^[a-zA-Z%_-]+:.*## ' $(MAKEFILE_LIST) | sort -u | awk -F':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'
	@echo "  V=debug|release|asan|tsan|fuzz  CC=gcc|clang  BUILD=folder"

# Units in debug and under the sanitizers, then every tests/e2e/run-*, which is how end-to-end suites are added.
.PHONY: test
test:  ## everything CI runs; ends with the sum
	@scripts/run-tests

.PHONY: check
check: lint unit  ## before a commit: lint and the unit tests of this variant

LINT_SOURCES := $(sort $(wildcard src/*/*.c src/*/*/*.c standin/*.c))
LINT_HEADERS := $(sort $(wildcard src/*/*.h src/*/*/*.h standin/*.h))
LINT_ALL := $(LINT_SOURCES) $(LINT_HEADERS) $(sort $(wildcard tests/*/*.c tests/*/*.h))
LINT_FLAGS := -std=gnu11 -Isrc -I. $(PG_INCLUDE) $(shell mariadb_config --include 2>/dev/null)
LINT_JOBS := $(shell nproc)

.PHONY: lint lint-floors lint-format lint-tidy lint-cppcheck
lint: lint-floors lint-format lint-tidy lint-cppcheck  ## floors, format, clang-tidy, cppcheck

lint-floors:  ## who may include whom; sizes; banned calls
	@scripts/check-floors

lint-format:  ## does clang-format agree
	@clang-format --dry-run -Werror $(LINT_ALL) 2>&1 | awk -F: '/error:/ {n[$$1]++} END {for (f in n) printf "%s: %d places; run make format\n", f, n[f] | "sort"; close("sort"); exit length(n) > 0}'

# One stamp a file: what did not change is not looked at again. A changed header concerns everybody.
TIDY_STAMPS := $(patsubst %.c,build/lint/%.tidy,$(LINT_SOURCES))
build/lint/%.tidy: %.c .clang-tidy $(LINT_HEADERS)
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LINT_FLAGS) 2>/dev/null && touch $@
lint-tidy:  ## defects that clang-tidy knows
	@$(MAKE) --no-print-directory -s -k -j$(LINT_JOBS) $(TIDY_STAMPS)

lint-cppcheck:  ## defects that cppcheck knows
	@mkdir -p build/cppcheck
	@cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --suppressions-list=scripts/cppcheck.suppressions --error-exitcode=1 \
	    --cppcheck-build-dir=build/cppcheck -j$(LINT_JOBS) --max-configs=1 --template='{file}:{line}: {id}: {message}' -Isrc -I. $(LINT_SOURCES)

.PHONY: format
format:  ## lets clang-format rewrite all C files
	@clang-format -i $(LINT_ALL)

.PHONY: packages
packages:  ## installs the Debian packages that are missing (as root), or lists them
	@scripts/install-packages
