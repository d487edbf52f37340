/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Late looks: a commit in doubt is settled by reading its rows once it should be over at the source. A call that carries its commit and waits there for somebody's row
 * lock, after its client is gone, may still commit later than that. So its rows are looked at again, several times over some minutes, and written if they changed.
 * Only while the source is primary; a restart forgets what was still due. Too many, or a key of a table that is no longer there: the table is in a gap.
 */
#include "engine/mirror_private.h"

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/memory.h"

static const uint64_t pauses_us[] = {5000000, 30000000, 300000000};
enum { LOOKS = sizeof pauses_us / sizeof *pauses_us, AGAIN_US = 1000000 };

struct mirror_late {
    struct mirror *mirror;
    const struct sql_table *table;
    struct buffer key;
    uint64_t due_us;
    uint32_t look;
    struct mirror_late *next;
};

static void late_free(struct mirror_late *late)
{
    late->mirror->late_count--;
    buffer_release(&late->key);
    memory_free(late);
}

static void late_put(struct mirror_late *late, uint64_t due_us)
{
    late->due_us = due_us;
    late->next = late->mirror->late;
    late->mirror->late = late;
}

static void looked(void *context, const struct row *before, const struct row *after, bool changed, const struct error *error)
{
    struct mirror_late *late = context;
    (void)before;
    (void)after;
    uint64_t now = clock_monotonic_us();
    if (error && error->code == ERROR_CANCELLED) {
        late_free(late);
    } else if (error && (error->code == ERROR_STATE || error->code == ERROR_CORRUPT)) {
        mirror_gap(late->mirror, late->table->name, error->text);
        late_free(late);
    } else if (error) {
        late_put(late, now + AGAIN_US); /* one side is away */
    } else {
        if (changed) LOG(LOG_WARNING, "mirror.late_commit", log_text("table", late->table->name), log_u64("look", late->look));
        if (++late->look == LOOKS)
            late_free(late);
        else
            late_put(late, now + pauses_us[late->look]);
    }
}

void mirror_late_note(struct mirror *m, const struct mirror_key *key)
{
    if (m->late_count >= LIMIT_LATE_LOOKS) {
        mirror_gap(m, key->map->table->name, "too many commits in doubt to look at their rows again");
        return;
    }
    struct mirror_late *late = memory_zero(1, sizeof *late);
    late->mirror = m;
    late->table = key->map->table;
    buffer_init(&late->key, 0);
    buffer_append_view(&late->key, key->encoded);
    m->late_count++;
    late_put(late, clock_monotonic_us() + pauses_us[0]);
}

void mirror_late_run(struct mirror *m)
{
    if (!m->late) return;
    uint64_t now = clock_monotonic_us();
    bool ours = engine_policy(m->engine)->primary == SIDE_SOURCE;
    for (struct mirror_late **at = &m->late; *at;) {
        struct mirror_late *late = *at;
        if (ours && now < late->due_us) {
            at = &late->next;
            continue;
        }
        *at = late->next;
        if (ours)
            mirror_reconcile(m, late->table, buffer_view(&late->key), looked, late);
        else
            late_free(late); /* the source's row is no longer the truth */
    }
}

void mirror_late_release(struct mirror *m)
{
    while (m->late) {
        struct mirror_late *late = m->late;
        m->late = late->next;
        late_free(late);
    }
}
