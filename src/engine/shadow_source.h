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
/*
 * Does the job's read again, for as many rows as were captured. The connection is opened if need be, and told what it was not told: settings and current schema of
 * the job's session. False: it could not be done, which is logged. *out is the caller's; the arena is used for the binds.
 */
bool shadow_source_read(struct shadow_source *source, const struct shadow_job *job, struct arena *arena, struct capture *out);
void shadow_source_close(struct shadow_source *source);

#endif
