/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK(): stops the process when the program itself is wrong. Never used on input; stays on in release builds. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

_Noreturn void check_failed(const char *file, int line, const char *what);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#define MUST_USE                         __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((__format__(__printf__, format_at, first_at)))

#endif
