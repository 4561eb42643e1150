/** Keeps the package small: what npm installs, and what the command reads before it can serve. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildPackage } from './build.ts'
import { fromRoot } from './paths.ts'
import { printTable } from './run.ts'

/**
 * Bytes. Raise one only with a reason that a user would accept. Of what is installed 0.4 MB makes certificates, so that
 * no user needs openssl; it is read only when one is made. 0.2 MB are the pages for users, which are read offline. 0.15
 * MB are yargs, which reads the command lines of commands alone. 0.2 MB says what is on the ports of the machine and
 * whether it is safe, and is read when that is asked; 0.13 MB are presets for systems and their pages; 0.05 MB
 * read and write DNS messages, for --advertise alone. Of the
 * declarations 4 kB say who may use a route, 14 kB are listeners, sites, plugins and handlers, 12 kB what is on the ports. Of what is read at each
 * start 30 kB decide by name and first bytes what is kept back, and in which type, encoding and coding a file goes out;
 * 15 kB are listeners, sites, kinds and ids of routes, which cost less than 1 ms.
 */
const limits = { installed: 3_450_000, eager: 505_000, declarations: 137_000 }

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}

function total(folders: readonly string[]): number {
  return folders.reduce((sum, folder) => sum + sizeOf(fromRoot(folder)), 0)
}

/** Bytes of a bundled file and of all that it imports statically; `await import()` does not count. */
function eagerSize(entry: string): number {
  const files = new Set([entry])
  for (const file of files) {
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export|\} from)\b[^;(]*?["'](\.\.?\/[^"']+)["'];$/gm,
    )) {
      files.add(join(dirname(file), path))
    }
  }
  return [...files].reduce((sum, file) => sum + statSync(file).size, 0)
}

await buildPackage()
const sizes = {
  installed: total(['bin', 'dist', 'templates', 'docs']) - total(['docs/contributing', 'docs/decisions']),
  eager: eagerSize(fromRoot('dist/cli/main.js')),
  declarations: sizeOf(fromRoot('dist/types')),
}
const names = Object.keys(limits) as (keyof typeof limits)[]
const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`
printTable([['part', 'size', 'limit'], ...names.map((name) => [name, kilobytes(sizes[name]), kilobytes(limits[name])])])
process.exitCode = names.some((name) => sizes[name] > limits[name]) ? 1 : 0
