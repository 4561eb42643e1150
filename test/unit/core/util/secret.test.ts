import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSecretName, redactAuthority, redactFields, redactText, redactUrl } from '../../../../src/core/util/secret.ts'
import { processorTime } from '../../../support/processor-time.ts'

test('the values of parameters that are named like secrets are replaced', () => {
  const names = [
    ...['token', 'access_token', 'id_token', 'key', 'api_key', 'apiKey', 'password', 'secret', 'client_secret', 'code'],
    ...['signature', 'sig', 'auth', 'jwt', 'TOKEN', 'X-Amz-Signature', 'X-Amz-Security-Token', 'X-Amz-Credential'],
    ...['user[password]', 'session_id', '%74oken', 'to%6ben', '%zztoken', 'token[0]', 'tokens[a]', 'PHPSESSID'],
    ...['connect.sid', 'sessid', '%2574oken', 'pw', 'user_pass', 'userPass', 'client_assertion'],
  ]
  for (const name of names) assert.equal(redactUrl(`/p?a=1&${name}=s3cret&b=2`), `/p?a=1&${name}=…&b=2`, name)
})

test('other parameters stay', () => {
  for (const target of [
    '/',
    '/token=x',
    '/?q=token',
    '/?monkey=1&keyCode=13&zip_code=9&page=2',
    '/?token',
    '/?token=&a=1',
    '/app;v=1/bypass=1?next=%2Fb%3Fpage%3D2&sku=1',
    '/a:b@c/http://h.test/@scope?at=1%40',
  ]) {
    assert.equal(redactUrl(target), target)
  }
})

test('a secret is replaced whole, whatever separators it holds', () => {
  assert.equal(redactUrl('/?token=a;b?c=d&e=f'), '/?token=…&e=f')
  assert.equal(redactUrl('/?a=b?token=x'), '/?a=b?token=…')
  assert.equal(redactUrl('/?a=b;token=x'), '/?a=b;token=…')
  assert.equal(redactUrl('/#access_token=x&state=1'), '/#access_token=…&state=1')
  assert.equal(redactUrl('/?token=a&token=b'), '/?token=…&token=…')
})

test('parameters of a path, and those of an encoded URL, are replaced', () => {
  for (const [url, shown] of [
    ['/app;jsessionid=s3cret', '/app;jsessionid=…'],
    ['/app;jsessionid=s3cret?x=1', '/app;jsessionid=…?x=1'],
    ['/a;token=s3;c&ret/b', '/a;token=…/b'],
    ['/?token%3Ds3cret&a=1', '/?token%3D…&a=1'],
    ['/?next=https%3A%2F%2Fx%2F%3Fa%3D1%26token%3Ds3cret&b=2', '/?next=https%3A%2F%2Fx%2F%3Fa%3D1%26token%3D…&b=2'],
    ['/?next=%252Fx%253Ftoken%253Ds3cret', '/?next=%252Fx%253Ftoken%253D…'],
  ] as const) {
    assert.equal(redactUrl(url), shown)
  }
})

test('a hostile URL is searched in linear time', () => {
  for (const unit of ['://', '?', '%25', '25', '%2525253', ';a', ':/a', '=', '@', ':', 'x[']) {
    for (const end of ['', '@', '=', '%']) {
      const start = processorTime()
      for (const redact of [redactUrl, redactText, redactAuthority]) redact(`https://${unit.repeat(20_000)}${end}`)
      const taken = processorTime() - start
      assert.ok(taken < 1000, `${unit}: ${taken} ms`)
    }
  }
})

test('userinfo is replaced in absolute URLs and authorities', () => {
  assert.equal(redactUrl('http://me:pw@host.test/a?key=1'), 'http://…@host.test/a?key=…')
  assert.equal(redactUrl('http://me:p@w@host.test'), 'http://…@host.test')
  assert.equal(redactUrl('http://host.test/@scope'), 'http://host.test/@scope')
  assert.equal(redactUrl('//me:pw@host.test/'), '//…@host.test/')
  assert.equal(redactUrl('https:/me:pw@host.test/'), 'https:/…@host.test/')
  assert.equal(redactUrl('HTTPS://me:p/w@host.test/'), 'HTTPS://…@host.test/')
  assert.equal(redactUrl('/?a=https://me:pw@host.test/'), '/?a=https://…@host.test/')
  assert.equal(redactUrl('/?a=https%3A%2F%2Fme%3Apw%40host.test%2F'), '/?a=https%3A%2F%2F…%40host.test%2F')
  assert.equal(redactAuthority('me:pw@host.test:443'), '…@host.test:443')
  assert.equal(redactAuthority('me:pw%40host.test'), '…%40host.test')
  assert.equal(redactAuthority('host.test'), 'host.test')
})

test('the names of secrets are known in every spelling, of fields as of parameters', () => {
  const names = [
    ...[
      'Authorization',
      'X-Authorization',
      'X-Forwarded-Authorization',
      'Cookie',
      'Cookie2',
      'Set-Cookie',
      'X-Auth-Key',
    ],
    ...[
      'DPoP',
      'X-CSRF',
      'X-CSRF-Hash',
      'X-Authn',
      'X-Authentication',
      'X-Otp-Code',
      'X-Bearer',
      'X-User-Pass',
      'X-JWT-Assertion',
      'X-HMAC',
      'X-Shopify-Hmac-Sha256',
    ],
    ...['X-Master-Key', 'X-Encryption-Key', 'X-Functions-Key', 'DD-Application-Key', 'PHPSESSID'],
    ...['X-Access-Token-2', 'x_session', 'Proxy-Authorization', 'oauth', 'X-CSRF-Tokens', 'sessionId', '%74oken'],
  ]
  for (const name of names) assert.ok(isSecretName(name), name)
  for (const name of ['Accept', 'X-Frame-Options', 'Author', 'tokenizer', 'keyCode', 'Proxy', 'sha256', '2', '']) {
    assert.ok(!isSecretName(name), name)
  }
})

test('a field loses its value where that carries credentials, and its URL the secrets in it', () => {
  const fields = ['X-A', 'Bearer x', 'X-B', 'use basic words', 'X-C', 'https://u:p@h.test/?key=1&a=2', 'Cookie2', 'x']
  const shown = ['X-A', '…', 'X-B', 'use basic words', 'X-C', 'https://…@h.test/?key=…&a=2', 'Cookie2', '…']
  assert.deepEqual(redactFields(fields), shown)
  assert.deepEqual(redactFields(['X-A', 'ApiKey x', 'X-B', 'AWS4-HMAC-SHA256 Credential=x']), ['X-A', '…', 'X-B', '…'])
  const lists = [
    'Link',
    '<https://a.test>, <https://u:p@h.test>',
    'Reporting-Endpoints',
    'a="/r", b="https://u:p@h.test"',
  ]
  assert.deepEqual(redactFields(lists), [
    ...['Link', '<https://a.test>, <https://…@h.test>', 'Reporting-Endpoints', 'a="/r", b="https://…@h.test"'],
  ])
})

test('a mistyped text loses all that may be a secret', () => {
  for (const [text, shown] of [
    ['https://u:s3cret@h.test/a', 'https://…@h.test/a'],
    ['https:/u:s3cret@h.test', 'https:/…@h.test'],
    ['htp://u:s3/cr@et@h.test', 'htp://…@h.test'],
    ['//u:s3cret@h.test', '//…@h.test'],
    ['u:s3cret@h.test', '…@h.test'],
    ['/api=http://s3cret@h.test', '/api=http://…@h.test'],
    ['htp://h.test?token=s3cret&a=1', 'htp://h.test?token=…&a=1'],
    ['Authorization=Basic s3cret', 'Authorization=…'],
    ['Authorization Bearer s3cret', 'Authorization Bearer …'],
    ['X-Api-Key: s3cret', 'X-Api-Key: …'],
    ['a:token=s3cret', 'a:token=…'],
    ['/api=http://u:s3cret', '/api=http://u:…'],
    ['/api=http://u:s3cret%40h.test', '/api=http://…%40h.test'],
    ['http://h.test/?s3cret', 'http://h.test/?…'],
    ['{"passphrase": "s3cret"}', '{"passphrase": "…'],
  ] as const) {
    assert.equal(redactText(text), shown)
  }
  const plain = [
    '/@scope/name',
    '@scope',
    'c.js: mounts./@scope',
    'https://h.test/@scope/x?a=1',
    'localhost:3000',
    'http://localhost:3000/a?b=1',
    'http://[::1]:3000',
    'token',
    '/docs=./key',
  ]
  for (const text of plain) assert.equal(redactText(text), text)
})
