/* SPDX-License-Identifier: Apache-2.0 */
/* Cancel requests to PostgreSQL, one after the other, off the loops. */
#include "engine/canceller.h"

#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

struct request {
    struct pg_cancel *cancel;
    void (*sent)(void *context);
    void *context;
    struct request *next;
};
struct canceller {
    struct mutex mutex;
    struct condition changed;
    struct request *first, **last;
    uint32_t count;
    bool stopping;
    struct thread *thread;
};

struct canceller *canceller_new(void)
{
    struct canceller *canceller = memory_zero(1, sizeof *canceller);
    mutex_init(&canceller->mutex);
    condition_init(&canceller->changed);
    canceller->last = &canceller->first;
    return canceller;
}

/* NULL: the end. */
static struct request *take(struct canceller *canceller)
{
    mutex_lock(&canceller->mutex);
    while (!canceller->first && !canceller->stopping) condition_wait(&canceller->changed, &canceller->mutex);
    struct request *request = canceller->stopping ? NULL : canceller->first;
    if (request) {
        canceller->first = request->next;
        if (!canceller->first) canceller->last = &canceller->first;
        canceller->count--;
    }
    mutex_unlock(&canceller->mutex);
    return request;
}

static void canceller_main(void *context)
{
    struct canceller *canceller = context;
    for (struct request *request; (request = take(canceller));) {
        struct error error = {0};
        if (!pg_cancel_send(request->cancel, &error)) LOG(LOG_WARNING, "target.cancel_failed", log_text("why", error.text));
        if (request->sent) request->sent(request->context);
        memory_free(request);
    }
}

void canceller_submit(struct canceller *canceller, struct pg_cancel *cancel, void (*sent)(void *context), void *context)
{
    struct error error = {0};
    bool queued = false;
    mutex_lock(&canceller->mutex);
    if (cancel && !canceller->thread) canceller->thread = thread_start("canceller", canceller_main, canceller, &error);
    if (cancel && canceller->thread && canceller->count < LIMIT_TARGET_CANCELS) {
        struct request *request = memory_zero(1, sizeof *request);
        *request = (struct request){.cancel = cancel, .sent = sent, .context = context};
        *canceller->last = request;
        canceller->last = &request->next;
        canceller->count++;
        queued = true;
        condition_signal(&canceller->changed);
    }
    mutex_unlock(&canceller->mutex);
    if (queued) return;
    if (cancel) LOG(LOG_WARNING, "target.cancel_dropped", log_text("why", error.code ? error.text : "too many cancel requests wait"));
    pg_cancel_free(cancel);
    if (sent) sent(context);
}

void canceller_free(struct canceller *canceller)
{
    if (!canceller) return;
    mutex_lock(&canceller->mutex);
    canceller->stopping = true;
    condition_signal(&canceller->changed);
    mutex_unlock(&canceller->mutex);
    thread_join(canceller->thread);
    while (canceller->first) {
        struct request *request = canceller->first;
        canceller->first = request->next;
        pg_cancel_free(request->cancel);
        memory_free(request);
    }
    condition_release(&canceller->changed);
    mutex_release(&canceller->mutex);
    memory_free(canceller);
}
