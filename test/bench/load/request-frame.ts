/** Builds a request once, so that only digits in it change from send to send. */
export function requestFrame(request: {
  code: number
  opaque: number
  fields: Record<string, string>
  body: Buffer
  isBinary: boolean
  /** 2: oneway. */
  flag?: number
}): Buffer {
  const header = request.isBinary ? binaryHeader(request) : jsonHeader(request)
  const bytes = Buffer.alloc(8 + header.length + request.body.length)
  bytes.writeInt32BE(4 + header.length + request.body.length, 0)
  bytes.writeInt32BE(((request.isBinary ? 1 : 0) << 24) | header.length, 4)
  header.copy(bytes, 8)
  request.body.copy(bytes, 8 + header.length)
  return bytes
}

interface HeaderParts {
  readonly code: number
  readonly opaque: number
  readonly fields: Record<string, string>
  readonly flag?: number
}

function jsonHeader({ code, opaque, fields, flag = 0 }: HeaderParts): Buffer {
  const header = { code, extFields: fields, flag, language: 'JAVA', opaque }
  return Buffer.from(JSON.stringify({ ...header, serializeTypeCurrentRPC: 'JSON', version: 513 }))
}

// int16 code, int8 language, int16 version, int32 opaque, int32 flag, int32 remark length (0),
// int32 length of all fields, then each: int16 key length + key, int32 value length + value
function binaryHeader(request: HeaderParts): Buffer {
  const parts: Buffer[] = []
  for (const [key, value] of Object.entries(request.fields)) {
    const head = Buffer.alloc(2)
    head.writeInt16BE(key.length)
    const size = Buffer.alloc(4)
    size.writeInt32BE(value.length)
    parts.push(head, Buffer.from(key), size, Buffer.from(value))
  }
  const pairs = Buffer.concat(parts)
  const fixed = Buffer.alloc(21)
  fixed.writeInt16BE(request.code, 0)
  fixed.writeInt16BE(513, 3)
  fixed.writeInt32BE(request.opaque, 5)
  fixed.writeInt32BE(request.flag ?? 0, 9)
  fixed.writeInt32BE(pairs.length, 17)
  return Buffer.concat([fixed, pairs])
}

/** Where `marker` stands in a frame. @throws Error when it does not: the template and its reader disagree. */
export function placeOf(frame: Buffer, marker: string): number {
  const at = frame.indexOf(marker)
  if (at < 0) throw new Error(`the frame has no "${marker}" to patch`)
  return at
}

export function putDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = 0x30 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}
