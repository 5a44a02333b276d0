/** The part of package-lock.json that says where npm put which package. */
export interface PackageLock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** A package that something needs when it runs. */
export interface NeededPackage {
  /** Folder from the root: `node_modules/pino`. */
  readonly path: string
  readonly version: string
}

/** The folders whose node_modules Node looks into for the package at `from`, the nearest first. */
function lookedInto(from: string): string[] {
  const nested = from.lastIndexOf('/node_modules/')
  return [from, ...(nested < 0 ? [''] : lookedInto(from.slice(0, nested)))]
}

function resolve(lock: PackageLock, from: string, name: string): string | undefined {
  const places = lookedInto(from).map((folder) =>
    folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`,
  )
  return places.find((place) => lock.packages[place] !== undefined)
}

/** Everything the package in this folder needs when it runs, dependencies of dependencies included, sorted by path. */
export function packageClosure(lock: PackageLock, folder: string): NeededPackage[] {
  const found = new Map<string, NeededPackage>()
  const visit = (from: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = lock.packages[from] ?? {}
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const path = resolve(lock, from, name)
      if (path === undefined && optionalDependencies[name] !== undefined) continue
      const version = path === undefined ? undefined : lock.packages[path]?.version
      if (path === undefined || version === undefined) {
        throw new Error(`package-lock.json has no ${name}, which ${from} needs: run "npm install"`)
      }
      if (found.has(path)) continue
      found.set(path, { path, version })
      visit(path)
    }
  }
  visit(folder)
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
