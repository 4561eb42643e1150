import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { ServeOptions } from '../../src/index.ts'
import { startSecure } from '../support/secure.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { missing } from './program.ts'

const absent = missing('git')
const program = '/usr/lib/git-core/git-http-backend'
const skip = absent === false && !existsSync(program) ? `${program} is not there (apt-get install git)` : absent

/** Runs `git http-backend` for each request, as the CGI of a web server does (RFC 3875). */
function runCgi(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const { headers } = request
  const variables: Record<string, string | undefined> = {
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: request.method,
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    REMOTE_USER: 'tester',
    REMOTE_ADDR: '127.0.0.1',
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: headers['git-protocol'] as string | undefined,
  }
  const env = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined))
  const child = spawn(program, { env: { PATH: process.env['PATH'], ...env } as NodeJS.ProcessEnv })
  request.pipe(child.stdin)
  child.stdin.on('error', () => {})
  let head = Buffer.alloc(0)
  const read = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk])
    const border = head.indexOf('\r\n\r\n')
    if (border === -1) return
    child.stdout.off('data', read)
    for (const line of head.subarray(0, border).toString('latin1').split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/, 2)
      if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.write(head.subarray(border + 4))
    child.stdout.pipe(response)
  }
  child.stdout.on('data', read)
}

/** A repository that accepts pushes, behind a backend that records the framing of content. */
async function startGit(folder: TempFolder) {
  const root = folder.join('srv')
  await git(folder, ['init', '--bare', '-b', 'main', join(root, 'project.git')])
  await git(folder, ['-C', join(root, 'project.git'), 'config', 'http.receivepack', 'true'])
  const framings: string[] = []
  const server = createServer((request, response) => {
    const { 'transfer-encoding': coding, 'content-length': length } = request.headers
    if (request.url?.endsWith('/git-receive-pack') === true) framings.push(coding ?? `length ${length}`)
    runCgi(root, request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    framings,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function git(folder: TempFolder, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const own = { HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...env }
  const identity = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.test']
  const { stdout } = await promisify(execFile)('git', [...identity, ...args], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], ...own },
  })
  return stdout.trim()
}

/** Pushes a small and a large commit, which git sends chunked, and clones the repository. */
async function pushAndClone(folder: TempFolder, url: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const work = folder.join('work')
  await git(folder, ['init', '-b', 'main', work])
  await folder.write({ 'work/small.txt': 'small' })
  await git(folder, ['-C', work, 'add', '.'])
  await git(folder, ['-C', work, 'commit', '-m', 'small'])
  await git(folder, ['-C', work, 'push', url, 'main'], env)
  // More than http.postBuffer, which is 1 MiB.
  await folder.write({ 'work/large.bin': randomBytes(3 * 2 ** 20) })
  await git(folder, ['-C', work, 'add', '.'])
  await git(folder, ['-C', work, 'commit', '-m', 'large'])
  await git(folder, ['-C', work, 'push', url, 'main'], env)
  await git(folder, ['clone', url, folder.join('clone')], env)
  assert.equal(
    await git(folder, ['-C', folder.join('clone'), 'rev-parse', 'HEAD']),
    await git(folder, ['-C', work, 'rev-parse', 'HEAD']),
  )
  await git(folder, ['-C', folder.join('clone'), 'fsck', '--full'])
  await git(folder, ['clone', '--depth', '1', '--filter=blob:none', '--no-checkout', url, folder.join('shallow')], env)
  assert.match(await git(folder, ['ls-remote', url], env), /refs\/heads\/main/)
}

describe('git pushes and clones through a route', { skip }, () => {
  const routes: readonly (readonly [name: string, path: string, proxy: (to: string) => ServeOptions['proxy']])[] = [
    ['to the root', '/project.git', (to) => ({ '/': to })],
    ['whose path is replaced', '/code/project.git', (to) => ({ '/code': `${to}/` })],
    ['that buffers', '/project.git', (to) => ({ '/': { to, buffer: true } })],
  ]
  for (const [name, path, proxy] of routes) {
    test(name, async () => {
      using folder = new TempFolder()
      await using backend = await startGit(folder)
      await using front = await startServer({}, { proxy: proxy(backend.url) ?? {}, live: false })
      await pushAndClone(folder, `http://localhost:${front.port}${path}`)
      const isBuffered = name === 'that buffers'
      assert.equal(backend.framings.includes('chunked'), !isBuffered, backend.framings.join(', '))
    })
  }

  test('under TLS, over HTTP/2', async () => {
    using folder = new TempFolder()
    await using backend = await startGit(folder)
    await using front = await startSecure({}, { proxy: { '/': backend.url }, live: false })
    const versions = new Set<string>()
    front.server.on('reply', ({ version }) => versions.add(version))
    await pushAndClone(folder, `https://localhost:${front.tlsPort}/project.git`, { GIT_SSL_CAINFO: front.files.cert })
    assert.deepEqual([...versions], ['2'])
  })
})
