// starts first: it builds, packs and installs
import assert from 'node:assert/strict'
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { builtCommand } from '../../scripts/build.ts'
import { mapStack } from '../../scripts/map-stack.ts'
import { optionTable } from '../../src/config/options/option-table.ts'

const root = resolve(import.meta.dirname, '../..')
const maxPackedBytes = 960_000
const hasShell = process.platform !== 'win32'

/** What a person has who never ran `npm run` here. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD$)/i.test(name)),
)

function run(command: string, args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  // npm and npx are .cmd files on Windows, which only a shell starts.
  const shell = process.platform === 'win32' && command.startsWith('np')
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: environment, shell })
}

function succeed(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = run(command, args, cwd)
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${error?.message ?? ''}${stdout}${stderr}`)
  return stdout
}

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-package-'))
  const project = join(folder, 'project')
  const installed = join(project, 'node_modules/serve8008')
  let tarball = ''

  before(() => {
    mkdirSync(project)
    mkdirSync(join(project, 'site'))
    writeFileSync(join(project, 'site/index.html'), '<!doctype html><title>Hello</title>')
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }')
    succeed('npm', ['pack', '--silent', '--pack-destination', folder], root)
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball')
    // Offline: the package has no dependencies, so npm fetches no other package.
    succeed('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], project)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('installs as one package, without scripts', () => {
    const packages = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))
    assert.deepEqual(packages, ['serve8008'])
    const { scripts = {}, dependencies = {} } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    assert.deepEqual(dependencies, {})
    assert.deepEqual(
      Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name)),
      [],
    )
  })

  test('holds what it needs and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(installed.length + 1)
          .split(sep)
          .join('/'),
      )
    const needed = [
      'package.json',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'bin/serve8008.js',
      'dist/lib/index.js',
      'SECURITY.md',
      'docs/guide/static.md',
      'docs/reference/command-line.md',
      'docs/troubleshooting.md',
      'docs/images/dashboard-dark-1440.png',
      'docs/images/dashboard-dark-390.png',
      'docs/images/dashboard-light-1440.png',
      'docs/images/dashboard-light-390.png',
      'docs/images/listing.png',
      'dist/cli/main.js',
      'dist/client/live.js',
      'dist/dashboard/page.js',
      'dist/types/index.d.ts',
      'dist/schema.json',
      'dist/scan.schema.json',
      'dist/THIRD_PARTY_NOTICES.txt',
      'dist/packages.json',
      'templates/pages/error.html',
      'templates/pages/listing.html',
    ]
    assert.deepEqual(
      needed.filter((file) => !files.includes(file)),
      [],
      'missing',
    )
    const allowed =
      /^dist\/(lib|cli|chunks|worker)\/[\w.-]+\.js$|^dist\/types\/[\w/.-]+\.d\.ts$|^templates\/|^docs\/((guide(\/systems)?|reference)\/)?[\w-]+\.md$/
    assert.deepEqual(
      files.filter((file) => !needed.includes(file) && !allowed.test(file)),
      [],
      'unexpected',
    )
  })

  test('links only to files that are packed', () => {
    const pages = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
    assert.ok(pages.length > 20, pages.join())
    const dead = pages.flatMap((page) => {
      const links = [...readFileSync(join(installed, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
      return links
        .map(([, link = '']) => link.replace(/#.*/, ''))
        .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
        .filter((link) => !existsSync(join(installed, dirname(page), link)))
        .map((link) => `${page}: ${link}`)
    })
    assert.deepEqual(dead, [])
  })

  test('documents every option in the declarations', () => {
    const folder = join(installed, 'dist/types/config/options')
    const text = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('')
    for (const { key } of optionTable) assert.match(text, new RegExp(`\\*/\\n +readonly ${key}: `), key)
  })

  test(`weighs at most ${maxPackedBytes} bytes packed`, () => {
    assert.ok(statSync(tarball).size <= maxPackedBytes, `${statSync(tarball).size} bytes`)
  })

  test('names the licence of every package that is bundled', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD_PARTY_NOTICES.txt'), 'utf8')
    for (const name of ['yargs-parser', 'mime-types', 'mime-db', 'valibot'])
      assert.match(notices, new RegExp(`^${name} \\d`, 'm'))
    assert.doesNotMatch(notices, /^(esbuild|typescript|tsx) /m)
  })

  test('a stack trace is mapped to the sources', () => {
    const { stderr } = run('npx', ['serve8008', '--nope', '--verbose'], project)
    const frames = [...mapStack(stderr).matchAll(/^ {4}at (?:async )?(?:Module\.)?(\w+) \((.*):(\d+):\d+\)$/gm)]
    assert.equal(frames.length, [...stderr.matchAll(/\bdist\/chunks\/[\w-]+\.js:\d+:\d+\)$/gm)].length)
    assert.ok(frames.length > 2, stderr)
    let callee = 'new ServeError'
    for (const [, name = '', source = '', line] of frames) {
      const code = readFileSync(join(root, source), 'utf8').split('\n')[Number(line) - 1]
      assert.ok(code?.includes(`${callee}(`), `${source}:${line} calls ${callee}`)
      callee = name
    }
    const other = 'at main (/x/dist/chunks/command-00000000.js:1:2)'
    assert.equal(mapStack(other), other)
  })

  test('a release names the repository of its workflow, and the sources name none', { skip: !hasShell }, () => {
    const manifest = readFileSync(join(root, 'package.json'), 'utf8')
    assert.doesNotMatch(manifest, /^ {2}"(?:repository|bugs|homepage)"/m)
    const [, command = ''] =
      /run: (npm pkg set .*)\n[^]*run: npm publish/.exec(
        readFileSync(join(root, '.github/workflows/release.yml'), 'utf8'),
      ) ?? []
    const copy = join(folder, 'named')
    mkdirSync(copy)
    writeFileSync(join(copy, 'package.json'), manifest)
    const env = { ...environment, GITHUB_SERVER_URL: 'https://git.test', GITHUB_REPOSITORY: 'owner/name' }
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: copy, encoding: 'utf8', env })
    assert.equal(status, 0, stderr)
    const { repository, ...rest } = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8'))
    assert.deepEqual(repository, { type: 'git', url: 'git+https://git.test/owner/name.git' })
    assert.deepEqual(rest, JSON.parse(manifest))
  })

  test('imports no built-in, for which Node would read every export at each start', () => {
    for (const folder of ['chunks', 'cli', 'lib']) {
      for (const name of readdirSync(join(installed, 'dist', folder))) {
        const code = readFileSync(join(installed, 'dist', folder, name), 'utf8')
        const sources = [...code.matchAll(/^(?:import|export)\b[^;]*?['"]([^'"]+)['"];$/gm)].map(([, source]) => source)
        for (const source of sources) assert.match(source ?? '', /^\.\.?\//, name)
      }
    }
  })

  test('the same sources build the same files again', async () => {
    const script = await builtCommand()
    for (const folder of ['chunks', 'cli', 'lib', 'client']) {
      const [one, other] = [join(installed, 'dist', folder), join(script, '../../dist', folder)]
      assert.deepEqual(readdirSync(one).toSorted(), readdirSync(other).toSorted())
      for (const name of readdirSync(one)) {
        assert.ok(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name)
      }
    }
  })

  test('lists every package that is bundled with its version', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD_PARTY_NOTICES.txt'), 'utf8')
    const headings = [...notices.matchAll(/^-{80}\n\n(\S+ \S+) \(/gm)].map(([, heading]) => heading)
    const [version, ...packages] = succeed('npx', ['serve8008', '--version', '--verbose'], project)
      .trim()
      .split(/\r?\n/)
    assert.equal(version, succeed('npx', ['serve8008', '--version'], project).trim())
    assert.deepEqual(packages, headings)
    const printed = JSON.parse(succeed('npx', ['serve8008', '--version', '--verbose', '--json'], project))
    assert.deepEqual(
      Object.entries(printed.packages).map((row) => row.join(' ')),
      headings,
    )
  })

  test('npx serve8008 serves a folder', async () => {
    const child = spawn('npx', ['serve8008', 'site', '--port', '0', '--json'], {
      cwd: project,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    })
    const exited = once(child, 'exit')
    const [line] = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      exited.then(([code]) => Promise.reject(new Error(`npx ended with ${code}`))),
    ])
    const { url, pid } = JSON.parse(line) as { url: string; pid: number }
    try {
      const response = await fetch(url)
      assert.equal(response.status, 200)
      assert.match(await response.text(), /Hello/)
    } finally {
      process.kill(pid, 'SIGTERM')
    }
    await exited
  })

  test('the command finds its manifest and its pages', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    assert.match(succeed('npx', ['serve8008', '--version'], project), new RegExp(`^(serve8008 )?${version}\\s*$`))
  })

  const exercise = `
    const server = createServer({ root: 'site', port: 0 })
    server.listen().then(async ({ url }) => {
      const page = await fetch(url)
      const missing = await fetch(url + 'missing', { headers: { accept: 'text/html' } })
      console.log(page.status, missing.status, (await missing.text()).includes('<html'))
      await server.close()
    })`

  test('import works from an ES module', () => {
    writeFileSync(join(project, 'consumer.mjs'), `import { createServer } from 'serve8008'\n${exercise}`)
    assert.equal(succeed(process.execPath, ['consumer.mjs'], project).trim(), '200 404 true')
  })

  test('require works from CommonJS', () => {
    writeFileSync(join(project, 'consumer.cjs'), `const { createServer } = require('serve8008')\n${exercise}`)
    assert.equal(succeed(process.execPath, ['consumer.cjs'], project).trim(), '200 404 true')
  })

  const authority = `
    localAuthority({ folder: 'ca' }).then(async ({ path, certificate, folder, certify }) => {
      const { readFileSync } = await import('node:fs')
      const https = await import('node:https')
      const server = https.createServer(await certify(['localhost']), (_, response) => response.end('safe'))
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address()
        https.get({ host: '127.0.0.1', port, servername: 'localhost', ca: certificate }, (response) => {
          response.on('data', (data) => console.log(String(data), readFileSync(path, 'utf8') === certificate, path.startsWith(folder)))
          response.on('end', () => server.close())
        })
      })
    })`

  for (const [name, load] of [
    ['authority.mjs', `import { localAuthority } from 'serve8008'`],
    ['authority.cjs', `const { localAuthority } = require('serve8008')`],
  ] as const) {
    test(`the local authority is there for ${name}`, () => {
      writeFileSync(join(project, name), `${load}\n${authority}`)
      assert.equal(succeed(process.execPath, [name], project).trim(), 'safe true true')
    })
  }

  test('the JSON Schema is reachable', () => {
    const script = `console.log(Object.keys(require('serve8008/schema.json').properties).includes('port'))`
    assert.equal(succeed(process.execPath, ['-e', script], project).trim(), 'true')
  })

  test('the types hold for a strict consumer, from ESM and from CommonJS', () => {
    const source = `
      import { createServer as createNodeServer } from 'node:http'
      import { createServer, defineConfig, isServeError, localAuthority, type Layer, type LocalAuthority, type Listening, type Server8008 } from 'serve8008'
      const layer: Layer = (next) => async (x) => {
        const reply = await next(x)
        return { ...reply, headers: [...reply.headers, 'X-Method', x.method] }
      }
      export async function serve(): Promise<Listening> {
        const server: Server8008 = createServer({ root: '.', port: [8008, 0], limits: { closeMs: 100 } }).use(layer)
        server.on('reply', (record) => console.log(record.status.toFixed(), record.target.length))
        return server.listen()
      }
      export function codeOf(error: unknown): string { return isServeError(error) ? error.code : '' }
      export const config = defineConfig({ root: './site', log: 'json' })
      export async function certificates(): Promise<string> {
        const authority: LocalAuthority = await localAuthority({ env: process.env, onWarning: ({ message }) => console.warn(message) })
        const { cert, key } = await authority.certify(['app.localhost'])
        createServer({ tls: true, authorityFolder: authority.folder })
        return authority.path + authority.certificate + authority.expires.toISOString() + cert + key
      }
      createNodeServer(createServer().handler).on('upgrade', createServer().upgrade)
      // @ts-expect-error: a Request of the Fetch API is none of node:http
      createServer().handler(new Request('http://localhost/'), new Response())
      // @ts-expect-error: what only the server itself uses of an exchange is not public
      export const gone: Layer = (next) => (x) => (x.whenGone(() => {}), next(x))
      // @ts-expect-error: as above
      export const batched: Layer = (next) => (x) => (x.batch > 0 ? next(x) : next(x))
      // @ts-expect-error: a misspelt option is an error
      createServer({ prot: 8008 })
    `
    for (const extension of ['mts', 'cts']) writeFileSync(join(project, `consumer.${extension}`), source)
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022'],
      module: 'nodenext',
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    const files = ['consumer.mts', 'consumer.cts']
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    succeed(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], project)
  })

  test('an old Node is told so in a sentence', () => {
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } })`
    const preload = `data:text/javascript,${encodeURIComponent(pretend)}`
    const { status, stderr } = run(
      process.execPath,
      ['--import', preload, join(installed, 'bin/serve8008.js')],
      project,
    )
    assert.equal(status, 2)
    assert.match(stderr, /^serve8008 needs Node 20\.19 or later; this is Node 18\.20\.0\.$/m)
  })
})
