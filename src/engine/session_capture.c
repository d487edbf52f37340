/* SPDX-License-Identifier: Apache-2.0 */
/* Captures the result of a relayed read, over its fetches, and hands it to the shadow. */
#include "engine/session_private.h"

void session_capture_begin(struct session *s)
{
    struct call *call = &s->call;
    session_capture_end(s, false, false);
    struct error error;
    struct wire_request *request = wire_tap_request(s->tap);
    struct value *values = NULL;
    uint32_t bind_count;
    (void)session_call_binds(s, &bind_count);
    if (bind_count) {
        values = request->execute.row_count ? session_bind_values(s, 0, &call->arena, &error) : NULL;
        if (!values) {
            engine_count(s->engine, COUNT_SHADOW_NOT_COMPARABLE, 1);
            return;
        }
    }
    struct shadow_job *job = shadow_job_new();
    job->statement = call->statement;
    job->plan = call->plan;
    job->session = s->id;
    job->settings = s->settings;
    snprintf(job->user, sizeof job->user, "%.128s", s->wire->user);
    job->fence = engine_fence(s->engine, call->plan->tables, call->plan->table_count);
    job->bind_count = bind_count;
    buffer_init(&job->binds, 0);
    for (uint32_t i = 0; i < job->bind_count; i++) value_encode(&job->binds, &values[i]);
    s->capture_job = job;
    s->capture_cursor = call->cursor;
    capture_reset(&s->capture);
}

void session_capture_row(struct session *s, const struct wire_cursor *cursor, const struct wire_cell *cells, uint32_t count)
{
    capture_row(&s->capture, s->wire, cursor, cells, count, &s->call.arena);
}

void session_capture_end(struct session *s, bool complete, bool failed)
{
    struct shadow_job *job = s->capture_job;
    if (!job) return;
    s->capture_job = NULL;
    s->capture_cursor = NULL;
    if (failed || s->capture.failed || (!complete && s->capture.row_count == 0)) {
        if (!failed) engine_count(s->engine, COUNT_SHADOW_NOT_COMPARABLE, 1);
        shadow_job_free(job);
        return;
    }
    s->capture.complete = complete;
    job->source_us = session_now(s) - s->call.started_us;
    job->capture = s->capture;
    capture_init(&s->capture, s->engine->options.capture_max);
    s->environment->shadow(s->context, job);
}
