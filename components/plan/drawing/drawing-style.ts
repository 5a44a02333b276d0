import type { PlanNode } from '../plan-node.ts'

/** What a node is drawn as: a class of the style sheet, and a line of the legend. */
export const nodeStyles = {
  nameServer: 'NameServer',
  controller: 'controller: elects masters',
  master: 'master',
  slave: 'slave: serves reads while its master is down',
  replica: 'replica: master when elected',
  proxy: 'proxy: speaks gRPC',
} as const

export type NodeStyle = keyof typeof nodeStyles

export const nodeStyle = (node: PlanNode): NodeStyle => {
  if (node.kind !== 'broker') return node.kind
  if (node.role === 'REPLICA') return 'replica'
  return node.role === 'SLAVE' ? 'slave' : 'master'
}

const light: Readonly<Record<NodeStyle, string>> = {
  nameServer: '#ffe8b6',
  controller: '#e8dcf5',
  master: '#c9e7d2',
  slave: '#dbe4f0',
  replica: '#cdeaea',
  proxy: '#f8dcd2',
}

const dark: Readonly<Record<NodeStyle, string>> = {
  nameServer: '#5c4a1c',
  controller: '#46365c',
  master: '#1f5134',
  slave: '#2f4260',
  replica: '#1d5050',
  proxy: '#5e3529',
}

const fills = (colours: Readonly<Record<NodeStyle, string>>): string =>
  Object.entries(colours)
    .map(([style, colour]) => `.${style}{fill:${colour}}`)
    .join('')

/** Readable on a light page and on a dark one: the drawing brings its own ground, and follows what the reader prefers. */
export const styleSheet: readonly string[] = [
  `text{fill:#1f2933}.soft{fill:#52606d}.page{fill:#ffffff}.place{fill:#f1f5f9;stroke:#9fb3c8}.clients{fill:#ffffff;stroke:#9fb3c8}`,
  `.box{stroke:#334e68;stroke-width:1.5}${fills(light)}`,
  `.copies{stroke:#b4432a;stroke-width:2;fill:none}.tip{fill:#b4432a}.routes{stroke:#9a7b2f;stroke-width:1.5;stroke-dasharray:5 4;fill:none}`,
  `@media (prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#aab7c4}.page{fill:#0d1117}.place{fill:#161d27;stroke:#46586c}.clients{fill:#0d1117;stroke:#46586c}`,
  `.box{stroke:#9fb3c8}${fills(dark)}.copies{stroke:#f0876b}.tip{fill:#f0876b}.routes{stroke:#d1ad57}}`,
]
