// SPDX-License-Identifier: Apache-2.0
// Runs the driver cases with go-ora: runner RUN.json, one JSON line for each case.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	ora "github.com/sijms/go-ora/v2"
)

type step = map[string]any

type skip struct{ error }
type wrong struct{ error }

type session struct {
	db   *sql.DB
	conn *sql.Conn
	tx   *sql.Tx
	fd   int
}

type runner struct {
	settings  step
	sessions  map[string]*session
	lost      []*session
	variables map[string]int
	behind    map[string]chan error
}

var background = context.Background()

func check(what string, wanted, got any) error {
	a, b := fmt.Sprint(wanted), fmt.Sprint(got)
	if a == b {
		return nil
	}
	return wrong{fmt.Errorf("%s: wanted %.200s, got %.200s", what, a, b)}
}

func text(s step, name, otherwise string) string {
	if v, is := s[name]; is {
		return v.(string)
	}
	return otherwise
}

func integer(s step, name string, otherwise int) int {
	if v, is := s[name]; is {
		return int(v.(float64))
	}
	return otherwise
}

func (r *runner) expectedRow(row any) []string {
	out := []string{}
	for _, value := range row.([]any) {
		out = append(out, r.expected(value))
	}
	return out
}

// --- connections ---

func openSockets() map[int]bool {
	found := map[int]bool{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		target, _ := os.Readlink("/proc/self/fd/" + entry.Name())
		if strings.HasPrefix(target, "socket:") {
			number, _ := strconv.Atoi(entry.Name())
			found[number] = true
		}
	}
	return found
}

func (r *runner) connect(name string, s step) (*session, error) {
	host, port, service := r.settings["host"].(string), int(r.settings["port"].(float64)), text(s, "service", r.settings["service"].(string))
	user, password := text(s, "user", r.settings["user"].(string)), text(s, "password", r.settings["password"].(string))
	url := ora.BuildUrl(host, port, service, user, password, nil)
	if text(s, "form", "") == "descriptor" {
		sdu := ""
		if value := integer(s, "sdu", 0); value > 0 {
			sdu = fmt.Sprintf("(SDU=%d)", value)
		}
		url = ora.BuildJDBC(user, password, fmt.Sprintf("(DESCRIPTION=%s(ADDRESS=(PROTOCOL=TCP)(HOST=%s)(PORT=%d))(CONNECT_DATA=(SERVICE_NAME=%s)))", sdu, host, port, service), nil)
	}
	before := openSockets()
	db, err := sql.Open("oracle", url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(background)
	if err != nil {
		db.Close()
		return nil, err
	}
	made := &session{db: db, conn: conn, fd: -1}
	for fd := range openSockets() {
		if !before[fd] && fd > made.fd {
			made.fd = fd
		}
	}
	r.sessions[name] = made
	return made, nil
}

func (r *runner) session(name string) (*session, error) {
	if found, is := r.sessions[name]; is {
		return found, nil
	}
	return r.connect(name, step{})
}

func (r *runner) drop(name string) {
	s, is := r.sessions[name]
	if !is {
		return
	}
	delete(r.sessions, name)
	done := make(chan bool, 1)
	go func() {
		if s.tx != nil {
			s.tx.Rollback()
		}
		s.conn.Close()
		s.db.Close()
		done <- true
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
	}
}

type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// The driver commits every statement by itself unless a transaction is open.
func (s *session) querier(autocommit bool) (querier, error) {
	if autocommit {
		if s.tx != nil {
			s.tx.Commit()
			s.tx = nil
		}
		return s.conn, nil
	}
	if s.tx == nil {
		tx, err := s.conn.BeginTx(background, nil)
		if err != nil {
			return nil, err
		}
		s.tx = tx
	}
	return s.tx, nil
}

func (s *session) end(commit bool) error {
	if s.tx == nil {
		return nil
	}
	tx := s.tx
	s.tx = nil
	if commit {
		return tx.Commit()
	}
	return tx.Rollback()
}

// --- binds ---

type outBind struct {
	kind string
	dest any
}

func (r *runner) out(bind step) (any, *outBind) {
	made := &outBind{kind: bind["out"].(string)}
	size := integer(bind, "size", 0)
	switch made.kind {
	case "n":
		value := sql.NullInt64{}
		if in, is := bind["in"]; is {
			number, _ := strconv.ParseInt(r.pairOf(in).text, 10, 64)
			value = sql.NullInt64{Int64: number, Valid: true}
		}
		made.dest = &value
	case "d":
		made.dest = &time.Time{}
	case "cursor":
		made.dest = &ora.RefCursor{}
	default:
		made.dest = &sql.NullString{}
		if size == 0 {
			size = 100
		}
	}
	return ora.Out{Dest: made.dest, Size: size, In: bind["in"] != nil}, made
}

func (o *outBind) text() string {
	switch v := o.dest.(type) {
	case *sql.NullInt64:
		if v.Valid {
			return "n:" + strconv.FormatInt(v.Int64, 10)
		}
	case *time.Time:
		if !v.IsZero() {
			return stamp("d", *v)
		}
	case *sql.NullString:
		if v.Valid {
			return "s:" + v.String
		}
	case *tableBind:
		return v.text()
	}
	return "null"
}

func (r *runner) binds(s step) ([]any, map[string]*outBind) {
	arguments, outs := []any{}, map[string]*outBind{}
	one := func(name string, bind any) any {
		if m, is := bind.(step); is && m["table"] != nil {
			argument, made := r.table(m)
			outs[name] = made
			return argument
		}
		if m, is := bind.(step); is && m["out"] != nil {
			argument, made := r.out(m)
			outs[name] = made
			return argument
		}
		return r.given(bind)
	}
	switch binds := s["binds"].(type) {
	case []any:
		for i, bind := range binds {
			arguments = append(arguments, one(strconv.Itoa(i), bind))
		}
	case step:
		for name, bind := range binds {
			arguments = append(arguments, sql.Named(name, one(name, bind)))
		}
	}
	return arguments, outs
}

var selects = regexp.MustCompile(`(?is)^\s*(/\*.*?\*/\s*)*(SELECT|WITH)\b`)

func (r *runner) execute(s step) error {
	own, err := r.session(text(s, "on", "a"))
	if err != nil {
		return err
	}
	autocommit, _ := s["autocommit"].(bool)
	q, err := own.querier(autocommit)
	if err != nil {
		return err
	}
	ctx, cancel := background, func() {}
	if ms := integer(s, "timeout_ms", 0); ms > 0 {
		ctx, cancel = context.WithTimeout(background, time.Duration(ms)*time.Millisecond)
	}
	defer cancel()
	statement := s["sql"].(string)
	if many, is := s["many"].([]any); is {
		return r.executeMany(ctx, q, s, statement, many)
	}
	arguments, outs := r.binds(s)
	if selects.MatchString(statement) {
		rows, err := q.QueryContext(ctx, statement, arguments...)
		if err != nil {
			return err
		}
		return r.checkRows(s, rows)
	}
	result, err := q.ExecContext(ctx, statement, arguments...)
	if err != nil {
		return err
	}
	if err := checkCount(s, result); err != nil {
		return err
	}
	return r.checkOuts(own, s, outs)
}

func checkCount(s step, result sql.Result) error {
	if s["count"] == nil {
		return nil
	}
	count, _ := result.RowsAffected()
	if list, is := s["count"].([]any); is {
		for _, one := range list {
			if int64(one.(float64)) == count {
				return nil
			}
		}
	}
	return check("rows affected", s["count"], count)
}

func (r *runner) checkOuts(own *session, s step, outs map[string]*outBind) error {
	wanted := step{}
	switch v := s["outs"].(type) {
	case []any:
		for i, value := range v {
			wanted[strconv.Itoa(i)] = value
		}
	case step:
		wanted = v
	}
	for name, value := range wanted {
		want := ""
		if list, is := value.([]any); is {
			want = r.expectedTable(list)
		} else {
			want = r.expected(value)
		}
		if err := check("out "+name, want, outs[name].text()); err != nil {
			return err
		}
	}
	cursors, _ := s["cursors"].(step)
	for name, rows := range cursors {
		found, err := ora.WrapRefCursor(background, own.conn, outs[name].dest.(*ora.RefCursor))
		if err != nil {
			return err
		}
		if err := r.checkRows(rows.(step), found); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) executeMany(ctx context.Context, q querier, s step, statement string, many []any) error {
	columns, lists := r.columns(many)
	arguments := []any{}
	for i, list := range lists {
		if _, named := many[0].(step); named {
			arguments = append(arguments, sql.Named(columns[i], ora.NewBatch(list)))
		} else {
			arguments = append(arguments, ora.NewBatch(list))
		}
	}
	result, err := q.ExecContext(ctx, statement, arguments...)
	if err != nil {
		return err
	}
	return checkCount(s, result)
}

// --- steps ---

func (r *runner) do(s step) error {
	name := text(s, "on", "a")
	what := s["do"].(string)
	if what == "connect" {
		r.drop(text(s, "as", "a"))
		_, err := r.connect(text(s, "as", "a"), s)
		return err
	}
	own, err := r.session(name)
	if err != nil {
		return err
	}
	switch what {
	case "close":
		delete(r.sessions, name)
		own.end(false)
		own.conn.Close()
		return own.db.Close()
	case "abort":
		delete(r.sessions, name)
		r.lost = append(r.lost, own)
		return syscall.Shutdown(own.fd, syscall.SHUT_RDWR)
	case "commit":
		return own.end(true)
	case "rollback":
		return own.end(false)
	case "ping":
		return own.conn.PingContext(background)
	case "join":
		return <-r.behind[text(s, "of", "")]
	case "sleep":
		time.Sleep(time.Duration(integer(s, "ms", 0)) * time.Millisecond)
		return nil
	case "repeat":
		from := integer(s, "from", 1)
		for i := from; i < from+integer(s, "times", 1); i++ {
			r.variables[text(s, "var", "i")] = i
			for _, inner := range s["steps"].([]any) {
				if err := r.step(inner.(step)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return skip{fmt.Errorf("the runner does not know the step %s", what)}
}

var oraCode = regexp.MustCompile(`ORA-(\d{5})`)

func codeOf(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "timeout"
	}
	if found := oraCode.FindStringSubmatch(err.Error()); found != nil {
		return strings.TrimLeft(found[1], "0")
	}
	for _, sign := range []string{"bad connection", "EOF", "reset by peer", "broken pipe", "closed"} {
		if strings.Contains(err.Error(), sign) {
			return "closed"
		}
	}
	return "client"
}

func (r *runner) step(given step) error {
	if name := text(given, "behind", ""); name != "" { // beside the steps that follow; what goes wrong in it is told by the step that joins it
		alone, done := step{}, make(chan error, 1)
		for key, value := range given {
			if key != "behind" {
				alone[key] = value
			}
		}
		r.behind[name] = done
		go func() { done <- r.step(alone) }()
		return nil
	}
	s := given
	if statement, is := given["sql"].(string); is && strings.Contains(statement, "${") {
		s = step{}
		for key, value := range given {
			s[key] = value
		}
		for name, value := range r.variables {
			statement = strings.ReplaceAll(statement, "${"+name+"}", strconv.Itoa(value))
		}
		s["sql"] = statement
	}
	var err error
	if s["do"] != nil {
		err = r.do(s)
	} else {
		err = r.execute(s)
	}
	wanted, list := s["error"], []any{}
	if wanted != nil {
		list = []any{wanted}
		if many, is := wanted.([]any); is {
			list = many
		}
	}
	if err == nil {
		if wanted != nil {
			return wrong{fmt.Errorf("error %v wanted, the call succeeded", wanted)}
		}
		return nil
	}
	if errors.As(err, &wrong{}) || errors.As(err, &skip{}) {
		return err
	}
	for _, one := range list {
		if fmt.Sprint(one) == codeOf(err) {
			return nil
		}
	}
	return wrong{fmt.Errorf("error %v wanted, got %w", wanted, err)}
}

func (r *runner) run(one step) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
			os.Stderr.Write(debug.Stack())
		}
	}()
	r.variables, r.behind = map[string]int{}, map[string]chan error{}
	if tables, is := one["clean"].([]any); is {
		for _, table := range tables {
			if err := r.step(step{"sql": "DELETE FROM " + table.(string)}); err != nil {
				return err
			}
		}
		if err := r.do(step{"do": "commit"}); err != nil {
			return err
		}
	}
	for i, s := range one["steps"].([]any) {
		if err := r.step(s.(step)); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	for name := range r.sessions {
		if name != "a" {
			r.drop(name)
		}
	}
	if own, is := r.sessions["a"]; is {
		return own.end(false)
	}
	return nil
}

func say(what any) {
	line, _ := json.Marshal(what)
	os.Stdout.Write(append(line, '\n'))
}

func read(path string) step {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	made := step{}
	if err := json.Unmarshal(data, &made); err != nil {
		panic(err)
	}
	return made
}

func main() {
	settings := read(os.Args[1])
	cases := map[string]step{}
	for _, one := range read(settings["cases"].(string))["cases"].([]any) {
		cases[one.(step)["name"].(string)] = one.(step)
	}
	r := &runner{settings: settings, sessions: map[string]*session{}}
	version := "go-ora"
	if info, is := debug.ReadBuildInfo(); is {
		for _, part := range info.Deps {
			if strings.Contains(part.Path, "go-ora") {
				version = "go-ora " + part.Version
			}
		}
	}
	say(step{"version": version})
	for _, name := range settings["names"].([]any) {
		say(step{"begin": name})
		began, status, reason := time.Now(), "passed", ""
		if err := r.run(cases[name.(string)]); err != nil {
			status, reason = "failed", fmt.Sprintf("%.600s", err.Error())
			if errors.As(err, &skip{}) {
				status = "skipped"
			}
			for open := range r.sessions {
				r.drop(open)
			}
		}
		say(step{"case": name, "status": status, "reason": reason, "ms": time.Since(began).Milliseconds()})
	}
	for open := range r.sessions {
		r.drop(open)
	}
}
