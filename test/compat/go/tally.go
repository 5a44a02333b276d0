package main

import (
	"fmt"
	"sync"
	"time"
)

// tally counts what a scenario sent and received, by message key.
type tally struct {
	mu       sync.Mutex
	sent     int
	expected map[string]int
	seen     map[string]int
	faults   []string
}

func newTally() *tally {
	return &tally{expected: map[string]int{}, seen: map[string]int{}}
}

// expect says that key was acknowledged and must arrive copies times.
func (t *tally) expect(key string, copies int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected[key] += copies
}

func (t *tally) countSent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
}

func (t *tally) received(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[key]++
}

func (t *tally) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) < 20 {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

func (t *tally) lost() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	lost := 0
	for key, copies := range t.expected {
		lost += max(0, copies-t.seen[key])
	}
	return lost
}

func (t *tally) surplus() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	surplus := 0
	for key, copies := range t.seen {
		surplus += max(0, copies-t.expected[key])
	}
	return surplus
}

// settle waits until everything expected has arrived, at most limit, then a little longer so that surplus copies show.
func (t *tally) settle(limit time.Duration) {
	t.settleTo(0, limit)
	time.Sleep(300 * time.Millisecond)
}

func (t *tally) settleTo(lost int, limit time.Duration) {
	deadline := time.Now().Add(limit)
	for t.lost() > lost && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
}

type result struct {
	Scenario   string   `json:"scenario"`
	Ok         bool     `json:"ok"`
	Sent       int      `json:"sent"`
	Received   int      `json:"received"`
	Duplicates int      `json:"duplicates"`
	Lost       int      `json:"lost"`
	Faults     []string `json:"faults"`
	Ms         int64    `json:"ms"`
}

func (t *tally) result(scenario string, started time.Time) result {
	lost, surplus := t.lost(), t.surplus()
	t.mu.Lock()
	defer t.mu.Unlock()
	received := 0
	for _, copies := range t.seen {
		received += copies
	}
	faults := t.faults
	if faults == nil {
		faults = []string{}
	}
	return result{scenario, len(faults) == 0 && lost == 0 && surplus == 0, t.sent, received, surplus, lost, faults, time.Since(started).Milliseconds()}
}
