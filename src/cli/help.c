/* SPDX-License-Identifier: Apache-2.0 */
/* understudy help: what the tables of commands, options, calls, metrics and alerts say. */
#include "cli/ask.h"

#include "control/alert.h"
#include "control/daemon.h"
#include <stdio.h>
#include <string.h>

void command_print_help(const struct command *command, FILE *out)
{
    fprintf(out, "usage: understudy %s%s%s\n\n%s\n", command->name, *command->arguments ? " " : "", command->arguments, command->text);
    if (command->detail) fprintf(out, "\n%s\n", command->detail);
    bool first = true;
    for (unsigned i = 0; i < command_option_count; i++) {
        const struct command_option *option = &command_options[i];
        char name[48];
        if (!command_takes(command, option->name) || strcmp(option->name, "help") == 0) continue;
        if (first) fputs("\noptions:\n", out);
        first = false;
        snprintf(name, sizeof name, "--%s %s", option->name, option->value);
        fprintf(out, "  %-22s %s\n", name, option->text);
    }
}

/* Text of a manual page: what roff would read as its own is escaped. */
static void roff(const char *text)
{
    for (bool start = true; *text; text++) {
        if (start && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        start = *text == '\n';
    }
}

static void man_command(const struct command *command)
{
    printf(".SS %s ", command->name);
    roff(command->arguments);
    putchar('\n');
    roff(command->text);
    puts(".");
    if (command->detail) {
        puts(".PP\n.nf");
        roff(command->detail);
        puts("\n.fi");
    }
    for (unsigned i = 0; i < command_option_count; i++) {
        if (!command_takes(command, command_options[i].name) || strcmp(command_options[i].name, "help") == 0) continue;
        printf(".TP\n\\-\\-");
        roff(command_options[i].name);
        printf(" %s\n", command_options[i].value);
        roff(command_options[i].text);
        putchar('\n');
    }
}

static void print_man(struct buffer *out)
{
    (void)out;
    int status;
    const char *meaning;
    puts(".TH UNDERSTUDY 1 \"\" \"understudy\"\n.SH NAME\nunderstudy \\- moves a live application from Oracle to PostgreSQL\n.SH SYNOPSIS\n"
         ".B understudy\nCOMMAND [options]\n.SH COMMANDS");
    for (unsigned i = 0; i < command_count; i++) man_command(&commands[i]);
    puts(".SH EXIT STATUS");
    for (uint32_t i = 0; (meaning = error_exit_text(i, &status)); i++) printf(".TP\n%d\n%s\n", status, meaning);
    puts(".SH FILES\n.TP\n/etc/understudy/understudy.ini\nthe configuration, unless UNDERSTUDY_CONFIG or \\-\\-config names another; "
         "understudy config example prints one\n.SH ENVIRONMENT\n.TP\nUNDERSTUDY_CONFIG\nthe configuration\n.TP\nUSER\nwho stands in the "
         "audit "
         "log, unless \\-\\-author says it");
}

static const struct {
    const char *name;
    void (*print)(struct buffer *out);
} topics[] = {{"api", admin_print_routes}, {"metrics", report_metric_names}, {"alerts", alert_print}, {"man", print_man}};

static void overview(void)
{
    int status;
    const char *meaning;
    puts("understudy: moves a live application from Oracle to PostgreSQL\n\nusage: understudy COMMAND [options]\n");
    for (unsigned i = 0; i < command_count; i++) printf("  %-12s %s\n", commands[i].name, commands[i].text);
    puts("\n`understudy help COMMAND` says what it takes. What changes something takes --dry-run.\n"
         "Reports are text; with --json what programs read.\n\nexit status:");
    for (uint32_t i = 0; (meaning = error_exit_text(i, &status)); i++) printf("  %-12d %s\n", status, meaning);
}

int command_help(const struct arguments *a)
{
    if (!a->rest_count) {
        overview();
        return 0;
    }
    const struct command *command = command_find(a->rest[0]);
    if (command) command_print_help(command, stdout);
    for (size_t i = 0; i < sizeof topics / sizeof *topics && !command; i++) {
        if (strcmp(topics[i].name, a->rest[0]) != 0) continue;
        struct buffer out;
        buffer_init(&out, 0);
        topics[i].print(&out);
        fwrite(buffer_view(&out).data, 1, buffer_size(&out), stdout);
        buffer_release(&out);
        return 0;
    }
    if (!command) fprintf(stderr, "understudy: there is no command %s; `understudy help` lists them\n", a->rest[0]);
    return command ? 0 : 2;
}
