// SPDX-License-Identifier: Apache-2.0
// One process of node-oracledb clients (thin mode): main.js SETTINGS. Runs until SIGTERM, then finishes open transactions and ends.
// It never reconnects: a lost connection is a failure and ends its client.
'use strict';
const oracledb = require('oracledb');
const { readPairs, Control } = require('./settings');
const { Ledger } = require('./ledger');
const { Meter } = require('./meter');
const { Client } = require('./client');
const { drawRead } = require('./reads');
const { drawWrite, prepare } = require('./writes');

const READ_SHARE = 0.8;
let stopping = false;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function runClient(client, control) {
  let calls = 0;
  let reads = 0;
  const meter = client.meter;
  while (!stopping && !client.lost) {
    if (control.paused) { client.idle = true; await sleep(20); continue; }
    client.idle = false;
    const before = client.callCount;
    try {
      if (reads >= READ_SHARE * calls && calls > 0) {
        await drawWrite(client.random)(client);
      } else {
        await drawRead(client.random)(client);
        reads += client.callCount - before;
      }
    } catch (error) {
      if (!error.counted) { meter.failed++; meter.note(`client ${client.id}: ${error.stack}`); }
      if (!client.lost) await client.rollback('rollback_after_failure').catch(() => {});
    }
    calls += client.callCount - before;
    if (control.thinkMs > 0) await sleep(control.thinkMs * (0.5 + client.random(1000) / 1000));
    else await new Promise(setImmediate);
  }
  client.idle = true;
  if (client.lost) meter.lost++;
}

async function main() {
  const settings = readPairs(process.argv[2]);
  oracledb.stmtCacheSize = 60;
  const control = new Control(settings.control);
  const meter = new Meter(settings.name, settings.status, settings.slow);
  const sizes = { assets: Number(settings.assets), renditions: Number(settings.renditions), assetTags: Number(settings.asset_tags), links: Number(settings.links) };
  process.on('SIGTERM', () => { stopping = true; });
  process.on('SIGINT', () => {}); // a Ctrl-C on the terminal is the orchestrator's to handle
  const ledgers = [];
  const clients = [];
  for (const id of settings.clients.split(',').map(Number)) {
    const connection = await oracledb.getConnection({
      user: settings.user, password: settings.password, connectString: `${settings.host}:${settings.port}/${settings.service}`,
    });
    const ledger = new Ledger(`${settings.ledgers}/client-${id}.jsonl`);
    ledgers.push(ledger);
    clients.push(new Client(id, connection, ledger, meter, sizes));
    await prepare(clients[clients.length - 1]);
  }
  const report = (done) => {
    for (const ledger of ledgers) ledger.flush();
    for (const client of clients) meter.seeOpen(client.open);
    meter.write(clients.filter((c) => !c.lost).length, control.paused && clients.every((c) => c.idle), done);
  };
  report(false);
  const timer = setInterval(() => report(false), 1000);
  await Promise.all(clients.map((client) => runClient(client, control)));
  clearInterval(timer);
  control.close();
  report(true);
  await Promise.all(clients.filter((c) => !c.lost).map((c) => c.connection.close().catch((error) => meter.note(`close: ${error.message}`))));
  report(true);
  process.exit(meter.failed ? 1 : 0);
}

main().catch((error) => { console.error(error); process.exit(2); });
