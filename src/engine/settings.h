/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a client's session that the target's functions follow: formats of dates and numbers, time zone, user. They are remembered from ALTER SESSION
 * and from the log-on, whichever side answers, and said to the target in front of the statements that need them, because connections are shared.
 */
#ifndef ENGINE_SETTINGS_H
#define ENGINE_SETTINGS_H

#include "base/buffer.h"

enum setting {
    SETTING_DATE_FORMAT,
    SETTING_TIMESTAMP_FORMAT,
    SETTING_TIMESTAMP_TZ_FORMAT,
    SETTING_NUMERIC_CHARACTERS,
    SETTING_TIME_ZONE,
    SETTING_COUNT
};
enum { SETTING_SIZE = 100 };
struct settings {
    char values[SETTING_COUNT][SETTING_SIZE]; /* as the source takes them; empty: not altered */
    bool altered;                             /* some value is not empty */
    uint32_t foreign;                         /* a bit for each setting that changes results and that the target does not follow */
};
/* Takes the settings of one ALTER SESSION SET a = b c = d .. that succeeded. Others are left alone. True: something changed. */
bool settings_alter(struct settings *settings, struct view statement);
/* Something was set that nobody could read: reads of the session are not comparable from now on. */
void settings_lose(struct settings *settings);
/* The first of the settings that make a read of this session incomparable, such as NLS_SORT; NULL: none. */
const char *settings_foreign(const struct settings *settings);
/* ALTER SESSION SET of one of them, NUL-terminated: what a second connection to the source needs to read as this one. False: it is not altered. */
bool settings_source_statement(const struct settings *settings, enum setting which, struct buffer *out);
/* SELECT set_config(..), .. for the transaction at hand, NUL-terminated. */
void settings_statement(const struct settings *settings, const char *user, struct buffer *out);

#endif
