import assert from 'node:assert/strict'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { SourcePosition } from '../../src/core/serve-error.ts'
import { folderOf, run, serve, type Command } from './command.ts'
import { runHere, serveHere } from './here.ts'

const unsettled: readonly (readonly [string, string, string])[] = [
  ['a promise that it exports', 'serve8008.config.mjs', 'export default new Promise(() => {})'],
  ['a promise that it awaits', 'serve8008.config.mjs', 'await new Promise(() => {})\nexport default {}'],
  ['a promise that its function gives', 'serve8008.config.mjs', 'export default () => new Promise(() => {})'],
  ['a promise of CommonJS', 'serve8008.config.cjs', 'module.exports = new Promise(() => {})'],
]
for (const [what, name, text] of unsettled) {
  test(`fails with the reason for a config file that waits for ${what} for ever`, async (t) => {
    const cwd = await folderOf(t, { [name]: text })
    for (const words of [['--port', '0'], ['check']]) {
      const { exitCode, stderr } = await run(t, words, { cwd })
      assert.equal(exitCode, 2)
      assert.match(stderr, /never gives its options: what it awaits or exports is never settled/)
      assert.match(stderr, /E8008_CONFIG_UNREADABLE {3}Export the options, or a promise of them that is settled/)
    }
  })
}

test('a config file that ends the process is an error of check, of serving and of explain', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': 'process.exit(0)' })
  for (const words of [['--port', '0'], ['check'], ['explain', '/']]) {
    const { exitCode, stderr } = await run(t, words, { cwd })
    assert.equal(exitCode, 2)
    assert.match(stderr, /serve8008\.config\.mjs cannot be loaded: it ends the process before it gives its options/)
  }
})

test('says once that options hold too many values', async (t) => {
  const text = 'export default { allowHost: Array.from({ length: 300_000 }, (_, i) => `h${i}.test`) }'
  const { exitCode, stderr } = await runHere(t, ['check'], { cwd: await folderOf(t, { 'serve8008.config.mjs': text }) })
  assert.equal(exitCode, 2)
  assert.match(stderr, /^serve8008\.config\.mjs: allowHost: the options hold more than 250000 values\n/)
})

test('waits for options that come late', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.mjs': `export default new Promise((resolve) => setTimeout(resolve, 300, { headers: { 'x-late': 'yes' } }))`,
  })
  const { url } = await serveHere(t, [], { cwd })
  assert.equal((await fetch(url)).headers.get('x-late'), 'yes')
})

test('refuses a mount of a host name in a word, a flag and a config file, and says how to serve one', async (t) => {
  const config = JSON.stringify({ mounts: { 'docs.localhost': './docs' } })
  const cwd = await folderOf(t, { 'docs/index.html': 'x', 'hosts.json': config })
  for (const [words, docs] of [
    [['docs.localhost=./docs'], './docs'],
    [['--mount', 'docs.localhost=./docs'], './docs'],
    [['--config', 'hosts.json'], join(realpathSync(cwd), 'docs')],
  ] as const) {
    const { exitCode, stderr } = await runHere(t, ['check', ...words], { cwd })
    assert.equal(exitCode, 2, words.join(' '))
    assert.match(stderr, /"docs\.localhost" is a host name, and a mount is a path\nE8008_CONFIG_INVALID/)
    const fix = `Start a second server for that folder (serve8008 ${docs} --port 8081) and forward to it (--proxy docs.localhost=http://localhost:8081)`
    assert.ok(stderr.includes(fix), stderr)
  }
})

test('reports a config object that contains itself as E8008_CONFIG_INVALID', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.mjs': `const it = { to: 3000 }\nit.tls = it\nexport default { proxy: { '/a': it } }`,
  })
  const { exitCode, stderr } = await runHere(t, ['--port', '0'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /^serve8008\.config\.mjs: proxy\.\/a\.tls: the value contains itself\nE8008_CONFIG_INVALID/)
})

const habits: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'module.exports in a module',
    'serve8008.config.mjs',
    'module.exports = { port: 0 }',
    /module is not defined .*\nE8008_CONFIG_UNREADABLE {3}Write export default \{ … \} and import, or rename it to serve8008\.config\.cjs\n/,
  ],
  [
    'require in a module',
    'serve8008.config.mjs',
    "const { join } = require('path')\nexport default {}",
    /require is not defined .*\nE8008_CONFIG_UNREADABLE {3}Write export default \{ … \} and import, or rename it to serve8008\.config\.cjs\n/,
  ],
  [
    '__dirname in a module',
    'serve8008.config.mjs',
    'export default { root: __dirname }',
    /__dirname is not defined .*\nE8008_CONFIG_UNREADABLE {3}Write import\.meta\.dirname\n/,
  ],
  [
    'a function that takes the mode',
    'serve8008.config.mjs',
    "export default ({ mode }) => ({ live: mode === 'development' })",
    /Cannot destructure .* \(line 1, column \d+\)\.\nE8008_CONFIG_UNREADABLE {3}The function gets no arguments: read the environment instead\n/,
  ],
  [
    'an object that inherits',
    'serve8008.config.mjs',
    'export default { __proto__: { port: 0 }, live: false }',
    /holds an object, not options\.\nE8008_CONFIG_UNREADABLE {3}Use an object that inherits nothing\n/,
  ],
]
for (const [what, name, text, message] of habits) {
  test(`a config file with ${what} says what to write`, async (t) => {
    const cwd = await folderOf(t, { [name]: text })
    const { exitCode, stderr } = await runHere(t, ['check'], { cwd })
    assert.equal(exitCode, 2)
    assert.match(stderr, message)
  })
}

const places: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  [
    'the syntax of a module',
    { 'serve8008.config.mjs': 'export default {\n  port: 3000,,\n}' },
    /^serve8008\.config\.mjs cannot be loaded: Unexpected token ',' \(line 2, column 14\)\.$/m,
  ],
  [
    'the syntax of CommonJS',
    { 'serve8008.config.cjs': 'module.exports = {\n  port: 3000,,\n}' },
    /^serve8008\.config\.cjs cannot be loaded: Unexpected token ',' \(line 2, column 14\)\.$/m,
  ],
  [
    'the syntax of JSON',
    { 'serve8008.config.json': '{\n  "port": 3000,,\n}' },
    /^serve8008\.config\.json is not valid JSON at line 2, column 16\.$/m,
  ],
  [
    'the syntax of what a module imports',
    { 'serve8008.config.mjs': `export { default } from './routes.mjs'`, 'routes.mjs': '\n\nexport default {{}' },
    /^serve8008\.config\.mjs cannot be loaded: Unexpected token '\{' \(routes\.mjs, line 3, column 17\)\.$/m,
  ],
  [
    'the syntax of CommonJS that a module imports',
    { 'serve8008.config.mjs': `import it from './it.cjs'\nexport default it`, 'it.cjs': 'module.exports = {,}' },
    /^serve8008\.config\.mjs cannot be loaded: Unexpected token ',' \(it\.cjs, line 1, column 19\)\.$/m,
  ],
  [
    'a name that is not there',
    { 'serve8008.config.mjs': '\n\nexport default { port: nowhere }' },
    /^serve8008\.config\.mjs cannot be loaded: nowhere is not defined \(line 3, column 24\)\.$/m,
  ],
  [
    'an export that is not there',
    { 'serve8008.config.mjs': `import { a } from './b.mjs'\nexport default a`, 'b.mjs': '' },
    /does not provide an export named 'a' \(line 1, column 10\)\.$/m,
  ],
  [
    'a module that is not there, which Node names with the file that imports it',
    { 'serve8008.config.mjs': `import './b.mjs'` },
    /^serve8008\.config\.mjs cannot be loaded: Cannot find module '\S+b\.mjs' imported from \S+serve8008\.config\.mjs\.$/m,
  ],
  [
    'what Node itself throws in it',
    { 'serve8008.config.mjs': `export default JSON.parse('{,')` },
    / in JSON at position 1\b.* \(line 1, column 21\)\.$/m,
  ],
  [
    'a function that throws',
    { 'serve8008.config.mjs': `export default async () => {\n  throw new Error('no database')\n}` },
    /^serve8008\.config\.mjs cannot be loaded: no database \(line 2, column 9\)\.$/m,
  ],
]
for (const [what, files, expected] of places) {
  // Node 20 throws the error of CommonJS once more, when the command has ended.
  const ask = 'it.cjs' in files ? run : runHere
  test(`says where ${what} is wrong`, async (t) => {
    const cwd = await folderOf(t, files)
    const { exitCode, stderr } = await ask(t, ['check'], { cwd })
    assert.equal(exitCode, 2)
    assert.match(stderr, expected)
    // For programs the place of the sentence is keys as well.
    const json = await ask(t, ['check', '--json'], { cwd })
    const { error } = JSON.parse(json.stderr) as { error: { message: string } & Partial<SourcePosition> }
    const [, name, line, column] = /(?:\((\S+), |\(| at )line (\d+), column (\d+)/.exec(error.message) ?? []
    const { file } = error
    assert.deepEqual(
      [file === undefined ? undefined : relative(realpathSync(cwd), realpathSync(file)), error.line, error.column],
      line === undefined
        ? [undefined, undefined, undefined]
        : [name ?? Object.keys(files)[0], Number(line), Number(column)],
    )
  })
}

for (const [name, isRead] of [
  ['serve8008.config.yaml', false],
  ['serve8008.config.toml', false],
  ['serve8008.json', false],
  ['.serve8008rc', false],
  ['serve8008.config.cjs', true],
  ['serve8008.md', undefined],
] as const) {
  test(`${isRead === false ? 'warns of' : 'says nothing of'} a file ${name}`, async (t) => {
    const cwd = await folderOf(t, { [name]: isRead === true ? 'module.exports = { port: 3000 }' : 'port: 3000' })
    const { stdout } = await runHere(t, ['check', '--json'], { cwd })
    const { file, warnings } = JSON.parse(stdout) as { file: string | null; warnings: { message: string }[] }
    assert.equal(file !== null, isRead === true)
    const message = `${name} is not read: it is not a name of a config file.`
    assert.deepEqual(
      warnings.map((warning) => warning.message),
      isRead === false ? [message] : [],
    )
    const { stderr } = await runHere(t, ['check', '--no-config'], { cwd })
    assert.equal(stderr, '')
  })
}

test('the start warns of a config file that is not read', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.yml': 'port: 3000' })
  const { stderr } = await serveHere(t, [], { cwd })
  await stderr(/serve8008\.config\.yml is not read: .*\n {9}Write it as serve8008\.config\.json, \.js or \.ts/)
})

test('says where an edit is wrong, in its syntax and when it runs, and that the old routes stay', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': 'export default {}' })
  const { stderr } = await serveHere(t, [], { cwd })
  for (const [, files, expected] of [places[0], places.at(-1)] as typeof places) {
    writeFileSync(join(cwd, 'serve8008.config.mjs'), `${Object.values(files)[0]}\n`)
    await stderr(expected)
  }
  await stderr(/no database[^]*serve8008\.config\.mjs was not applied; the previous routes stay in use/)
})

test('reports an edit that waits for ever', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': 'export default {}' })
  const { stderr } = await serveHere(t, [], { cwd })
  writeFileSync(join(cwd, 'serve8008.config.mjs'), 'export default new Promise(() => {})\n')
  await stderr(/never gives its options: what it awaits or exports is never settled\./)
})

/** A server whose edited config file is being read by a process that does not end by itself, and that process. */
async function reading(t: TestContext, body: string): Promise<Command & { readonly pids: readonly number[] }> {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': 'export default {}' })
  const command = await serve(t, [], { cwd })
  writeFileSync(
    join(cwd, 'serve8008.config.mjs'),
    `import { writeFileSync, renameSync } from 'node:fs'
    import { spawn, spawnSync } from 'node:child_process'
    const say = (...pids) => (writeFileSync('new', pids.join(' ')), renameSync('new', 'pids'))
    ${body}`,
  )
  const file = join(cwd, 'pids')
  while (!existsSync(file)) await setTimeout(20)
  const pids = readFileSync(file, 'utf8').split(' ').map(Number)
  t.after(() => pids.filter(isAlive).forEach((pid) => process.kill(pid, 'SIGKILL')))
  return { ...command, pids }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(existsSync('/proc') ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')
  } catch {
    return false
  }
}

async function ends(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await setTimeout(20)
}

const endless: readonly (readonly [string, string, boolean])[] = [
  ['runs in an endless loop', 'say(process.pid); for (;;);', false],
  ['waits for ever', 'say(process.pid); await new Promise((resolve) => setTimeout(resolve, 2 ** 30))', false],
  [
    'waits for a program that it has started',
    `const child = spawn('sleep', ['1000']); say(process.pid, child.pid); spawnSync('sleep', ['1000'])`,
    true,
  ],
]
for (const [what, body, isPosix] of endless) {
  const skip = isPosix && process.platform === 'win32' ? 'the program is of POSIX' : false
  test(`an edit that ${what} ends with a server that is killed`, { skip }, async (t) => {
    const { child, ended, pids } = await reading(t, body)
    assert.ok(pids.every(isAlive))
    child.kill('SIGKILL')
    await ended
    await ends(pids)
  })

  test(`an edit that ${what} ends with a server that is stopped, or forced to`, { skip }, async (t) => {
    for (const times of [1, 2]) {
      const { child, ended, pids } = await reading(t, body)
      for (let i = 0; i < times; i++) child.kill('SIGINT')
      await ended
      await ends(pids)
    }
  })
}

test('the error about a folder names the config file that sets it', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "root": "nope" }' })
  for (const args of [[], ['check'], ['explain', '/']]) {
    const { exitCode, stderr } = await runHere(t, args, { cwd })
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /^serve8008\.config\.json: root: The folder does not exist: .*nope\nE8008_ROOT_NOT_FOUND {3}Set root/,
    )
  }
})
