// SPDX-License-Identifier: Apache-2.0
// node-oracledb in thin mode against the stand-in: binds, types, LOBs, array DML, RETURNING, cursors, paging, transactions, breaks.
'use strict';
const assert = require('assert');
const path = require('path');
const oracledb = require(path.join(process.env.DRIVERS, 'node/node_modules/oracledb'));

const login = { user: 'other', password: 'secret', connectString: process.env.STANDIN };
const out = (type, maxSize) => ({ dir: oracledb.BIND_OUT, type, maxSize });
const code = (error) => (error.message.match(/(ORA|NJS|DPY)-\d+/) || [error.message])[0];
async function fails(promise, wanted) {
  await assert.rejects(promise, (error) => {
    assert.strictEqual(code(error), wanted);
    return true;
  });
}

const tests = {
  async 'wrong password'() {
    await fails(oracledb.getConnection({ ...login, password: 'no' }), 'ORA-01017');
  },
  async 'unknown service'() {
    await assert.rejects(oracledb.getConnection({ ...login, connectString: login.connectString + 'x' }), /ORA-12514|NJS-518/);
  },
  async 'all types'(c) {
    await c.execute(`create table kinds (id number generated always as identity, n number, n2 number(10,2), v varchar2(100), nv nvarchar2(100), ch char(5),
      d date, ts timestamp, tz timestamp with time zone, ltz timestamp with local time zone, r raw(20), bf binary_float, bd binary_double, cl clob, bl blob, iv interval day to second)`);
    const when = new Date('2021-03-04T05:06:07.089Z');
    await c.execute('insert into kinds (n, n2, v, nv, ch, d, ts, tz, ltz, r, bf, bd, cl, bl, iv) values (:n, :n2, :v, :nv, :ch, :d, :ts, :tz, :ltz, :r, :bf, :bd, :cl, :bl, :iv)', {
      n: 1234567.891, n2: 1.005, v: 'naïve 東京 😀', nv: 'nätional', ch: 'ab', d: when, ts: when, tz: when, ltz: when, r: Buffer.from('00ff10', 'hex'), bf: 1.5, bd: { type: oracledb.DB_TYPE_BINARY_DOUBLE, val: -2.5e200 },
      cl: 'clob text', bl: Buffer.from('blob'), iv: { type: oracledb.DB_TYPE_INTERVAL_DS, val: new oracledb.IntervalDS({ days: 1, hours: 2, minutes: 3, seconds: 4 }) } });
    const r = await c.execute('select * from kinds', [], { fetchTypeHandler: (m) => (m.dbType === oracledb.DB_TYPE_CLOB ? { type: oracledb.STRING } : m.dbType === oracledb.DB_TYPE_BLOB ? { type: oracledb.BUFFER } : undefined) });
    const [id, n, n2, v, nv, ch, d, ts, tz, ltz, raw, bf, bd, cl, bl, iv] = r.rows[0];
    assert.deepStrictEqual([id, n, n2, v, nv, ch, bf, bd, cl], [1, 1234567.891, 1.01, 'naïve 東京 😀', 'nätional', 'ab   ', 1.5, -2.5e200, 'clob text']);
    assert.strictEqual(d.getTime(), Date.parse('2021-03-04T05:06:07Z'));
    for (const t of [ts, tz, ltz]) assert.strictEqual(t.getTime(), when.getTime());
    assert.strictEqual(raw.toString('hex') + bl.toString(), '00ff10blob');
    assert.strictEqual(iv.hours, 2);
    const kinds = r.metaData.map((m) => `${m.name} ${m.dbTypeName} ${m.precision ?? ''} ${m.scale ?? ''} ${m.byteSize ?? ''}`.trim());
    assert.ok(kinds.includes('N2 NUMBER 10 2') && kinds.includes('CH CHAR   5') && kinds.includes('TS TIMESTAMP 6'), kinds.join(';'));
  },
  async 'rowid of what was changed'(c) {
    await c.execute('create table rids (id number primary key, v varchar2(20))');
    const inserted = await c.execute("insert into rids values (7, 'seven')");
    const found = await c.execute('select rowid, id from rids where rowid = :1', [inserted.lastRowid]);
    assert.deepStrictEqual(found.rows, [[inserted.lastRowid, 7]]);
    await c.execute("insert into rids values (8, 'eight')");
    assert.strictEqual((await c.execute("update rids set v = 'x' where id = 7")).lastRowid, inserted.lastRowid);
    assert.strictEqual((await c.execute('delete from rids where id = 7')).lastRowid, inserted.lastRowid);
    await fails(c.execute("select 1 from rids where rowid = 'garbage'"), 'ORA-01410');
  },
  async 'returning'(c) {
    const n = out(oracledb.NUMBER), s = out(oracledb.STRING, 50);
    let r = await c.execute("insert into rids values (:id, :v) returning id, v into :a, :b", { id: 20, v: 'new', a: n, b: s });
    assert.deepStrictEqual(r.outBinds, { a: [20], b: ['new'] });
    r = await c.execute("update rids set v = v || '!' where id in (8, 20) returning id, v into :a, :b", { a: n, b: s });
    assert.deepStrictEqual([r.rowsAffected, r.outBinds], [2, { a: [8, 20], b: ['eight!', 'new!'] }]);
    r = await c.execute('delete from rids where id = 99 returning id into :a', { a: n });
    assert.deepStrictEqual(r.outBinds, { a: [] });
    await c.commit();
  },
  async 'array DML'(c) {
    let r = await c.executeMany('insert into rids values (:1, :2)', [...Array(500).keys()].map((i) => [1000 + i, `row ${i}`]));
    assert.strictEqual(r.rowsAffected, 500);
    r = await c.executeMany('insert into rids values (:1, :2)', [[2000, 'a'], [1000, 'dup'], [2001, 'b'], [2002, 'x'.repeat(30)]], { batchErrors: true, dmlRowCounts: true });
    assert.deepStrictEqual([r.rowsAffected, r.dmlRowCounts, r.batchErrors.map((e) => [e.offset, code(e)])], [2, [1, 0, 1, 0], [[1, 'ORA-00001'], [3, 'ORA-12899']]]);
    await fails(c.executeMany('insert into rids values (:1, :2)', [[3000, 'a'], [1000, 'dup']]), 'ORA-00001');
    await c.rollback();
  },
  async 'paging and many rows'(c) {
    await c.executeMany('insert into rids values (:1, :2)', [...Array(1234).keys()].map((i) => [5000 + i, 'y'.repeat(i % 20)]));
    const rs = (await c.execute('select id, v from rids where id >= 5000 order by id', [], { resultSet: true, fetchArraySize: 100, prefetchRows: 7 })).resultSet;
    let count = 0;
    for (let rows; (rows = await rs.getRows(100)).length; count += rows.length) {
      if (count === 300) await c.execute('select 1 from dual'); // another statement while this one is half read
      assert.strictEqual(rows[0][0], 5000 + count);
    }
    await rs.close();
    assert.strictEqual(count, 1234);
    for (const prefetchRows of [0, 1, 50]) assert.strictEqual((await c.execute('select id from rids where id >= 5000', [], { prefetchRows })).rows.length, 1234);
    await c.rollback();
  },
  async 'LOBs by locator'(c) {
    await c.execute('create table lobs (id number primary key, c clob, b blob)');
    const text = 'x'.repeat(70000) + 'é😀';
    await c.execute('insert into lobs values (1, :c, :b)', { c: text, b: Buffer.alloc(100000, 7) });
    const [lob, blob] = (await c.execute('select c, b from lobs for update')).rows[0];
    assert.strictEqual(await lob.getData(), text);
    assert.strictEqual((await blob.getData()).length, 100000);
    const temporary = await c.createLob(oracledb.CLOB);
    await new Promise((resolve, reject) => { temporary.on('error', reject); temporary.on('finish', resolve); temporary.write('temporary '); temporary.end('é'); });
    await c.execute('update lobs set c = :t', { t: temporary });
    await temporary.close();
    assert.deepStrictEqual((await c.execute('select dbms_lob.getlength(c), length(c) from lobs')).rows, [[11, 11]]);
    await c.execute('insert into lobs values (2, empty_clob(), null)');
    assert.deepStrictEqual((await c.execute('select id from lobs where c is null')).rows, []);
  },
  async 'PL/SQL binds and cursors'(c) {
    await c.execute(`create or replace procedure inout(a in number, b in out varchar2, c out date, d out sys_refcursor) as
      begin b := b || '/' || a; c := date '2020-01-02'; open d for select id, v from rids where id < 100 order by id; end;`);
    let r = await c.execute('begin inout(:a, :b, :c, :d); end;', { a: 5, b: { dir: oracledb.BIND_INOUT, val: 'in', type: oracledb.STRING, maxSize: 40 }, c: out(oracledb.DATE), d: out(oracledb.CURSOR) });
    assert.deepStrictEqual([r.outBinds.b, r.outBinds.c.toISOString()], ['in/5', '2020-01-02T00:00:00.000Z']);
    assert.deepStrictEqual(await r.outBinds.d.getRows(), [[8, 'eight!'], [20, 'new!']]);
    r = await c.execute('begin open :d for select v from rids where id = :i; end;', { d: out(oracledb.CURSOR), i: 20 });
    assert.deepStrictEqual(await r.outBinds.d.getRows(), [['new!']]);
    for (let i = 0; i < 3; i++) assert.strictEqual((await c.execute('begin :x := :y * 2; end;', { x: out(oracledb.NUMBER), y: i })).outBinds.x, i * 2);
  },
  async 'transactions are seen when committed'(c) {
    const other = await oracledb.getConnection(login);
    await c.execute("insert into rids values (77, 'mine')");
    const seen = async () => (await other.execute('select count(*) from rids where id = 77')).rows[0][0];
    assert.strictEqual(await seen(), 0);
    await c.commit();
    assert.strictEqual(await seen(), 1);
    await c.execute('delete from rids where id = 77', [], { autoCommit: true });
    assert.strictEqual(await seen(), 0);
    await other.close();
  },
  async 'locks, deadlock, break'(c) {
    const other = await oracledb.getConnection(login);
    await c.commit();
    await c.execute('select * from rids where id = 8 for update');
    await fails(other.execute('select * from rids where id = 8 for update nowait'), 'ORA-00054');
    await fails(other.execute('select * from rids where id = 8 for update wait 1'), 'ORA-30006');
    assert.deepStrictEqual((await other.execute('select id from rids where id in (8, 20) for update skip locked')).rows, [[20]]);
    const waiting = c.execute("update rids set v = 'c' where id = 20");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const results = await Promise.allSettled([waiting, other.execute("update rids set v = 'o' where id = 8")]);
    const lost = results.filter((x) => x.status === 'rejected');
    assert.deepStrictEqual(lost.map((x) => code(x.reason)), ['ORA-00060']);
    await c.rollback();
    await other.rollback();
    await c.execute("update rids set v = 'c' where id = 20");
    other.callTimeout = 300;
    await fails(other.execute("update rids set v = 'o' where id = 20"), 'NJS-123');
    other.callTimeout = 0;
    assert.deepStrictEqual((await other.execute('select 1 from dual')).rows, [[1]]);
    await c.rollback();
    await other.close();
  },
  async 'errors have positions'(c) {
    for (const [sql, offset] of [['select * from nowhere', 14], ['select id, nothing from rids', 11], ['selec 1', 0]]) {
      await assert.rejects(c.execute(sql), (e) => e.offset === offset || assert.fail(`${sql}: offset ${e.offset}`));
    }
  },
  async 'DDL under an open statement cache'(c) {
    await c.execute('create table shape (a number)');
    const sql = 'select * from shape';
    await c.execute('insert into shape values (1)');
    assert.deepStrictEqual((await c.execute(sql)).rows, [[1]]);
    await c.execute("alter table shape add (b varchar2(5) default 'b')");
    assert.deepStrictEqual((await c.execute(sql)).rows, [[1, 'b']]);
    await c.execute('drop table shape');
    await fails(c.execute(sql), 'ORA-00942');
  },
  async 'session settings'(c) {
    await c.execute("alter session set nls_date_format = 'YYYY/MM/DD'");
    assert.deepStrictEqual((await c.execute("select to_char(date '2020-01-02'), length('' || date '2020-01-02') from dual")).rows, [['2020/01/02', 10]]);
    c.currentSchema = 'TEST';
    assert.deepStrictEqual((await c.execute("select sys_context('userenv', 'current_schema') from dual")).rows, [['TEST']]);
    c.currentSchema = 'OTHER';
    c.module = 'the module';
    assert.deepStrictEqual((await c.execute("select sys_context('userenv', 'module') from dual")).rows, [['the module']]);
    await c.ping();
  },
  async 're-execution churn'(c) {
    for (let i = 0; i < 300; i++) {
      const r = await c.execute(`select :v + ${i % 40} from dual`, [i]);
      assert.strictEqual(r.rows[0][0], i + (i % 40));
    }
  },
  async 'identity columns drawn in a trigger by many sessions'(c) {
    await c.execute('create table orders (id number(10) primary key, v varchar2(20))');
    await c.execute('create table feed (seq number generated always as identity, op char(1), k varchar2(100))');
    await c.execute(`create or replace trigger orders_feed after insert or delete on orders for each row
      begin if deleting then insert into feed (op, k) values ('D', :old.id); else insert into feed (op, k) values ('I', :new.id); end if; end;`);
    await Promise.all([...Array(8).keys()].map(async (n) => {
      const other = await oracledb.getConnection(login);
      for (let i = 0; i < 10; i++) await other.execute('insert into orders values (:1, :2)', [n * 100 + i, `v${i}`], { autoCommit: true });
      await other.execute('delete from orders where id = :1', [n * 100], { autoCommit: true });
      await other.close();
    }));
    assert.deepStrictEqual((await c.execute('select op, count(*), count(distinct seq) from feed group by op order by op')).rows, [['D', 8, 8], ['I', 80, 80]]);
  },
  async 'dictionary with binds'(c) {
    await c.execute('create or replace procedure noted(n number) as begin null; end;');
    await c.execute('create or replace trigger orders_note after update on orders for each row begin noted(:new.id); end;');
    const programs = await c.execute(`select t.table_name from all_triggers t, all_dependencies d where t.table_owner = :1 and t.status = 'ENABLED' and d.owner = t.owner
      and d.name = t.trigger_name and d.type = 'TRIGGER' and d.referenced_owner <> 'SYS' and d.referenced_type in ('PROCEDURE', 'FUNCTION', 'PACKAGE')`, ['OTHER']);
    assert.deepStrictEqual(programs.rows, [['ORDERS']]);
    const columns = await c.execute(`select column_name, data_type, data_length, data_precision, data_scale, nullable, char_length, data_default, virtual_column, identity_column
      from all_tab_cols where owner = :1 and table_name = 'FEED' and hidden_column = 'NO' order by table_name, column_id`, ['OTHER']);
    assert.deepStrictEqual(columns.rows.map((r) => [r[0], r[1], r[5], r[9]]), [['SEQ', 'NUMBER', 'N', 'YES'], ['OP', 'CHAR', 'Y', 'NO'], ['K', 'VARCHAR2', 'Y', 'NO']]);
    assert.match(columns.rows[0][7], /ISEQ\$\$_\d+/);
    assert.strictEqual((await c.execute('select name, spare4 from sys.user$ where type# = 1 and spare4 is not null')).rows.length, 2);
    const last = (await c.execute("select last_number from all_sequences where sequence_owner = :1 and sequence_name like 'ISEQ%' order by sequence_name", ['OTHER'])).rows;
    assert.ok(last.length > 0 && last.every((r) => r[0] >= 1));
  },
  async 'pool'() {
    const pool = await oracledb.createPool({ ...login, poolMin: 2, poolMax: 8 });
    await Promise.all([...Array(40).keys()].map(async (i) => {
      const c = await pool.getConnection();
      assert.deepStrictEqual((await c.execute('select :1 from dual', [i])).rows, [[i]]);
      await c.close();
    }));
    await pool.close(0);
  },
};

async function main() {
  const c = await oracledb.getConnection(login);
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test(c);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.stack).split('\n').slice(0, 6).join(' | ')}`);
      await c.rollback().catch(() => {});
    }
  }
  await c.close();
}
main().catch((error) => {
  console.log(`not ok node: ${error.stack}`);
  process.exit(1);
});
