/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when the program itself is wrong: say where, then stop with a core. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    fflush(stderr);
    abort();
}
