import type { Action } from '../../auth/action.ts'
import type { Access } from '../../auth/decision.ts'
import { groupResource, topicResource } from '../../auth/remoting/body-accesses.ts'
import { ClientType, type Settings } from '../wire/definition.ts'

/** A resource of a request: a name in a namespace, which is passed over. */
type Named = { readonly name: string } | undefined

const CONSUMERS: ReadonlySet<number> = new Set([
  ...[ClientType.pushConsumer, ClientType.simpleConsumer, ClientType.pullConsumer],
  ...[ClientType.litePushConsumer, ClientType.liteSimpleConsumer],
])

/*
 * What requests of gRPC are about (source: DefaultAuthorizationContextBuilder). A resource without a name is nothing: what
 * is wrong with such a request its service says.
 */

export function ofTopic(topic: Named, ...actions: Action[]): Access[] {
  return topic === undefined || topic.name === '' ? [] : [{ resource: topicResource(topic.name), actions }]
}

export function ofGroup(group: Named, ...actions: Action[]): Access[] {
  return group === undefined || group.name === '' ? [] : [{ resource: groupResource(group.name), actions }]
}

export function ofMessages(messages: readonly { readonly topic: Named }[]): Access[] {
  const seen = new Set<string>()
  return messages.flatMap(({ topic }) => {
    if (topic === undefined || seen.has(topic.name)) return []
    seen.add(topic.name)
    return ofTopic(topic, 'Pub')
  })
}

interface Consuming {
  readonly group: Named
  readonly topic?: Named
  readonly messageQueue?: { readonly topic: Named } | undefined
}

/** `instead`: an action that will do in place of consuming. */
export function ofConsumer({ group, topic, messageQueue }: Consuming, ...instead: Action[]): Access[] {
  return [...ofGroup(group, 'Sub', ...instead), ...ofTopic(topic ?? messageQueue?.topic, 'Sub', ...instead)]
}

/** Producers need nothing: what they send is looked at. */
export function ofHeartbeat({ group, clientType }: { readonly group: Named; readonly clientType: number }): Access[] {
  return CONSUMERS.has(clientType) ? ofGroup(group, 'Sub') : []
}

/** A client that introduces itself. */
export function ofSettings({ publishing, subscription }: Settings): Access[] {
  return [
    ...(publishing?.topics ?? []).flatMap((topic) => ofTopic(topic, 'Pub')),
    ...ofGroup(subscription?.group, 'Sub'),
    ...(subscription?.subscriptions ?? []).flatMap(({ topic }) => ofTopic(topic, 'Sub')),
  ]
}
