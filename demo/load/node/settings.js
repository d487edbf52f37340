// SPDX-License-Identifier: Apache-2.0
// Settings and the live control file: lines of name=value, written by the orchestrator.
'use strict';
const fs = require('fs');

function readPairs(path) {
  const pairs = {};
  for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) pairs[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return pairs;
}

// Think time and pause can be changed while the load runs; a control file that cannot be read changes nothing.
class Control {
  constructor(path) {
    this.path = path;
    this.thinkMs = 5;
    this.paused = false;
    this.refresh();
    this.timer = setInterval(() => this.refresh(), 200);
  }

  refresh() {
    try {
      const pairs = readPairs(this.path);
      if (pairs.think_ms !== undefined) this.thinkMs = Number(pairs.think_ms);
      this.paused = pairs.paused === '1';
    } catch (error) {
      if (error.code !== 'ENOENT') console.error(`control file: ${error.message}`);
    }
  }

  close() {
    clearInterval(this.timer);
  }
}

module.exports = { readPairs, Control };
