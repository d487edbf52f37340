/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are known and have no translation; the reason is said. */
#include "sql/function.h"

#define REFUSED(name, reason, advice)                                                                                                      \
    {                                                                                                                                      \
        name, 0, -1, SQL_REFUSED, 0, GIVES_UNKNOWN, "a", NULL, NULL, reason, advice                                                        \
    }
const struct function_rule functions_refused[] = {
    REFUSED("BFILENAME", "files of the source's server cannot be reached", NULL),
    REFUSED("CARDINALITY", "collections are not translated", NULL),
    REFUSED("CHARTOROWID", "row addresses of the source mean nothing on the target", "use the primary key"),
    REFUSED("COLLECT", "collections are not translated", NULL),
    REFUSED("COMPOSE", "it depends on Unicode rules of the source's version", NULL),
    REFUSED("CONTAINS", "Oracle Text has no counterpart", "use PostgreSQL's full text search in the mapping file"),
    REFUSED("CONVERT", "conversion between character sets changes bytes that the target cannot hold", NULL),
    REFUSED("DBMS_CRYPTO.HASH", "the package is not on the target", NULL),
    REFUSED("DECOMPOSE", "it depends on Unicode rules of the source's version", NULL),
    REFUSED("DUMP", "it shows the source's own storage", NULL),
    REFUSED("EXTRACTVALUE", "XML is not translated", NULL),
    REFUSED("GROUP_ID", "the target has no counterpart", "remove duplicate grouping sets"),
    REFUSED("ORA_HASH", "its hash function is not published", NULL),
    REFUSED("ORA_ROWSCN", "it is the source's own change number", NULL),
    REFUSED("POWERMULTISET", "collections are not translated", NULL),
    REFUSED("ROWIDTOCHAR", "row addresses of the source mean nothing on the target", "use the primary key"),
    REFUSED("SCORE", "Oracle Text has no counterpart", NULL),
    REFUSED("SYS_XMLGEN", "XML is not translated", NULL),
    REFUSED("TO_MULTI_BYTE", "which characters have a wide form depends on the source's character set", NULL),
    REFUSED("TO_SINGLE_BYTE", "which characters have a narrow form depends on the source's character set", NULL),
    REFUSED("VSIZE", "it shows the source's own storage", NULL),
    REFUSED("XMLAGG", "XML is not translated", NULL),
    REFUSED("XMLTYPE", "XML is not translated", NULL),
};
const uint32_t functions_refused_count = sizeof functions_refused / sizeof *functions_refused;
