import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webSocketAccept } from '../../../../src/http/message/websocket-accept.ts'

test('answers the key of RFC 6455 section 1.3 as the RFC does', () => {
  assert.equal(webSocketAccept('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})
