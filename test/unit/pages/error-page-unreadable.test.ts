import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test } from 'node:test'
import { ServeError } from '../../../src/core/serve-error.ts'
import { getField } from '../../../src/http/message/headers.ts'
import { errorReply } from '../../../src/pages/error-page.ts'

// own process: the template must not have been read before, and `node:fs` is replaced

test('while the template cannot be read the error is sent as text, and later as a page', () => {
  const error = new ServeError('E8008_NOT_FOUND', 'Nothing is served at /x.')
  const read = mock.method(fs, 'readFileSync', () => {
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  })
  syncBuiltinESMExports()
  const reply = errorReply(error, 'text/html')
  assert.equal(read.mock.callCount(), 1)
  assert.equal(reply.status, 404)
  assert.equal(getField(reply.headers, 'content-type'), 'text/plain; charset=utf-8')
  read.mock.restore()
  syncBuiltinESMExports()
  assert.equal(getField(errorReply(error, 'text/html').headers, 'content-type'), 'text/html; charset=utf-8')
})
