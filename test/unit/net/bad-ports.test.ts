import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBadPort } from '../../../src/net/net.ts'

test('the default ports and their neighbours are not bad ports', () => {
  for (const port of [80, 443, 591, 3000, 5173, 8000, 8008, 8080, 8443]) assert.equal(isBadPort(port), false)
})

test('every bad port is one that fetch refuses before it connects', async () => {
  const bad = Array.from({ length: 65_536 }, (_, port) => port).filter(isBadPort)
  assert.equal(bad.length, 83)
  for (const port of bad) {
    // Node's fetch does not know the latest entry of the list.
    if (port === 0) continue
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`), (error: Error) => /bad port/.test(String(error.cause)))
  }
})
