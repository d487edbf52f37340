# SPDX-License-Identifier: Apache-2.0
# Recordings of real connections, replayed through the tap. They are not part of the tree: CAPTURES names the folder.
CAPTURES ?= ../shared/captures
CAPTURE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/captures/*.c)))
$(BUILD)/tests/replay: $(CAPTURE_OBJECTS) $(call libs,wire)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(CAPTURE_OBJECTS) -Wl,--start-group $(call libs,wire) -Wl,--end-group $(LIBS_wire)

.PHONY: test-captures
test-captures: $(BUILD)/tests/replay  ## recordings through the codecs: CAPTURES=folder, result in build/results/captures.json
	@mkdir -p build/results
	@$(BUILD)/tests/replay $(CAPTURES) --output build/results/captures.json
