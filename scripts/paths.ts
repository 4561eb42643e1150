import { resolve } from 'node:path'

/** The package's root folder. */
export const root: string = resolve(import.meta.dirname, '..')

/** A path below the package's root. */
export function fromRoot(...segments: readonly string[]): string {
  return resolve(root, ...segments)
}
