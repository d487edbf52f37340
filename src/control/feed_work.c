/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing key feeds as a job: each table waits for locks on the source and for keys that are still to come, and nobody may wait with it. */
#include "control/daemon.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>

enum feed_work_status { WAITING, RUNNING, DONE, FAILED };
static const char *const statuses[] = {[WAITING] = "waiting", [RUNNING] = "running", [DONE] = "done", [FAILED] = "failed"};

struct feed_work_table {
    struct feed_order order;
    enum feed_work_status status;
    char error[300];
};
/* The thread writes status and error of the tables under daemon->work; all else stays as it was made. */
struct feed_work {
    struct daemon *daemon;
    struct thread *thread;
    struct feed_request request;
    atomic_bool stopping, over;
    uint32_t count;
    struct feed_work_table tables[];
};

static void set_status(struct feed_work *work, struct feed_work_table *table, enum feed_work_status status, const char *problem)
{
    mutex_lock(&work->daemon->work);
    table->status = status;
    snprintf(table->error, sizeof table->error, "%.299s", problem);
    mutex_unlock(&work->daemon->work);
}

static bool change_one(struct feed_work *work, const struct feed_order *order, struct error *error)
{
    struct daemon *daemon = work->daemon;
    const struct feed_request *request = &work->request;
    if (!(request->install ? feed_install(daemon->feed, order->table, order->form, error)
                           : feed_remove(daemon->feed, order->table, request->anyway, error)))
        return false;
    return state_audit(daemon->engine.state, request->author, request->install ? "feed.install" : "feed.remove", request->reason,
                       order->table, error);
}

static void work_main(void *context)
{
    struct feed_work *work = context;
    for (uint32_t i = 0; i < work->count; i++) {
        struct error error = {0};
        if (atomic_load(&work->stopping)) {
            set_status(work, &work->tables[i], FAILED, "the daemon was stopped before it came to this table");
            continue;
        }
        set_status(work, &work->tables[i], RUNNING, "");
        bool good = change_one(work, &work->tables[i].order, &error);
        if (!good) LOG(LOG_WARNING, "feed.not_changed", log_text("table", work->tables[i].order.table), log_failure(&error));
        set_status(work, &work->tables[i], good ? DONE : FAILED, error.text);
    }
    atomic_store(&work->over, true);
}

static void release(struct feed_work *work)
{
    if (!work) return;
    thread_join(work->thread);
    memory_free(work);
}

bool feed_work_start(struct daemon *daemon, const struct feed_request *request, const struct feed_order *tables, uint32_t count,
                     struct error *error)
{
    struct feed_work *work = memory_zero(1, sizeof *work + count * sizeof work->tables[0]), *old = NULL;
    *work = (struct feed_work){.daemon = daemon, .request = *request, .count = count};
    for (uint32_t i = 0; i < count; i++) work->tables[i].order = tables[i];
    bool good = true;
    mutex_lock(&daemon->work);
    if (daemon->feed_work && !atomic_load(&daemon->feed_work->over))
        good = error_set(error, ERROR_STATE, "key feeds are being %s; `understudy work` shows how far it is",
                         daemon->feed_work->request.install ? "installed" : "removed");
    if (good) {
        work->thread = thread_start("feed-work", work_main, work, error); /* its first table waits for this mutex */
        good = work->thread != NULL;
    }
    if (good) {
        old = daemon->feed_work;
        daemon->feed_work = work;
    }
    mutex_unlock(&daemon->work);
    if (!good) memory_free(work);
    release(old);
    return good;
}

void feed_work_list(struct daemon *daemon, struct json *json)
{
    mutex_lock(&daemon->work);
    const struct feed_work *work = daemon->feed_work;
    for (uint32_t i = 0; work && i < work->count; i++) {
        const struct feed_work_table *table = &work->tables[i];
        json_object_begin(json);
        json_field_text(json, "work", work->request.install ? "feed install" : "feed remove");
        json_field_text(json, "table", table->order.table);
        json_field_text(json, "status", statuses[table->status]);
        if (table->error[0]) json_field_text(json, "error", table->error);
        json_object_end(json);
    }
    mutex_unlock(&daemon->work);
}

void feed_work_stop(struct daemon *daemon)
{
    if (daemon->feed_work) atomic_store(&daemon->feed_work->stopping, true);
    release(daemon->feed_work);
    daemon->feed_work = NULL;
}
