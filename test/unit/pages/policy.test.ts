import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServeError } from '../../../src/errors/serve-error.ts'
import { getField } from '../../../src/http/headers.ts'
import { errorReply } from '../../../src/pages/error-page.ts'
import { isOwnPolicy } from '../../../src/pages/policy.ts'

test('the policies of our own pages are known, byte for byte', () => {
  const { headers } = errorReply(new ServeError('E8008_NOT_FOUND', 'Nothing.'), 'text/html')
  const policy = getField(headers, 'content-security-policy') ?? ''
  assert.ok(isOwnPolicy(policy))
  assert.ok(!isOwnPolicy(`${policy} `))
  assert.ok(!isOwnPolicy(''))
})
