import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactAuthority, redactUrl } from '../../../../src/inspect/access-log/redact.ts'

test('the values of parameters that are named like secrets are replaced', () => {
  const names = [
    ...['token', 'access_token', 'id_token', 'key', 'api_key', 'apiKey', 'password', 'secret', 'client_secret', 'code'],
    ...['signature', 'sig', 'auth', 'jwt', 'TOKEN', 'X-Amz-Signature', 'X-Amz-Security-Token', 'X-Amz-Credential'],
    ...['user[password]', 'session_id', '%74oken', 'to%6ben', '%zztoken'],
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

test('userinfo is replaced in absolute URLs and authorities', () => {
  assert.equal(redactUrl('http://me:pw@host.test/a?key=1'), 'http://…@host.test/a?key=…')
  assert.equal(redactUrl('http://me:p@w@host.test'), 'http://…@host.test')
  assert.equal(redactUrl('http://host.test/@scope'), 'http://host.test/@scope')
  assert.equal(redactAuthority('me:pw@host.test:443'), '…@host.test:443')
  assert.equal(redactAuthority('host.test'), 'host.test')
})
