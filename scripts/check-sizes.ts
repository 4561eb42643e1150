/** Keeps the package small and its start quick: what npm installs, and what the command reads and loads before it can serve. */
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
 * declarations 4 kB say who may use a route, 15 kB are listeners, sites, their URLs, plugins and handlers, 12 kB what is on the ports, 0.7 kB the limits of
 * the queue for an upstream. Of what is read at each
 * start 30 kB decide by name and first bytes what is kept back, and in which type, encoding and coding a file goes out;
 * 15 kB are listeners, sites, kinds and ids of routes, which cost less than 1 ms.
 */
const limits = { installed: 3_450_000, eager: 505_000, declarations: 139_500 }

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}

function total(folders: readonly string[]): number {
  return folders.reduce((sum, folder) => sum + sizeOf(fromRoot(folder)), 0)
}

/** A bundled file and all that it imports statically; `await import()` does not count. */
function eagerFiles(entry: string): string[] {
  const files = new Set([entry])
  for (const file of files) {
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export|\} from)\b[^;(]*?["'](\.\.?\/[^"']+)["'];$/gm,
    )) {
      files.add(join(dirname(file), path))
    }
  }
  return [...files]
}

/** The parts of Node that a start loads. Another one takes up to 2 ms: see `src/core/util/builtin.ts`. */
const usualBuiltins =
  'buffer diagnostics_channel events fs fs/promises http net os path stream stream/promises url util'.split(' ')

/** What a file does when it is loaded, beside its size, that makes the start slow. */
function slowParts(file: string): string[] {
  const code = readFileSync(file, 'utf8')
  const builtins = [...code.matchAll(/^const .*?getBuiltinModule\('node:(.+?)'\)/gm)].map(([, name = '']) => name)
  const patterns = code.split('\n').filter((line) => line.includes('\\p{') && !line.includes('String.raw'))
  return [
    ...builtins
      .filter((name) => !usualBuiltins.includes(name))
      .map((name) => `node:${name}, as src/core/util/builtin.ts`),
    ...patterns.map((line) => `${line.trim()}, with src/core/util/late-pattern.ts`),
  ]
}

await buildPackage()
const eager = eagerFiles(fromRoot('dist/cli/main.js'))
const sizes = {
  installed: total(['bin', 'dist', 'templates', 'docs']) - total(['docs/contributing', 'docs/decisions']),
  eager: eager.reduce((sum, file) => sum + statSync(file).size, 0),
  declarations: sizeOf(fromRoot('dist/types')),
}
const names = Object.keys(limits) as (keyof typeof limits)[]
const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`
printTable([['part', 'size', 'limit'], ...names.map((name) => [name, kilobytes(sizes[name]), kilobytes(limits[name])])])
const slow = eager.flatMap(slowParts)
for (const part of slow) console.error(`Every start loads this. Load it late: ${part}`)
process.exitCode = slow.length > 0 || names.some((name) => sizes[name] > limits[name]) ? 1 : 0
