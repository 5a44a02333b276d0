package main

import (
	"context"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

func (r *run) pullConsumer() (rocketmq.PullConsumer, error) {
	c, err := rocketmq.NewPullConsumer(
		consumer.WithNsResolver(primitive.NewPassthroughResolver([]string{r.namesrv})),
		consumer.WithGroupName(r.group),
		consumer.WithInstance(instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	)
	if err != nil {
		return nil, err
	}
	if err := c.Subscribe(r.topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}); err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	r.closers = append(r.closers, func() { _ = c.Shutdown() })
	return c, nil
}

// pull reads each queue by offset until its end; the answers of the sends say which queues there are.
func pull(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	queues := map[primitive.MessageQueue]int64{}
	for i := 0; i < r.count; i++ {
		result, err := p.SendSync(context.Background(), r.message(i))
		r.acknowledged(result, err, r.key(i), 1)
		if err == nil {
			queues[*result.MessageQueue] = max(queues[*result.MessageQueue], result.QueueOffset)
		}
	}
	c, err := r.pullConsumer()
	if err != nil {
		return err
	}
	for queue, last := range queues {
		for offset := int64(0); offset <= last; {
			result, err := c.PullFrom(context.Background(), &primitive.MessageQueue{Topic: r.topic, BrokerName: queue.BrokerName, QueueId: queue.QueueId}, offset, 32)
			if err != nil {
				return err
			}
			if result.Status != primitive.PullFound {
				r.fault("pull at %d of %d answered %d", offset, last, result.Status)
				break
			}
			for _, message := range result.GetMessageExts() {
				if message.QueueOffset != offset {
					r.fault("offset %d holds a message of offset %d", offset, message.QueueOffset)
				}
				offset++
				_, _ = r.accept(context.Background(), message)
			}
		}
	}
	return nil
}

// poll lets the client share the queues and hands over what it fetched, as a lite pull consumer does.
func poll(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	r.sendAll(p, 0, r.count, 1)
	c, err := r.pullConsumer()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(wait); r.lost() > 0 && time.Now().Before(deadline); {
		request, err := c.Poll(context.Background(), 500*time.Millisecond)
		if consumer.IsNoNewMsgError(err) {
			continue
		}
		if err != nil {
			return err
		}
		_, _ = r.accept(context.Background(), request.GetMsgList()...)
		c.ACK(context.Background(), request, consumer.ConsumeSuccess)
	}
	return nil
}
