import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot } from './paths.ts'

/** Whether this process counts coverage, as its children do. */
export const countsCoverage: boolean = process.env['NODE_V8_COVERAGE'] !== undefined

/** Folder of what is compiled where coverage is counted. It stays after the process, since the report reads it. */
export const coverageFolder: string = fromRoot('.cache/coverage')
const compiled = countsCoverage ? coverageFolder : fromRoot('.cache')

/** Folder for what is compiled from these files of the root and their present content. */
export function cacheFolder(name: string, inputs: readonly string[]): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    if (statSync(path).isDirectory()) for (const child of readdirSync(path).toSorted()) add(join(path, child))
    else hash.update(path).update('\0').update(readFileSync(path))
  }
  for (const input of inputs) add(fromRoot(input))
  return join(compiled, `${name}-${hash.digest('hex').slice(0, 16)}`)
}

/** Removes what {@link cacheFolder} named a day ago or longer: no run lasts that long. */
export function removeOldCaches(name: string): void {
  const lastDay = Date.now() - 24 * 60 * 60 * 1000
  for (const folder of readdirSync(compiled)) {
    const path = join(compiled, folder)
    if (folder.startsWith(`${name}-`) && statSync(path).mtimeMs < lastDay) rmSync(path, { recursive: true })
  }
}

/** Makes a folder for compiled files, and removes it after its use. It is inside the root, where Node finds packages. */
export async function inCompileFolder<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(compiled, { recursive: true })
  const folder = mkdtempSync(join(compiled, `${name}-`))
  try {
    return await use(folder)
  } finally {
    if (!countsCoverage) rmSync(folder, { recursive: true, force: true })
  }
}
