/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: one struct, one table of options (config.c) from which parser, checks, documentation and example file come. */
#ifndef CONTROL_CONFIG_H
#define CONTROL_CONFIG_H

#include "base/option.h"
#include "engine/engine.h"

struct config {
    struct engine_options engine;
    char listen_address[128];
    uint16_t listen_port;
    char listen_certificate[512], listen_key[512]; /* TCPS towards clients when set */
    char password_file[512];
    char admin_address[128];
    uint16_t admin_port;
    char admin_token_file[512], admin_read_token_file[512]; /* the second opens what only reads; "": none */
    uint64_t journal_segment, journal_retain, journal_retain_us;
    char journal_key_file[512];
    char log_file[512];
    int log_level, log_format;
    /* gate */
    double gate_threshold, gate_confidence;
    uint32_t gate_fingerprint_comparisons; /* clean comparisons that each read fingerprint needs */
    double gate_latency_factor;
    uint64_t gate_latency_floor_us;
    bool gate_canary_bound; /* canary, too, wants the full bound */
    /* guard */
    uint64_t guard_probation_us, guard_health_us; /* how long the target may be out of reach before it is given up */
    double guard_error_share, guard_latency_factor;
    uint64_t guard_latency_floor_us, guard_reverse_lag_us, guard_slot_bytes;
    /* switch */
    uint64_t switch_pause_us, switch_drain_us; /* longest pause; how much of it may be spent waiting for open transactions */
    char webhook_url[512];
};
extern const struct option_table config_options;
/* Reads the file, not the secrets it names: for commands that only ask the daemon. Errors say file:line and what to do. */
bool config_load(const char *file, struct config *out, struct error *error) MUST_USE;
/* The same, and the source's password. */
bool config_read(const char *file, struct config *out, struct error *error) MUST_USE;
/* The journal's key from [journal] key_file: 32 bytes, or 64 hexadecimal digits on a line. *there is false when none is configured. */
bool config_journal_key(const struct config *config, uint8_t key[32], bool *there, struct error *error) MUST_USE;

/* Is the admin API to be reached from this machine only? */
bool config_admin_is_local(const struct config *config);

#endif
