// SPDX-License-Identifier: Apache-2.0
// What the database acknowledged to one client, one line for each commit:
//   {"s":"ok"|"unknown","f":[[what, table, key, values], ..]}
// what: "i" row inserted, "u" columns set, "a" columns increased by, "d" row deleted. Values are the texts that the checker reads
// back from both databases. "unknown": the commit was sent and its answer never seen, so its effects may stand or not.
'use strict';
const fs = require('fs');

class Ledger {
  constructor(path) {
    this.fd = fs.openSync(path, 'a');
    this.lines = [];
  }

  add(state, effects) {
    if (effects.length) this.lines.push(JSON.stringify({ s: state, f: effects }));
    if (this.lines.length >= 500) this.flush();
  }

  flush() {
    if (!this.lines.length) return;
    fs.writeSync(this.fd, this.lines.join('\n') + '\n');
    this.lines = [];
  }
}

module.exports = { Ledger };
