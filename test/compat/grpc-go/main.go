// Command grpc ENDPOINT SCENARIO...: the official gRPC client for Go against a proxy; prints a JSON line for each scenario.
//
// Topics and groups are those of ../grpc.ts. It speaks TLS, which is the client's default.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/apache/rocketmq-clients/golang/v5"
)

type scenario func(*outcome) error

var scenarios = map[string]scenario{
	"push":        push,
	"async":       async,
	"big-body":    bigBody,
	"tag-filter":  tagFilter,
	"sql-filter":  sqlFilter,
	"fifo":        fifo,
	"delay":       delay,
	"transaction": transaction,
	"simple":      simple,
	"retry":       retry,
}

var endpoint string

func main() {
	endpoint = os.Args[1]
	golang.ResetLogger()
	for _, name := range os.Args[2:] {
		run, known := scenarios[name]
		if !known {
			fmt.Fprintf(os.Stderr, "%s is no scenario\n", name)
			os.Exit(2)
		}
		result := newOutcome()
		start := time.Now()
		if err := run(result); err != nil {
			result.fault("%v", err)
		}
		line, err := json.Marshal(result.row(name, time.Since(start)))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
