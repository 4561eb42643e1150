import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onEachListener, type EachListener } from '../support/listeners.ts'
import type { RawReply } from '../support/raw.ts'

await onEachListener({ 'a.txt': 'alpha' }, { allowHost: ['my.test', '.below.test', '192.0.2.7'] }, checkHosts)

function checkHosts({ ask }: EachListener): void {
  function withHosts(hosts: readonly string[], target = '/a.txt'): Promise<RawReply> {
    const lines = hosts.map((host) => `Host: ${host}\r\n`).join('')
    return ask(`GET ${target} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`)
  }

  for (const host of [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'localhost:1',
    'localhost:',
    'app.localhost',
    'deep.app.localhost:8008',
    '127.0.0.1',
    '127.0.0.1:8008',
    '[::1]',
    '[0:0:0:0:0:0:0:1]:8008',
    'my.test',
    'MY.test:99',
    'below.test',
    'any.below.test',
    '192.0.2.7',
  ]) {
    test(`answers for ${host}`, async () => assert.equal((await withHosts([host])).status, 200))
  }

  for (const host of [
    'evil.test',
    'evil.test:8008',
    'localhost.evil.test',
    'evillocalhost',
    'localhost.localdomain',
    '.localhost',
    'notbelow.test',
    'my.test.evil.test',
    '127.0.0.1.evil.test',
    '0.0.0.0',
    '0.0.0.0:8008',
    '[::]',
    '169.254.169.254',
    '192.168.1.1',
    '2130706433',
    '0x7f.0.0.1',
    'xn--lcalhost-01a',
    '[::ffff:192.0.2.1]',
  ]) {
    test(`does not answer for ${host}`, async () => {
      const reply = await withHosts([host])
      assert.ok([400, 421].includes(reply.status), String(reply.status))
      assert.doesNotMatch(reply.body.toString(), /alpha/)
    })
  }

  for (const host of [
    '',
    'user@localhost',
    'localhost,evil.test',
    'local host',
    'localhost\tx',
    'localhost:abc',
    'localhost:0',
    'localhost:00',
    '[::1]:0',
    'localhost:65536',
    'localhost:80:80',
    'localhost/a',
    'localhost?x',
    'local%68ost',
    'l\xf6calhost',
    '[::1',
    '::1',
    '[::1]x',
    '[::1%25eth0]',
    '[::1]%0',
    '[v1.x]',
    'localhost..',
    'a..localhost',
    'http://localhost',
  ]) {
    test(`a Host that is not an authority is malformed: ${JSON.stringify(host)}`, async () => {
      const reply = await withHosts([host])
      assert.equal(reply.status, 400)
      assert.equal(reply.field('connection'), 'close')
    })
  }

  test('a request without a Host is malformed', async () => assert.equal((await withHosts([])).status, 400))

  test('an HTTP/1.0 request without a Host is malformed too', async () =>
    assert.equal((await ask('GET /a.txt HTTP/1.0\r\n\r\n')).status, 400))

  test('two Hosts are malformed, even when they agree', async () => {
    assert.equal((await withHosts(['localhost', 'localhost'])).status, 400)
    assert.equal((await withHosts(['localhost', 'evil.test'])).status, 400)
  })

  test('the refusal of a foreign Host says how to allow it', async () => {
    const reply = await ask('GET / HTTP/1.1\r\nHost: evil.test:99\r\nAccept: text/html\r\n\r\n')
    assert.equal(reply.status, 421)
    assert.match(reply.field('content-type'), /^text\/html/)
    assert.match(reply.body.toString(), /allowHost: \[&#39;evil\.test&#39;\]/)
  })

  test('an upgrade passes the same check', async () => {
    const lines = 'Host: evil.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n'
    assert.equal((await ask(`GET /a.txt HTTP/1.1\r\n${lines}\r\n`)).status, 421)
  })

  test('the absolute form is answered for our own authority alone', async () => {
    const port = 8008
    assert.equal((await withHosts([`localhost:${port}`], `http://localhost:${port}/a.txt`)).status, 200)
    assert.equal((await withHosts([`LOCALHOST:${port}`], `HTTP://localhost:${port}/a.txt?x`)).status, 200)
    assert.equal((await withHosts(['evil.test'], 'http://evil.test/a.txt')).status, 421)
  })

  for (const [name, target, host] of [
    ['another name', 'http://evil.test/a.txt', 'localhost'],
    ['another port', 'http://localhost:1/a.txt', 'localhost:2'],
    ['our name in the target, a foreign Host', 'http://localhost/a.txt', 'evil.test'],
    ['userinfo', 'http://localhost@evil.test/a.txt', 'localhost'],
    ['an empty authority', 'http:///a.txt', 'localhost'],
    ['another scheme', 'ftp://localhost/a.txt', 'localhost'],
    ['a scheme without slashes', 'http:localhost/a.txt', 'localhost'],
  ] as const) {
    test(`an absolute form with ${name} is refused`, async () => {
      const reply = await withHosts([host], target)
      assert.equal(reply.status, 400)
      assert.doesNotMatch(reply.body.toString(), /alpha/)
    })
  }
}
