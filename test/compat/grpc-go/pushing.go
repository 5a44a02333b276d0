package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-clients/golang/v5"
)

func counting(o *outcome) func(string, *golang.MessageView) golang.ConsumerResult {
	return func(body string, _ *golang.MessageView) golang.ConsumerResult {
		o.receive(body)
		return golang.SUCCESS
	}
}

func send(producer golang.Producer, message *golang.Message) error {
	receipts, err := producer.Send(context.Background(), message)
	if err == nil && (len(receipts) != 1 || receipts[0].MessageID == "") {
		return fmt.Errorf("%s: %d receipts", message.Body, len(receipts))
	}
	return err
}

func push(o *outcome) error {
	consume := func(body string, view *golang.MessageView) golang.ConsumerResult {
		o.receive(body)
		tag, keys := view.GetTag(), view.GetKeys()
		o.check(tag != nil && *tag == "tag", "%s: tag %v", body, tag)
		o.check(len(keys) == 1 && keys[0] == "key", "%s: keys %v", body, keys)
		o.check(view.GetProperties()["own"] == body, "%s: properties %v", body, view.GetProperties())
		return golang.SUCCESS
	}
	s := subscription{topic: "grpc-normal", group: "g-push", prefix: "go push ", consume: consume}
	return both(s, func(producer golang.Producer) error {
		for i := range 60 {
			body := fmt.Sprintf("go push %d", i)
			message := &golang.Message{Topic: s.topic, Body: []byte(body)}
			message.SetTag("tag")
			message.SetKeys("key")
			message.AddProperty("own", body)
			o.expect(body)
			if err := send(producer, message); err != nil {
				return err
			}
		}
		o.awaitAll()
		return nil
	})
}

func async(o *outcome) error {
	s := subscription{topic: "grpc-normal", group: "g-async", prefix: "go async ", consume: counting(o)}
	return both(s, func(producer golang.Producer) error {
		var answers sync.WaitGroup
		for i := range 40 {
			body := fmt.Sprintf("go async %d", i)
			o.expect(body)
			answers.Add(1)
			message := &golang.Message{Topic: s.topic, Body: []byte(body)}
			producer.SendAsync(context.Background(), message, func(_ context.Context, receipts []*golang.SendReceipt, err error) {
				defer answers.Done()
				o.check(err == nil && len(receipts) == 1, "%s: %d receipts, %v", body, len(receipts), err)
			})
		}
		answers.Wait()
		o.awaitAll()
		return nil
	})
}

func bigBody(o *outcome) error {
	s := subscription{topic: "grpc-normal", group: "g-big-body", prefix: "go big-body ", consume: counting(o)}
	return both(s, func(producer golang.Producer) error {
		for i := range 3 {
			body := fmt.Sprintf("go big-body %d %s", i, strings.Repeat("0123456789abcdef", 1<<16))
			o.expect(body)
			if err := send(producer, &golang.Message{Topic: s.topic, Body: []byte(body)}); err != nil {
				return err
			}
		}
		o.awaitAll()
		return nil
	})
}

func tagFilter(o *outcome) error {
	s := subscription{topic: "grpc-normal", group: "g-tag-filter", prefix: "go tags ", consume: counting(o)}
	s.expression = golang.NewFilterExpression("TagA || TagC")
	return both(s, func(producer golang.Producer) error {
		for i := range 30 {
			body := fmt.Sprintf("go tags %d", i)
			message := &golang.Message{Topic: s.topic, Body: []byte(body)}
			message.SetTag([]string{"TagA", "TagB", "TagC"}[i%3])
			if i%3 != 1 {
				o.expect(body)
			}
			if err := send(producer, message); err != nil {
				return err
			}
		}
		o.awaitAll()
		time.Sleep(2 * time.Second)
		return nil
	})
}

func sqlFilter(o *outcome) error {
	s := subscription{topic: "grpc-normal", group: "g-sql-filter", prefix: "go sql ", consume: counting(o)}
	s.expression = golang.NewFilterExpressionWithType("number > 20", golang.SQL92)
	return both(s, func(producer golang.Producer) error {
		for i := range 30 {
			body := fmt.Sprintf("go sql %d", i)
			message := &golang.Message{Topic: s.topic, Body: []byte(body)}
			message.AddProperty("number", fmt.Sprint(i))
			if i > 20 {
				o.expect(body)
			}
			if err := send(producer, message); err != nil {
				return err
			}
		}
		o.awaitAll()
		time.Sleep(2 * time.Second)
		return nil
	})
}

func retry(o *outcome) error {
	var lock sync.Mutex
	attempts := map[string]int32{}
	consume := func(body string, view *golang.MessageView) golang.ConsumerResult {
		lock.Lock()
		attempts[body]++
		attempt := attempts[body]
		lock.Unlock()
		o.check(view.GetDeliveryAttempt() == attempt, "%s: attempt %d of %d", body, view.GetDeliveryAttempt(), attempt)
		if attempt == 1 {
			return golang.FAILURE
		}
		o.receive(body)
		return golang.SUCCESS
	}
	s := subscription{topic: "grpc-normal", group: "g-retry", prefix: "go retry ", consume: consume}
	return both(s, func(producer golang.Producer) error {
		for i := range 5 {
			body := fmt.Sprintf("go retry %d", i)
			o.expect(body)
			if err := send(producer, &golang.Message{Topic: s.topic, Body: []byte(body)}); err != nil {
				return err
			}
		}
		o.awaitAll()
		return nil
	})
}
