import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot } from './paths.ts'

/** Whether this process counts coverage, as its children do. */
export const countsCoverage: boolean = process.env['NODE_V8_COVERAGE'] !== undefined

/** Folder of what is compiled where coverage is counted. It stays after the process, since the report reads it. */
export const coverageFolder: string = fromRoot('.cache/coverage')

/** Makes a folder for compiled files, and removes it after its use. It is inside the root, where Node finds packages. */
export async function inCompileFolder<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  const parent = countsCoverage ? coverageFolder : fromRoot('.cache')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, `${name}-`))
  try {
    return await use(folder)
  } finally {
    if (!countsCoverage) rmSync(folder, { recursive: true, force: true })
  }
}
