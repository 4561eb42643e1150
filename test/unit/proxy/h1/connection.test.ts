import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { Socket } from 'node:net'
import { Http1Connection, type ConnectionUser } from '../../../../src/proxy/h1/connection.ts'
import { ok } from '../../../support/http1.ts'
import { requestOf } from '../../../support/upstream.ts'

/** A connection whose socket takes bytes only when `isTaking`. */
function opened(isTaking: boolean): { connection: Http1Connection; events: string[] } {
  const events: string[] = []
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => void (isTaking && done()) })
  const owner = { idle: () => void events.push('idle'), closed: () => void events.push('closed') }
  return { connection: new Http1Connection(socket as Socket, owner, 65_536), events }
}

const user: ConnectionUser = {
  request: requestOf(),
  isPaused: false,
  interim: () => {},
  start: () => {},
  data: () => {},
  end: () => {},
  failed: () => {},
  broken: () => {},
}

for (const [name, isTaking] of [
  ['serves another request after a response', true],
  ['closes after a response that came before the system took all of the request', false],
] as const) {
  test(name, () => {
    const { connection, events } = opened(isTaking)
    connection.send(user)
    connection.read(Buffer.from(ok('x')))
    assert.equal(connection.socket.destroyed, !isTaking)
    assert.deepEqual(events, isTaking ? ['idle'] : [])
    connection.socket.destroy()
  })
}
