// slow: starts curl, h2load and others
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { devNull } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startHttp2 } from '../support/http2.ts'

const run = promisify(execFile)

/** A reason to skip where a program is missing. */
function missing(name: string): string | false {
  const found = (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  return found ? false : `${name} is not installed`
}

test('curl speaks HTTP/2 by prior knowledge', { skip: missing('curl') }, async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  const url = `http://localhost:${front.port}/a.txt`
  const flags = ['-s', '-4', '--http2-prior-knowledge', '--max-time', '20']
  const { stdout } = await run('curl', [...flags, '-w', '\n%{http_version} %{http_code}', url])
  assert.equal(stdout, 'alpha\n2 200')
  const posted = await run('curl', [...flags, '-o', '-', '-w', '\n%{http_code}', '-d', 'x'.repeat(100_000), url])
  assert.match(posted.stdout, /\n405$/)
  const foreign = await run('curl', [...flags, '-w', '\n%{http_code}', '-H', 'Host: evil.test', url])
  assert.match(foreign.stdout, /\n421$/)
})

test('curl loses no early reply over HTTP/2', { skip: missing('curl') }, async () => {
  const routes = [
    { match: { path: '/old' }, redirect: '/a.txt' },
    { match: { path: '/none' }, reply: { status: 204 } },
  ] as const
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { routes: [...routes] })
  await front.folder.write({ content: Buffer.alloc(1_000_000) })
  const flags = ['-s', '-4', '--http2-prior-knowledge', '--max-time', '20', '-o', devNull, '-w', '%{http_code}']
  for (const [path, status] of [
    ['a.txt', '405'],
    ['old', '307'],
    ['none', '204'],
  ] as const) {
    for (const expect of ['Expect:', 'Expect: 100-continue']) {
      for (let round = 0; round < 6; round++) {
        const url = `http://localhost:${front.port}/${path}`
        const { stdout } = await run('curl', [
          ...flags,
          '-H',
          expect,
          '--data-binary',
          `@${front.folder.join('content')}`,
          url,
        ])
        assert.equal(stdout, status)
      }
    }
  }
})

test('nghttp gets a page with its parts', { skip: missing('nghttp') }, async () => {
  await using front = await startHttp2({
    'index.html': '<!doctype html><link rel="stylesheet" href="/a.css"><p>x',
    'a.css': 'p { color: red }',
  })
  const { stdout } = await run('nghttp', ['-nas', '--timeout=20', `http://127.0.0.1:${front.port}/`])
  assert.match(stdout, /200\s+\d+ \/\n/)
  assert.match(stdout, /200\s+\d+ \/a\.css/)
})

test('h2load: thousands of requests over few sessions, none of which fails', { skip: missing('h2load') }, async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha', 'big.bin': Buffer.alloc(300_000) })
  for (const [name, count] of [
    ['a.txt', 3000],
    ['big.bin', 400],
  ] as const) {
    const url = `http://127.0.0.1:${front.port}/${name}`
    const { stdout } = await run('h2load', ['-n', String(count), '-c', '8', '-m', '50', '-T', '20', url])
    assert.match(stdout, new RegExp(`${count} done, ${count} succeeded, 0 failed, 0 errored, 0 timeout`))
  }
})
