// Command compat runs scenarios of the official Go client: compat -namesrv HOST:PORT -prefix P scenario...
// Topics are named P-scenario and groups g-P-scenario; they must exist. One JSON line per scenario; exit status 1 if one failed.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

var scenarios = map[string]func(*run) error{
	"send-sync":    sendSync,
	"send-async":   sendAsync,
	"send-oneway":  sendOneway,
	"send-batch":   sendBatch,
	"big-body":     bigBody,
	"delay":        delay,
	"clustering":   clustering,
	"broadcasting": broadcasting,
	"orderly":      orderly,
	"tag-filter":   tagFilter,
	"retry-dlq":    retryToDeadLetter,
	"restart":      restart,
	"pull":         pull,
	"poll":         poll,
}

func main() {
	namesrv := flag.String("namesrv", "", "NameServer host:port")
	prefix := flag.String("prefix", "go", "prefix of topics and groups")
	count := flag.Int("count", 100, "messages per scenario")
	parallel := flag.Int("parallel", 5, "scenarios at a time")
	flag.Parse()
	names := flag.Args()
	if *namesrv == "" || len(names) == 0 {
		known := []string{}
		for name := range scenarios {
			known = append(known, name)
		}
		sort.Strings(known)
		fmt.Fprintln(os.Stderr, "usage: compat -namesrv HOST:PORT scenario...   scenarios:", known)
		os.Exit(2)
	}
	rlog.SetLogLevel("error")
	rlog.SetOutputPath(os.DevNull)
	var printing sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, *parallel)
	failed := false
	for _, name := range names {
		group.Add(1)
		slots <- struct{}{}
		go func() {
			defer group.Done()
			defer func() { <-slots }()
			row := execute(name, *namesrv, *prefix, *count)
			line, _ := json.Marshal(row)
			printing.Lock()
			defer printing.Unlock()
			fmt.Println(string(line))
			failed = failed || !row.Ok
		}()
	}
	group.Wait()
	if failed {
		os.Exit(1)
	}
}

func execute(name, namesrv, prefix string, count int) result {
	started := time.Now()
	r := &run{namesrv: namesrv, topic: prefix + "-" + name, group: "g-" + prefix + "-" + name, count: count, tally: newTally()}
	scenario, known := scenarios[name]
	if !known {
		r.fault("unknown scenario %s", name)
	} else if err := scenario(r); err != nil {
		r.fault("%v", err)
	}
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
	return r.result(name, started)
}
