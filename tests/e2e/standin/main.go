// SPDX-License-Identifier: Apache-2.0

// go-ora against the stand-in.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	goora "github.com/sijms/go-ora/v2"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func same(got, wanted any) {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		panic(fmt.Sprintf("got %v, wanted %v", got, wanted))
	}
}

func fails(err error, code string) {
	if err == nil || !strings.Contains(err.Error(), code) {
		panic(fmt.Sprintf("got %v, wanted %s", err, code))
	}
}

func types(db *sql.DB) {
	_, err := db.Exec("create table gt (id number(10) primary key, n number, v varchar2(100), d date, ts timestamp, c clob, b blob, r raw(8))")
	check(err)
	when := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	_, err = db.Exec("insert into gt values (:1, :2, :3, :4, :5, :6, :7, :8)", 1, 12.5, "naïve 東京", when, when.Add(123456*time.Microsecond),
		goora.Clob{String: strings.Repeat("c", 40000), Valid: true}, goora.Blob{Data: bytes.Repeat([]byte("b"), 40000)}, []byte{0, 1})
	check(err)
	var n float64
	var v, c string
	var d, ts time.Time
	var b, r []byte
	check(db.QueryRow("select n, v, d, ts, c, b, r from gt where id = :1", 1).Scan(&n, &v, &d, &ts, &c, &b, &r))
	same(n, 12.5)
	same(v, "naïve 東京")
	same(d.Format(time.DateTime), "2021-03-04 05:06:07")
	same(ts.Nanosecond(), 123456000)
	same(len(c)+len(b)+len(r), 80002)
}

func rows(db *sql.DB) {
	tx, err := db.Begin()
	check(err)
	for i := 0; i < 300; i++ {
		_, err = tx.Exec("insert into gt (id, v) values (:1, :2)", 100+i, fmt.Sprint("row ", i))
		check(err)
	}
	result, err := tx.Query("select id, v from gt where id >= 100 order by id")
	check(err)
	count := 0
	for result.Next() {
		var id int
		var v string
		check(result.Scan(&id, &v))
		same(id, 100+count)
		count++
	}
	check(result.Err())
	same(count, 300)
	updated, err := tx.Exec("update gt set v = 'x' where id >= 100")
	check(err)
	affected, _ := updated.RowsAffected()
	same(affected, 300)
	check(tx.Rollback())
	check(db.QueryRow("select count(*) from gt").Scan(&count))
	same(count, 1)
}

func returning(db *sql.DB) {
	var id int64
	_, err := db.Exec("insert into gt (id, v) values (50, 'fifty') returning id into :1", sql.Out{Dest: &id})
	check(err)
	same(id, 50)
	_, err = db.Exec("delete from gt where id = 50")
	check(err)
}

func programs(db *sql.DB) {
	_, err := db.Exec("create or replace procedure gp(a in number, b out varchar2) as begin b := 'go ' || a; end;")
	check(err)
	var text string
	_, err = db.Exec("begin gp(:1, :2); end;", 3, goora.Out{Dest: &text, Size: 100})
	check(err)
	same(text, "go 3")
}

func errors(db *sql.DB) {
	_, err := db.Exec("insert into gt (id) values (1)")
	fails(err, "ORA-00001")
	_, err = db.Exec("select * from nowhere")
	fails(err, "ORA-00942")
	var n int
	fails(db.QueryRow("select 1/0 from dual").Scan(&n), "ORA-01476")
	check(db.QueryRow("select 1 from dual").Scan(&n))
}

func cancel(db *sql.DB) {
	tx, err := db.Begin()
	check(err)
	_, err = tx.Exec("update gt set v = 'locked' where id = 1")
	check(err)
	limit, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer stop()
	_, err = db.ExecContext(limit, "update gt set v = 'other' where id = 1")
	if err == nil {
		panic("the update was not cancelled")
	}
	check(tx.Rollback())
	var n int
	check(db.QueryRow("select 1 from dual").Scan(&n))
}

func main() {
	db, err := sql.Open("oracle", "oracle://other:secret@"+os.Getenv("STANDIN"))
	check(err)
	defer db.Close()
	db.Exec("drop table gt")
	tests := []struct {
		name string
		run  func(*sql.DB)
	}{{"types", types}, {"rows", rows}, {"returning", returning}, {"programs", programs}, {"errors", errors}, {"cancel", cancel}}
	for _, test := range tests {
		func() {
			defer func() {
				if why := recover(); why != nil {
					fmt.Printf("not ok %s: %v\n", test.name, why)
				} else {
					fmt.Printf("ok %s\n", test.name)
				}
			}()
			test.run(db)
		}()
	}
}
