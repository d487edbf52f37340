/* SPDX-License-Identifier: Apache-2.0 */
/* A real PostgreSQL for a C test: started in its own folder by tests/support/private-postgres, stopped at the end or when the test dies. */
#ifndef TESTS_SUPPORT_PRIVATE_POSTGRES_H
#define TESTS_SUPPORT_PRIVATE_POSTGRES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct private_postgres {
    char folder[128];
    char conninfo[256];
};

/* `options` as the script takes them, "" for none. The tests run in the root of the tree. 0: it runs. */
static inline int private_postgres_start(struct private_postgres *server, const char *options)
{
    char command[512];
    snprintf(server->folder, sizeof server->folder, "/tmp/understudy-postgres-%d", (int)getpid());
    snprintf(command, sizeof command, "tests/support/private-postgres start %s --while %d %s", server->folder, (int)getpid(), options);
    FILE *out = popen(command, "r");
    if (!out) return -1;
    char *line = fgets(server->conninfo, sizeof server->conninfo, out);
    int status = pclose(out);
    if (status != 0 || !line) return -1;
    server->conninfo[strcspn(server->conninfo, "\n")] = 0;
    return 0;
}

/* verb: crash, resume, stop */
static inline int private_postgres_do(struct private_postgres *server, const char *verb)
{
    char command[256];
    snprintf(command, sizeof command, "tests/support/private-postgres %s %s >/dev/null", verb, server->folder);
    return system(command);
}

#endif
