/* SPDX-License-Identifier: Apache-2.0 */
/* The files of web/, embedded at build time (scripts/embed-text). */
#ifndef CONTROL_ASSETS_H
#define CONTROL_ASSETS_H

extern const char asset_dashboard[]; /* web/dashboard.html */

#endif
