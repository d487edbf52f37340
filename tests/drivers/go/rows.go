// SPDX-License-Identifier: Apache-2.0
// Rows and columns as they come, against what the case expects.
package main

import (
	"database/sql"
	"math/big"
	"strconv"
)

func (r *runner) checkColumns(s step, rows *sql.Rows) error {
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	columns := s["columns"].([]any)
	if err := check("number of columns", len(columns), len(types)); err != nil {
		return err
	}
	for i, column := range columns {
		for key, wanted := range column.(step) {
			var got any
			switch key {
			case "name":
				got = types[i].Name()
			case "type":
				kind := kinds[types[i].DatabaseTypeName()]
				got = names[kind]
				if kind == "s" {
					got = wanted // the driver calls every text NCHAR or CHAR
				}
			case "nullable":
				got, _ = types[i].Nullable()
			case "precision", "scale":
				precision, scale, _ := types[i].DecimalSize()
				got = precision
				if key == "scale" {
					got = scale
				}
			default:
				length, _ := types[i].Length()
				got = length
			}
			if err := check("column "+types[i].Name()+"."+key, wanted, got); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) checkRows(s step, rows *sql.Rows) error {
	defer rows.Close()
	if s["columns"] != nil {
		if err := r.checkColumns(s, rows); err != nil {
			return err
		}
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	most := -1
	if fetch, is := s["fetch"].(step); is {
		most = integer(fetch, "max", -1)
	}
	summary, summed := s["summary"].(step)
	got, first, last, sum, count := [][]string{}, []string{}, []string{}, new(big.Int), 0
	for (most < 0 || count < most) && rows.Next() {
		values := make([]any, len(types))
		pointers := make([]any, len(types))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return err
		}
		row := make([]string, len(types))
		for i, value := range values {
			row[i] = actual(value, types[i].DatabaseTypeName())
		}
		if count == 0 {
			first = row
		}
		last = row
		count++
		if !summed {
			got = append(got, row)
		} else if summary["sum"] != nil {
			number, _ := new(big.Int).SetString(row[0][2:], 10)
			sum.Add(sum, number)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if wanted, is := s["rows"].([]any); is {
		if err := check("number of rows", len(wanted), len(got)); err != nil {
			return err
		}
		for i := range wanted {
			if err := check("row "+strconv.Itoa(i), r.expectedRow(wanted[i]), got[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !summed {
		return nil
	}
	if err := check("number of rows", summary["count"], count); err != nil {
		return err
	}
	if summary["sum"] != nil {
		if err := check("sum of the first column", summary["sum"], sum.String()); err != nil {
			return err
		}
	}
	for key, row := range map[string][]string{"first": first, "last": last} {
		if summary[key] != nil {
			if err := check(key+" row", r.expectedRow(summary[key]), row); err != nil {
				return err
			}
		}
	}
	return nil
}
