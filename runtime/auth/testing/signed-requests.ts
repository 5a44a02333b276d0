/** A request that the official client signs for the golden frames. */
export interface SignedRequest {
  readonly name: string
  readonly code: number
  readonly accessKey: string
  readonly secretKey: string
  readonly securityToken?: string
  readonly fields: Readonly<Record<string, string>>
  /** Base64. */
  readonly body?: string
}

const alice = { accessKey: 'alice', secretKey: '12345678' }

export const SIGNED_REQUESTS: readonly SignedRequest[] = [
  {
    ...alice,
    name: 'a message',
    code: 310,
    fields: {
      a: 'PG',
      b: 'orders',
      c: 'TBW102',
      d: '4',
      e: '1',
      f: '0',
      g: '1700000000000',
      h: '0',
      i: 'TAGS\u0001a\u0002',
      j: '0',
      k: 'false',
      l: '0',
      m: 'false',
    },
    body: Buffer.from('hello').toString('base64'),
  },
  {
    ...alice,
    name: 'a heartbeat: fields are the access key alone',
    code: 34,
    fields: {},
    body: Buffer.from('{"clientID":"c"}').toString('base64'),
  },
  { ...alice, name: 'no body', code: 38, fields: { consumerGroup: 'billing' } },
  { ...alice, name: 'a security token', code: 38, securityToken: 'token', fields: { consumerGroup: 'billing' } },
  {
    accessKey: 'zoë',
    secretKey: 'pässwörd😀',
    name: 'other letters',
    code: 11,
    fields: { topic: 'заказы', consumerGroup: 'group "quoted" \\ / \n', subscription: "a > 'é'" },
  },
  {
    ...alice,
    name: 'names in the order of UTF-16',
    code: 11,
    fields: { '\uffee': '1', '\u{1f600}': '2', B: '3', a: '4', é: '5', aa: '6', '\ue000x': '7' },
  },
  {
    accessKey: 'long',
    secretKey: 's'.repeat(100),
    name: 'a secret longer than a block',
    code: 15,
    fields: { topic: 'orders', consumerGroup: 'billing', queueId: '0', commitOffset: '9007199254740993' },
  },
  { ...alice, name: 'a value that is empty', code: 34, fields: { language: '', topic: 'x' } },
]
