/* SPDX-License-Identifier: Apache-2.0 */
/* DDL: what the parser keeps of a definition. Definitions that have no translation are recognised and refused. */
#ifndef SQL_DEFINITION_H
#define SQL_DEFINITION_H

#include "sql/ast.h"

enum definition_kind { DEFINITION_OTHER, DEFINITION_KIND_COUNT };
struct definition {
    enum definition_kind kind;
    uint32_t at;
    struct view verb, object;       /* CREATE, TABLE */
    struct view schema, name;
};

#endif
