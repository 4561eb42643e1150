import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServeError } from '../../../src/core/serve-error.ts'
import { getField } from '../../../src/http/message/headers.ts'
import { errorReply } from '../../../src/pages/error-page.ts'
import { isOwnPolicy } from '../../../src/pages/own-csp.ts'

test('the policies of our own pages are known, byte for byte', () => {
  const { headers } = errorReply(new ServeError('E8008_NOT_FOUND', 'Nothing.'), 'text/html')
  const policy = getField(headers, 'content-security-policy') ?? ''
  assert.ok(isOwnPolicy(policy))
  assert.ok(!isOwnPolicy(`${policy} `))
  assert.ok(!isOwnPolicy(''))
})
