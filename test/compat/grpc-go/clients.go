package main

import (
	"strings"
	"time"

	"github.com/apache/rocketmq-clients/golang/v5"
	"github.com/apache/rocketmq-clients/golang/v5/credentials"
)

// The consumer has its queues by then.
const settle = 8 * time.Second

func config(group string) *golang.Config {
	return &golang.Config{
		Endpoint:      endpoint,
		ConsumerGroup: group,
		Credentials:   &credentials.SessionCredentials{},
	}
}

// producing starts a producer for as long as use runs.
func producing(topic string, use func(golang.Producer) error, options ...golang.ProducerOption) error {
	producer, err := golang.NewProducer(config(""), append(options, golang.WithTopics(topic))...)
	if err != nil {
		return err
	}
	if err := producer.Start(); err != nil {
		return err
	}
	err = use(producer)
	if stopErr := producer.GracefulStop(); err == nil {
		err = stopErr
	}
	return err
}

// subscription is what a push consumer asks for, and what it does with the bodies that begin with prefix; others are of other
// clients.
type subscription struct {
	topic, group, prefix string
	expression           *golang.FilterExpression
	consume              func(body string, view *golang.MessageView) golang.ConsumerResult
}

// consuming starts a push consumer for as long as use runs; it is there before the first message.
func consuming(s subscription, use func() error) error {
	expression := s.expression
	if expression == nil {
		expression = golang.SUB_ALL
	}
	consume := func(view *golang.MessageView) golang.ConsumerResult {
		body := string(view.GetBody())
		if !strings.HasPrefix(body, s.prefix) {
			return golang.SUCCESS
		}
		return s.consume(body, view)
	}
	consumer, err := golang.NewPushConsumer(config(s.group),
		golang.WithPushAwaitDuration(5*time.Second),
		golang.WithPushSubscriptionExpressions(map[string]*golang.FilterExpression{s.topic: expression}),
		golang.WithPushMessageListener(&golang.FuncMessageListener{Consume: consume}),
		golang.WithPushConsumptionThreadCount(4),
		golang.WithPushMaxCacheMessageCount(1024),
	)
	if err != nil {
		return err
	}
	if err := consumer.Start(); err != nil {
		return err
	}
	time.Sleep(settle)
	err = use()
	if stopErr := consumer.GracefulStop(); err == nil {
		err = stopErr
	}
	return err
}

// both runs use with a producer beside the push consumer.
func both(s subscription, use func(golang.Producer) error, options ...golang.ProducerOption) error {
	return consuming(s, func() error { return producing(s.topic, use, options...) })
}
