// SPDX-License-Identifier: Apache-2.0
// The values of the data file: as text to compare by, as binds, and as the driver scans them.
package main

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	ora "github.com/sijms/go-ora/v2"
)

type pair struct{ kind, text string }

var rowid = regexp.MustCompile(`^[A-Za-z0-9+/]{18}$`)

func (r *runner) pairOf(value any) *pair {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return &pair{"s", v}
	case float64:
		return &pair{"n", strconv.FormatFloat(v, 'f', -1, 64)}
	}
	m := value.(map[string]any)
	if name, is := m["var"]; is {
		times, plus := 1, 0
		if v, is := m["mul"]; is {
			times = int(v.(float64))
		}
		if v, is := m["add"]; is {
			plus = int(v.(float64))
		}
		return &pair{"n", strconv.Itoa(r.variables[name.(string)]*times + plus)}
	}
	made, times, then := &pair{}, 1, ""
	for key, v := range m {
		switch key {
		case "x":
			times = int(v.(float64))
		case "then":
			then = v.(string)
		default:
			made.kind, made.text = key, v.(string)
		}
	}
	made.text = strings.Repeat(made.text, times) + then
	return made
}

// A decimal without exponent, without needless zeros.
func plain(text string) string {
	minus := strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	exponent := 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		exponent, _ = strconv.Atoi(text[at+1:])
		text = text[:at]
	}
	whole, part, _ := strings.Cut(text, ".")
	digits, point := whole+part, len(whole)+exponent
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	if point > len(digits) {
		digits += strings.Repeat("0", point-len(digits))
	}
	whole, part = strings.TrimLeft(digits[:point], "0"), strings.TrimRight(digits[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		whole += "." + part
	}
	if minus && whole != "0" {
		whole = "-" + whole
	}
	return whole
}

func bits(kind string, value float64) string {
	if math.IsNaN(value) {
		return kind + ":nan"
	}
	if kind == "bf" {
		value = float64(float32(value))
	}
	return fmt.Sprintf("%s:%x", kind, math.Float64bits(value+0))
}

func stampOf(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999"} {
		if value, err := time.Parse(layout, text); err == nil {
			return value
		}
	}
	panic("not a time: " + text)
}

func stamp(kind string, value time.Time) string {
	return kind + ":" + value.UTC().Format("2006-01-02T15:04:05.999999999")
}

func (r *runner) expected(value any) string {
	p := r.pairOf(value)
	if p == nil {
		return "null"
	}
	switch p.kind {
	case "n":
		return "n:" + plain(p.text)
	case "bf", "bd":
		number, _ := strconv.ParseFloat(p.text, 64)
		return bits(p.kind, number)
	case "d", "ts", "tz", "ltz":
		return stamp(p.kind, stampOf(p.text))
	case "rowid":
		return "rowid"
	}
	return p.kind + ":" + p.text
}

func numberBind(text string) any {
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return number
	}
	number, err := ora.NewNumberFromString(plain(text))
	if err != nil {
		return plain(text)
	}
	return *number
}

func (r *runner) given(value any) any {
	p := r.pairOf(value)
	if p == nil {
		return nil
	}
	switch p.kind {
	case "null":
		return nullOf(p.text)
	case "n":
		return numberBind(p.text)
	case "bf", "bd":
		number, _ := strconv.ParseFloat(p.text, 64)
		return number
	case "d", "ts":
		return stampOf(p.text) // database/sql does not take the driver's own TimeStamp
	case "tz", "ltz":
		return ora.TimeStampTZ(stampOf(p.text))
	case "raw":
		data, _ := hex.DecodeString(p.text)
		return data
	case "blob":
		data, _ := hex.DecodeString(p.text)
		return ora.Blob{Data: data, Valid: true}
	case "clob":
		return ora.Clob{String: p.text, Valid: true}
	}
	return p.text
}

func nullOf(kind string) any {
	switch kind {
	case "n", "bf", "bd":
		return sql.NullFloat64{}
	case "d":
		return sql.NullTime{}
	case "ts":
		return ora.NullTimeStamp{}
	case "tz", "ltz":
		return ora.NullTimeStampTZ{}
	case "clob":
		return ora.Clob{}
	case "blob":
		return ora.Blob{}
	case "raw":
		return []byte(nil)
	}
	return sql.NullString{}
}

// The columns of a batch, as slices.
func (r *runner) columns(rows []any) ([]string, []any) {
	names, lists := []string{}, []any{}
	first := rows[0]
	if m, is := first.(map[string]any); is {
		for name := range m {
			names = append(names, name)
		}
	} else {
		for index := range first.([]any) {
			names = append(names, strconv.Itoa(index))
		}
	}
	for index, name := range names {
		values := []*pair{}
		kind := "s"
		whole := true
		for _, row := range rows {
			var value any
			if m, is := row.(map[string]any); is {
				value = m[name]
			} else {
				value = row.([]any)[index]
			}
			p := r.pairOf(value)
			values = append(values, p)
			if p != nil {
				kind = p.kind
				_, err := strconv.ParseInt(p.text, 10, 64)
				whole = whole && err == nil
			}
		}
		lists = append(lists, slice(kind, whole, values))
	}
	return names, lists
}

func slice(kind string, whole bool, values []*pair) any {
	integers, texts, times, stamps, clobs := []sql.NullInt64{}, []sql.NullString{}, []sql.NullTime{}, []ora.NullTimeStamp{}, []ora.Clob{}
	for _, p := range values {
		text := ""
		if p != nil {
			text = p.text
		}
		switch {
		case kind == "n" && whole:
			number, _ := strconv.ParseInt(text, 10, 64)
			integers = append(integers, sql.NullInt64{Int64: number, Valid: p != nil})
		case kind == "d" && p != nil:
			times = append(times, sql.NullTime{Time: stampOf(text), Valid: true})
		case kind == "ts" && p != nil:
			stamps = append(stamps, ora.NullTimeStamp{TimeStamp: ora.TimeStamp(stampOf(text)), Valid: true})
		case kind == "clob":
			clobs = append(clobs, ora.Clob{String: text, Valid: p != nil})
		default:
			texts = append(texts, sql.NullString{String: text, Valid: p != nil})
		}
	}
	switch {
	case len(integers) > 0:
		return integers
	case len(times) > 0:
		return times
	case len(stamps) > 0:
		return stamps
	case len(clobs) > 0:
		return clobs
	}
	return texts
}

var kinds = map[string]string{"NUMBER": "n", "NCHAR": "s", "CHAR": "s", "VARCHAR": "s", "DATE": "d", "TimeStampDTY": "ts", "TIMESTAMP": "ts", "TimeStamp": "ts", "TimeStampTZ_DTY": "tz", "TimeStampTZ": "tz",
	"TimeStampLTZ_DTY": "ltz", "TimeStampeLTZ": "ltz", "TimeStampLTZ": "ltz", "IBFloat": "bf", "BFloat": "bf", "IBDouble": "bd", "BDouble": "bd", "RAW": "raw", "OCIClobLocator": "clob", "OCIBlobLocator": "blob",
	"LongVarChar": "clob", "LONG": "clob", "LongRaw": "blob", "LongVarRaw": "blob", "ROWID": "rowid", "IntervalYM_DTY": "ym", "IntervalDS_DTY": "ds"}

var names = map[string]string{"n": "NUMBER", "d": "DATE", "ts": "TIMESTAMP", "tz": "TIMESTAMP WITH TIME ZONE", "ltz": "TIMESTAMP WITH LOCAL TIME ZONE", "bf": "BINARY_FLOAT", "bd": "BINARY_DOUBLE", "raw": "RAW",
	"clob": "CLOB", "blob": "BLOB"}

func actual(value any, database string) string {
	if value == nil {
		return "null"
	}
	kind, known := kinds[database]
	if !known {
		kind = "?" + database
	}
	switch kind {
	case "n":
		return "n:" + plain(number(value))
	case "bf", "bd":
		switch v := value.(type) {
		case float64:
			return bits(kind, v)
		case float32:
			return bits(kind, float64(v))
		}
	case "d", "ts", "tz", "ltz":
		if v, is := value.(time.Time); is {
			return stamp(kind, v)
		}
	case "raw", "blob":
		if v, is := value.([]byte); is {
			return kind + ":" + hex.EncodeToString(v)
		}
	case "rowid":
		if v, is := value.(string); is && rowid.MatchString(v) {
			return "rowid"
		}
	case "ds", "ym":
		return kind + ":" + interval(fmt.Sprint(value))
	}
	if v, is := value.([]byte); is {
		return kind + ":" + string(v)
	}
	return kind + ":" + fmt.Sprint(value)
}

// "+03 04:05:06.789000" and "+01-06" as the data file writes them.
func interval(text string) string {
	minus := strings.HasPrefix(text, "-")
	text = strings.TrimLeft(strings.TrimLeft(text, "+-"), "0")
	if text == "" || text[0] < '0' || text[0] > '9' {
		text = "0" + text
	}
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if years, months, is := strings.Cut(text, "-"); is && len(months) == 2 {
		text = years + "-" + strings.TrimPrefix(months, "0")
	}
	if minus {
		text = "-" + text
	}
	return text
}

func number(value any) string {
	switch v := value.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(value)
}
