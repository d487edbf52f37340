// SPDX-License-Identifier: Apache-2.0

// Cursor soak with go-ora: main PORT CALLS SEED. Which statement comes when is said in soak.py. go-ora keeps no statements, so a list of prepared ones stands here.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strconv"

	_ "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"
)

const cacheSize = 20

type client struct {
	connection *sql.Conn
	chance     *rand.Rand
	cache      map[string]*sql.Stmt
	used       []string
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c *client) statement(text string) *sql.Stmt {
	for i, known := range c.used {
		if known == text {
			c.used = append(append(c.used[:i:i], c.used[i+1:]...), text)
			return c.cache[text]
		}
	}
	if len(c.used) == cacheSize {
		must(c.cache[c.used[0]].Close())
		delete(c.cache, c.used[0])
		c.used = c.used[1:]
	}
	made, err := c.connection.PrepareContext(context.Background(), text)
	must(err)
	c.cache[text] = made
	c.used = append(c.used, text)
	return made
}

func number(err error) int {
	var oracle *network.OracleError
	if errors.As(err, &oracle) {
		return oracle.ErrCode
	}
	return -1
}

func (c *client) update(k, bind int64) bool {
	result, err := c.statement(fmt.Sprintf("UPDATE t SET a = :1 WHERE k = %d", k)).Exec(bind)
	if err != nil {
		return false
	}
	count, err := result.RowsAffected()
	return err == nil && count == k%9
}

func (c *client) query(k, bind int64, table string) (bool, error) {
	rows, err := c.statement(fmt.Sprintf("SELECT :1, %d FROM %s", k, table)).Query(bind)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	count, good := int64(0), true
	for rows.Next() {
		var a, b int64
		if err := rows.Scan(&a, &b); err != nil {
			return false, err
		}
		good = good && a == bind && b == k
		count++
	}
	wanted := int64(1)
	if k%4 == 0 {
		wanted = 6
	}
	return good && count == wanted, rows.Err()
}

func (c *client) one(n int64) bool {
	k := (n/200*7 + c.chance.Int63n(15)) % 415
	if c.chance.Float64() >= 0.9 {
		k = c.chance.Int63n(415)
	}
	bind, kind := n*1000+k, k%5
	if kind == 1 {
		return c.update(k, bind)
	}
	table := "t"
	if kind == 2 {
		table = "broken"
	}
	good, err := c.query(k, bind, table)
	if err != nil {
		good = kind == 2 && number(err) == 1476
	}
	if c.chance.Float64() < 0.02 {
		rows, err := c.connection.QueryContext(context.Background(), fmt.Sprintf("SELECT :1, %d FROM missing", k), bind)
		if err == nil {
			rows.Close()
			return false
		}
		return good && number(err) == 942
	}
	return good
}

func main() {
	calls, _ := strconv.ParseInt(os.Args[2], 10, 64)
	seed, _ := strconv.ParseInt(os.Args[3], 10, 64)
	database, err := sql.Open("oracle", "oracle://soak:soak@127.0.0.1:"+os.Args[1]+"/SOAK?PREFETCH_ROWS=4")
	must(err)
	connection, err := database.Conn(context.Background())
	must(err)
	c := &client{connection: connection, chance: rand.New(rand.NewSource(seed)), cache: map[string]*sql.Stmt{}}
	wrong := 0
	for n := int64(0); n < calls; n++ {
		if !c.one(n) {
			wrong++
		}
	}
	must(connection.Close())
	fmt.Printf("{\"calls\": %d, \"wrong\": %d, \"version\": \"go-ora v2\"}\n", calls, wrong)
}
