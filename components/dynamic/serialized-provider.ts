import type { dynamic } from '@pulumi/pulumi'
import type { Implementation } from './implementation.ts'
import type { implementations } from './implementations.ts'

/*
 * Pulumi writes the text of a dynamic provider's functions into the state and runs them in another process. There a
 * captured module (an ES import used inside) cannot be written down, nor a class with #private members. So these functions
 * hold two texts and load the real code when called.
 */

/** From sources it is run as .ts, from a build as .js. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const codeUrl = new URL(`./implementations.${extension}`, import.meta.url).href
/** Where the code is when a state was made in another folder or on another machine, seen from the Pulumi project. */
const fallbackPaths = [
  './components/dynamic/implementations.ts',
  './node_modules/gantry/components/dynamic/implementations.js',
  './node_modules/gantry/dist/components/dynamic/implementations.js',
]

type AnyImplementation = Implementation<object, object>

type Provider = dynamic.ResourceProvider<object, object>

/** The SDK writes a provider down once for all resources that have the same object: it takes a while. */
const providers = new Map<string, Provider>()

/** A provider whose methods are those of the implementation of that name. */
export function serializedProvider(name: keyof typeof implementations): Provider {
  const provider = providers.get(name) ?? providerOf(name)
  providers.set(name, provider)
  return provider
}

function providerOf(name: keyof typeof implementations): Provider {
  const urls = [codeUrl]
  const paths = fallbackPaths
  const load = async (): Promise<AnyImplementation> => {
    const { existsSync } = await import('node:fs')
    const { resolve, dirname } = await import('node:path')
    const { pathToFileURL, fileURLToPath } = await import('node:url')
    const folders = [process.cwd(), dirname(process.cwd())]
    const others = folders.flatMap((folder) => paths.map((path) => pathToFileURL(resolve(folder, path)).href))
    const found = [...urls, ...others].find((url) => existsSync(fileURLToPath(url)))
    if (found === undefined) {
      throw new Error(
        `the code of gantry is not where the state says (${urls}): run "pulumi up" from its new place first`,
      )
    }
    return (await import(found)).implementations[name]
  }
  return {
    async check(olds, news) {
      const { problems, settle } = await load()
      const before = Object.keys(olds ?? {}).length > 0 ? olds : undefined
      return {
        inputs: settle === undefined ? news : settle(news, before),
        failures: problems === undefined ? [] : problems(news, before),
      }
    },
    async diff(_id, olds, news) {
      return (await load()).diff(olds, news)
    },
    async create(inputs) {
      return (await load()).create(inputs)
    },
    async read(id, known) {
      const props = await (await load()).read(id, known ?? {})
      return props === undefined ? {} : { id, props }
    },
    async update(_id, olds, news) {
      return { outs: await (await load()).update(olds, news) }
    },
    async delete(_id, known) {
      await (await load()).delete(known)
    },
  }
}
