package main

import (
	"fmt"
	"sync"
	"time"
)

const limit = 60 * time.Second

// outcome is what one scenario sent, received and found wrong. Listeners run on goroutines of the client.
type outcome struct {
	lock     sync.Mutex
	sent     map[string]bool
	received map[string]int
	faults   []string
}

func newOutcome() *outcome {
	return &outcome{sent: map[string]bool{}, received: map[string]int{}, faults: []string{}}
}

// expect notes a message that has to come.
func (o *outcome) expect(body string) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.sent[body] = true
}

func (o *outcome) receive(body string) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.received[body]++
}

func (o *outcome) fault(format string, args ...any) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

func (o *outcome) check(holds bool, format string, args ...any) {
	if !holds {
		o.fault(format, args...)
	}
}

func (o *outcome) isComplete() bool {
	o.lock.Lock()
	defer o.lock.Unlock()
	for body := range o.sent {
		if o.received[body] == 0 {
			return false
		}
	}
	return true
}

// awaitAll waits until everything has come, and not longer than the limit: what is missing is lost.
func (o *outcome) awaitAll() {
	for end := time.Now().Add(limit); !o.isComplete() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
}

// row is a ScenarioResult of ../driver.ts.
type row struct {
	Scenario   string   `json:"scenario"`
	Ok         bool     `json:"ok"`
	Sent       int      `json:"sent"`
	Received   int      `json:"received"`
	Duplicates int      `json:"duplicates"`
	Lost       int      `json:"lost"`
	Ms         int64    `json:"ms"`
	Faults     []string `json:"faults"`
}

func (o *outcome) row(name string, took time.Duration) row {
	o.lock.Lock()
	defer o.lock.Unlock()
	result := row{Scenario: name, Sent: len(o.sent), Ms: took.Milliseconds(), Faults: o.faults}
	for body, times := range o.received {
		result.Received += times
		result.Duplicates += times - 1
		if !o.sent[body] {
			result.Faults = append(result.Faults, "received what was not to come: "+body)
		}
	}
	for body := range o.sent {
		if o.received[body] == 0 {
			result.Lost++
		}
	}
	result.Ok = len(result.Faults) == 0 && result.Lost == 0
	return result
}
