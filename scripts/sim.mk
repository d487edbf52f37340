# SPDX-License-Identifier: Apache-2.0
# Simulation: journal, sequencing, apply, reconcile, cut-over, reverse and rollback, crash and recovery on a simulated clock, disk, source and target. `make sim SEED=7 RUNS=1` runs one seed again.
SIM_BUILD ?= build/torture
SEED ?= 1
RUNS ?= 1000
SIM_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/sim/*.c)))

.PHONY: sim
sim:  ## deterministic simulation: SEED= first seed, RUNS= how many; writes build/results/sim.json
	@$(MAKE) --no-print-directory -s V=torture BUILD=$(SIM_BUILD) $(SIM_BUILD)/sim
	@mkdir -p build/results
	@$(SIM_BUILD)/sim --seed $(SEED) --runs $(RUNS) --result build/results/sim.json $(SIM)

$(BUILD)/tests/sim/%.o: EXTRA_CFLAGS += $(PG_INCLUDE)
$(BUILD)/sim: $(SIM_OBJECTS) $(call libs,engine)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(SIM_OBJECTS) -Wl,--start-group $(call libs,engine) -Wl,--end-group $(LIBS_engine)
