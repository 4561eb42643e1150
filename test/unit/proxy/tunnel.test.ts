import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { openTunnel } from '../../../src/proxy/tunnel.ts'
import { startBackend } from '../../support/backend.ts'

test('closes the upstream connection when the client breaks off directly after its end', async () => {
  await using backend = await startBackend()
  const upstream = connect({ port: backend.port, host: '127.0.0.1' })
  await once(upstream, 'connect')
  const client = new PassThrough()
  const none = new Uint8Array()
  openTunnel(client, upstream, { fromClient: none, fromUpstream: none })
  upstream.end()
  client.destroy(new Error('The client broke off.'))
  await once(upstream, 'close')
  assert.equal(upstream.destroyed, true)
  await backend.quiet()
})
