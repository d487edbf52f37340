/* SPDX-License-Identifier: Apache-2.0 */
#include "standin/rewrite.h"
#include "standin/rewrite_program.h"
void statement_block(struct rewriter *rw) { rewrite_refuse(rw, "PL/SQL"); }
void create_trigger(struct rewriter *rw, bool replace) { (void)replace; rewrite_refuse(rw, "PL/SQL"); }
void create_program(struct rewriter *rw, bool replace) { (void)replace; rewrite_refuse(rw, "PL/SQL"); }
void create_package(struct rewriter *rw, bool replace) { (void)replace; rewrite_refuse(rw, "PL/SQL"); }
