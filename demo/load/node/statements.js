// SPDX-License-Identifier: Apache-2.0
// Runs a file of statements (separated by lines that hold only "/") through node-oracledb: statements.js SETTINGS FILE.
// Prints how long each took.
'use strict';
const fs = require('fs');
const oracledb = require('oracledb');
const { readPairs } = require('./settings');

async function main() {
  const settings = readPairs(process.argv[2]);
  const connection = await oracledb.getConnection({
    user: settings.user, password: settings.password, connectString: `${settings.host}:${settings.port}/${settings.service}`,
  });
  const statements = fs.readFileSync(process.argv[3], 'utf8').split(/^\/\s*$/m).map((text) => text.trim()).filter((text) => text);
  for (const text of statements) {
    const start = Date.now();
    try {
      const result = await connection.execute(text, {}, { autoCommit: true });
      console.log(`${((Date.now() - start) / 1000).toFixed(2)} s, ${result.rowsAffected || 0} rows: ${text.split('\n')[0]}`);
    } catch (error) {
      console.error(`${error.message}\nin: ${text}`);
      process.exit(1);
    }
  }
  await connection.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
