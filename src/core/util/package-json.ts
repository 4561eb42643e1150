import { readFileSync, statSync } from 'node:fs'

/** The part of a package.json that shows the kind of a project. */
export interface PackageFacts {
  readonly scripts: Readonly<Record<string, string>>
  /** Names of dependencies of every kind. */
  readonly dependencies: ReadonlySet<string>
}

/** Largest package.json that is read, in bytes. */
const mostBytes = 1024 * 1024

/** Output folders of builds, the most usual first. */
export const buildFolders: readonly string[] = ['dist', 'build', 'out', '_site', 'public', 'storybook-static']

/** Reads a package.json; undefined where there is none, or it cannot be read. */
export function readPackage(path: string): PackageFacts | undefined {
  try {
    const stat = statSync(path)
    if (!stat.isFile() || stat.size > mostBytes) return undefined
    const { scripts, dependencies, devDependencies } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    return {
      scripts: (isRecord(scripts) ? scripts : {}) as Record<string, string>,
      dependencies: new Set(
        [dependencies, devDependencies].flatMap((list) => (isRecord(list) ? Object.keys(list) : [])),
      ),
    }
  } catch {
    return undefined
  }
}

/** The command that runs a script, by the lock file in its folder. */
export function runScript(script: string, names: { has(name: string): boolean }): string {
  if (names.has('pnpm-lock.yaml')) return `pnpm ${script}`
  if (names.has('yarn.lock')) return `yarn ${script}`
  if (names.has('bun.lock') || names.has('bun.lockb')) return `bun run ${script}`
  return script === 'start' ? 'npm start' : `npm run ${script}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
