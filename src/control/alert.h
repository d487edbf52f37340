/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts: what an operator should be told without looking. Two kinds: conditions (the table in alert.c), which are looked at every second
 * and told when they begin ("firing") and end ("resolved"), and events (alert_send), told once: what happens at a moment and has no end.
 * Each goes to the log and, as JSON, to [alerts] webhook:
 *   {"code", "severity": "critical|warning", "status": "firing|resolved|event", "text", "phase", "time_us"}
 * A thread of its own posts them, three attempts each: whoever raises one never waits. At most LIMIT_WEBHOOK_QUEUE wait; older ones are dropped and counted.
 */
#ifndef CONTROL_ALERT_H
#define CONTROL_ALERT_H

#include "control/daemon.h"

struct alerts *alerts_start(struct daemon *daemon, struct error *error) MUST_USE;
void alerts_stop(struct alerts *alerts);                                    /* tells what waits, for two seconds at most */
void alerts_tick(struct daemon *daemon);                                    /* control's thread */
void alert_send(struct daemon *daemon, const char *code, const char *text); /* an event, critical; never waits. Any thread. */
/* For /metrics: one gauge a condition. */
uint32_t alert_condition_count(void);
const char *alert_condition_name(uint32_t index, const char **help);
bool alert_condition_firing(const struct alerts *alerts, uint32_t index);
uint64_t alerts_failed(const struct alerts *alerts); /* dropped, or not taken by the webhook */

void alert_print(struct buffer *out); /* every code, a line each */

#endif
