// SPDX-License-Identifier: Apache-2.0
// The writing half of the workload: auto-commit, transactions of several statements, array DML, RETURNING, sequences, LOBs, savepoints,
// rollbacks and errors on purpose. Every acknowledged effect goes to the ledger.
// Locks are always taken in the order assets, cdn_links, tags, then the client's own rows, so that clients cannot deadlock.
'use strict';
const crypto = require('crypto');
const oracledb = require('oracledb');
const { pad, TAGS } = require('./reads');

const INSERT_UPLOAD = 'INSERT INTO uploads (client_id, seq, asset_id, state, bytes, checksum, started) ' +
  'VALUES (:client, :seq, :asset, :state, :bytes, :checksum, SYSTIMESTAMP)';
const ADD_TOTAL = 'UPDATE client_totals SET total = total + :n WHERE client_id = :client AND slot = :slot';

function md5(data) {
  return crypto.createHash('md5').update(data).digest('hex');
}

function remember(c, seq, known) {
  c.uploads.set(seq, known);
  if (c.uploads.size > 60) c.uploads.delete(c.uploads.keys().next().value);
}

// A new row of `uploads`: binds, ledger values, and what reads check.
function newUpload(c, state) {
  const seq = c.nextSeq++;
  const bytes = c.random(1000000);
  const checksum = crypto.createHash('sha256').update(`${c.id}/${seq}`).digest();
  const asset = c.loaded(c.sizes.assets);
  return {
    seq, known: { state, bytes },
    binds: { client: c.id, seq, asset, state, bytes, checksum },
    effect: ['i', 'uploads', `${c.id}:${seq}`, { asset_id: String(asset), state, bytes: String(bytes), checksum: checksum.toString('hex').toUpperCase() }],
  };
}

async function addTotal(c, kind, slot, n) {
  const { rowsAffected } = await c.write(kind, ADD_TOTAL, { n, client: c.id, slot });
  c.check(kind, rowsAffected === 1, `${rowsAffected} rows of client_totals updated`);
}

const writes = {
  async upload_start(c) {
    const upload = newUpload(c, 'new');
    await c.writeAlone('upload_start', INSERT_UPLOAD, upload.binds, [upload.effect]);
    remember(c, upload.seq, upload.known);
  },
  async upload_finish(c) {
    const seq = [...c.uploads.keys()].find((s) => c.uploads.get(s).state === 'new');
    if (seq === undefined) return writes.upload_start(c);
    const [tag, bytes, slot] = [1 + c.random(TAGS), c.random(5000), c.random(3)];
    await c.write('tag_use', 'UPDATE tags SET uses = uses + 1 WHERE tag_id = :tag', { tag });
    c.effect('a', 'tags', tag, { uses: 1 });
    const { rowsAffected } = await c.write('upload_finish', 'UPDATE uploads SET state = :state, bytes = :bytes, finished = SYSDATE ' +
      'WHERE client_id = :client AND seq = :seq', { state: 'done', bytes, client: c.id, seq });
    c.check('upload_finish', rowsAffected === 1, `${rowsAffected} rows`);
    c.effect('u', 'uploads', `${c.id}:${seq}`, { state: 'done', bytes: String(bytes) });
    await addTotal(c, 'add_total', slot, bytes);
    c.effect('u', 'client_totals', `${c.id}:${slot}`, { total: String(c.totals[slot] + bytes) });
    await c.commit();
    c.totals[slot] += bytes;
    Object.assign(c.uploads.get(seq), { state: 'done', bytes });
  },
  async upload_delete(c) {
    const seq = [...c.uploads.keys()].find((s) => c.uploads.get(s).state === 'done');
    if (seq === undefined) return writes.upload_start(c);
    c.uploads.delete(seq);
    await c.writeAlone('upload_delete', 'DELETE FROM uploads WHERE client_id = :client AND seq = :seq', { client: c.id, seq },
      [['d', 'uploads', `${c.id}:${seq}`, {}]]);
  },
  async upload_with_lobs(c) {
    const upload = newUpload(c, 'lob');
    const note = `Note ${c.id}/${upload.seq}: ` + 'Zürich 東京 '.repeat(20 + c.random(400));
    const body = crypto.createHash('sha512').update(note).digest();
    const large = Buffer.concat(Array(1 + c.random(120)).fill(body));
    Object.assign(upload.effect[3], { note: md5(note), body: md5(large) });
    await c.writeAlone('upload_with_lobs', 'INSERT INTO uploads (client_id, seq, asset_id, state, bytes, checksum, started, note, body) ' +
      'VALUES (:client, :seq, :asset, :state, :bytes, :checksum, SYSTIMESTAMP, :note, :body)',
    { ...upload.binds, note: { val: note, type: oracledb.CLOB }, body: { val: large, type: oracledb.BLOB } }, [upload.effect]);
    remember(c, upload.seq, { ...upload.known, note, body: large });
  },
  async asset_new(c) {
    const title = `Neu ${c.id}-${c.nextSeq} Übertragung`;
    const externalId = `new-${pad(c.id, 3)}-${pad(c.nextSeq++, 9)}`;
    const result = await c.write('asset_new', 'INSERT INTO assets (asset_id, external_id, title, kind, status, size_bytes, created_at, changed_at, version) ' +
      'VALUES (assets_seq.NEXTVAL, :ext, :title, :kind, :status, :size_bytes, SYSTIMESTAMP, SYSDATE, 1) RETURNING asset_id, search_title INTO :id, :search',
    { ext: externalId, title, kind: 'video', status: 'draft', size_bytes: c.nextSeq,
      id: { dir: oracledb.BIND_OUT, type: oracledb.NUMBER }, search: { dir: oracledb.BIND_OUT, type: oracledb.STRING, maxSize: 200 } });
    const id = result.outBinds.id[0];
    c.check('asset_new', result.outBinds.search[0] === title.toUpperCase(), `search title returned: ${JSON.stringify(result.outBinds)}`);
    c.effect('i', 'assets', id, { external_id: externalId, title, search_title: title.toUpperCase(), status: 'draft', version: '1' });
    const tag = 1 + c.random(TAGS - 3);
    const rows = [0, 1, 2].map((n) => ({ asset: id, tag: tag + n, position: n + 1 }));
    const many = await c.call('asset_tags_array', false, () => c.connection.executeMany(
      'INSERT INTO asset_tags (asset_id, tag_id, position) VALUES (:asset, :tag, :position)', rows,
      { bindDefs: { asset: { type: oracledb.NUMBER }, tag: { type: oracledb.NUMBER }, position: { type: oracledb.NUMBER } } }));
    c.check('asset_tags_array', many.rowsAffected === 3, `${many.rowsAffected} rows of asset_tags inserted`);
    for (const row of rows) c.effect('i', 'asset_tags', `${row.asset}:${row.tag}`, { position: String(row.position) });
    await c.commit();
    c.assets.push({ id, externalId, title });
    if (c.assets.length > 50) c.assets.shift();
  },
  async rendition_new(c) {
    if (!c.assets.length) return writes.asset_new(c);
    const asset = c.assets[c.random(c.assets.length)].id;
    const { rows } = await c.call('rendition_nextval', false, () => c.connection.execute('SELECT renditions_seq.NEXTVAL FROM DUAL'));
    const id = rows[0][0];
    const profile = `p${id}`;
    await c.writeAlone('rendition_new', 'INSERT INTO renditions (rendition_id, asset_id, profile, codec, width, height, bitrate, fps) ' +
      'VALUES (:id, :asset, :profile, :codec, :width, :height, :bitrate, :fps)',
    { id, asset, profile, codec: 'hevc', width: 3840, height: 2160, bitrate: c.random(900000), fps: 29.97 },
    [['i', 'renditions', String(id), { asset_id: String(asset), profile }]]);
  },
  async link_hit(c) {
    const [id, n] = [c.loaded(c.sizes.links), 1 + c.random(9)];
    await c.writeAlone('link_hit', 'UPDATE cdn_links SET hits = hits + :n WHERE link_id = :id', { n, id }, [['a', 'cdn_links', String(id), { hits: n }]]);
  },
  async link_move(c) {
    const id = c.random(8) * 64 + c.id;
    const url = `https://cdn${c.random(9)}.example/${id}/${c.nextSeq++}.m3u8`;
    const expires = new Date(Date.UTC(2031, c.random(12), 1 + c.random(28), c.random(24), c.random(60), c.random(60)));
    await c.writeAlone('link_move', 'UPDATE cdn_links SET url = :url, expires = :expires WHERE link_id = :id',
      { url, expires: { val: expires, type: oracledb.DB_TYPE_DATE }, id },
      [['u', 'cdn_links', String(id), { url, expires: expires.toISOString().slice(0, 19).replace('T', ' ') }]]);
    c.links.set(id, url);
  },
  async asset_touch(c) {
    const id = c.loaded(c.sizes.assets);
    await c.writeAlone('asset_touch', 'UPDATE assets SET version = version + 1, changed_at = SYSDATE WHERE asset_id = :id', { id },
      [['a', 'assets', String(id), { version: 1 }]]);
  },
  async asset_status(c) {
    const id = c.owned(c.sizes.assets);
    const status = ['draft', 'live', 'blocked', 'retired'][c.random(4)];
    const { rows } = await c.write('asset_lock', 'SELECT status, version FROM assets WHERE asset_id = :id FOR UPDATE', { id });
    c.check('asset_lock', rows.length === 1 && (!c.status.has(id) || rows[0][0] === c.status.get(id)), `status of ${id}: ${JSON.stringify(rows)}`);
    await c.write('asset_status', 'UPDATE assets SET status = :status WHERE asset_id = :id', { status, id });
    c.effect('u', 'assets', id, { status });
    await c.commit();
    c.status.set(id, status);
  },
  async rolled_back(c) {
    const upload = newUpload(c, 'gone');
    await c.write('rolled_back_insert', INSERT_UPLOAD, upload.binds);
    await addTotal(c, 'add_total', 0, 77);
    await c.rollback();
  },
  async with_savepoint(c) {
    const [first, second, third] = [newUpload(c, 'new'), newUpload(c, 'undone'), newUpload(c, 'new')];
    await c.write('savepoint_insert', INSERT_UPLOAD, first.binds);
    await c.write('savepoint', 'SAVEPOINT before_second', {});
    await c.write('savepoint_insert', INSERT_UPLOAD, second.binds);
    await c.write('rollback_to', 'ROLLBACK TO SAVEPOINT before_second', {});
    await c.write('savepoint_insert', INSERT_UPLOAD, third.binds);
    c.effects.push(first.effect, third.effect);
    await c.commit();
    remember(c, first.seq, first.known);
    remember(c, third.seq, third.known);
  },
  // Oracle undoes only the failed statement; the rows before and after it stand.
  async violations(c) {
    const [first, second] = [newUpload(c, 'new'), newUpload(c, 'new')];
    await c.write('violation_insert', INSERT_UPLOAD, first.binds);
    const turn = c.random(4);
    if (turn === 0) await c.write('violation_unique', INSERT_UPLOAD, first.binds, {}, 1);
    if (turn === 1) await c.write('violation_parent', INSERT_UPLOAD, { ...second.binds, asset: 999999999 }, {}, 2291);
    if (turn === 2) await c.write('violation_null', INSERT_UPLOAD, { ...second.binds, state: null }, {}, 1400);
    if (turn === 3) await c.write('violation_check', INSERT_UPLOAD, { ...second.binds, bytes: -1 }, {}, 2290);
    await c.write('violation_insert', INSERT_UPLOAD, second.binds);
    c.effects.push(first.effect, second.effect);
    await c.commit();
    remember(c, first.seq, first.known);
    remember(c, second.seq, second.known);
  },
};

const weights = {
  upload_start: 16, upload_finish: 14, upload_delete: 6, upload_with_lobs: 2, asset_new: 6, rendition_new: 6, link_hit: 14, link_move: 8, asset_touch: 12,
  asset_status: 6, rolled_back: 4, with_savepoint: 4, violations: 4,
};
const drawn = Object.entries(weights).flatMap(([name, weight]) => Array(weight).fill(writes[name]));

async function prepare(c) {
  for (const slot of [0, 1, 2]) {
    await c.writeAlone('totals_insert', 'INSERT INTO client_totals (client_id, slot, total) VALUES (:client, :slot, 0)', { client: c.id, slot },
      [['i', 'client_totals', `${c.id}:${slot}`, { total: '0' }]]);
  }
}

module.exports = { writes, prepare, drawWrite: (random) => drawn[random(drawn.length)] };
