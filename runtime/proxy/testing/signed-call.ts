import { createHmac } from 'node:crypto'

const DATE = '20260102T030405Z'

/** Headers as the official clients write them. */
export function signedHeaders(username: string, password: string, date: string = DATE): Map<string, string> {
  const signature = createHmac('sha1', password).update(date).digest('hex').toUpperCase()
  return new Map([
    [
      'authorization',
      `MQv2-HMAC-SHA1 Credential=${username}//RocketMQ, SignedHeaders=x-mq-date-time, Signature=${signature}`,
    ],
    ['x-mq-date-time', date],
  ])
}
