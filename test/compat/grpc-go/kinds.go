package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-clients/golang/v5"
	v2 "github.com/apache/rocketmq-clients/golang/v5/protocol/v2"
)

// Messages of a kind of their own: in order, at a time, in a transaction; and those that a simple consumer asks for.

func numberOf(body string) int {
	number, _ := strconv.Atoi(body[strings.LastIndex(body, " ")+1:])
	return number
}

func fifo(o *outcome) error {
	const each = 20
	var lock sync.Mutex
	orders := map[string][]int{}
	consume := func(body string, view *golang.MessageView) golang.ConsumerResult {
		o.receive(body)
		group := view.GetMessageGroup()
		if group == nil {
			o.fault("%s: without a message group", body)
			return golang.SUCCESS
		}
		lock.Lock()
		defer lock.Unlock()
		orders[*group] = append(orders[*group], numberOf(body))
		return golang.SUCCESS
	}
	s := subscription{topic: "grpc-fifo", group: "g-fifo", prefix: "go fifo ", consume: consume}
	return both(s, func(producer golang.Producer) error {
		for i := range each {
			for _, group := range []string{"a", "b", "c"} {
				body := fmt.Sprintf("go fifo %s %d", group, i)
				message := &golang.Message{Topic: s.topic, Body: []byte(body)}
				message.SetMessageGroup(group)
				o.expect(body)
				if err := send(producer, message); err != nil {
					return err
				}
			}
		}
		o.awaitAll()
		lock.Lock()
		defer lock.Unlock()
		for group, order := range orders {
			for i, number := range order {
				o.check(i == 0 || order[i-1] < number, "order of %s: %v", group, order)
			}
		}
		return nil
	})
}

func delay(o *outcome) error {
	var due sync.Map
	consume := func(body string, _ *golang.MessageView) golang.ConsumerResult {
		o.receive(body)
		if at, known := due.Load(body); known {
			late := time.Since(at.(time.Time))
			o.check(late > -1100*time.Millisecond && late < 20*time.Second, "%s late by %v", body, late)
		}
		return golang.SUCCESS
	}
	s := subscription{topic: "grpc-delay", group: "g-delay", prefix: "go delay ", consume: consume}
	return both(s, func(producer golang.Producer) error {
		for i := range 6 {
			body := fmt.Sprintf("go delay %d", i)
			at := time.Now().Add(time.Duration(3+i%3) * time.Second)
			due.Store(body, at)
			message := &golang.Message{Topic: s.topic, Body: []byte(body)}
			message.SetDelayTimestamp(at)
			o.expect(body)
			if err := send(producer, message); err != nil {
				return err
			}
		}
		o.awaitAll()
		return nil
	})
}

func transaction(o *outcome) error {
	s := subscription{topic: "grpc-transaction", group: "g-transaction", prefix: "go transaction ", consume: counting(o)}
	evenCommits := golang.WithTransactionChecker(&golang.TransactionChecker{
		Check: func(view *golang.MessageView) golang.TransactionResolution {
			if numberOf(string(view.GetBody()))%2 == 0 {
				return golang.COMMIT
			}
			return golang.ROLLBACK
		},
	})
	return both(s, func(producer golang.Producer) error {
		for i := range 12 {
			body := fmt.Sprintf("go transaction %d", i)
			if i%2 == 0 {
				o.expect(body)
			}
			one := producer.BeginTransaction()
			message := &golang.Message{Topic: s.topic, Body: []byte(body)}
			if _, err := producer.SendWithTransaction(context.Background(), message, one); err != nil {
				return err
			}
			// The last ones are left to be asked for.
			if i >= 8 {
				continue
			}
			end := one.RollBack
			if i%2 == 0 {
				end = one.Commit
			}
			if err := end(); err != nil {
				return err
			}
		}
		o.awaitAll()
		time.Sleep(time.Second)
		return nil
	}, evenCommits)
}

func simple(o *outcome) error {
	const prefix = "go simple "
	consumer, err := golang.NewSimpleConsumer(config("g-simple"),
		golang.WithSimpleAwaitDuration(5*time.Second),
		golang.WithSimpleSubscriptionExpressions(map[string]*golang.FilterExpression{"grpc-normal": golang.SUB_ALL}),
	)
	if err != nil {
		return err
	}
	if err := consumer.Start(); err != nil {
		return err
	}
	err = producing("grpc-normal", func(producer golang.Producer) error {
		for i := range 12 {
			body := fmt.Sprintf("%s%d", prefix, i)
			o.expect(body)
			if err := send(producer, &golang.Message{Topic: "grpc-normal", Body: []byte(body)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	postponed := map[string]bool{}
	for end := time.Now().Add(limit); !o.isComplete() && time.Now().Before(end); {
		views, err := consumer.Receive(context.Background(), 16, 10*time.Second)
		if err != nil {
			// It says so when nothing came.
			if status, known := golang.AsErrRpcStatus(err); known && status.Code == int32(v2.Code_MESSAGE_NOT_FOUND) {
				continue
			}
			return err
		}
		for _, view := range views {
			body := string(view.GetBody())
			// A third is put off once.
			if strings.HasPrefix(body, prefix) && numberOf(body)%3 == 1 && !postponed[body] {
				postponed[body] = true
				if err := consumer.ChangeInvisibleDuration(view, 3*time.Second); err != nil {
					return err
				}
				continue
			}
			if err := consumer.Ack(context.Background(), view); err != nil {
				return err
			}
			if strings.HasPrefix(body, prefix) {
				o.receive(body)
			}
		}
	}
	return consumer.GracefulStop()
}
