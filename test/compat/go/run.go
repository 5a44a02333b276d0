package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

// run is one execution of a scenario.
type run struct {
	*tally
	namesrv, topic, group string
	count                 int
	closers               []func()
}

type listener func(context.Context, ...*primitive.MessageExt) (consumer.ConsumeResult, error)

var instances atomic.Int64

func instance() string {
	return fmt.Sprintf("compat-go-%d-%d", os.Getpid(), instances.Add(1))
}

func (r *run) key(index int) string {
	return fmt.Sprintf("%s-%d", r.group, index)
}

func (r *run) message(index int) *primitive.Message {
	message := primitive.NewMessage(r.topic, []byte("body of "+r.key(index)))
	message.WithKeys([]string{r.key(index)})
	message.WithProperty("number", fmt.Sprint(index))
	return message
}

func (r *run) producer(options ...producer.Option) (rocketmq.Producer, error) {
	options = append([]producer.Option{
		producer.WithNsResolver(primitive.NewPassthroughResolver([]string{r.namesrv})),
		producer.WithGroupName("PID_" + r.group),
		producer.WithInstanceName(instance()),
		producer.WithSendMsgTimeout(10_000_000_000),
	}, options...)
	p, err := rocketmq.NewProducer(options...)
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	r.closers = append(r.closers, func() { _ = p.Shutdown() })
	return p, nil
}

// consume starts a push consumer of the group and returns the function that stops it.
func (r *run) consume(topic, group, tags string, listen listener, options ...consumer.Option) (func(), error) {
	options = append([]consumer.Option{
		consumer.WithNsResolver(primitive.NewPassthroughResolver([]string{r.namesrv})),
		consumer.WithGroupName(group),
		consumer.WithInstance(instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, options...)
	c, err := rocketmq.NewPushConsumer(options...)
	if err != nil {
		return nil, err
	}
	if err := c.Subscribe(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: tags}, listen); err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			_ = c.Shutdown()
		}
	}
	r.closers = append(r.closers, stop)
	return stop, nil
}

// accept checks the body of each message against its key and counts it.
func (r *run) accept(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
	for _, message := range messages {
		if string(message.Body) != "body of "+message.GetKeys() {
			r.fault("wrong body for %s", message.GetKeys())
		}
		r.received(message.GetKeys())
	}
	return consumer.ConsumeSuccess, nil
}

// acknowledged notes a successful send whose message must arrive copies times.
func (r *run) acknowledged(result *primitive.SendResult, err error, key string, copies int) {
	if err != nil {
		r.fault("%s: %v", key, err)
		return
	}
	if result != nil && result.Status != primitive.SendOK {
		r.fault("%s: status %d", key, result.Status)
	}
	r.countSent()
	r.expect(key, copies)
}

func (r *run) sendAll(p rocketmq.Producer, from, to, copies int) {
	for i := from; i < to; i++ {
		result, err := p.SendSync(context.Background(), r.message(i))
		r.acknowledged(result, err, r.key(i), copies)
	}
}
