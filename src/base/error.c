/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of error codes, and filling an error with its text. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int http_status;
    int exit_status;
} codes[ERROR_CODE_COUNT] = {
    [ERROR_NONE] = {"NONE", 200, 0},
    [ERROR_CONFIG] = {"CONFIG", 400, 8},
    [ERROR_USAGE] = {"USAGE", 400, 2},
    [ERROR_IO] = {"IO", 500, 1},
    [ERROR_DISK_FULL] = {"DISK_FULL", 507, 1},
    [ERROR_NETWORK] = {"NETWORK", 502, 4},
    [ERROR_TIMEOUT] = {"TIMEOUT", 504, 4},
    [ERROR_ADDRESS_IN_USE] = {"ADDRESS_IN_USE", 500, 4},
    [ERROR_TLS] = {"TLS", 502, 4},
    [ERROR_PROTOCOL] = {"PROTOCOL", 502, 1},
    [ERROR_LIMIT] = {"LIMIT", 429, 1},
    [ERROR_AUTHENTICATION] = {"AUTHENTICATION", 401, 7},
    [ERROR_SOURCE] = {"SOURCE", 502, 1},
    [ERROR_TARGET] = {"TARGET", 502, 1},
    [ERROR_TARGET_LOST] = {"TARGET_LOST", 502, 4},
    [ERROR_SOURCE_LOST] = {"SOURCE_LOST", 502, 4},
    [ERROR_TRANSLATION] = {"TRANSLATION", 422, 1},
    [ERROR_JOURNAL] = {"JOURNAL", 500, 1},
    [ERROR_CORRUPT] = {"CORRUPT", 500, 1},
    [ERROR_STATE] = {"STATE", 409, 5},
    [ERROR_GATE] = {"GATE", 409, 3},
    [ERROR_NOT_FOUND] = {"NOT_FOUND", 404, 6},
    [ERROR_CANCELLED] = {"CANCELLED", 409, 1},
    [ERROR_INTERNAL] = {"INTERNAL", 500, 70},
};

static enum error_code known(enum error_code code)
{
    return (unsigned)code < ERROR_CODE_COUNT ? code : ERROR_INTERNAL;
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (!error) return false;
    char text[sizeof error->text]; /* the arguments may look into the error that is being replaced */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    *error = (struct error){.code = code};
    memcpy(error->text, text, sizeof text);
    return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
    if (!error) return false;
    char before[sizeof error->text];
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(before, sizeof before, format, arguments);
    va_end(arguments);
    memcpy(text, error->text, sizeof text);
    size_t size = strnlen(before, sizeof before - 3);
    memcpy(error->text, before, size);
    memcpy(error->text + size, ": ", 2);
    size_t room = sizeof error->text - size - 2;
    size_t rest = strnlen(text, room - 1);
    memcpy(error->text + size + 2, text, rest);
    error->text[size + 2 + rest] = '\0';
    return false;
}

void error_clear(struct error *error)
{
    if (error) *error = (struct error){0};
}

const char *error_name(enum error_code code)
{
    return codes[known(code)].name;
}

int error_http_status(enum error_code code)
{
    return codes[known(code)].http_status;
}

bool error_parse(const char *name, enum error_code *out)
{
    for (int i = 0; i < ERROR_CODE_COUNT; i++) {
        if (strcmp(codes[i].name, name) != 0) continue;
        *out = (enum error_code)i;
        return true;
    }
    return false;
}

/* What scripts ask for; `understudy help` prints it. */
static const struct {
    int status;
    const char *text;
} statuses[] = {{0, "done"},
                {1, "it was tried and failed"},
                {2, "the command line, or what was asked for, is wrong"},
                {3, "a gate is closed: what is missing stands on standard error"},
                {4, "the daemon or a database cannot be reached, or did not answer in time"},
                {5, "not possible in this phase or state"},
                {6, "no such thing"},
                {7, "not authenticated: the token is missing or wrong"},
                {8, "the configuration is wrong"},
                {70, "a defect of the program"}};

const char *error_exit_text(uint32_t index, int *status)
{
    if (index >= sizeof statuses / sizeof *statuses) return NULL;
    *status = statuses[index].status;
    return statuses[index].text;
}

int error_exit_status(enum error_code code)
{
    return codes[known(code)].exit_status;
}
