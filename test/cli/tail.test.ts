import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runningServers } from '../../src/cli/server-process.ts'
import { planted } from '../support/planted.ts'
import type { RecordedFacts } from '../support/recorded.ts'
import { RawClient, rawGet } from '../support/raw.ts'
import { folderOf, registered, serve, start, type Command } from './command.ts'
import { runHere, startHere } from './here.ts'

const posix = process.platform === 'win32' ? 'Windows has no such signals and modes' : false

interface Owned {
  readonly server: Command & { readonly url: string; readonly port: number }
  readonly cwd: string
  readonly env: Record<string, string>
}

/** A server that the registry knows. */
async function serveOwned(t: TestContext, ...args: string[]): Promise<Owned> {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'a.txt': 'alpha', 'b.json': '{"password":"s3cret"}' })
  const server = await serve(t, args, { cwd, env })
  await registered(env, 1)
  return { server, cwd, env }
}

test('tail prints a line for each request that the filter lets pass, and ends with the server', async (t) => {
  const { server, cwd, env } = await serveOwned(t, '--no-live')
  const all = await startHere(t, ['tail'], { cwd, env }, /^Following http:\/\/localhost:\d+\/ \(\.\); \^C ends it\.\n/)
  const missing = await startHere(t, ['tail', 'status:4xx', '-path:/favicon.ico'], { cwd, env }, /Following/)
  for (const target of ['/a.txt?token=s3cret', '/favicon.ico', '/none']) await rawGet(server.port, target)
  await all.stdout(/\/none/)
  await missing.stdout(/\/none/)
  server.child.kill('SIGTERM')
  const { exitCode, stdout, stderr } = await all.ended
  assert.equal(exitCode, 1)
  const [, first = '', ...rest] = stdout.trimEnd().split('\n')
  assert.match(first, /^\d\d:\d\d:\d\d  200  GET \/a\.txt\?token=\[redacted:[0-9a-f]{4}\] +5 B +(?:<?\d+ ms)$/)
  assert.equal(rest.length, 2)
  assert.match(
    stderr,
    /^The server at http:\/\/localhost:\d+\/ has ended\.\nE8008_NOT_RUNNING   try: serve8008 status\n$/,
  )
  assert.equal((await missing.ended).stdout.match(/ 404 /g)?.length, 1)
})

test('tail --json prints an object a line', async (t) => {
  const { server, cwd, env } = await serveOwned(t)
  const tail = await startHere(t, ['tail', '--json'], { cwd, env }, /^\{"recording":true\}\n/)
  await rawGet(server.port, '/a.txt', ['Cookie: a=s3cret'])
  const [line = ''] = await tail.stdout(/^\{"id".*\}$/m)
  const { method, target, status, bytes, requestHeaders } = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual([method, target, status, bytes], ['GET', '/a.txt', 200, 5])
  assert.match(JSON.stringify(requestHeaders), /\["Cookie","a=\[redacted:[0-9a-f]{4}\]"\]/)
})

test('^C ends tail as it ends scan --watch', { skip: posix }, async (t) => {
  const { cwd, env } = await serveOwned(t)
  const tail = start(t, ['tail'], { cwd, env })
  await tail.stdout(/Following/)
  tail.child.kill('SIGINT')
  const { signal, stderr } = await tail.ended
  assert.deepEqual([signal, stderr], ['SIGINT', ''])
})

test('tail and record say what is wrong, with a command that works', async (t) => {
  const { server, cwd, env } = await serveOwned(t)
  const fails = async (args: readonly string[], exitCode: number, message: RegExp, hint: string): Promise<void> => {
    const ended = await runHere(t, args, { cwd, env })
    assert.equal(ended.exitCode, exitCode, ended.stderr)
    assert.match(ended.stderr, message)
    assert.ok(ended.stderr.endsWith(`try: ${hint}\n`), ended.stderr)
  }
  const file = 'out.har'
  await fails(
    ['tail', 'stauts:500'],
    2,
    /^There is no key stauts; .* at character 1 of the filter\.\nE8008_FILTER/,
    'serve8008 tail status:5xx',
  )
  await fails(['record', file, 'dur:x'], 2, /^dur: cannot be "x"/, 'serve8008 record out.har "dur:>200ms"')
  await fails(['record'], 2, /^Missing argument/, 'serve8008 record FILE')
  await fails(['record', file, '--for', 'x'], 2, /^--for: "x" is not a time/, 'serve8008 record out.har --for 30s')
  await fails(
    ['record', file, '--max-size=9gb'],
    2,
    /^--max-size: "9gb" is not a size/,
    'serve8008 record out.har --max-size 100mb',
  )
  await fails(['record', 'no/out.har'], 2, /^The folder of \.\/no\/out\.har does not exist/, 'serve8008 record out.har')
  await fails(['record', '.'], 2, /must be a file/, 'serve8008 record out.har')
  await fails(['tail', '--port', '1'], 1, /^No server of yours is running on port 1/, 'serve8008 status')
  writeFileSync(join(cwd, file), 'mine')
  await fails(['record', file], 2, /^\.\/out\.har exists\.\n/, 'serve8008 record out.har --force')
  assert.equal(readFileSync(join(cwd, file), 'utf8'), 'mine')

  const second = await serve(t, [], { cwd: await folderOf(t, {}), env })
  await registered(env, 2)
  const elsewhere = await folderOf(t, {})
  const { stderr } = await runHere(t, ['tail'], { cwd: elsewhere, env })
  assert.match(
    stderr,
    /^Several servers are running, and none of them serves this folder: .*\n.*try: serve8008 tail --port PORT\n$/s,
  )
  assert.equal(runningServers(env).length, 2)
  assert.notEqual(second.port, server.port)
})

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  test(`record writes what was sent until ${name}, for its owner alone`, { skip: posix }, async (t) => {
    const { server, cwd, env } = await serveOwned(t)
    const file = join(cwd, 'out.har')
    const record = await startHere(
      t,
      ['record', 'out.har', 'path:/b.json'],
      { cwd, env },
      /^Recording http:\S+; \^C ends it and writes \.\/out\.har\.\n/,
    )
    const tail = await startHere(t, ['tail'], { cwd, env }, /Following/)
    for (const path of ['/a.txt', '/b.json', '/none']) await rawGet(server.port, path)
    await tail.stdout(/none/)
    record.signal(name)
    const { exitCode, stdout, stderr } = await record.ended
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /\nWrote 1 exchange \(1\.\d kB\) to \.\/out\.har\.\n$/)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const text = readFileSync(file, 'utf8')
    assert.ok(!text.includes('s3cret'))
    const { log } = JSON.parse(text) as { log: { entries: { response: { content: { text: string } } }[] } }
    assert.match(log.entries[0]?.response.content.text ?? '', /^\{"password":"\[redacted:[0-9a-f]{4}\]"\}$/)

    const again = await runHere(t, ['record', 'out.har', '--force', '--for', '50ms', '--json'], { cwd, env })
    const { bytes, ...facts } = JSON.parse(again.stdout) as Record<string, unknown>
    assert.deepEqual(facts, { file, exchanges: 0, missed: 0, end: 'time' })
    assert.equal(bytes, readFileSync(file).length)
  })
}

test('record ends with its size, and with the server, and writes what it has', async (t) => {
  const { server, cwd, env } = await serveOwned(t)
  const small = await startHere(t, ['record', 'small.har', '--max-size', '1kb'], { cwd, env }, /Recording/)
  const whole = await startHere(t, ['record', 'whole.har'], { cwd, env }, /Recording/)
  await rawGet(server.port, '/a.txt')
  const { exitCode, stdout } = await small.ended
  assert.equal(exitCode, 0)
  assert.match(
    stdout,
    /Wrote 1 exchange \(1\.\d kB\) to \.\/small\.har\. --max-size \(1\.0 kB\) ended the recording\.\n$/,
  )
  server.child.kill('SIGTERM')
  const ended = await whole.ended
  assert.equal(ended.exitCode, 1)
  assert.match(ended.stdout, /Wrote 1 exchange /)
  assert.match(ended.stderr, /^The server at \S+ has ended\.\n/)
  assert.equal(
    (JSON.parse(readFileSync(join(cwd, 'whole.har'), 'utf8')) as { log: { entries: [] } }).log.entries.length,
    1,
  )
})

test('no planted secret is in the output of tail or in a file of record', async (t) => {
  const backend = createServer((request, response) => {
    const {
      status = 200,
      headers = [],
      content = '',
      trailers = [],
    } = planted[Number(request.headers['x-case'])]?.facts ?? ({} as RecordedFacts)
    request.resume().on('end', () => {
      for (let i = 0; i < headers.length; i += 2) response.appendHeader(headers[i] as string, headers[i + 1] as string)
      response.writeHead(status === false ? 200 : status)
      if (trailers.length > 0) response.addTrailers([trailers as [string, string]])
      response.end(Buffer.from(content))
    })
  }).listen(0, '127.0.0.1')
  t.after(() => (backend.close(), backend.closeAllConnections()))
  await once(backend, 'listening')
  const to = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  const { server, cwd, env } = await serveOwned(t, '--proxy', `/=${to}`)
  const followers = [['tail'], ['tail', '--json', 'body:"" or path:*'], ['record', 'out.har']]
  const commands = []
  for (const args of followers) commands.push(await startHere(t, args, { cwd, env }, /Following|recording|Recording/))
  for (const [i, { facts }] of planted.entries()) {
    const { requestHeaders = [], requestContent = '', method = 'POST', target = '/' } = facts
    const content = Buffer.from(requestContent)
    const fields = requestHeaders.flatMap((value, at) => (at % 2 === 0 ? [] : [`${requestHeaders[at - 1]}: ${value}`]))
    const host = requestHeaders.includes('Host') ? [] : [`Host: localhost:${server.port}`]
    const head = [`${method} ${target} HTTP/1.1`, ...host, 'Connection: close', `X-Case: ${i}`, ...fields]
    using client = await RawClient.open(server.port)
    client.send(`${[...head, `Content-Length: ${content.length}`].join('\r\n')}\r\n\r\n`).send(content)
    await client.reply(method)
  }
  await rawGet(server.port, '/the-last')
  for (const command of commands.slice(0, 2)) await command.stdout(/the-last/)
  // The server sends what it has recorded before it ends, so the file has the last exchange too.
  server.child.kill('SIGTERM')
  const outputs = await Promise.all(commands.map(({ ended }) => ended))
  const texts = [
    ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    readFileSync(join(cwd, 'out.har'), 'utf8'),
  ]
  assert.match(texts.at(-1) ?? '', /the-last/)
  const found = planted.filter(({ secret }) =>
    texts.some((text) => text.includes(secret) || text.includes(Buffer.from(secret).toString('base64').slice(0, -2))),
  )
  assert.deepEqual(
    found.map(({ place }) => place),
    [],
  )
  assert.ok((outputs[0]?.stdout.split('\n').length ?? 0) > 40)
})
