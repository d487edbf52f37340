// SPDX-License-Identifier: Apache-2.0
// The reading half of the workload: single rows by key and small ordered pages. Where the client knows the answer it checks it.
'use strict';
const oracledb = require('oracledb');

const TAGS = 500;
const ASSET = 'SELECT asset_id, external_id, title, search_title, kind, status, duration_s, size_bytes, rating, score, archive_no, checksum, ' +
  'released, created_at, version FROM assets WHERE ';

function pad(n, width) {
  return String(n).padStart(width, '0');
}

// What came instead of a long value, in few words.
function describe(rows, wanted) {
  const got = rows.length ? rows[0][0] : undefined;
  return `${rows.length} rows, ${got === null ? 'null' : got === undefined ? 'nothing' : got.constructor.name} of ${got && got.length}, ` +
    `starts ${JSON.stringify(got && got.slice ? got.slice(0, 24).toString('latin1') : '')}, wanted ${wanted.length}`;
}

const reads = {
  async asset_by_id(c) {
    const id = c.loaded(c.sizes.assets);
    const { rows } = await c.read('asset_by_id', ASSET + 'asset_id = :id', { id });
    c.check('asset_by_id', rows.length === 1 && rows[0][0] === id && rows[0][1] === 'ext-' + pad(id, 9), `asset ${id}: ${JSON.stringify(rows)}`);
  },
  async asset_state(c) {
    const id = c.loaded(c.sizes.assets);
    const { rows } = await c.read('asset_state', 'SELECT status, version FROM assets WHERE asset_id = :id', { id });
    c.check('asset_state', rows.length === 1 && rows[0][1] >= 1, `asset ${id}: ${JSON.stringify(rows)}`);
  },
  async asset_by_external_id(c) {
    const id = c.loaded(c.sizes.assets);
    const { rows } = await c.read('asset_by_external_id', ASSET + 'external_id = :ext', { ext: 'ext-' + pad(id, 9) });
    c.check('asset_by_external_id', rows.length === 1 && rows[0][0] === id, `asset ${id}: ${JSON.stringify(rows)}`);
  },
  async asset_labels(c) {
    const id = c.loaded(c.sizes.assets);
    const { rows } = await c.read('asset_labels', "SELECT DECODE(status, 'live', 'L', 'draft', 'D', 'blocked', 'B', '-') mark, NVL(rating, 0) rating, " +
      "TO_CHAR(released, 'YYYY-MM-DD') released, UPPER(SUBSTR(title, 1, 4)) || '/' || TRIM(kind) label FROM assets WHERE asset_id = :id", { id });
    c.check('asset_labels', rows.length === 1 && 'LDB-'.includes(rows[0][0]), `asset ${id}: ${JSON.stringify(rows)}`);
  },
  async asset_ingested(c) {
    const id = c.loaded(c.sizes.assets);
    const { rows } = await c.read('asset_ingested', 'SELECT asset_id, ingested_at, created_at FROM assets WHERE asset_id = :id', { id });
    c.check('asset_ingested', rows.length === 1 && rows[0][1].toISOString() === '2022-05-06T05:08:09.500Z', `asset ${id}: ${JSON.stringify(rows)}`);
  },
  async asset_page(c) {
    const last = c.random(c.sizes.assets - 20);
    const { rows } = await c.read('asset_page', 'SELECT asset_id, title, status, size_bytes FROM assets WHERE asset_id > :last AND asset_id <= :high ' +
      'ORDER BY asset_id FETCH FIRST 5 ROWS ONLY', { last, high: last + 50 });
    c.check('asset_page', rows.length === 5 && rows[0][0] === last + 1 && rows[4][0] === last + 5, `after ${last}: ${JSON.stringify(rows)}`);
  },
  async renditions_of_asset(c) {
    const asset = c.loaded(c.sizes.renditions / 2);
    const { rows } = await c.read('renditions_of_asset', 'SELECT rendition_id, profile, codec, width, height, bitrate, fps FROM renditions ' +
      'WHERE asset_id = :asset ORDER BY rendition_id', { asset });
    c.check('renditions_of_asset', rows.length >= 2, `asset ${asset}: ${JSON.stringify(rows)}`);
  },
  async tags_of_asset(c) {
    const asset = c.loaded(c.sizes.assetTags / 3);
    const { rows } = await c.read('tags_of_asset', 'SELECT t.name, x.position FROM asset_tags x JOIN tags t ON t.tag_id = x.tag_id ' +
      'WHERE x.asset_id = :asset ORDER BY x.position, t.tag_id', { asset });
    c.check('tags_of_asset', rows.length >= 3, `asset ${asset}: ${JSON.stringify(rows)}`);
  },
  async link_by_region(c) {
    const id = c.loaded(c.sizes.links);
    const { rows } = await c.read('link_by_region', 'SELECT link_id, url, hits, expires, token FROM cdn_links WHERE asset_id = :asset AND region = :region',
      { asset: Math.floor((id + 1) / 2), region: id % 2 ? 'us  ' : 'eu  ' });
    c.check('link_by_region', rows.length === 1 && rows[0][0] === id, `link ${id}: ${JSON.stringify(rows)}`);
  },
  async own_link(c) {
    if (!c.links.size) return reads.link_by_region(c);
    const known = [...c.links.entries()];
    const [id, url] = known[c.random(known.length)];
    const { rows } = await c.read('own_link', 'SELECT link_id, url, expires FROM cdn_links WHERE link_id = :id', { id });
    c.check('own_link', rows.length === 1 && rows[0][1] === url, `link ${id} should be ${url}: ${JSON.stringify(rows)}`);
  },
  async tag_by_name(c) {
    const id = 1 + c.random(TAGS);
    const { rows } = await c.read('tag_by_name', 'SELECT tag_id, uses FROM tags WHERE name = :name', { name: 'tag-' + pad(id, 4) });
    c.check('tag_by_name', rows.length === 1 && rows[0][0] === id, `tag ${id}: ${JSON.stringify(rows)}`);
  },
  async own_total(c) {
    const slot = c.random(3);
    const { rows } = await c.read('own_total', 'SELECT total FROM client_totals WHERE client_id = :client AND slot = :slot', { client: c.id, slot });
    c.check('own_total', rows.length === 1 && rows[0][0] === c.totals[slot], `slot ${slot} should be ${c.totals[slot]}: ${JSON.stringify(rows)}`);
  },
  async own_upload(c) {
    if (!c.uploads.size) return reads.own_total(c);
    const seqs = [...c.uploads.keys()];
    const seq = seqs[c.random(seqs.length)];
    const known = c.uploads.get(seq);
    const { rows } = await c.read('own_upload', 'SELECT seq, state, bytes, checksum, started FROM uploads WHERE client_id = :client AND seq = :seq',
      { client: c.id, seq });
    c.check('own_upload', rows.length === 1 && rows[0][1] === known.state && rows[0][2] === known.bytes,
      `upload ${seq} should be ${known.state} ${known.bytes}: ${JSON.stringify(rows)}`);
  },
  async own_upload_note(c) {
    const seq = [...c.uploads.keys()].find((s) => c.uploads.get(s).note);
    if (seq === undefined) return reads.own_upload(c);
    const { rows } = await c.read('own_upload_note', 'SELECT note FROM uploads WHERE client_id = :client AND seq = :seq', { client: c.id, seq },
      { fetchInfo: { NOTE: { type: oracledb.STRING } } });
    c.check('own_upload_note', rows.length === 1 && rows[0][0] === c.uploads.get(seq).note, `note of upload ${seq} is not what was written: ${describe(rows, c.uploads.get(seq).note)}`);
  },
  async own_upload_body(c) {
    const seq = [...c.uploads.keys()].find((s) => c.uploads.get(s).body);
    if (seq === undefined) return reads.own_upload(c);
    const { rows } = await c.read('own_upload_body', 'SELECT body FROM uploads WHERE client_id = :client AND seq = :seq', { client: c.id, seq },
      { fetchInfo: { BODY: { type: oracledb.BUFFER } } });
    c.check('own_upload_body', rows.length === 1 && rows[0][0] && rows[0][0].equals(c.uploads.get(seq).body), `body of upload ${seq} is not what was written: ${describe(rows, c.uploads.get(seq).body)}`);
  },
  async own_asset_by_title(c) {
    if (!c.assets.length) return reads.asset_by_id(c);
    const known = c.assets[c.random(c.assets.length)];
    const { rows } = await c.read('own_asset_by_title', 'SELECT asset_id, external_id FROM assets WHERE search_title = :title ORDER BY asset_id',
      { title: known.title.toUpperCase() });
    c.check('own_asset_by_title', rows.length === 1 && rows[0][0] === known.id && rows[0][1] === known.externalId,
      `asset ${known.id} by its title: ${JSON.stringify(rows)}`);
  },
};

// How often each kind is drawn: cheap reads by key make up most of it.
const weights = {
  asset_state: 24, asset_by_id: 10, asset_by_external_id: 6, asset_labels: 6, asset_ingested: 4, asset_page: 4, renditions_of_asset: 5, tags_of_asset: 4,
  link_by_region: 10, own_link: 4, tag_by_name: 10, own_total: 8, own_upload: 8, own_upload_note: 1, own_upload_body: 1, own_asset_by_title: 3,
};
const drawn = Object.entries(weights).flatMap(([name, weight]) => Array(weight).fill(reads[name]));

module.exports = { reads, drawRead: (random) => drawn[random(drawn.length)], pad, TAGS };
