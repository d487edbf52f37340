/* SPDX-License-Identifier: Apache-2.0 */
/* understudy run. */
#include "cli/command.h"

#include "base/log.h"
#include "control/daemon.h"
#include <signal.h>

int command_run(const struct arguments *arguments)
{
    struct config config;
    struct error error = {0};
    if (!config_read(arguments->config_file, &config, &error)) return command_fail(&error);
    if (!log_open(config.log_file[0] ? config.log_file : NULL, (enum log_level)config.log_level, (enum log_format)config.log_format,
                  &error))
        return command_fail(&error);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct daemon *daemon = daemon_start(&config, &error);
    if (!daemon) return command_fail(&error);
    int number;
    while (sigwait(&signals, &number) == 0 && number == SIGHUP) daemon_reload(daemon, arguments->config_file);
    LOG(LOG_INFO, "daemon.stopping", log_i64("signal", number));
    daemon_stop(daemon);
    return 0;
}
