/** Keeps the package small and its start quick: what npm installs, and what the command reads and loads before it can serve. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
const limits = { installed: 3_450_000, eager: 507_000, declarations: 139_500 }

/**
 * Bytes of modules that a command loads, in an empty folder. With them `check` needs about 60 ms of processor time more than
 * Node alone, where 80 ms are the bound; 0.15 MB are yargs. Load late what only some calls of a command need.
 */
const commandLimits = { version: 715_000, check: 750_000, ls: 730_000, 'explain /': 775_000, 'fetch /': 770_000 }

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

/** Bytes of the modules that a command loads, which V8 lists. */
function loadedBy(command: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-sizes-'))
  const coverage = join(folder, 'coverage')
  const env = { PATH: process.env['PATH'], HOME: folder, NODE_V8_COVERAGE: coverage }
  execFileSync(process.execPath, [fromRoot('bin/serve8008.js'), ...command.split(' ')], { cwd: folder, env })
  const lists = readdirSync(coverage).map((name) => JSON.parse(readFileSync(join(coverage, name), 'utf8')) as Loaded)
  rmSync(folder, { recursive: true })
  const files = lists.flatMap(({ result }) => result.map(({ url }) => url)).filter((url) => url.startsWith('file:'))
  return [...new Set(files)].reduce((sum, url) => sum + statSync(new URL(url)).size, 0)
}

interface Loaded {
  readonly result: readonly { readonly url: string }[]
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
const rows: readonly (readonly [part: string, size: number, limit: number])[] = [
  ...(Object.keys(limits) as (keyof typeof limits)[]).map((name) => [name, sizes[name], limits[name]] as const),
  ...Object.entries(commandLimits).map(
    ([command, limit]) => [`serve8008 ${command}`, loadedBy(command), limit] as const,
  ),
]
const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1000)} kB`
printTable([['part', 'size', 'limit'], ...rows.map(([part, size, limit]) => [part, kilobytes(size), kilobytes(limit)])])
const slow = eager.flatMap(slowParts)
for (const part of slow) console.error(`Every start loads this. Load it late: ${part}`)
process.exitCode = slow.length > 0 || rows.some(([, size, limit]) => size > limit) ? 1 : 0
