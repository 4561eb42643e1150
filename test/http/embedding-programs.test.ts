// own process: the server of Hono replaces the global Request and Response
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { programs } from '../support/embedding-programs.ts'
import { openSite } from '../support/frameworks.ts'
import { rawGet, rawRequest, type RawReply } from '../support/raw.ts'

const large = '0123456789'.repeat(9000)
const files = { 'index.html': '<title>home</title>', 'a.txt': 'alpha', 'sub/index.html': 'sub', 'large.txt': large }

function post(port: number, target: string, content: string, type = 'text/plain'): Promise<RawReply> {
  const head = ['Host: localhost', `Content-Type: ${type}`, `Content-Length: ${content.length}`, 'Connection: close']
  return rawRequest(port, `POST ${target} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${content}`)
}

for (const [name, start] of Object.entries(programs)) {
  test(`${name}: files come from the site`, async () => {
    await using opened = await openSite(files)
    await using app = await start(opened.site)
    const reply = await rawGet(app.port, '/a.txt')
    assert.deepEqual([reply.status, reply.body.toString()], [200, 'alpha'])
    assert.equal(reply.field('content-type'), 'text/plain; charset=utf-8')
    assert.match((await rawGet(app.port, '/')).body.toString(), /home/)
    assert.equal((await rawGet(app.port, '/large.txt')).body.toString(), large)
    const redirect = await rawGet(app.port, '/sub')
    assert.deepEqual([redirect.status, redirect.field('location')], [307, '/sub/'])
    const etag = reply.field('etag')
    assert.equal((await rawGet(app.port, '/a.txt', [`If-None-Match: ${etag}`])).status, 304)
  })

  test(`${name}: ranges and HEAD come from the site`, async () => {
    await using opened = await openSite(files)
    await using app = await start(opened.site)
    const part = await rawGet(app.port, '/a.txt', ['Range: bytes=1-2'])
    assert.deepEqual([part.status, part.field('content-range'), part.body.toString()], [206, 'bytes 1-2/5', 'lp'])
    const several = await rawGet(app.port, '/large.txt', ['Range: bytes=0-0,89999-'])
    assert.match(several.field('content-type'), /^multipart\/byteranges/)
    assert.equal((await rawGet(app.port, '/a.txt', ['Range: bytes=9-'])).status, 416)
    const head = await rawRequest(
      app.port,
      'HEAD /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'HEAD',
    )
    assert.deepEqual([head.status, head.field('content-length'), head.body.length], [200, '5', 0])
  })

  test(`${name}: what the site does not have goes to the program, with its content`, async () => {
    await using opened = await openSite(files)
    await using app = await start(opened.site)
    assert.deepEqual(JSON.parse((await rawGet(app.port, '/api')).body.toString()), { from: 'app' })
    assert.equal((await rawGet(app.port, '/missing')).status, 404)
    assert.doesNotMatch((await rawGet(app.port, '/missing')).body.toString(), /serve8008/i)
    assert.equal((await post(app.port, '/echo', 'hello')).body.toString(), 'hello')
    assert.equal((await post(app.port, '/echo', large)).body.toString(), large)
    assert.equal((await post(app.port, '/a.txt', 'hello')).status, 404)
  })

  test(`${name}: the guard stands before the program`, async () => {
    await using opened = await openSite(files)
    await using app = await start(opened.site)
    for (const target of ['/a.txt', '/api', '/missing']) {
      assert.equal(
        (await rawRequest(app.port, `GET ${target} HTTP/1.1\r\nHost: evil.test\r\n\r\n`)).status,
        421,
        target,
      )
    }
  })
}
