// SPDX-License-Identifier: Apache-2.0
// Runs statements.txt through node-oracledb and compares each answer.
'use strict';
const fs = require('fs');
const path = require('path');
const oracledb = require(path.join(process.env.DRIVERS, 'node/node_modules/oracledb'));

const iso = (d) => d.toISOString().replace(/(\.000)?Z$/, '').replace(/0+Z?$/, (z) => (z.endsWith('Z') ? '' : z));
const plain = (v) => (v instanceof Date ? iso(v) : v);
const same = (got, want) => {
  if (Array.isArray(want)) return Array.isArray(got) && got.length === want.length && want.every((w, i) => same(got[i], w));
  if (typeof want === 'string' && want.endsWith('*')) return typeof got === 'string' && got.startsWith(want.slice(0, -1));
  return got === want || (typeof want === 'number' && typeof got === 'number' && Math.abs(got - want) < 1e-12 * Math.abs(want));
};

async function check(connection, sql, want) {
  let result;
  try {
    result = await connection.execute(sql, [], { fetchTypeHandler: (m) => (m.dbType === oracledb.DB_TYPE_CLOB || m.dbType === oracledb.DB_TYPE_LONG ? { type: oracledb.STRING } : undefined) });
  } catch (error) {
    const code = (error.message.match(/ORA-\d{5}/) || [error.message])[0];
    return code === want ? null : `got ${error.message.split('\n')[0]}`;
  }
  if (want === null) return null;
  if (typeof want === 'string') return `got ${JSON.stringify(result.rows ?? { n: result.rowsAffected })}, wanted ${want}`;
  if (Array.isArray(want)) {
    const rows = (result.rows || []).map((r) => r.map(plain));
    return same(rows, want) ? null : `got ${JSON.stringify(rows)}`;
  }
  return want.n === undefined || result.rowsAffected === want.n ? null : `got ${result.rowsAffected} rows`;
}

async function main() {
  const connection = await oracledb.getConnection({ user: 'test', password: 'secret', connectString: process.env.STANDIN });
  let number = 0;
  for (const line of fs.readFileSync(path.join(__dirname, 'statements.txt'), 'utf8').split('\n')) {
    number++;
    if (!line.trim() || line.startsWith('#')) continue;
    const cut = line.lastIndexOf(' ==> ');
    const sql = cut < 0 ? line.slice(1) : line.slice(0, cut);
    const text = cut < 0 ? 'null' : line.slice(cut + 5);
    const why = await check(connection, sql, text.startsWith('ORA-') ? text : JSON.parse(text));
    console.log(why ? `not ok line ${number}: ${sql}: ${why}` : `ok line ${number}`);
  }
  await connection.rollback();
  await connection.close();
}
main().catch((error) => {
  console.log(`not ok statements: ${error.stack}`);
  process.exit(1);
});
