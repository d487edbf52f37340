/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's overrides: asked of the target before anything depends on them, and read again from their file. */
#ifndef CONTROL_OVERRIDE_H
#define CONTROL_OVERRIDE_H

#include "control/daemon.h"

/* Does the target prepare this text? Makes a connection of its own (at most 3 s); nothing is run. Any thread. */
bool override_prepare(struct daemon *daemon, const char *target, struct error *error) MUST_USE;
/* Reads the file of overrides again. What the target cannot prepare is left out with a line in the log; a file that cannot be read changes nothing. */
bool override_reload(struct daemon *daemon, struct error *error) MUST_USE;

#endif
