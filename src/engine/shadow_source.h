/* SPDX-License-Identifier: Apache-2.0 */
/* The shadow's own connection to the source, made to read as the session did whose read is looked at again. One thread. */
#ifndef ENGINE_SHADOW_SOURCE_H
#define ENGINE_SHADOW_SOURCE_H

#include "engine/shadow.h"
#include "engine/source.h"

struct shadow_source {
    const struct engine_options *options;
    struct source *connection; /* NULL: none */
    struct settings settings;  /* what was said to it */
    char schema[129];          /* empty: that of its user */
};
/* Opens it if need be, and says to it what it was not told: settings and current schema of the job's session. False: it cannot be had, which is logged. */
bool shadow_source_as(struct shadow_source *source, const struct shadow_job *job);
void shadow_source_close(struct shadow_source *source);

#endif
