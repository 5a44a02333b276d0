import { encodeCommand, requestCommand } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import type { Clock, Timer } from '../../runtime/io/clock.ts'
import type { Connection, Network } from '../../runtime/io/network.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { parseAddress } from '../../runtime/net/remoting-client.ts'

/** Longer no answer is. What begins with more speaks another protocol, HTTP for one. */
const answerBytesMax = 16 * 1024 * 1024
const lengthBytes = 4

/**
 * Whether a RocketMQ server is there, with TLS or without: one that takes nothing but TLS hangs up, or says nothing, when it is asked
 * without. A port that somebody else has, as where all connections are taken by a proxy, is none.
 * @param timeoutMs for the connection, and for the answer
 */
export function isServing(
  network: Network,
  address: string,
  timeoutMs: number,
  clock: Pick<Clock, 'after'> = new RealClock(),
): Promise<boolean> {
  const head = new Uint8Array(lengthBytes)
  let headBytes = 0
  let opened: { readonly connection: Connection; readonly timer: Timer } | undefined
  return new Promise((resolve) => {
    network.connect(parseAddress(address), timeoutMs, {
      opened(connection) {
        opened = { connection, timer: clock.after(timeoutMs, () => connection.destroy()) }
        connection.write(encodeCommand(requestCommand({ code: RequestCode.GET_BROKER_CLUSTER_INFO }, 1, false)))
      },
      readBuffer: () => head.subarray(headBytes % lengthBytes),
      received(count) {
        headBytes += count
        if (headBytes < lengthBytes) return
        resolve(new DataView(head.buffer).getUint32(0) <= answerBytesMax)
        opened?.connection.destroy()
      },
      drained: () => {},
      closed() {
        opened?.timer.cancel()
        // After an answer it changes nothing.
        resolve(opened !== undefined)
      },
    })
  })
}
