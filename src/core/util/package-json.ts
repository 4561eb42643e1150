import { readFileSync, statSync } from 'node:fs'

/** The part of a package.json that tells what a project is. */
export interface PackageFacts {
  readonly scripts: Readonly<Record<string, string>>
  /** Names of dependencies of every kind. */
  readonly dependencies: ReadonlySet<string>
}

/** Bytes of a package.json that is read. */
const mostBytes = 1024 * 1024

/** Folders that builds write, the usual ones first. */
export const buildFolders: readonly string[] = ['dist', 'build', 'out', '_site', 'public', 'storybook-static']

/** What a package.json says, undefined where there is none that can be read. */
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

/** How a script is run by the package manager whose lock file lies in the folder. */
export function runScript(script: string, names: { has(name: string): boolean }): string {
  if (names.has('pnpm-lock.yaml')) return `pnpm ${script}`
  if (names.has('yarn.lock')) return `yarn ${script}`
  if (names.has('bun.lock') || names.has('bun.lockb')) return `bun run ${script}`
  return script === 'start' ? 'npm start' : `npm run ${script}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
