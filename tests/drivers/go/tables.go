// SPDX-License-Identifier: Apache-2.0
// PL/SQL index-by tables as binds: the driver takes slices of numbers and texts for them.
package main

import (
	"database/sql"
	"strconv"
	"strings"

	ora "github.com/sijms/go-ora/v2"
)

type tableBind struct {
	numbers []sql.NullFloat64
	texts   []sql.NullString
	isText  bool
}

// What is bound, and where the values that come out are; nil: nothing comes out.
func (r *runner) table(bind step) (any, *outBind) {
	made := &tableBind{isText: bind["kind"] == "s"}
	given, _ := bind["in"].([]any)
	for _, value := range given {
		p := r.pairOf(value)
		one := ""
		if p != nil {
			one = p.text
		}
		number, _ := strconv.ParseFloat(one, 64)
		made.numbers = append(made.numbers, sql.NullFloat64{Float64: number, Valid: p != nil})
		made.texts = append(made.texts, sql.NullString{String: one, Valid: p != nil})
	}
	if bind["out"] == nil && made.isText {
		return made.texts, nil
	}
	if bind["out"] == nil {
		return made.numbers, nil
	}
	var dest any = &made.numbers
	if made.isText {
		dest = &made.texts
	}
	room := integer(bind, "table", 0)
	if given != nil {
		room = len(given) // the driver announces as many values as there is room for, and sends those it has
	}
	return ora.Out{Dest: dest, Size: room, In: given != nil}, &outBind{kind: "table", dest: made}
}

func (t *tableBind) text() string {
	all := []string{}
	if t.isText {
		for _, one := range t.texts {
			if one.Valid {
				all = append(all, "s:"+one.String)
			} else {
				all = append(all, "null")
			}
		}
	} else {
		for _, one := range t.numbers {
			if one.Valid {
				all = append(all, "n:"+number(one.Float64))
			} else {
				all = append(all, "null")
			}
		}
	}
	return strings.Join(all, ", ")
}

func (r *runner) expectedTable(values []any) string {
	all := []string{}
	for _, value := range values {
		all = append(all, r.expected(value))
	}
	return strings.Join(all, ", ")
}
