/* SPDX-License-Identifier: Apache-2.0 */
/* The table of options. */
#include "control/config.h"

#include "base/limit.h"

#include <stdio.h>
#include <string.h>

#define FIELD(member) OPTION_FIELD(struct config, member)
static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const formats[] = {"text", "json", NULL};

static const struct option_row rows[] = {
    {FIELD(listen_address), "listen", "address", OPTION_TEXT, .fallback = "0.0.0.0", .description = "address on which clients are awaited"},
    {FIELD(listen_port), "listen", "port", OPTION_INTEGER, .fallback = "1521", .minimum = 0, .maximum = 65535,
     .description = "port for clients; 0 takes a free one"},
    {FIELD(engine.workers), "listen", "workers", OPTION_INTEGER, .fallback = "0", .maximum = 64,
     .description = "event loops, each with its own sessions; 0: one per core, at most 4"},
    {FIELD(engine.sessions_max), "listen", "sessions", OPTION_INTEGER, .fallback = "20000", .minimum = 1, .maximum = LIMIT_SESSIONS,
     .description = "client connections; further ones are refused with ORA-12520"},
    {FIELD(engine.login_timeout_us), "listen", "login_timeout", OPTION_DURATION, .fallback = "60s", .unit = "us", .minimum = 100000,
     .maximum = 3600000000, .description = "a client that has not logged in after this is disconnected"},
    {FIELD(engine.idle_timeout_us), "listen", "idle_timeout", OPTION_DURATION, .fallback = "0s", .unit = "us", .maximum = LIMIT_IDLE_US,
     .description = "a session that is silent for so long between two calls is disconnected; 0: none is"},
    {FIELD(listen_certificate), "listen", "certificate_file", OPTION_TEXT, .fallback = "",
     .description = "PEM certificate chain: clients connect by TCPS when it is set"},
    {FIELD(listen_key), "listen", "key_file", OPTION_TEXT, .fallback = "", .description = "PEM private key of certificate_file"},

    {FIELD(engine.source_host), "source", "host", OPTION_TEXT, .description = "host of the Oracle listener"},
    {FIELD(engine.source_port), "source", "port", OPTION_INTEGER, .fallback = "1521", .minimum = 1, .maximum = 65535,
     .description = "port of the Oracle listener"},
    {FIELD(engine.source_service), "source", "service", OPTION_TEXT, .description = "service name"},
    {FIELD(engine.source_user), "source", "user", OPTION_TEXT,
     .description = "our own account on the source: reads the dictionary and rows by key, writes while the source is the fallback"},
    {FIELD(password_file), "source", "password_file", OPTION_TEXT,
     .description = "file with the password of source.user on its first line, readable by us alone"},
    {FIELD(engine.source_schema), "source", "schema", OPTION_TEXT, .description = "schema of the application"},
    {FIELD(engine.source_tls), "source", "tls", OPTION_BOOLEAN, .fallback = "no", .description = "connect to the source by TCPS"},
    {FIELD(engine.source_ca), "source", "ca_file", OPTION_TEXT, .fallback = "",
     .description = "PEM certificates that may sign the source's"},

    {FIELD(engine.target_conninfo), "target", "conninfo", OPTION_TEXT, .secret = true,
     .description = "libpq connection string; the account may set session_replication_role, create the schema understudy and replicate"},
    {FIELD(engine.target_schema), "target", "schema", OPTION_TEXT, .fallback = "",
     .description = "schema of the application on PostgreSQL; empty: the source schema in lower case"},
    {FIELD(engine.target_connections), "target", "connections", OPTION_INTEGER, .fallback = "16", .minimum = 2, .maximum = 500,
     .description = "connections to PostgreSQL of each worker"},
    {FIELD(engine.statement_timeout_ms), "target", "statement_timeout", OPTION_DURATION, .fallback = "0ms", .unit = "ms",
     .maximum = 3600000, .description = "longest time of a served statement; 0: none"},

    {FIELD(engine.journal_folder), "journal", "folder", OPTION_TEXT,
     .description = "folder of the journal; on its own disk where the load is high"},
    {FIELD(journal_segment), "journal", "segment", OPTION_SIZE, .fallback = "64M", .minimum = 1 << 20, .maximum = 1ll << 32,
     .description = "size of one segment file"},
    {FIELD(journal_retain), "journal", "retain", OPTION_SIZE, .fallback = "4G", .minimum = 1 << 20, .maximum = 1ll << 50,
     .description = "applied segments are kept up to this"},
    {FIELD(journal_retain_us), "journal", "retain_age", OPTION_DURATION, .fallback = "0s", .unit = "us", .maximum = 86400000000ll * 3650,
     .description = "applied segments that ended longer ago are removed, whatever their size; 0: none is for its age"},
    {FIELD(journal_key_file), "journal", "key_file", OPTION_TEXT, .fallback = "",
     .description = "32-byte key: records are encrypted (AES-256-GCM) when it is set"},

    {FIELD(engine.state_file), "state", "file", OPTION_TEXT, .description = "SQLite file with phase, ledgers, audit log"},
    {FIELD(engine.overrides_file), "state", "overrides", OPTION_TEXT, .fallback = "",
     .description = "JSON file with the operator's statement overrides, read again at SIGHUP; empty: beside the state file"},

    {FIELD(admin_address), "admin", "address", OPTION_TEXT, .fallback = "127.0.0.1",
     .description = "address of the admin API and dashboard"},
    {FIELD(admin_port), "admin", "port", OPTION_INTEGER, .fallback = "8521", .maximum = 65535,
     .description = "port of the admin API; 0 takes a free one"},
    {FIELD(admin_token_file), "admin", "token_file", OPTION_TEXT,
     .description = "file with the bearer token of the admin API on its first line, readable by us alone; it may do everything"},
    {FIELD(admin_read_token_file), "admin", "read_token_file", OPTION_TEXT, .fallback = "",
     .description = "file with a second token that may read and change nothing: for Prometheus and the dashboard; empty: there is none"},

    {FIELD(engine.fence_wait_us), "reads", "fence_wait", OPTION_DURATION, .fallback = "20ms", .unit = "us", .maximum = 10000000,
     .reloadable = true, .description = "how long a read waits for the mirror before the primary answers it"},
    {FIELD(engine.shadow_share), "reads", "shadow_share", OPTION_PERCENT, .fallback = "100", .reloadable = true,
     .description = "share of eligible reads that are compared"},
    {FIELD(engine.shadow_queue), "reads", "shadow_queue", OPTION_INTEGER, .fallback = "4096", .minimum = 16, .maximum = 1000000,
     .description = "reads waiting to be compared; more are skipped and counted"},
    {FIELD(engine.capture_max), "reads", "capture_max", OPTION_SIZE, .fallback = "256K", .minimum = 1024, .maximum = 1 << 30,
     .description = "largest result that is compared"},
    {FIELD(engine.result_max), "reads", "result_max", OPTION_SIZE, .fallback = "64M", .minimum = 65536, .maximum = 1ll << 34,
     .description = "largest served result held in memory"},
    {FIELD(engine.compare_share), "mirror", "compare_share", OPTION_PERCENT, .fallback = "100", .reloadable = true,
     .description = "share of mirrored rows that are compared by key"},
    {FIELD(engine.mirror_fold), "mirror", "fold", OPTION_INTEGER, .fallback = "64", .minimum = 1, .maximum = 4096,
     .description = "source transactions in one target transaction, at most"},
    {FIELD(engine.mirror_lanes), "mirror", "lanes", OPTION_INTEGER, .fallback = "4", .minimum = 1, .maximum = 16,
     .description =
         "connections on which transactions without a row in common are applied side by side while there is a backlog; 1: never"},
    {FIELD(engine.sequence_margin), "mirror", "sequence_margin", OPTION_INTEGER, .fallback = "10000", .minimum = 1, .maximum = 100000000,
     .description = "how far sequences are kept ahead on the side that is not primary"},

    {FIELD(engine.feed_poll_us), "feed", "poll", OPTION_DURATION, .fallback = "50ms", .unit = "us", .minimum = 1000, .maximum = 60000000,
     .description = "pause between two readings of the key feeds while keys come"},
    {FIELD(engine.feed_poll_max_us), "feed", "poll_max", OPTION_DURATION, .fallback = "1s", .unit = "us", .minimum = 1000,
     .maximum = 600000000, .description = "the same while none come: the pause doubles up to this"},
    {FIELD(engine.feed_look_us), "feed", "look", OPTION_DURATION, .fallback = "2s", .unit = "us", .minimum = 100000, .maximum = 600000000,
     .description = "how often the source's dictionary is asked whether the key feeds are whole"},
    {FIELD(engine.feed_rows_per_second), "feed", "rows_per_second", OPTION_INTEGER, .fallback = "0", .maximum = 10000000,
     .description = "keys of the feeds that are reconciled in a second, at most; 0: no limit"},
    {FIELD(engine.feed_backlog_max), "feed", "backlog_max", OPTION_INTEGER, .fallback = "1000000", .minimum = 1000, .maximum = 1000000000,
     .description =
         "rows that one feed's log may hold on the source while the target does not keep up; beyond, they are given up and the table is "
         "unverified"},

    {FIELD(gate_threshold), "gate", "threshold", OPTION_REAL, .fallback = "0.99999", .maximum = 1,
     .description = "consistency that must be proven before the cut-over"},
    {FIELD(gate_confidence), "gate", "confidence", OPTION_REAL, .fallback = "0.95", .maximum = 1,
     .description = "one-sided confidence of the bound"},
    {FIELD(gate_fingerprint_comparisons), "gate", "fingerprint_comparisons", OPTION_INTEGER, .fallback = "20", .maximum = 1000000000,
     .description = "clean comparisons that each read statement needs, or a waiver"},
    {FIELD(gate_latency_factor), "gate", "latency_factor", OPTION_REAL, .fallback = "5", .minimum = 1, .maximum = 1000000,
     .description = "the target's p99 of a read may be this many times the source's"},
    {FIELD(gate_latency_floor_us), "gate", "latency_floor", OPTION_DURATION, .fallback = "50ms", .unit = "us", .maximum = 60000000,
     .description = "a p99 below this is always good enough"},
    {FIELD(gate_canary_bound), "gate", "canary_bound", OPTION_BOOLEAN, .fallback = "yes",
     .description = "the canary, too, is entered only with the proven bound"},

    {FIELD(guard_probation_us), "guard", "probation", OPTION_DURATION, .fallback = "30s", .unit = "us", .maximum = 86400000000ll,
     .description = "after each step a breach in this time steps back without a person; then the next step may be taken"},
    {FIELD(guard_health_us), "guard", "health", OPTION_DURATION, .fallback = "2s", .unit = "us", .minimum = 100000, .maximum = 60000000,
     .description = "how long the target may be out of reach before it is given up"},
    {FIELD(guard_error_share), "guard", "error_share", OPTION_REAL, .fallback = "0.01", .maximum = 1,
     .description = "share of served calls that may fail on the target's own account"},
    {FIELD(guard_latency_factor), "guard", "latency_factor", OPTION_REAL, .fallback = "20", .minimum = 1, .maximum = 1000000,
     .description = "p99 of served calls over the source's before the last step that trips the guard"},
    {FIELD(guard_latency_floor_us), "guard", "latency_floor", OPTION_DURATION, .fallback = "1s", .unit = "us", .maximum = 600000000,
     .description = "a p99 below this never trips the guard"},
    {FIELD(guard_reverse_lag_us), "guard", "reverse_lag", OPTION_DURATION, .fallback = "60s", .unit = "us", .maximum = 86400000000ll,
     .description = "the fallback may be behind by this much"},
    {FIELD(guard_slot_bytes), "guard", "slot_size", OPTION_SIZE, .fallback = "20G", .minimum = 1 << 20, .maximum = 1ll << 50,
     .description = "PostgreSQL may keep this much of its log for the fallback; it must not fill its disk"},

    {FIELD(switch_pause_us), "switch", "pause", OPTION_DURATION, .fallback = "2s", .unit = "us", .minimum = 10000, .maximum = 60000000,
     .description = "longest pause of a switch; beyond it everything is put back"},
    {FIELD(switch_drain_us), "switch", "drain", OPTION_DURATION, .fallback = "1500ms", .unit = "us", .minimum = 10000, .maximum = 60000000,
     .description = "how much of the pause may be spent waiting for open transactions"},

    {FIELD(log_file), "log", "file", OPTION_TEXT, .fallback = "", .description = "log file; empty: standard error"},
    {FIELD(log_level), "log", "level", OPTION_CHOICE, .fallback = "info", .choices = levels, .reloadable = true,
     .description = "least level that is logged"},
    {FIELD(log_format), "log", "format", OPTION_CHOICE, .fallback = "text", .choices = formats,
     .description = "key=value text or JSON lines"},
    {FIELD(webhook_url), "alerts", "webhook", OPTION_TEXT, .fallback = "", .description = "alerts are posted there as JSON"},
};
const struct option_table config_options = {rows, sizeof rows / sizeof *rows};

static bool read_password(struct config *config, struct error *error)
{
    FILE *file = fopen(config->password_file, "r");
    if (!file)
        return error_set(error, ERROR_CONFIG,
                         "[source] password_file: %s cannot be read; make it a file with the password on its first line",
                         config->password_file);
    bool good = fgets(config->engine.source_password, sizeof config->engine.source_password, file) != NULL;
    fclose(file);
    config->engine.source_password[strcspn(config->engine.source_password, "\r\n")] = 0;
    if (!good || !config->engine.source_password[0])
        return error_set(error, ERROR_CONFIG, "[source] password_file: %s is empty", config->password_file);
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool config_journal_key(const struct config *config, uint8_t key[32], bool *there, struct error *error)
{
    char text[68];
    *there = config->journal_key_file[0] != 0;
    if (!*there) return true;
    FILE *file = fopen(config->journal_key_file, "rb");
    if (!file)
        return error_set(error, ERROR_CONFIG, "[journal] key_file: %s cannot be read; make it a file with 32 bytes, readable by us alone",
                         config->journal_key_file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    if (size == 32) {
        memcpy(key, text, 32);
        return true;
    }
    while (size && (text[size - 1] == '\n' || text[size - 1] == '\r')) size--;
    bool good = size == 64;
    for (size_t i = 0; good && i < 32; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return good || error_set(error, ERROR_CONFIG, "[journal] key_file: %s holds neither 32 bytes nor 64 hexadecimal digits",
                             config->journal_key_file);
}

bool config_admin_is_local(const struct config *config)
{
    const char *address = config->admin_address;
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 || strcmp(address, "localhost") == 0;
}

bool config_load(const char *file, struct config *out, struct error *error)
{
    memset(out, 0, sizeof *out);
    option_check(&config_options);
    if (!option_read_file(&config_options, file, out, NULL, NULL, error)) {
        if (error->code != ERROR_NOT_FOUND) return false;
        return error_set(
            error, ERROR_CONFIG,
            "the configuration %s is not there; --config FILE or UNDERSTUDY_CONFIG names another, `understudy config example` prints one",
            file);
    }
    for (char *c = out->engine.source_schema; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c -= 32;
    if (!out->engine.target_schema[0]) {
        snprintf(out->engine.target_schema, sizeof out->engine.target_schema, "%s", out->engine.source_schema);
        for (char *c = out->engine.target_schema; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c += 32;
    }
    if (!out->engine.overrides_file[0]) {
        char folder[sizeof out->engine.state_file];
        snprintf(folder, sizeof folder, "%s", out->engine.state_file);
        char *slash = strrchr(folder, '/');
        if (slash) *slash = 0;
        int length = snprintf(out->engine.overrides_file, sizeof out->engine.overrides_file, "%s/overrides.json", slash ? folder : ".");
        if (length < 0 || (size_t)length >= sizeof out->engine.overrides_file)
            return error_set(error, ERROR_CONFIG, "[state] file: the path is too long");
    }
    return true;
}

bool config_read(const char *file, struct config *out, struct error *error)
{
    return config_load(file, out, error) && read_password(out, error);
}
