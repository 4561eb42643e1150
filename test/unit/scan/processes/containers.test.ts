import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { engineSockets, parseContainers, runningContainers } from '../../../../src/scan/processes/containers.ts'
import { portOwners } from '../../../../src/scan/processes/processes.ts'
import { TempFolder } from '../../../support/server.ts'

const id = '0123456789abcdef'.repeat(4)

// By the documentation of the Docker Engine API 1.47, shortened; not recorded.
const list = JSON.stringify([
  {
    Id: id,
    Names: ['/shop-web-1'],
    Image: 'nginx:1.27',
    Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' },
    Ports: [
      { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8008, Type: 'tcp' },
      { IP: '::', PrivatePort: 80, PublicPort: 8008, Type: 'tcp' },
      { IP: '0.0.0.0', PrivatePort: 53, PublicPort: 5353, Type: 'udp' },
      { PrivatePort: 9000, Type: 'tcp' },
    ],
  },
])
const web = { id, name: 'shop-web-1', image: 'nginx:1.27', compose: 'shop', engine: 'docker', ports: [8008] }

/** Answers every connection to a unix socket in this way. */
async function listen(t: TestContext, path: string, answer: (request: string) => string | undefined): Promise<void> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const reply = answer(chunk.toString())
      if (reply !== undefined) socket.end(reply)
    })
    t.after(() => socket.destroy())
  }).listen(path)
  t.after(() => server.close())
  await once(server, 'listening')
}

test('reads the containers of the Docker API', () => {
  assert.deepEqual(parseContainers(list, 'docker'), [web])
})

test('reads no container from an answer of another kind, and prints no escapes', () => {
  for (const text of ['', 'no JSON', 'null', '{"message":"denied"}', '[null, 5, {}, {"Id": 5}]']) {
    assert.deepEqual(parseContainers(text, 'podman'), [])
  }
  const [odd] = parseContainers('[{"Id":"a","Names":["/\\u001b[2J"],"Image":5,"Labels":null,"Ports":null}]', 'podman')
  const expected = { id: 'a', name: '\\x1b[2J', image: undefined, compose: undefined, engine: 'podman', ports: [] }
  assert.deepEqual(odd, expected)
})

test('asks every engine by its socket, one container once', async (t) => {
  if (process.platform === 'win32') return t.skip('unix sockets')
  using folder = new TempFolder()
  const requests: string[] = []
  const ok = (request: string): string => {
    requests.push(request)
    return `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${list}`
  }
  await listen(t, folder.join('docker.sock'), ok)
  await listen(t, folder.join('podman.sock'), ok)
  await listen(t, folder.join('denied.sock'), () => `HTTP/1.0 403 Forbidden\r\n\r\n${list}`)
  await listen(t, folder.join('other.sock'), () => 'SSH-2.0-x\r\n')
  const socket = (name: string) => ({ engine: 'docker', path: folder.join(name) }) as const
  const found = await runningContainers(
    ['docker.sock', 'podman.sock', 'denied.sock', 'other.sock', 'none.sock'].map(socket),
  )
  assert.deepEqual(found, [web])
  assert.deepEqual(
    requests,
    Array(2).fill('GET /containers/json HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
  )
})

test('names the container behind each port of Docker Desktop, and how it is stopped', async (t) => {
  if (process.platform === 'win32') return t.skip('unix sockets')
  using folder = new TempFolder()
  const api = { engine: 'docker', path: folder.join('docker.sock') } as const
  await listen(t, api.path, () => `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${list}`)
  // By the documentation of lsof and ps; not recorded.
  const open = 'p500\nu501\nf9\nn*:8008\nf10\nn127.0.0.1:9\n'
  const ps = '  500     1   501 01:00 S ann /Applications/Docker.app/Contents/MacOS/com.docker.backend\n'
  const execute = (program: string, words: readonly string[]): Promise<string> =>
    Promise.resolve(program === 'ps' ? ps : words.includes('pun') ? open : '')
  const [other, forwarded] = await portOwners({ platform: 'darwin', execute, engines: [api] })
  const { ports: _, ...container } = web
  assert.deepEqual(forwarded?.process?.container, container)
  assert.deepEqual(forwarded.process.supervisor, { name: 'Docker', pid: undefined, stop: 'docker stop shop-web-1' })
  assert.deepEqual([other?.port, other?.process?.container], [9, undefined])
})

test('gives up an engine that is silent for a second', async (t) => {
  if (process.platform === 'win32') return t.skip('unix sockets')
  using folder = new TempFolder()
  await listen(t, folder.join('silent.sock'), () => undefined)
  const start = performance.now()
  assert.deepEqual(await runningContainers([{ engine: 'docker', path: folder.join('silent.sock') }]), [])
  assert.ok(performance.now() - start >= 900)
})

test('knows where engines listen by default', () => {
  const paths = engineSockets('linux').map(({ path }) => path)
  assert.ok(paths.includes('/var/run/docker.sock') && paths.includes('/run/podman/podman.sock'))
  assert.deepEqual(engineSockets('win32'), [{ engine: 'docker', path: String.raw`\\.\pipe\docker_engine` }])
})
