/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that MariaDB loads: what their files share. They run in MariaDB's threads: no state but their arguments'. */
#ifndef STANDIN_UDF_H
#define STANDIN_UDF_H

#include <mysql.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fails the statement that called the function with "ORA-ddddd: text"; answers NULL. */
char *udf_fail(char *is_null, int ora, const char *text);
/* Every argument as text; `count` of them. */
my_bool udf_begin(UDF_INIT *init, UDF_ARGS *arguments, unsigned least, unsigned most, char *message);
void udf_end(UDF_INIT *init);
/* Room for a result of `size` bytes that lives until the next call. */
char *udf_room(UDF_INIT *init, size_t size);
bool udf_any_null(const UDF_ARGS *arguments);
/* A NUL-terminated copy of an argument, cut to size - 1. */
long long udf_integer(const UDF_ARGS *arguments, unsigned i); /* an argument has no NUL at its end: never strtol on it */
void udf_copy(const UDF_ARGS *arguments, unsigned i, char *out, size_t size);

enum { UDF_TIME_SIZE = 64 };
struct udf_time {
    int year, month, day, hour, minute, second, micro;
};
bool udf_time_read(const UDF_ARGS *arguments, unsigned i, struct udf_time *out);  /* MariaDB's text */
unsigned long udf_time_write(const struct udf_time *t, bool fraction, char *out); /* room for UDF_TIME_SIZE */
int64_t udf_days(int year, int month, int day);                                   /* since 1970-01-01 */
void udf_from_days(int64_t days, struct udf_time *t);
int udf_month_days(int year, int month);
extern const char *const udf_month_names[12], *const udf_day_names[7]; /* upper case; Sunday first */

/* The usual three symbols of a function that answers text. */
#define UDF_STRING(name, least, most)                                                                                                      \
    my_bool name##_init(UDF_INIT *init, UDF_ARGS *arguments, char *message);                                                               \
    my_bool name##_init(UDF_INIT *init, UDF_ARGS *arguments, char *message)                                                                \
    {                                                                                                                                      \
        return udf_begin(init, arguments, least, most, message);                                                                           \
    }                                                                                                                                      \
    void name##_deinit(UDF_INIT *init);                                                                                                    \
    void name##_deinit(UDF_INIT *init)                                                                                                     \
    {                                                                                                                                      \
        udf_end(init);                                                                                                                     \
    }                                                                                                                                      \
    char *name(UDF_INIT *init, UDF_ARGS *arguments, char *result, unsigned long *length, char *is_null, char *error);                      \
    char *name(UDF_INIT *init, UDF_ARGS *arguments, char *result, unsigned long *length, char *is_null, char *error)
/* The same for one that answers decimal digits: its length is a number's. */
#define UDF_DECIMAL(name, least, most)                                                                                                     \
    my_bool name##_init(UDF_INIT *init, UDF_ARGS *arguments, char *message);                                                               \
    my_bool name##_init(UDF_INIT *init, UDF_ARGS *arguments, char *message)                                                                \
    {                                                                                                                                      \
        my_bool bad = udf_begin(init, arguments, least, most, message);                                                                    \
        init->max_length = 67;                                                                                                             \
        return bad;                                                                                                                        \
    }                                                                                                                                      \
    void name##_deinit(UDF_INIT *init);                                                                                                    \
    void name##_deinit(UDF_INIT *init)                                                                                                     \
    {                                                                                                                                      \
        udf_end(init);                                                                                                                     \
    }                                                                                                                                      \
    char *name(UDF_INIT *init, UDF_ARGS *arguments, char *result, unsigned long *length, char *is_null, char *error);                      \
    char *name(UDF_INIT *init, UDF_ARGS *arguments, char *result, unsigned long *length, char *is_null, char *error)
#define UDF_INTEGER(name, least, most)                                                                                                     \
    my_bool name##_init(UDF_INIT *init, UDF_ARGS *arguments, char *message);                                                               \
    my_bool name##_init(UDF_INIT *init, UDF_ARGS *arguments, char *message)                                                                \
    {                                                                                                                                      \
        my_bool bad = udf_begin(init, arguments, least, most, message);                                                                    \
        init->max_length = 21;                                                                                                             \
        init->decimals = 0;                                                                                                                \
        return bad;                                                                                                                        \
    }                                                                                                                                      \
    void name##_deinit(UDF_INIT *init);                                                                                                    \
    void name##_deinit(UDF_INIT *init)                                                                                                     \
    {                                                                                                                                      \
        udf_end(init);                                                                                                                     \
    }                                                                                                                                      \
    long long name(UDF_INIT *init, UDF_ARGS *arguments, char *is_null, char *error);                                                       \
    long long name(UDF_INIT *init, UDF_ARGS *arguments, char *is_null, char *error)
#define UDF_UNUSED (void)init, (void)arguments, (void)error

#endif
