import { SerializeType } from '../../codec/remoting/frame.ts'
import type { RemotingCommand, RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import type { ClientChannel } from '../clients/client-info.ts'

/** A client's connection as the registries see it: keeps what was pushed, answers by `answer`. */
export class FakeClient implements ClientChannel {
  readonly remoteText: string
  isOpen = true
  readonly pushed: RequestDraft[] = []
  readonly asked: RequestDraft[] = []
  /** Undefined: never answers in time. */
  answer: (request: RequestDraft) => Response | Error = () => new Error('this client answers nothing')

  constructor(remoteText = '10.0.0.9:5000') {
    this.remoteText = remoteText
  }

  sendOneway(request: RequestDraft): void {
    this.pushed.push(request)
  }

  invoke(request: RequestDraft): Promise<RemotingCommand> {
    this.asked.push(request)
    const answer = this.answer(request)
    if (answer instanceof Error) return Promise.reject(answer)
    const { code, remark, body } = answer
    return Promise.resolve({
      code,
      remark,
      language: 'JAVA',
      version: 0,
      opaque: 0,
      flag: 1,
      serializeType: SerializeType.JSON,
      fields: textFields(answer.fields),
      body: body && Buffer.from(body),
    })
  }

  destroy(): void {
    this.isOpen = false
  }
}

function textFields(fields: Response['fields']): Record<string, string> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [name, String(value)]))
}
