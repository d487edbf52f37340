# SPDX-License-Identifier: Apache-2.0
# Benches: tests/bench/bench_NAME.c, always in release. Each measures a baseline in the same run, so that its figures mean something on any machine.
BENCH_BUILD := build/release
BENCH_FOLDER ?= /tmp

.PHONY: bench-journal bench-apply bench-catchup bench-client
bench-journal:  ## journal: durable records a second beside bare fdatasync
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) $(BENCH_BUILD)/bench_journal
	@$(BENCH_BUILD)/bench_journal $(BENCH_FOLDER)

bench-apply:  ## target: pipelined statements a second, and a backlog through the mirror with 1, 2 and 4 lanes, beside bare libpq
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) $(BENCH_BUILD)/bench_apply $(BENCH_BUILD)/bench_mirror
	@tests/bench/run-apply $(BENCH_BUILD)/bench_apply
	@tests/bench/run-apply $(BENCH_BUILD)/bench_mirror

OUTAGE ?= 60
PACE ?= 0
bench-catchup:  ## mirror: the rate of catching up after a minute (OUTAGE=seconds) without the target, the load going on as fast as it can (PACE=seconds between a client's transactions), beside the live rate
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) all
	@BUILD=$(BENCH_BUILD) V=release OUTAGE=$(OUTAGE) RATIO=3 ROLLBACKS=0 CUTS=0 FREEZES=0 PACE=$(PACE) tests/e2e/run-switch

bench-client:  ## our client of the source: rows of 10 columns a second from a canned server
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) $(BENCH_BUILD)/bench_client
	@$(BENCH_BUILD)/bench_client

$(BUILD)/bench_client: $(BUILD)/tests/bench/bench_client.o $(call libs,engine)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,engine) -Wl,--end-group $(LIBS_engine)
$(BUILD)/bench_journal: $(BUILD)/tests/bench/bench_journal.o $(call libs,store)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,store) -Wl,--end-group $(LIBS_store)
$(BUILD)/tests/bench/bench_apply.o: EXTRA_CFLAGS += $(PG_INCLUDE)
$(BUILD)/bench_apply: $(BUILD)/tests/bench/bench_apply.o $(call libs,pg)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,pg) -Wl,--end-group $(LIBS_pg)

$(BUILD)/tests/bench/bench_mirror.o: EXTRA_CFLAGS += $(PG_INCLUDE)
$(BUILD)/bench_mirror: $(BUILD)/tests/bench/bench_mirror.o $(call libs,engine)
	@$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(call libs,engine) -Wl,--end-group $(LIBS_engine)

.PHONY: bench-relay
bench-relay:  ## relay: processor microseconds per call and calls a second, beside HAProxy and beside no proxy
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) all
	@tests/bench/run-relay $(BENCH_BUILD)

.PHONY: bench-feed
bench-feed:  ## key feed: commits a second, latency and processor time of the source with and without the trigger, in turns
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) all
	@scripts/install-drivers python
	@build/drivers/python/bin/python tests/bench/feed.py --build $(BENCH_BUILD)

.PHONY: bench-backfill
bench-backfill:  ## backfill: rows a second from the stand-in into PostgreSQL, beside COPY of the same rows from a file
	@$(MAKE) --no-print-directory V=release BUILD=$(BENCH_BUILD) all
	@scripts/install-drivers python
	@build/drivers/python/bin/python tests/bench/backfill.py --build $(BENCH_BUILD)
