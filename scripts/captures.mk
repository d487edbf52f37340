# SPDX-License-Identifier: Apache-2.0
# Recordings of real connections, replayed through the tap. They are not part of the tree: CAPTURES names the folder.
CAPTURES ?= ../shared/captures
RECORDING_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/captures/recording*.c)))
CAPTURE_OBJECTS := $(RECORDING_OBJECTS) $(patsubst %,$(BUILD)/tests/captures/%.o,replay encode)
RELAY_OBJECTS := $(RECORDING_OBJECTS) $(BUILD)/tests/captures/relay.o
$(BUILD)/tests/replay: $(CAPTURE_OBJECTS) $(call libs,wire)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(CAPTURE_OBJECTS) -Wl,--start-group $(call libs,wire) -Wl,--end-group $(LIBS_wire)

$(BUILD)/tests/relay: $(RELAY_OBJECTS) $(call libs,engine)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(RELAY_OBJECTS) -Wl,--start-group $(call libs,engine) -Wl,--end-group $(LIBS_engine) -lcmocka

.PHONY: test-captures test-captures-variants
test-captures-variants: $(BUILD)/tests/replay  ## the recordings as pcap, out of order, cut, from the middle on: read as the originals are
	@tests/captures/variants.py $(BUILD)/tests/replay $(CAPTURES) $(BUILD)/tests/variants

test-captures: $(BUILD)/tests/replay $(BUILD)/tests/relay  ## recordings through the codecs and a session, held against their bytes: CAPTURES=folder, result in build/results/captures.json
	@mkdir -p build/results
	@$(BUILD)/tests/replay $(CAPTURES) --output build/results/captures.json
	@$(BUILD)/tests/relay $(CAPTURES)
	@tests/captures/check.py $(CAPTURES) build/results/captures.json
