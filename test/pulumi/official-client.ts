import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { lastWords } from '../../components/platform/docker/engine/container-state.ts'
import type { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { javaImage } from '../docker/java-image.ts'

/*
 * The official Java client (test/compat/java) sends messages to a topic and reads every one of them with two consumers that
 * share the queues: once as a process of this machine, once in a container.
 */

const java = join(import.meta.dirname, '../compat/java/target')
const messages = 40

function command(classPath: string, namesrvAddr: string, topic: string): string[] {
  return [
    'java',
    '-Xmx192m',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Duser.home=/tmp',
    '-Drocketmq.client.rebalance.waitInterval=1000',
    '-Drocketmq.client.rebalance.minInterval=200',
    '-Drmq.logback.configurationFile=rmq.client.logback.xml',
    '-cp',
    classPath,
    'gantry.compat.Main',
    'clustering',
    `namesrv=${namesrvAddr}`,
    `topic=${topic}`,
    `group=group-of-${topic}`,
    `count=${messages}`,
    // Other containers take the machine's time while the consumers share out the queues; test:compat allows none.
    'duplicates=allowed',
  ]
}

/** @throws Error with what it reported when a message was lost or anything else went wrong. */
export async function sendAndConsumeOutside(namesrvAddr: string, topic: string): Promise<void> {
  const [program = '', ...args] = command(`${java}/classes:${java}/lib/*`, namesrvAddr, topic)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the client outside of Docker: ${output}`)
}

/** The same in a container of a network. */
export async function sendAndConsumeInside(
  engine: EngineClient,
  network: string,
  namesrvAddr: string,
  topic: string,
): Promise<void> {
  const Cmd = command('/opt/client/classes:/opt/client/lib/*', namesrvAddr, topic)
  const json = { Image: javaImage, Cmd, HostConfig: { NetworkMode: network } }
  const { Id } = await engine.ask<{ Id: string }>('POST', '/containers/create', { json })
  try {
    await engine.ask('POST', `/containers/${Id}/start`)
    const { StatusCode } = await engine.ask<{ StatusCode: number }>('POST', `/containers/${Id}/wait`)
    if (StatusCode !== 0) throw new Error(`the client in network ${network}: ${await lastWords(engine, Id)}`)
  } finally {
    await engine.ask('DELETE', `/containers/${Id}?force=1`)
  }
}
