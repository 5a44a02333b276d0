package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"math/rand"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

const wait = 120 * time.Second

func (r *run) readBack() error {
	_, err := r.consume(r.topic, r.group, "*", r.accept)
	r.settle(wait)
	return err
}

func sendSync(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	r.sendAll(p, 0, r.count, 1)
	return r.readBack()
}

func sendAsync(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	var answered sync.WaitGroup
	for i := 0; i < r.count; i++ {
		answered.Add(1)
		err := p.SendAsync(context.Background(), func(_ context.Context, result *primitive.SendResult, err error) {
			r.acknowledged(result, err, r.key(i), 1)
			answered.Done()
		}, r.message(i))
		if err != nil {
			return err
		}
	}
	answered.Wait()
	return r.readBack()
}

func sendOneway(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	for i := 0; i < r.count; i++ {
		r.acknowledged(nil, p.SendOneWay(context.Background(), r.message(i)), r.key(i), 1)
	}
	return r.readBack()
}

func sendBatch(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	const size = 10
	for from := 0; from < r.count; from += size {
		batch := []*primitive.Message{}
		for i := from; i < from+size; i++ {
			batch = append(batch, r.message(i))
		}
		result, err := p.SendSync(context.Background(), batch...)
		if err == nil && len(strings.Split(result.OffsetMsgID, ",")) != size {
			r.fault("batch answered %s", result.OffsetMsgID)
		}
		for i := from; i < from+size; i++ {
			r.acknowledged(result, err, r.key(i), 1)
		}
	}
	return r.readBack()
}

func bigBody(r *run) error {
	p, err := r.producer()
	if err != nil {
		return err
	}
	for i, size := range []int{1, 4095, 4097, 65_536, 1_000_000, 3_000_000} {
		for _, body := range [][]byte{bytes.Repeat([]byte{'x'}, size), randomBytes(int64(i), size)} {
			key := fmt.Sprintf("%s-%d-%d-%d", r.group, i, len(body), crc32.ChecksumIEEE(body))
			message := primitive.NewMessage(r.topic, body)
			message.WithKeys([]string{key})
			result, err := p.SendSync(context.Background(), message)
			r.acknowledged(result, err, key, 1)
		}
	}
	_, err = r.consume(r.topic, r.group, "*", func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			if !strings.HasSuffix(message.GetKeys(), fmt.Sprintf("-%d-%d", len(message.Body), crc32.ChecksumIEEE(message.Body))) {
				r.fault("%s: another body arrived", message.GetKeys())
			}
			r.received(message.GetKeys())
		}
		return consumer.ConsumeSuccess, nil
	})
	r.settle(wait)
	return err
}

func randomBytes(seed int64, size int) []byte {
	body := make([]byte, size)
	rand.New(rand.NewSource(seed)).Read(body)
	return body
}

// delay: levels 1 (one second) and 5 (two seconds); not early, at most a few seconds late.
func delay(r *run) error {
	_, err := r.consume(r.topic, r.group, "*", func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			due, _ := strconv.ParseInt(message.GetProperty("due"), 10, 64)
			late := time.Now().UnixMilli() - due
			if late < -200 || late > 10_000 {
				r.fault("%s came %d ms after it was due", message.GetKeys(), late)
			}
		}
		return r.accept(ctx, messages...)
	})
	if err != nil {
		return err
	}
	p, err := r.producer()
	if err != nil {
		return err
	}
	for i := 0; i < r.count; i++ {
		message := r.message(i)
		level, ms := 1, int64(1000)
		if i%2 == 1 {
			level, ms = 5, 2000
		}
		message.WithDelayTimeLevel(level)
		message.WithProperty("due", fmt.Sprint(time.Now().UnixMilli()+ms))
		result, err := p.SendSync(context.Background(), message)
		r.acknowledged(result, err, r.key(i), 1)
	}
	r.settle(wait)
	return nil
}
