/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the source, for a C test: its own MariaDB and its own port, stopped at the end. STANDIN_SERVER names the program; else the newest
 * one under build/ is taken. The tests run in the root of the tree.
 */
#ifndef TESTS_SUPPORT_PRIVATE_STANDIN_H
#define TESTS_SUPPORT_PRIVATE_STANDIN_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct private_standin {
    char folder[128], socket[256], program[256];
    unsigned port;
    pid_t server;
};

static inline int standin_line(const char *command, char *line, size_t size)
{
    FILE *out = popen(command, "r");
    if (!out) return -1;
    char *read = fgets(line, (int)size, out);
    int status = pclose(out);
    if (!read || status != 0) return -1;
    line[strcspn(line, "\n")] = 0;
    return 0;
}

/* Starts (again) the program that listens; the MariaDB behind it runs. port 0: any. */
static inline int private_standin_listen(struct private_standin *standin, unsigned port)
{
    int ends[2];
    char text[128], number[16];
    snprintf(number, sizeof number, "%u", port);
    if (pipe(ends) != 0) return -1;
    standin->server = fork();
    if (standin->server < 0) return -1;
    if (standin->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies takes it along */
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl(standin->program, standin->program, "--mariadb-socket", standin->socket, "--port", number, "--user", "APP:secret", "--user",
              "MIRROR:secret", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    standin->port = 0;
    while (out && fgets(text, sizeof text, out)) {
        const char *found = strstr(text, "ready port=");
        if (!found) continue;
        standin->port = (unsigned)atoi(found + strlen("ready port="));
        break;
    }
    if (out) fclose(out);
    return standin->port ? 0 : -1;
}

static inline void private_standin_kill(struct private_standin *standin)
{
    if (standin->server <= 0) return;
    kill(standin->server, SIGKILL);
    waitpid(standin->server, NULL, 0);
    standin->server = 0;
}

static inline void private_standin_stop(struct private_standin *standin)
{
    char command[400];
    private_standin_kill(standin);
    snprintf(command, sizeof command, "standin/run-mariadb wipe %s >/dev/null 2>&1", standin->folder);
    if (system(command) != 0) fprintf(stderr, "cannot stop the MariaDB in %s\n", standin->folder);
}

/* 0: it runs. 1: there is no program to run. */
static inline int private_standin_start(struct private_standin *standin)
{
    char command[600];
    memset(standin, 0, sizeof *standin);
    signal(SIGPIPE, SIG_IGN);
    snprintf(standin->folder, sizeof standin->folder, "/tmp/understudy-standin-%d", (int)getpid());
    const char *named = getenv("STANDIN_SERVER");
    if (named)
        snprintf(standin->program, sizeof standin->program, "%s", named);
    else if (standin_line("ls -t build/*/standin-server 2>/dev/null | head -1", standin->program, sizeof standin->program) != 0 ||
             !standin->program[0])
        return 1;
    /* Stops and removes itself when the test dies. */
    snprintf(command, sizeof command,
             "standin/run-mariadb start %s --pool 64M && (setsid bash -c 'while kill -0 %d 2>/dev/null && [ -d %s ]; do sleep "
             "1; done; "
             "standin/run-mariadb wipe %s' >/dev/null 2>&1 </dev/null &)",
             standin->folder, (int)getpid(), standin->folder, standin->folder);
    if (standin_line(command, standin->socket, sizeof standin->socket) != 0) return -1;
    /* A port below those of outgoing connections, of which any process could have it while the server is down. */
    for (unsigned try = 0; try < 20; try++) {
        if (private_standin_listen(standin, 10000 + ((unsigned)getpid() * 31 + try * 997) % 10000) == 0) return 0;
        private_standin_kill(standin);
    }
    private_standin_stop(standin);
    return -1;
}

#endif
