// SPDX-License-Identifier: Apache-2.0
// Runs the driver cases with node-oracledb in thin mode: node_runner.js RUN.json, one JSON line for each case.
'use strict';
const fs = require('fs');
const net = require('net');
const oracledb = require('oracledb');

const T = oracledb;
const TYPES = { n: T.DB_TYPE_NUMBER, s: T.DB_TYPE_VARCHAR, d: T.DB_TYPE_DATE, ts: T.DB_TYPE_TIMESTAMP, tz: T.DB_TYPE_TIMESTAMP_TZ, ltz: T.DB_TYPE_TIMESTAMP_LTZ,
  bf: T.DB_TYPE_BINARY_FLOAT, bd: T.DB_TYPE_BINARY_DOUBLE, raw: T.DB_TYPE_RAW, clob: T.DB_TYPE_CLOB, blob: T.DB_TYPE_BLOB, ds: T.DB_TYPE_INTERVAL_DS, ym: T.DB_TYPE_INTERVAL_YM,
  cursor: T.DB_TYPE_CURSOR, rowid: T.DB_TYPE_ROWID };
const KINDS = new Map(Object.entries(TYPES).map(([kind, type]) => [type, kind]));
for (const type of [T.DB_TYPE_CHAR, T.DB_TYPE_NVARCHAR, T.DB_TYPE_NCHAR]) KINDS.set(type, 's');
KINDS.set(T.DB_TYPE_LONG, 'clob').set(T.DB_TYPE_LONG_RAW, 'blob').set(T.DB_TYPE_NCLOB, 'clob');
const NAMES = new Map([[T.DB_TYPE_VARCHAR, 'VARCHAR2'], [T.DB_TYPE_NVARCHAR, 'NVARCHAR2'], [T.DB_TYPE_TIMESTAMP_TZ, 'TIMESTAMP WITH TIME ZONE'],
  [T.DB_TYPE_TIMESTAMP_LTZ, 'TIMESTAMP WITH LOCAL TIME ZONE']]);
const SYMBOLS = { 'NJS-123': 'timeout', 'NJS-500': 'closed', 'NJS-503': 'closed', 'NJS-003': 'closed', 'NJS-521': 'closed', 'NJS-518': 12514 };

class Wrong extends Error {}
class Skip extends Error {}

const sockets = [];
const connectPlain = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) { sockets.push(this); return connectPlain.apply(this, given); };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A decimal without exponent, without needless zeros.
function plain(text) {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(String(text).trim());
  if (!found) return `?${text}`;
  let digits = found[2] + (found[3] || '');
  let point = found[2].length + Number(found[4] || 0);
  if (point < 0) { digits = '0'.repeat(-point) + digits; point = 0; }
  if (point > digits.length) digits += '0'.repeat(point - digits.length);
  const whole = digits.slice(0, point).replace(/^0+/, '') || '0';
  const part = digits.slice(point).replace(/0+$/, '');
  const value = whole + (part ? `.${part}` : '');
  return found[1] === '-' && value !== '0' ? `-${value}` : value;
}

function bits(kind, value) {
  if (Number.isNaN(value)) return `${kind}:nan`;
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE((kind === 'bf' ? Math.fround(value) : value) + 0);
  return `${kind}:${buffer.toString('hex')}`;
}

function float(text) {
  return { nan: NaN, inf: Infinity, '-inf': -Infinity }[text] ?? Number(text);
}

// Dates of JavaScript hold milliseconds: that much is compared.
function date(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const value = new Date(Date.UTC(2000, found[2] - 1, found[3], found[4], found[5], found[6], Number((found[7] || '').padEnd(3, '0').slice(0, 3))));
  value.setUTCFullYear(Number(found[1]), found[2] - 1, found[3]);
  if (found[8] && found[8] !== 'Z') value.setTime(value.getTime() - (found[8][0] === '-' ? -1 : 1) * (found[8].slice(1, 3) * 60 + Number(found[8].slice(4))) * 60000);
  return value;
}

function days(text) {
  const found = /^(-?)(\d+) (\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text);
  const sign = found[1] ? -1 : 1;
  const [d, h, m, s, f] = [found[2], found[3], found[4], found[5], (found[6] || '').padEnd(9, '0')].map((part) => sign * Number(part) + 0);
  return { days: d, hours: h, minutes: m, seconds: s, fseconds: f };
}

function nanoseconds(v) {
  return ((BigInt(v.days) * 24n + BigInt(v.hours)) * 60n + BigInt(v.minutes)) * 60n * 1000000000n + BigInt(v.seconds) * 1000000000n + BigInt(v.fseconds);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const short = (value) => (JSON.stringify(value) || 'undefined').slice(0, 200);

class Runner {
  constructor(settings) {
    Object.assign(this, { settings, connections: new Map(), variables: {}, lost: [], behind: new Map() });
  }

  // --- values ---

  pair(value) {
    if (value === null) return null;
    if (typeof value === 'string') return ['s', value];
    if (typeof value === 'number') return ['n', String(value)];
    if ('var' in value) return ['n', String(this.variables[value.var] * (value.mul ?? 1) + (value.add ?? 0))];
    const [kind, text] = Object.entries(value).find(([key]) => key !== 'x' && key !== 'then');
    return [kind, String(text).repeat(value.x ?? 1) + (value.then ?? '')];
  }

  expected(value) {
    const pair = this.pair(value);
    if (!pair) return null;
    const [kind, text] = pair;
    if (kind === 'n') return `n:${plain(text)}`;
    if (kind === 'bf' || kind === 'bd') return bits(kind, float(text));
    if (['d', 'ts', 'tz', 'ltz'].includes(kind)) return `${kind}:${date(text).toISOString()}`;
    if (kind === 'ds') return `ds:${nanoseconds(days(text))}`;
    if (kind === 'rowid') return 'rowid';
    return `${kind}:${text}`;
  }

  given(value) {
    if (value !== null && typeof value === 'object' && 'table' in value) {
      const bind = { dir: value.out ? ('in' in value ? T.BIND_INOUT : T.BIND_OUT) : T.BIND_IN, type: TYPES[value.kind] };
      if (value.out) bind.maxArraySize = value.table;
      if (value.kind === 's') bind.maxSize = 100;
      if ('in' in value) bind.val = value.in.map((one) => this.given(one).val);
      return bind;
    }
    if (value !== null && typeof value === 'object' && 'out' in value) {
      const bind = { dir: 'in' in value ? T.BIND_INOUT : T.BIND_OUT, type: TYPES[value.out] };
      if (value.out === 's') bind.maxSize = value.size ?? 100;
      if (value.out === 'clob') bind.type = T.DB_TYPE_CLOB;
      if ('in' in value) bind.val = this.given(value.in).val;
      return bind;
    }
    const pair = this.pair(value);
    if (!pair) return { val: null };
    const [kind, text] = pair;
    if (kind === 'null') return { val: null, type: TYPES[text] };
    if (kind === 'n') {
      const number = Number(text);
      return plain(String(number)) === plain(text) && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? { val: number } : { val: plain(text), type: T.DB_TYPE_VARCHAR };
    }
    if (kind === 'bf' || kind === 'bd') return { val: float(text), type: TYPES[kind] };
    if (['d', 'ts', 'tz', 'ltz'].includes(kind)) return { val: date(text), type: TYPES[kind] };
    if (kind === 'raw' || kind === 'blob') return { val: Buffer.from(text, 'hex'), type: TYPES[kind] };
    if (kind === 'ds') return { val: new T.IntervalDS(days(text)), type: TYPES[kind] };
    if (kind === 'ym') {
      const sign = text[0] === '-' ? -1 : 1;
      const [years, months] = text.replace('-', sign < 0 ? '' : '-').split('-').map(Number);
      return { val: new T.IntervalYM({ years: sign * years, months: sign * months }), type: TYPES[kind] };
    }
    return { val: text, type: TYPES[kind] };
  }

  async actual(value, type) {
    if (value === null || value === undefined) return null;
    const kind = KINDS.get(type) ?? String(type);
    if (kind === 'n') return `n:${plain(value)}`;
    if (kind === 'bf' || kind === 'bd') return bits(kind, value);
    if (['d', 'ts', 'tz', 'ltz'].includes(kind)) return `${kind}:${value.toISOString()}`;
    if (kind === 'ds') return `ds:${nanoseconds(value)}`;
    if (kind === 'ym') {
      const months = value.years * 12 + value.months;
      return `ym:${months < 0 ? '-' : ''}${Math.floor(Math.abs(months) / 12)}-${Math.abs(months) % 12}`;
    }
    if (kind === 'rowid') return /^[A-Za-z0-9+/]{18}$/.test(value) ? 'rowid' : `rowid?${value}`;
    if (typeof value === 'object' && typeof value.getData === 'function') value = (await value.getData()) ?? (kind === 'blob' ? Buffer.alloc(0) : '');
    return `${kind}:${Buffer.isBuffer(value) ? value.toString('hex') : value}`;
  }

  // --- connections ---

  async connect(name, step) {
    const s = this.settings;
    const service = step.service ?? s.service;
    const options = { user: step.user ?? s.user, password: step.password ?? s.password, connectString: `${s.host}:${s.port}/${service}` };
    if (step.form === 'descriptor') {
      const sdu = step.sdu ? `(SDU=${step.sdu})` : '';
      options.connectString = `(DESCRIPTION=${sdu}(ADDRESS=(PROTOCOL=TCP)(HOST=${s.host})(PORT=${s.port}))(CONNECT_DATA=(SERVICE_NAME=${service})))`;
    }
    if ('cache' in step) options.stmtCacheSize = step.cache;
    sockets.length = 0;
    const connection = await oracledb.getConnection(options);
    connection.caseSocket = sockets[sockets.length - 1];
    this.connections.set(name, connection);
    return connection;
  }

  async connection(name) {
    return this.connections.get(name) ?? this.connect(name, {});
  }

  async drop(name) {
    const connection = this.connections.get(name);
    this.connections.delete(name);
    try { await connection?.close(); } catch { /* it is gone */ }
  }

  // --- steps ---

  check(what, wanted, got) {
    if (!same(wanted, got)) throw new Wrong(`${what}: wanted ${short(wanted)}, got ${short(got)}`);
  }

  checkColumns(step, columns) {
    this.check('number of columns', step.columns.length, columns.length);
    step.columns.forEach((wanted, index) => {
      const got = columns[index];
      const facts = { name: got.name, type: NAMES.get(got.dbType) ?? got.dbType.columnTypeName ?? got.dbTypeName, precision: got.precision ?? 0, scale: got.scale, nullable: got.nullable, size: got.byteSize };
      for (const [key, value] of Object.entries(wanted)) {
        let fact = facts[key];
        if (key === 'size' && fact > value) fact = fact / 4 === value || fact === 4000 ? value : fact;  // bytes, for characters of up to 4
        this.check(`column ${got.name}.${key}`, value, fact);
      }
    });
  }

  async *rows(step, set, columns) {
    let count = 0;
    for (;;) {
      const row = await set.getRow();
      if (!row || (step.fetch?.max !== undefined && count >= step.fetch.max)) return;
      count++;
      const values = [];
      for (let i = 0; i < row.length; i++) values.push(await this.actual(row[i], columns[i].dbType));
      yield values;
    }
  }

  async checkRows(step, set) {
    const columns = set.metaData;
    if (step.columns) this.checkColumns(step, columns);
    if (step.rows) {
      const got = [];
      for await (const row of this.rows(step, set, columns)) got.push(row);
      this.check('number of rows', step.rows.length, got.length);
      step.rows.forEach((row, index) => this.check(`row ${index}`, row.map((value) => this.expected(value)), got[index]));
    } else if (step.summary) {
      const summary = step.summary;
      let count = 0, total = 0n, first = null, last = null;
      for await (const row of this.rows(step, set, columns)) {
        first ??= row;
        last = row;
        count++;
        if ('sum' in summary) total += BigInt(row[0].slice(2));
      }
      this.check('number of rows', summary.count, count);
      if ('sum' in summary) this.check('sum of the first column', plain(summary.sum), String(total));
      if (summary.first) this.check('first row', summary.first.map((value) => this.expected(value)), first);
      if (summary.last) this.check('last row', summary.last.map((value) => this.expected(value)), last);
    }
    await set.close();
  }

  async checkOuts(step, given, outs) {
    const names = Array.isArray(given) ? given.map((bind, index) => (bind !== null && typeof bind === 'object' && 'out' in bind ? index : -1)).filter((index) => index >= 0) : null;
    for (const [name, wanted] of Object.entries(step.outs)) {
      const key = names ? names.indexOf(Number(name)) : name;
      const type = TYPES[given[name].out];
      let got = outs[key];
      if (Array.isArray(wanted)) {
        const values = [];
        for (const value of got ?? []) values.push(await this.actual(value, type));
        this.check(`out ${name}`, wanted.map((value) => this.expected(value)), values);
      } else {
        if (Array.isArray(got)) [got] = got;
        this.check(`out ${name}`, this.expected(wanted), await this.actual(got ?? null, type));
      }
    }
  }

  async execute(step) {
    const connection = await this.connection(step.on ?? 'a');
    const options = { autoCommit: Boolean(step.autocommit), resultSet: true, outFormat: T.OUT_FORMAT_ARRAY };
    if (step.fetch?.array !== undefined) options.fetchArraySize = step.fetch.array;
    if (step.fetch?.prefetch !== undefined) options.prefetchRows = step.fetch.prefetch;
    options.fetchTypeHandler = (column) => {
      if (column.dbType === T.DB_TYPE_NUMBER) return { type: T.STRING };
      if (step.lobs !== 'locator' && (column.dbType === T.DB_TYPE_CLOB || column.dbType === T.DB_TYPE_NCLOB)) return { type: T.STRING };
      if (step.lobs !== 'locator' && column.dbType === T.DB_TYPE_BLOB) return { type: T.BUFFER };
      return undefined;
    };
    let timer = null;
    if (step.timeout_ms) connection.callTimeout = step.timeout_ms;
    if (step.cancel_ms) timer = setTimeout(() => connection.break().catch(() => {}), step.cancel_ms);
    try {
      if (step.many) return await this.executeMany(connection, step, options);
      const binds = step.binds === undefined ? [] : Array.isArray(step.binds) ? step.binds.map((value) => this.given(value))
        : Object.fromEntries(Object.entries(step.binds).map(([name, value]) => [name, this.given(value)]));
      const result = await connection.execute(step.sql, binds, options);
      if (result.resultSet) {
        if (step.rows || step.summary || step.columns) await this.checkRows(step, result.resultSet);
        else {
          while (await result.resultSet.getRow());
          await result.resultSet.close();
        }
      }
      if (step.results) {
        const sets = result.implicitResults ?? [];
        this.check('number of implicit results', step.results.length, sets.length);
        for (const [index, wanted] of step.results.entries()) await this.checkRows(wanted, sets[index]);
      }
      if ('count' in step && !(Array.isArray(step.count) ? step.count : [step.count]).includes(result.rowsAffected)) throw new Wrong(`rows affected: wanted ${short(step.count)}, got ${result.rowsAffected}`);
      if (step.outs) await this.checkOuts(step, step.binds, result.outBinds);
      for (const [name, rows] of Object.entries(step.cursors ?? {})) await this.checkRows(rows, result.outBinds[Array.isArray(step.binds) ? 0 : name]);
    } finally {
      if (timer) clearTimeout(timer);
      if (step.timeout_ms) { try { connection.callTimeout = 0; } catch { /* it is gone */ } }
    }
    return undefined;
  }

  async executeMany(connection, step, options) {
    const listed = Array.isArray(step.many[0]);
    const rows = [];
    const definitions = {};
    for (const row of step.many) {
      const values = {};
      for (const [name, value] of Object.entries(row)) {
        const bind = this.given(value);
        values[name] = bind.val;
        const definition = (definitions[name] ??= { type: T.DB_TYPE_VARCHAR, maxSize: 1 });
        if (bind.val === null) continue;
        definition.type = bind.type ?? (typeof bind.val === 'number' ? T.DB_TYPE_NUMBER : T.DB_TYPE_VARCHAR);
        definition.maxSize = Math.max(definition.maxSize, typeof bind.val === 'string' ? Buffer.byteLength(bind.val) : Buffer.isBuffer(bind.val) ? bind.val.length : 1);
      }
      rows.push(listed ? Object.values(values) : values);
    }
    const result = await connection.executeMany(step.sql, rows, { autoCommit: options.autoCommit, bindDefs: listed ? Object.values(definitions) : definitions,
      batchErrors: 'batch_errors' in step, dmlRowCounts: 'counts' in step });
    if ('count' in step) this.check('rows affected', step.count, result.rowsAffected);
    if ('counts' in step) this.check('rows affected by each', step.counts, result.dmlRowCounts);
    if ('batch_errors' in step) this.check('batch errors', step.batch_errors, (result.batchErrors ?? []).map((error) => [error.offset, error.errorNum ?? this.codeOf(error)]));
  }

  async lobOf(step) {
    const connection = await this.connection(step.on ?? 'a');
    const result = await connection.execute(step.sql, [], { outFormat: T.OUT_FORMAT_ARRAY });
    return result.rows[0][0];
  }

  async do(step) {
    const name = step.on ?? 'a';
    const steps = {
      connect: async () => { await this.drop(step.as ?? 'a'); await this.connect(step.as ?? 'a', step); },
      close: async () => { const connection = this.connections.get(name); this.connections.delete(name); await connection.close(); },
      abort: async () => { const connection = this.connections.get(name); this.connections.delete(name); this.lost.push(connection); connection.caseSocket.destroy(); },
      commit: async () => (await this.connection(name)).commit(),
      rollback: async () => (await this.connection(name)).rollback(),
      ping: async () => (await this.connection(name)).ping(),
      sleep: () => sleep(step.ms),
      module: async () => { const connection = await this.connection(name); Object.assign(connection, { module: step.module, action: step.action, clientId: step.client }); },
      schema: async () => { (await this.connection(name)).currentSchema = step.schema; },
      templob: async () => {
        const connection = await this.connection(name);
        const [kind, text] = this.pair(step.value);
        const lob = await connection.createLob(TYPES[kind]);
        await new Promise((resolve, reject) => {
          lob.on('finish', resolve);
          lob.on('error', reject);
          lob.end(kind === 'clob' ? text : Buffer.from(text, 'hex'));
        });
        await connection.execute(step.sql, [{ val: lob, type: TYPES[kind] }]);
        await lob.close();
      },
      readlob: async () => {
        const lob = await this.lobOf(step);
        const [kind, text] = this.pair(step.part);
        this.check('size of the LOB', step.size, lob.length);
        const got = await lob.getData(step.at, kind === 'clob' ? text.length : text.length / 2);
        this.check('part of the LOB', text, kind === 'clob' ? got : got.toString('hex'));
      },
      join: async () => {
        const problem = await this.behind.get(step.of);
        this.behind.delete(step.of);
        if (problem) throw problem;
      },
      xa: async () => this.branch(step, await this.connection(name)),
      writelob: async () => { throw new Skip('the driver cannot: write at an offset of a LOB'); },
      repeat: async () => {
        const from = step.from ?? 1;
        for (let i = from; i < from + step.times; i++) {
          this.variables[step.var ?? 'i'] = i;
          for (const inner of step.steps) await this.step(inner);
        }
      },
    };
    if (!steps[step.do]) throw new Skip(`the runner does not know the step ${step.do}`);
    await steps[step.do]();
  }

  // A call about a branch of a distributed transaction.
  async branch(step, connection) {
    const xid = { formatId: 7, globalTransactionId: `${step.xid}-global`, branchQualifier: step.branch ?? 'one' };
    const flags = { new: T.TPC_BEGIN_NEW, join: T.TPC_BEGIN_JOIN, resume: T.TPC_BEGIN_RESUME, promote: T.TPC_BEGIN_PROMOTE };
    if (step.op === 'start') await connection.tpcBegin(xid, flags[step.flag ?? 'new'], 30);
    else if (step.op === 'end') await connection.tpcEnd(xid);
    else if (step.op === 'prepare') this.check('whether the branch needs a commit', step.needed ?? true, await connection.tpcPrepare(xid));
    else if (step.op === 'commit') await connection.tpcCommit(xid, step.one_phase ?? false);
    else await connection.tpcRollback(xid);
  }

  codeOf(problem) {
    const own = /^(NJS-\d+|DPI-\d+)/.exec(problem.message)?.[1];
    if (own && own in SYMBOLS) return SYMBOLS[own];
    const found = /ORA-(\d{5})/.exec(problem.message);
    return found ? Number(found[1]) : own;
  }

  async step(given) {
    if (given.behind) {  // beside the steps that follow; what goes wrong in it is told by the step that joins it
      const { behind, ...alone } = given;
      this.behind.set(behind, this.step(alone).then(() => null, (problem) => problem));
      return;
    }
    const step = given.sql?.includes('$') ? { ...given, sql: given.sql.replace(/\$\{(\w+)\}/g, (_, name) => this.variables[name]) } : given;
    const wanted = step.error === undefined ? null : Array.isArray(step.error) ? step.error : [step.error];
    try {
      await (step.do ? this.do(step) : this.execute(step));
    } catch (problem) {
      if (problem instanceof Wrong || problem instanceof Skip) throw problem;
      if (!wanted || !wanted.includes(this.codeOf(problem))) throw new Wrong(`${wanted ? short(wanted) : 'no error'} wanted, got ${problem.message.slice(0, 300)}`);
      return;
    }
    if (wanted) throw new Wrong(`error ${short(wanted)} wanted, the call succeeded`);
  }

  async case(one) {
    this.variables = {};
    for (const table of one.clean ?? []) await this.step({ sql: `DELETE FROM ${table}` });
    if (one.clean) await this.do({ do: 'commit' });
    for (const [index, step] of one.steps.entries()) {
      try {
        await this.step(step);
      } catch (problem) {
        problem.message = `step ${index + 1}: ${problem.message}`;
        throw problem;
      }
    }
    for (const name of [...this.connections.keys()]) if (name !== 'a') await this.drop(name);
    await this.connections.get('a')?.rollback();
  }
}

async function main() {
  const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
  const cases = new Map(JSON.parse(fs.readFileSync(settings.cases, 'utf8')).cases.map((one) => [one.name, one]));
  const runner = new Runner(settings);
  const say = (what) => fs.writeSync(1, `${JSON.stringify(what)}\n`);
  process.on('uncaughtException', (problem) => process.stderr.write(`${problem.stack}\n`));
  process.on('unhandledRejection', (problem) => process.stderr.write(`${problem?.stack ?? problem}\n`));
  say({ version: `node-oracledb ${oracledb.versionString}` });
  for (const name of settings.names) {
    say({ begin: name });
    const began = Date.now();
    let status = 'passed', reason = '';
    try {
      await runner.case(cases.get(name));
    } catch (problem) {
      status = problem instanceof Skip ? 'skipped' : 'failed';
      reason = `${problem.constructor.name}: ${problem.message}`.slice(0, 600);
    }
    if (status !== 'passed') for (const connection of [...runner.connections.keys()]) await Promise.race([runner.drop(connection), sleep(5000)]);
    say({ case: name, status, reason, ms: Date.now() - began });
  }
  for (const connection of [...runner.connections.keys()]) await Promise.race([runner.drop(connection), sleep(3000)]);
  process.exit(0);
}

main();
