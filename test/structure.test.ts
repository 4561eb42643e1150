import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, resolve, sep } from 'node:path'
import { before, describe, test } from 'node:test'
import { build } from 'esbuild'
import { breachesOf, measure, readSources } from '../scripts/source-tree.ts'

const root = resolve(import.meta.dirname, '..')

/** Folders whose files are used from anywhere above them. */
const open = ['core', 'http', 'config', 'pages', 'middleware', 'server', 'cli']

/** Folders that are entered through one file. */
const entries: Record<string, string> = {
  advertise: 'advertise/advertise.ts',
  control: 'control/control.ts',
  dashboard: 'dashboard/dashboard.ts',
  inspect: 'inspect/inspect.ts',
  'inspect/filter': 'inspect/filter/filter.ts',
  'inspect/har': 'inspect/har/har.ts',
  'inspect/redact': 'inspect/redact/redact.ts',
  live: 'live/live.ts',
  'live/inject': 'live/inject/inject.ts',
  'middleware/auth': 'middleware/auth/auth.ts',
  'middleware/guard': 'middleware/guard/guard.ts',
  net: 'net/net.ts',
  'net/owners': 'net/owners/owners.ts',
  proxy: 'proxy/proxy.ts',
  routes: 'routes/routes.ts',
  scan: 'scan/scan.ts',
  'scan/processes': 'scan/processes/processes.ts',
  static: 'static/static.ts',
  tls: 'tls/tls.ts',
}

/**
 * Further entries: of a sub-folder that others use too, of what the library loads late, of what is loaded before the rest,
 * and of what serving does not need.
 */
const furtherEntries = [
  'net/owners/owners.ts',
  'scan/library.ts',
  'middleware/auth/password-file.ts',
  'control/running-servers.ts',
  'inspect/exchange-json.ts',
  'inspect/filter/filter.ts',
  'inspect/har/har.ts',
  'control/server-registry.ts',
]

/** What features import at run time. They never import each other: they meet in server/pipeline.ts. */
const feature = ['core', 'http', 'pages']

/**
 * What the files of each folder import at run time beside their own folder. `proxy` stands for that folder with all
 * below it, `proxy/` for its files alone. A new folder has to be written down here. Types come from anywhere.
 */
const below: Record<string, readonly string[]> = {
  core: ['core/util'],
  'core/util': [],

  http: ['core', 'http'],
  'http/message': ['core'],
  'http/semantics': ['core', 'http/message'],
  'http/body': ['core', 'http/message'],
  'http/h1': ['core', 'http'],
  'http/h2': ['core', 'http'],

  config: ['core', 'http', 'config'],
  'config/values': ['core', 'http', 'config/'],
  'config/options': ['core', 'http', 'config/', 'config/values', 'config/kinds'],
  'config/kinds': ['core', 'http', 'config/', 'config/values', 'config/options'],
  'config/foreign-proxy': ['core', 'http', 'config/', 'config/resolve'],
  'config/validate': ['core', 'http', 'config/', 'config/options', 'config/kinds'],
  'config/sources': ['core', 'http', 'config/', 'config/options', 'config/validate', 'config/kinds'],
  'config/resolve': ['core', 'http', 'config/', 'config/values', 'config/options', 'config/validate', 'config/kinds'],

  pages: ['core', 'http'],

  advertise: feature,
  control: feature,
  dashboard: [...feature, 'config/kinds'],
  'dashboard/page': ['core', 'pages', 'inspect/filter'],
  inspect: [...feature, 'inspect'],
  'inspect/access-log': feature,
  'inspect/filter': feature,
  'inspect/har': feature,
  'inspect/redact': feature,
  live: [...feature, 'live/tracking', 'live/inject', 'live/watch'],
  'live/tracking': feature,
  'live/inject': [...feature, 'live/'],
  'live/watch': [...feature, 'live/'],
  'live/client': [],
  middleware: feature,
  'middleware/auth': feature,
  'middleware/guard': feature,
  net: [...feature, 'net/owners'],
  'net/owners': feature,
  proxy: [...feature, 'proxy'],
  'proxy/upstream': [...feature, 'proxy'],
  'proxy/request': [...feature, 'proxy/', 'proxy/upstream'],
  'proxy/response': [...feature, 'proxy/', 'proxy/upstream'],
  'proxy/h1': [...feature, 'proxy/', 'proxy/upstream', 'proxy/response'],
  'proxy/h2': [...feature, 'proxy/', 'proxy/upstream', 'proxy/response'],
  routes: [...feature, 'routes/match', 'config/kinds'],
  'routes/match': feature,
  scan: [...feature, 'net', 'scan'],
  'scan/findings': [...feature, 'scan/', 'scan/identify', 'scan/verify'],
  'scan/identify': feature,
  'scan/processes': [...feature, 'net'],
  'scan/verify': [...feature, 'net', 'scan/', 'scan/identify'],
  static: [...feature, 'static'],
  'static/access': [...feature, 'static'],
  'static/files': [...feature, 'static'],
  tls: [...feature, 'tls/authority', 'tls/issue', 'tls/user-certificates'],
  'tls/authority': [...feature, 'tls/', 'tls/issue', 'tls/trust'],
  'tls/issue': [...feature, 'tls/', 'tls/authority'],
  'tls/user-certificates': [...feature, 'tls/'],
  'tls/trust': feature,

  server: ['core', 'http', 'config', 'pages', 'server', ...Object.keys(entries), 'middleware'],
  'server/listeners': ['core', 'http', 'config', 'net', 'tls', 'advertise'],

  cli: ['core', 'config', 'control', 'inspect', 'scan', 'server', 'cli'],
  'cli/args': ['core', 'config'],
  'cli/output': ['core', 'config', 'cli/args'],
  'cli/commands': [
    'core',
    'config',
    'control',
    'inspect',
    'scan',
    'server',
    'cli/',
    'cli/args',
    'cli/output',
    'cli/doctor',
  ],
  'cli/doctor': ['core', 'config', 'control', 'scan', 'server', 'cli/', 'cli/output', 'cli/commands'],
  'cli/serve': ['core', 'config', 'control', 'scan', 'server', 'cli/', 'cli/args', 'cli/output'],

  '.': ['core', 'http', 'config', 'scan', 'server'],
}

interface Import {
  /** Importing file below src, with slashes. */
  readonly from: string
  /** As written. */
  readonly specifier: string
  /** Imported file below src, or undefined for a package. */
  readonly file: string | undefined
  /** Whether it is an `import()`. */
  readonly isLate: boolean
}

function sources(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => path.split(sep).join('/'))
    .toSorted()
}

function read(file: string): string {
  return readFileSync(join(root, 'src', file), 'utf8')
}

/** The folder at the top that a file belongs to. */
function topFolder(file: string): string {
  return file.split('/')[0] ?? ''
}

function isWithin(file: string, folder: string): boolean {
  return file.startsWith(`${folder}/`)
}

function mayImport(from: string, file: string): boolean {
  const folder = posix.dirname(file)
  if (folder === posix.dirname(from)) return true
  const allowed = below[posix.dirname(from)] ?? []
  return allowed.some((each) => (each.endsWith('/') ? `${folder}/` === each : isWithin(file, each)))
}

/** The sources that a file names in its imports. */
function importedBy(file: string): string[] {
  const named = [...read(file).matchAll(/\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/g)]
  return named.map(([, fixed, late]) => posix.join(posix.dirname(file), fixed ?? late ?? ''))
}

/** Every import that is there at run time: esbuild drops `import type` and understands `import()`. */
async function runtimeImports(files: readonly string[]): Promise<Import[]> {
  const imports: Import[] = []
  await build({
    absWorkingDir: root,
    entryPoints: files.map((file) => `src/${file}`),
    outdir: 'unused',
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    plugins: [
      {
        name: 'collect',
        setup(builder) {
          builder.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
            if (kind === 'entry-point') return undefined
            const from = importer
              .slice(join(root, 'src').length + 1)
              .split(sep)
              .join('/')
            const file = path.startsWith('.') ? posix.join(posix.dirname(from), path) : undefined
            imports.push({ from, specifier: path, file, isLate: kind === 'dynamic-import' })
            return { path, external: true }
          })
        },
      },
    ],
  })
  return imports
}

function assertNone(found: readonly string[], law: string): void {
  if (found.length > 0) assert.fail(`${law}:\n  ${found.join('\n  ')}`)
}

describe('the sources', () => {
  const files = sources()
  let imports: Import[] = []
  before(async () => {
    imports = await runtimeImports(files)
  })

  test('the imports of the sources were found', () => {
    assert.ok(files.length > 10)
    assert.ok(imports.some(({ file }) => file === 'core/serve-error.ts'))
    assert.ok(imports.some(({ specifier }) => specifier.startsWith('node:')))
  })

  test('an exported name is defined once, and files are neither long nor fragments', () => {
    assertNone(breachesOf(measure(readSources())), 'beyond a limit of scripts/source-tree.ts')
  })

  test('every folder is known, and imports point down', () => {
    assertNone(
      [...new Set(files.map((file) => posix.dirname(file)))].filter((folder) => below[folder] === undefined),
      'folders that the table does not name',
    )
    const found = imports.flatMap(({ from, file }) =>
      file === undefined || mayImport(from, file) ? [] : [`${from} -> ${file}`],
    )
    assertNone(found, 'imports that point up or aside')
  })

  test('no files import each other in a circle, types included', () => {
    const follows = new Map(files.map((file) => [file, importedBy(file)]))
    // What stands on no circle has nothing behind it or nothing before it, once others of that kind are gone.
    for (let size = NaN; size !== follows.size;) {
      size = follows.size
      const led = new Set([...follows.values()].flat())
      for (const [file, next] of follows) {
        if (!led.has(file) || !next.some((each) => follows.has(each))) follows.delete(file)
      }
    }
    assertNone(
      [...follows].map(([file, next]) => `${file} -> ${next.filter((each) => follows.has(each)).join(', ')}`),
      'files on a circle, or between two',
    )
  })

  test('features are entered through their entries', () => {
    const tops = [...new Set(files.map(topFolder))].filter((name) => name !== 'index.ts')
    assertNone(
      tops.filter((name) => !open.includes(name) && entries[name] === undefined),
      'folders without an entry',
    )
    assertNone(
      Object.values(entries).filter((entry) => !files.includes(entry)),
      'entries that are not there',
    )
    const found = imports.flatMap(({ from, file }) => {
      if (file === undefined) return []
      const closed = Object.keys(entries).filter((folder) => isWithin(file, folder) && !isWithin(from, folder))
      const isEntry = (folder: string): boolean => entries[folder] === file || furtherEntries.includes(file)
      return closed.every(isEntry) ? [] : [`${from} -> ${file}`]
    })
    assertNone(found, 'imports past an entry')
  })

  test('files that find others through import.meta lie as deep as built files', () => {
    // A built file lies two folders below the root: `../../templates/` has to hold in both.
    const found = files.filter(
      (file) => /\bimport\.meta\.(?:url|dirname|filename)\b/.test(code(file)) && file.split('/').length !== 2,
    )
    assertNone(
      found.filter((file) => !isWithin(file, 'live/client')),
      'files too deep for import.meta',
    )
  })

  test('serving loads neither yargs nor a command', () => {
    const early = new Set(['cli/main.ts'])
    const fixed = imports.filter(({ isLate }) => !isLate)
    for (const reached of early)
      for (const { from, file } of fixed) if (from === reached && file !== undefined) early.add(file)
    assert.ok(early.size > 100)
    const yargs = fixed.filter(({ from, specifier }) => early.has(from) && specifier === 'yargs')
    const commands = [...early].filter((file) => /^cli\/commands\/(?!registry\.ts)/.test(file))
    assertNone([...yargs.map(({ from }) => from), ...commands], 'loaded by serving')
  })

  test('node:http is used by the servers of http and by clients of other servers only, types included', () => {
    const allowed = ['server', 'upgrades', 'write-response', 'middleware-messages'].map((name) => `http/h1/${name}.ts`)
    const clients =
      /^(?:http|proxy)\/h2\/|^scan\/(?:identify|verify)\/http2\.ts$|^proxy\/(?:h1\/(?:upgrade|trailer-transport|raw-response))\.ts$/
    const pattern = /\b(from|import|import\s*\()\s*['"](node:)?http[s2]?['"]/
    assertNone(
      files.filter((file) => !allowed.includes(file) && !clients.test(file) && pattern.test(withoutApiTypes(file))),
      'node:http',
    )

    /** The public types of `handler` and `upgrade`, which are listeners of node:http. */
    function withoutApiTypes(file: string): string {
      return file === 'server/types.ts' ? read(file).replace(/^import type .* from 'node:http'$/m, '') : read(file)
    }
  })

  test('process globals live in the command only', () => {
    const pattern = /\bprocess\s*\.\s*(argv|env|cwd|chdir|exit|exitCode|stdin|stdout|stderr|on|once|kill|umask)\b/
    const named = /import\s*\{[^}]*\}\s*from\s*['"](node:)?process['"]/
    const library = files.filter((file) => topFolder(file) !== 'cli')
    assertNone(
      library.filter((file) => pattern.test(code(file)) || named.test(code(file))),
      'process globals',
    )
  })

  test('exports have names', () => {
    assertNone(
      files.filter((file) => /^export\s+default\b|\bas\s+default\b/m.test(code(file))),
      'default exports',
    )
  })

  test('only the public index and the entries of features export what other files define', () => {
    const barrels = files.filter(
      (file) =>
        file !== 'index.ts' &&
        !Object.values(entries).includes(file) &&
        /^export\s+\*\s|^export\s*\{[^}]*\}\s*from/m.test(code(file)),
    )
    assertNone(barrels, 'barrels')
  })
})

/** Without comments, so that a comment may speak of what the code must not do. */
function code(file: string): string {
  return read(file).replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
}

describe('the repository', () => {
  const workflows = readdirSync(join(root, '.github/workflows')).map((name) => ({
    name,
    text: readFileSync(join(root, '.github/workflows', name), 'utf8'),
  }))

  test('workflows pin every action by digest, since a tag can be moved', () => {
    const used = workflows.flatMap(({ text }) =>
      [...text.matchAll(/\buses:\s*(\S+)/g)].map(([, action = '']) => action),
    )
    assert.ok(used.length > 0)
    assertNone(
      used.filter((action) => !/@[0-9a-f]{40}$/.test(action)),
      'actions without a digest',
    )
  })

  test('no script of a dependency runs where the tests or a release run', () => {
    const gate = { name: '.ci/run', text: readFileSync(join(root, '.ci/run'), 'utf8') }
    const installs = [...workflows, gate].flatMap(({ name, text }) =>
      text.split('\n').flatMap((line) => (/\bnpm (?:ci|install)\b.*[^']$/.test(line) ? [{ name, line }] : [])),
    )
    assert.ok(installs.length > 0)
    assertNone(
      installs.filter(({ line }) => !line.includes('--ignore-scripts')).map(({ name, line }) => `${name}: ${line}`),
      'installs that run scripts',
    )
  })

  test('workflows may read alone, and a release may prove besides where it comes from', () => {
    for (const { name, text } of workflows) {
      assert.match(text, /^permissions:\n {2}contents: read\n(?! )/m, name)
      const granted = [...text.matchAll(/^ +([\w-]+: write)$/gm)].map(([, right]) => right)
      assert.deepEqual(granted, name === 'release.yml' ? ['id-token: write'] : [], name)
      assert.doesNotMatch(text, /secrets\.|NODE_AUTH_TOKEN/, name)
    }
    const publishing = workflows.flatMap(({ text }) => [...text.matchAll(/npm publish.*/g)].map(([line]) => line))
    assert.deepEqual(publishing, ['npm publish --provenance --access public'])
  })

  test('updates of packages and of actions are watched, and wait for a week', () => {
    const text = readFileSync(join(root, '.github/dependabot.yml'), 'utf8')
    const [, ...parts] = text.split(/^ {2}- package-ecosystem: /m)
    assert.deepEqual(new Set(parts.map((part) => part.split('\n')[0])), new Set(['npm', 'github-actions']))
    for (const part of parts) assert.match(part, /cooldown:\n +default-days: 7\n/)
  })

  test('the lock file names no registry', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>
    }
    const found = Object.entries(lock.packages).flatMap(([name, { resolved }]) =>
      resolved?.includes('://') ? [name] : [],
    )
    assertNone(found, 'packages with an address')
  })

  test('node itself is not a dependency: it would shadow the installed one in npm scripts', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const names = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies].flatMap((table) =>
      Object.keys(table ?? {}),
    )
    assert.equal(names.includes('node'), false)
    assert.equal(manifest.dependencies, undefined, 'what is bundled is not installed again')
  })
})
