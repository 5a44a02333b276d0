package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// shareTime is what two consumers get to agree on the queues; the broker tells the first one at once that a second one came.
const shareTime = 4 * time.Second

func (r *run) two(options ...consumer.Option) ([2]*atomic.Int64, error) {
	counts := [2]*atomic.Int64{{}, {}}
	for i := range counts {
		_, err := r.consume(r.topic, r.group, "*", func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
			counts[i].Add(int64(len(messages)))
			return r.accept(ctx, messages...)
		}, options...)
		if err != nil {
			return counts, err
		}
	}
	time.Sleep(shareTime)
	return counts, nil
}

func clustering(r *run) error {
	counts, err := r.two()
	if err != nil {
		return err
	}
	p, err := r.producer()
	if err != nil {
		return err
	}
	r.sendAll(p, 0, r.count, 1)
	r.settle(wait)
	// They may have agreed on the queues later than that.
	deadline := time.Now().Add(wait)
	isMissing := func() bool { return counts[0].Load() == 0 || counts[1].Load() == 0 }
	for next := r.count; isMissing() && time.Now().Before(deadline); next++ {
		time.Sleep(time.Second)
		r.sendAll(p, next, next+1, 1)
		r.settle(wait)
	}
	if isMissing() {
		r.fault("one of the two consumers received nothing")
	}
	return nil
}

func broadcasting(r *run) error {
	counts, err := r.two(consumer.WithConsumerModel(consumer.BroadCasting))
	if err != nil {
		return err
	}
	p, err := r.producer()
	if err != nil {
		return err
	}
	r.sendAll(p, 0, r.count, 2)
	r.settle(wait)
	for _, count := range counts {
		if count.Load() != int64(r.count) {
			r.fault("one consumer received %d", count.Load())
		}
	}
	return nil
}

// orderly: five shards over all queues; every tenth message is suspended once.
func orderly(r *run) error {
	var mu sync.Mutex
	last := map[string]int{}
	suspended := map[string]bool{}
	_, err := r.consume(r.topic, r.group, "*", func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, message := range messages {
			number, _ := strconv.Atoi(message.GetProperty("number"))
			if number%10 == 0 && !suspended[message.GetKeys()] {
				suspended[message.GetKeys()] = true
				return consumer.SuspendCurrentQueueAMoment, nil
			}
			shard := message.GetShardingKey()
			if before, known := last[shard]; known && before >= number {
				r.fault("shard %s: %d after %d", shard, number, before)
			}
			last[shard] = number
		}
		return r.accept(ctx, messages...)
	}, consumer.WithConsumerOrder(true), consumer.WithSuspendCurrentQueueTimeMillis(50*time.Millisecond))
	if err != nil {
		return err
	}
	p, err := r.producer(producer.WithQueueSelector(producer.NewHashQueueSelector()))
	if err != nil {
		return err
	}
	for i := 0; i < r.count; i++ {
		message := r.message(i)
		message.WithShardingKey(fmt.Sprintf("shard-%d", i%5))
		result, err := p.SendSync(context.Background(), message)
		r.acknowledged(result, err, r.key(i), 1)
	}
	r.settle(wait)
	return nil
}

func tagFilter(r *run) error {
	if _, err := r.consume(r.topic, r.group, "red || green", r.accept); err != nil {
		return err
	}
	p, err := r.producer()
	if err != nil {
		return err
	}
	for i := 0; i < r.count; i++ {
		tag := []string{"red", "green", "blue", ""}[i%4]
		message := r.message(i)
		if tag != "" {
			message.WithTag(tag)
		}
		copies := 0
		if i%4 < 2 {
			copies = 1
		}
		result, err := p.SendSync(context.Background(), message)
		r.acknowledged(result, err, r.key(i), copies)
	}
	r.settle(wait)
	return nil
}

// retryToDeadLetter: odd messages fail once, even ones always; those end in the dead-letter topic after 1 + 2 deliveries.
func retryToDeadLetter(r *run) error {
	_, err := r.consume(r.topic, r.group, "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		failed := false
		for _, message := range messages {
			number, _ := strconv.Atoi(message.GetProperty("number"))
			r.received(fmt.Sprintf("%s#%d", message.GetKeys(), message.ReconsumeTimes))
			failed = failed || number%2 == 0 || message.ReconsumeTimes == 0
		}
		if failed {
			return consumer.ConsumeRetryLater, nil
		}
		return consumer.ConsumeSuccess, nil
	}, consumer.WithMaxReconsumeTimes(2))
	if err != nil {
		return err
	}
	p, err := r.producer()
	if err != nil {
		return err
	}
	for i := 0; i < r.count; i++ {
		result, err := p.SendSync(context.Background(), r.message(i))
		r.acknowledged(result, err, r.key(i)+"#0", 1)
		r.expect(r.key(i)+"#1", 1)
		if i%2 == 0 {
			r.expect(r.key(i)+"#2", 1)
			r.expect(r.key(i)+"#dead", 1)
		}
	}
	r.settleTo((r.count+1)/2, wait)
	dead := func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			if message.GetProperty("RETRY_TOPIC") != r.topic {
				r.fault("dead letter without its topic of origin")
			}
			r.received(message.GetKeys() + "#dead")
		}
		return consumer.ConsumeSuccess, nil
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(500 * time.Millisecond) {
		_, err = r.consume("%DLQ%"+r.group, r.group+"-dead", "*", dead)
		if err == nil || time.Now().After(deadline) {
			break
		}
	}
	r.settle(wait)
	return err
}

// restart: a second consumer of the group goes on where the first one stopped.
func restart(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	half := r.count / 2
	for part := 0; part < 2; part++ {
		r.sendAll(p, part*half, (part+1)*half, 1)
		stop, err := r.consume(r.topic, r.group, "*", r.accept)
		if err != nil {
			return err
		}
		r.settle(wait)
		stop()
	}
	return nil
}
