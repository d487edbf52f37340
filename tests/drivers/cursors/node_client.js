// SPDX-License-Identifier: Apache-2.0
// Cursor soak with node-oracledb: node_client.js PORT CALLS SEED. Which statement comes when is said in soak.py.
'use strict';
const oracledb = require('oracledb');
const [port, calls, seed] = process.argv.slice(2).map(Number);
let state = seed >>> 0;
function chance() { // numbers that can be had again
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
}

async function one(connection, n) {
  const k = chance() < 0.9 ? (Math.floor(n / 200) * 7 + Math.floor(chance() * 15)) % 415 : Math.floor(chance() * 415);
  const bind = n * 1000 + k, kind = k % 5;
  let good;
  try {
    if (kind === 1) {
      const result = await connection.execute(`UPDATE t SET a = :1 WHERE k = ${k}`, [bind]);
      good = result.rowsAffected === k % 9;
    } else {
      const result = await connection.execute(`SELECT :1, ${k} FROM ${kind === 2 ? 'broken' : 't'}`, [bind], {fetchArraySize: 2 + k % 3, prefetchRows: k % 4});
      good = result.rows.length === (k % 4 ? 1 : 6) && result.rows.every(row => row[0] === bind && row[1] === k);
    }
    if (chance() < 0.02) {
      await connection.execute(`SELECT :1, ${k} FROM missing`, [bind]).then(() => { good = false; }, error => { good = good && error.errorNum === 942; });
    }
  } catch (error) {
    good = kind === 2 && error.errorNum === 1476;
  }
  return good;
}

(async () => {
  const connection = await oracledb.getConnection({user: 'soak', password: 'soak', connectString: `127.0.0.1:${port}/SOAK`, stmtCacheSize: 20});
  let wrong = 0;
  for (let n = 0; n < calls; n++) if (!await one(connection, n)) wrong++;
  await connection.close();
  console.log(JSON.stringify({calls, wrong, version: oracledb.versionString}));
})();
