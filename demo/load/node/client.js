// SPDX-License-Identifier: Apache-2.0
// One client: one connection, calls one after the other, each timed; knows what it was acknowledged and checks it when reading.
'use strict';

// Marsaglia's xorshift: the same seed gives the same work.
function randomSource(seed) {
  let x = (seed * 2654435761) >>> 0 || 1;
  return (limit) => {
    x ^= x << 13; x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5; x >>>= 0;
    return x % limit;
  };
}

const CONNECTION_ERRORS = /NJS-500|NJS-501|NJS-503|NJS-521|NJS-107|DPI-1010|DPI-1080|ORA-03113|ORA-03114|ORA-00028|ORA-12537|NJS-003|ECONNRESET|NJS-018/;

// Until then a call may be slow because of the client itself: its code is being compiled.
const WARM_UP_CALLS = 100;

class Client {
  constructor(id, connection, ledger, meter, sizes) {
    Object.assign(this, { id, connection, ledger, meter, sizes });
    this.random = randomSource(id + 1);
    this.effects = [];          // of the open transaction
    this.callCount = 0;
    this.open = null;           // the call that is under way
    this.idle = false;
    this.lost = false;
    this.nextSeq = 1;
    this.uploads = new Map();   // own rows that stand: seq -> what was written
    this.totals = [0, 0, 0];
    this.assets = [];           // own new assets: {id, externalId, title}
    this.status = new Map();    // own loaded assets whose status was set
    this.links = new Map();     // own links whose url was set
  }

  // Runs one call. `expect`: the ORA number that is the right answer. Answers the result, or null if the expected error came.
  async call(kind, read, work, expect) {
    const start = process.hrtime.bigint();
    this.open = { kind, since: Date.now(), warm: this.callCount >= WARM_UP_CALLS };
    let result = null;
    let problem = null;
    try {
      result = await work();
      if (expect) problem = `${kind}: ORA-${expect} was expected, the call succeeded`;
    } catch (error) {
      if (expect && error.errorNum === expect) {
        this.meter.expected++;
      } else {
        problem = `${kind}: ${error.message}`;
        if (CONNECTION_ERRORS.test(error.message)) this.lost = true;
      }
    }
    this.open = null;
    this.callCount++;
    const warm = this.callCount > WARM_UP_CALLS;
    this.meter.record(kind, read, Number(process.hrtime.bigint() - start) / 1e6, problem !== null, warm);
    if (problem) {
      this.meter.note(`client ${this.id} ${new Date().toISOString()} ${problem}`);
      throw Object.assign(new Error(problem), { counted: true });
    }
    return result;
  }

  read(kind, sql, binds, options) {
    return this.call(kind, true, () => this.connection.execute(sql, binds, options || {}));
  }

  write(kind, sql, binds, options, expect) {
    return this.call(kind, false, () => this.connection.execute(sql, binds, options || {}), expect);
  }

  // A write that commits by itself: its effects are in the ledger once it is answered.
  async writeAlone(kind, sql, binds, effects, options) {
    try {
      const result = await this.write(kind, sql, binds, { ...options, autoCommit: true });
      this.ledger.add('ok', typeof effects === 'function' ? effects(result) : effects);
      return result;
    } catch (error) {
      if (this.lost && typeof effects !== 'function') this.ledger.add('unknown', effects);
      throw error;
    }
  }

  async commit() {
    const effects = this.effects;
    this.effects = [];
    try {
      await this.call('commit', false, () => this.connection.commit());
    } catch (error) {
      this.ledger.add('unknown', effects);
      throw error;
    }
    this.ledger.add('ok', effects);
  }

  async rollback(kind) {
    this.effects = [];
    await this.call(kind || 'rollback', false, () => this.connection.rollback());
  }

  // A wrong answer is a failure like an error.
  check(kind, good, text) {
    if (good) return;
    this.meter.failed++;
    this.meter.note(`client ${this.id} ${new Date().toISOString()} ${kind}: wrong answer: ${text}`);
  }

  // Loaded rows: half of the reads go to a small hot part of them, so that reads and writes meet.
  loaded(limit) {
    return this.random(2) ? 1 + this.random(limit) : 1 + this.random(Math.min(limit, 1000));
  }

  // Assets that only this client sets columns of.
  owned(limit) {
    return this.random(Math.floor(limit / 64)) * 64 + this.id;
  }

  effect(what, table, key, values) {
    this.effects.push([what, table, String(key), values || {}]);
  }
}

module.exports = { Client };
