/* SPDX-License-Identifier: Apache-2.0 */
/* Users of server mode: their verifiers are taken from the source, so that they keep their passwords. */
#include "control/daemon.h"

#include "base/log.h"
#include "wire/auth.h"
#include <stdio.h>

struct import {
    struct daemon *daemon;
    bool dry_run;
    uint32_t count;
};

static bool import_user(void *context, const struct value *values, uint32_t count)
{
    struct import *import = context;
    char name[130], spare4[600];
    if (count < 2 || values[0].type != VALUE_TEXT || values[1].type != VALUE_TEXT) return true;
    snprintf(name, sizeof name, VIEW_FORMAT, VIEW_ARGUMENTS(values[0].bytes));
    snprintf(spare4, sizeof spare4, VIEW_FORMAT, VIEW_ARGUMENTS(values[1].bytes));
    struct wire_verifier verifier;
    struct error error;
    if (!wire_verifier_from_spare4(view_text(spare4), &verifier)) {
        LOG(LOG_WARNING, "users.skipped", log_text("user", name), log_text("why", "no verifier of a known form"));
        return true;
    }
    if (import->dry_run || state_user_put(import->daemon->engine.state, name, spare4, false, &error))
        import->count++;
    else
        LOG(LOG_ERROR, "users.not_stored", log_failure(&error));
    return true;
}

bool users_import(struct daemon *daemon, bool dry_run, uint32_t *imported, struct error *error)
{
    struct source *source = source_open(&daemon->engine.options, 5000, error);
    if (!source) return false;
    struct import import = {.daemon = daemon, .dry_run = dry_run};
    struct source_result result;
    bool good = source_run(source, "SELECT NAME, SPARE4 FROM SYS.USER$ WHERE TYPE# = 1 AND SPARE4 IS NOT NULL", NULL, 0, 0, 100,
                           import_user, &import, &result, error);
    source_close(source);
    *imported = import.count;
    return good || error_prefix(error, "[source] user must be able to read SYS.USER$: GRANT SELECT ON SYS.USER$ to it");
}
