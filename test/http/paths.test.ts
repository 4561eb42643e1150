import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onEachListener, type EachListener } from '../support/listeners.ts'
import { rawGet, type RawReply } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const outer = await new TempFolder().write({
  'secret.txt': 'SECRET outside',
  'public-secret/x.txt': 'SECRET sibling',
  'public/index.html': '<p>home</p>',
  'public/ten.txt': '0123456789',
  'public/sub/index.html': 'sub',
  'public/sub/name.txt': 'in sub',
  'public/private/secret.txt': 'inside',
  'public/.env': 'SECRET env',
  'public/.git/HEAD': 'SECRET git',
  'public/deep/.hidden/x.txt': 'SECRET deep',
  'public/.well-known/security.txt': 'contact',
  'public/key.pem': 'SECRET key',
  'public/site.key': 'SECRET key',
  'public/serve8008.config.js': 'SECRET settings',
  'public/id_rsa': 'SECRET key',
  'public/.npmrc': 'SECRET token',
  'public/db.sqlite3': 'SECRET rows',
  'public/page.html~': 'SECRET backup',
  'public/.page.html.swp': 'SECRET swap',
  'public/pct%2e.txt': 'percent name',
  'public/some thing.txt': 'space name',
  'public/;a=b.txt': 'semicolon name',
})
await onEachListener({}, { root: outer.join('public') }, checkPaths)
after(() => outer[Symbol.dispose]())

function checkPaths({ get }: EachListener): void {
  for (const target of [
    '/../secret.txt',
    '/../../../../../../etc/hostname',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2E%2E/secret.txt',
    '/.%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/sub/..%2f..%2fsecret.txt',
    '/sub/../../secret.txt',
    '/sub/%2e%2e/%2e%2e/secret.txt',
    '/..;/secret.txt',
    '/sub/..;x=y/..;/secret.txt',
    '/../public-secret/x.txt',
    '/..%2fpublic-secret/x.txt',
    '/-secret/x.txt',
    '/%252e%252e/secret.txt',
    '/%252e%252e%252fsecret.txt',
    '/..%255csecret.txt',
    '/..%5csecret.txt',
    '/%5c..%5csecret.txt',
    '/private%5csecret.txt',
    '/private%2fsecret.txt',
    '/C:%5cWindows%5cwin.ini',
    '/%5c%5chost%5cshare',
    '/%c0%ae%c0%ae/secret.txt',
    '/%c0%af..%c0%afsecret.txt',
    '/%e0%80%ae%e0%80%ae/secret.txt',
    '/%',
    '/%E0%A4%A',
    '/%zz',
    '/ten.txt%00.html',
    '/%00',
    '/ten.txt%0a',
    '/ten.txt%0d%0aX-A:b',
    '/.env',
    '/%2eenv',
    '/.%65nv',
    '/.env/',
    '/.env/.',
    '/.env%2f',
    '/.env?raw??',
    '/.env?import&raw',
    '/.env%20',
    '/.env%3a%3a$DATA',
    '/.env::$DATA',
    '//.env',
    '///.env',
    '/./.env',
    '/sub/../.env',
    '/.git/HEAD',
    '/.git/',
    '/.git',
    '/deep/.hidden/x.txt',
    '/key.pem',
    '/key%2epem',
    '/site.key',
    '/id_rsa',
    '/serve8008.config.js',
    '/.npmrc',
    '/db.sqlite3',
    '/page.html~',
    '/.page.html.swp',
    '/@fs/etc/hostname',
    '/__wds-outside-root__/9/etc/hostname',
    '/ten.txt/',
    '/ten.txt/extra',
    '/TLS~1.PEM',
    '/CON',
    '/images/*',
    '/[a-z]en.txt',
    '/(a+)+$',
    `/${'a'.repeat(300)}`,
    `/${'a/'.repeat(2000)}`,
  ]) {
    test(`no file outside is sent for ${target.slice(0, 60)}`, async () => {
      const reply = await get(target)
      assert.ok(reply.status >= 300 && reply.status < 500, String(reply.status))
      assert.doesNotMatch(reply.body.toString('latin1'), /SECRET|0123456789/)
      if (reply.status < 400) assert.match(reply.field('location'), /^\/(?![/\\])/)
    })
  }

  test('a hidden name gets the same answer as a missing one', async () => {
    const same = (reply: RawReply): unknown => [
      reply.status,
      reply.fields.filter(([name]) => name !== 'date'),
      reply.body.toString(),
    ]
    const missing = same(await get('/nothing-here'))
    for (const target of ['/.env', '/key.pem', '/.git/HEAD', '/page.html~']) {
      assert.deepEqual(same(await get(target)), missing)
    }
  })

  for (const [target, content] of [
    ['/ten.txt', '0123456789'],
    ['/ten.txt?x=/../..', '0123456789'],
    ['/t%65n.txt', '0123456789'],
    ['/some%20thing.txt', 'space name'],
    ['/pct%252e.txt', 'percent name'],
    ['/;a=b.txt', 'semicolon name'],
    ['/sub/', 'sub'],
    ['/.well-known/security.txt', 'contact'],
  ] as const) {
    test(`${target} is served`, async () => {
      const reply = await get(target)
      assert.equal(reply.status, 200)
      assert.equal(reply.body.toString(), content)
    })
  }

  test('paths are case-sensitive if the file system is', async () => {
    const upper = await get('/TEN.TXT')
    assert.ok([200, 404].includes(upper.status))
    assert.equal((await get('/.ENV')).status, 404)
    assert.equal((await get('/KEY.PEM')).status, 404)
  })
}

test('the password file is never served, not even to its users', async () => {
  using folder = await new TempFolder().write({
    'users.txt': 'ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n',
    'a.txt': 'alpha',
  })
  await using other = await startServer({}, { root: folder.path, authFile: folder.join('users.txt') })
  const credentials = `Authorization: Basic ${Buffer.from('ada:password').toString('base64')}`
  assert.equal((await rawGet(other.port, '/a.txt')).status, 401)
  assert.equal((await rawGet(other.port, '/a.txt', [credentials])).status, 200)
  assert.equal((await rawGet(other.port, '/users.txt', [credentials])).status, 404)
})
