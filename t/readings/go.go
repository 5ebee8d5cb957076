// What Go's libraries find: see run.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo"
)

type request struct {
	ID, Method, Query, Type, Body string
}

// Record is what a handler would decode into.
type Record struct {
	Type string `json:"type" form:"type" query:"type"`
}

func latin1(s string) string {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r))
	}
	return string(out)
}

func unlatin1(s string) string {
	var out []rune
	for _, b := range []byte(s) {
		out = append(out, rune(b))
	}
	return string(out)
}

func make1(q request) *http.Request {
	r := httptest.NewRequest(q.Method, "/", io.NopCloser(bytes.NewReader([]byte(q.Body))))
	r.ContentLength = int64(len(q.Body))
	r.URL.RawQuery = q.Query
	if q.Type != "" {
		r.Header.Set("Content-Type", q.Type)
	}
	return r
}

func leaves(v interface{}) []string {
	switch t := v.(type) {
	case nil:
		return nil
	case []interface{}:
		var out []string
		for _, e := range t {
			out = append(out, leaves(e)...)
		}
		return out
	case map[string]interface{}:
		var out []string
		for _, e := range t {
			out = append(out, leaves(e)...)
		}
		return out
	}
	return []string{fmt.Sprint(v)}
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

var libraries = []struct {
	name string
	find func(q request) []string
}{
	{"net/http", func(q request) []string {
		r := make1(q)
		r.ParseMultipartForm(1 << 20)
		return r.Form["type"]
	}},
	{"encoding/json struct, first value", func(q request) []string {
		var v Record
		json.NewDecoder(bytes.NewReader([]byte(q.Body))).Decode(&v)
		return some(v.Type)
	}},
	{"encoding/json struct", func(q request) []string {
		var v Record
		if json.Unmarshal([]byte(q.Body), &v) != nil {
			return nil
		}
		return some(v.Type)
	}},
	{"encoding/json map, first value", func(q request) []string {
		var v map[string]interface{}
		json.NewDecoder(bytes.NewReader([]byte(q.Body))).Decode(&v)
		return leaves(v["type"])
	}},
	{"Gin", func(q request) []string {
		var v Record
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = make1(q)
		if c.ShouldBind(&v) != nil {
			return nil
		}
		return some(v.Type)
	}},
	{"Echo", func(q request) []string {
		var v Record
		c := echo.New().NewContext(make1(q), httptest.NewRecorder())
		if c.Bind(&v) != nil {
			return nil
		}
		return some(v.Type)
	}},
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var q request
		json.Unmarshal(lines.Bytes(), &q)
		q.Query, q.Type, q.Body = latin1(q.Query), latin1(q.Type), latin1(q.Body)
		for _, l := range libraries {
			values := []string{}
			for _, v := range l.find(q) {
				values = append(values, unlatin1(v))
			}
			out, _ := json.Marshal(map[string]interface{}{"id": q.ID, "library": l.name, "values": values})
			fmt.Println(string(out))
		}
	}
}
