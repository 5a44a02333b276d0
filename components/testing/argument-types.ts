import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/*
 * What the resources of a Pulumi package take, read from the declarations its npm package ships: they are generated from
 * the provider's schema. Only their syntax is read, which takes tenths of a second for the largest package there is,
 * where type-checking takes many seconds.
 */

type Interfaces = ReadonlyMap<string, ts.InterfaceDeclaration>

const { resolve } = createRequire(import.meta.url)

function sourceOf(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
}

/** Interfaces of a file by name, those in namespaces as `namespace.Name`. */
function interfacesIn(statements: readonly ts.Statement[], prefix = ''): Map<string, ts.InterfaceDeclaration> {
  const found = new Map<string, ts.InterfaceDeclaration>()
  for (const statement of statements) {
    if (ts.isInterfaceDeclaration(statement)) found.set(prefix + statement.name.text, statement)
    if (!ts.isModuleDeclaration(statement) || statement.body === undefined || !ts.isModuleBlock(statement.body))
      continue
    const inner = interfacesIn(statement.body.statements, `${prefix}${statement.name.text}.`)
    for (const [name, declaration] of inner) found.set(name, declaration)
  }
  return found
}

/** The argument types of one package. */
export class ArgumentTypes {
  readonly #package: string
  readonly #folder: string
  readonly #nested: Interfaces
  readonly #arguments = new Map<string, ts.InterfaceDeclaration>()

  /** @param packageName e.g. `docker` for `@pulumi/docker` */
  constructor(packageName: string) {
    this.#package = packageName
    this.#folder = dirname(resolve(`@pulumi/${packageName}/package.json`))
    this.#nested = interfacesIn(sourceOf(join(this.#folder, 'types/input.d.ts')).statements)
  }

  /**
   * The arguments of a resource type such as `docker:index/container:Container` or `pulumi:providers:docker`.
   * @throws Error when the package has no such type
   */
  argumentsOf(type: string): ts.InterfaceDeclaration {
    const known = this.#arguments.get(type)
    if (known !== undefined) return known
    const [own, module = '', className = ''] = type.split(':')
    const [file, name] = own === 'pulumi' ? ['provider', 'Provider'] : [module.replace(/^index\//, ''), className]
    if (own !== this.#package && type !== `pulumi:providers:${this.#package}`) {
      throw new Error(`${type} is no type of @pulumi/${this.#package}`)
    }
    const declaration = interfacesIn(sourceOf(join(this.#folder, `${file}.d.ts`)).statements).get(`${name}Args`)
    if (declaration === undefined) throw new Error(`@pulumi/${this.#package} has no arguments for ${type}`)
    this.#arguments.set(type, declaration)
    return declaration
  }

  /** A type named in the arguments of a resource, e.g. `ContainerPort` for `inputs.ContainerPort`. */
  nested(name: string): ts.InterfaceDeclaration {
    const declaration = this.#nested.get(name)
    if (declaration === undefined) throw new Error(`@pulumi/${this.#package} has no type ${name}`)
    return declaration
  }
}
