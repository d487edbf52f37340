// SPDX-License-Identifier: Apache-2.0
// Counts every call of one process and writes a JSON status line each second; calls slower than 50 ms go to a file of their own,
// so that the pause of a switch can be told afterwards.
'use strict';
const fs = require('fs');

const SLOW_MS = 50;
const BUCKETS = 400; // of 0.25 ms; the last one holds everything slower

class Meter {
  constructor(name, statusPath, slowPath) {
    Object.assign(this, { name, statusPath, calls: 0, reads: 0, failed: 0, expected: 0, reconnects: 0, lost: 0, longest: 0, longestKind: '', longestAt: 0 });
    this.kinds = new Map();
    this.errors = [];
    this.slow = fs.openSync(slowPath, 'a');
    this.slowLines = [];
    this.buckets = new Uint32Array(BUCKETS);
    this.lastCalls = 0;
    this.lastAt = Date.now();
  }

  record(kind, read, ms, failed, warm) {
    let entry = this.kinds.get(kind);
    if (!entry) this.kinds.set(kind, entry = { read, calls: 0, failed: 0, total_ms: 0, max_ms: 0 });
    entry.calls++;
    entry.total_ms += ms;
    if (ms > entry.max_ms) entry.max_ms = ms;
    this.calls++;
    if (read) this.reads++;
    if (failed) { entry.failed++; this.failed++; }
    this.buckets[Math.min(BUCKETS - 1, (ms * 4) | 0)]++;
    if (!warm) return;
    if (ms > this.longest) { this.longest = ms; this.longestKind = kind; this.longestAt = Date.now() / 1000; }
    if (ms > SLOW_MS) this.slowLines.push(JSON.stringify({ at: Date.now() / 1000, ms: Math.round(ms * 10) / 10, kind }));
  }

  note(text) {
    if (this.errors.length < 50) this.errors.push(text.slice(0, 500));
  }

  // A call that is not answered yet is a pause already.
  seeOpen(open) {
    if (!open || !open.warm || Date.now() - open.since <= this.longest) return;
    this.longest = Date.now() - open.since;
    this.longestKind = open.kind;
    this.longestAt = Date.now() / 1000;
  }

  percentile(share) {
    let sum = 0;
    for (let i = 0; i < BUCKETS; i++) sum += this.buckets[i];
    let left = sum * share;
    for (let i = 0; i < BUCKETS; i++) if ((left -= this.buckets[i]) <= 0) return (i + 1) / 4;
    return BUCKETS / 4;
  }

  write(clients, paused, done) {
    const now = Date.now();
    const perSecond = (this.calls - this.lastCalls) * 1000 / Math.max(1, now - this.lastAt);
    this.lastCalls = this.calls;
    this.lastAt = now;
    const status = {
      name: this.name, at: now / 1000, clients, calls: this.calls, reads: this.reads, failed: this.failed, expected_errors: this.expected,
      reconnects: this.reconnects, lost: this.lost, per_s: Math.round(perSecond), p50_ms: this.percentile(0.5), p99_ms: this.percentile(0.99),
      longest_pause_ms: Math.round(this.longest * 10) / 10, longest_kind: this.longestKind, longest_at: this.longestAt, paused, done,
      kinds: Object.fromEntries(this.kinds), errors: this.errors,
    };
    this.buckets.fill(0);
    fs.writeFileSync(this.statusPath + '.new', JSON.stringify(status) + '\n');
    fs.renameSync(this.statusPath + '.new', this.statusPath);
    if (this.slowLines.length) fs.writeSync(this.slow, this.slowLines.splice(0).join('\n') + '\n');
  }
}

module.exports = { Meter };
