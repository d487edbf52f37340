# SPDX-License-Identifier: Apache-2.0
# make V=release install [DESTDIR=.. PREFIX=/usr]: the program, its manual page, the unit, the rules and the board. Nothing is started, no user is made.
PREFIX ?= /usr
UNIT_FOLDER ?= /lib/systemd/system
INSTALLED = bin/understudy share/man/man1/understudy.1 share/doc/understudy/understudy.ini share/understudy/prometheus-rules.yml share/understudy/grafana.json

.PHONY: install uninstall
install: $(BUILD)/understudy  ## the program, manual page, unit, alert rules: DESTDIR=, PREFIX=, V=release
	@install -D -m 0755 $(BUILD)/understudy $(DESTDIR)$(PREFIX)/bin/understudy
	@$(BUILD)/understudy help man > $(BUILD)/understudy.1 && install -D -m 0644 $(BUILD)/understudy.1 $(DESTDIR)$(PREFIX)/share/man/man1/understudy.1
	@$(BUILD)/understudy config example > $(BUILD)/understudy.ini && install -D -m 0644 $(BUILD)/understudy.ini $(DESTDIR)$(PREFIX)/share/doc/understudy/understudy.ini
	@install -D -m 0644 ops/prometheus-rules.yml $(DESTDIR)$(PREFIX)/share/understudy/prometheus-rules.yml
	@install -D -m 0644 ops/grafana.json $(DESTDIR)$(PREFIX)/share/understudy/grafana.json
	@sed 's|^ExecStart=/usr/|ExecStart=$(PREFIX)/|' ops/understudy.service > $(BUILD)/understudy.service && install -D -m 0644 $(BUILD)/understudy.service $(DESTDIR)$(UNIT_FOLDER)/understudy.service

uninstall:  ## takes away what install has put there; configuration, journal and state stay
	@rm -f $(addprefix $(DESTDIR)$(PREFIX)/,$(INSTALLED)) $(DESTDIR)$(UNIT_FOLDER)/understudy.service
