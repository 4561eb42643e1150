import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { createConnector, type ConnectorOptions } from '../../../../src/proxy/upstream/connect.ts'
import { isForbiddenAddress } from '../../../../src/proxy/upstream/destination.ts'
import { UpstreamError, upstreamFaultOf, upstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'
import { RawUpstream, upstreamAt } from '../../../support/upstream.ts'

function dialTo(port: number, facts: Partial<ConnectorOptions['upstream']> = {}, connectMs = 20_000) {
  return createConnector({ upstream: upstreamAt(port, facts), connectMs, tls: { verify: true }, alpn: ['http/1.1'] })
}

function isFault(fault: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UpstreamError, String(error))
    assert.equal(error.fault, fault)
    assert.equal(error.wrote, false)
    return true
  }
}

test('forbids link-local, unspecified and metadata addresses', () => {
  for (const address of [
    ...['169.254.169.254', '169.254.0.1', '0.0.0.0', '0.1.2.3', '255.255.255.255'],
    ...['::', '::ffff:169.254.169.254', '::ffff:0.0.0.0', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fd00:ec2::254'],
  ]) {
    assert.ok(isForbiddenAddress(address), address)
  }
  for (const address of [
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '192.168.1.1',
    '93.184.216.34',
    'fd00::1',
    '2606:4700::1111',
  ]) {
    assert.ok(!isForbiddenAddress(address), address)
  }
})

test('checks the address that it connects to, in any notation', { skip: process.platform === 'win32' }, async () => {
  // Numbers that the system's resolver reads as addresses.
  for (const hostname of ['2852039166', '0xa9fea9fe', '0']) {
    await assert.rejects(dialTo(80, { hostname })(), isFault('forbidden-address'), hostname)
  }
})

test('resolves names below localhost to loopback without DNS', async () => {
  await using upstream = await RawUpstream.open(() => {})
  for (const hostname of ['localhost', 'LOCALHOST', 'api.localhost', 'localhost.']) {
    const socket = await dialTo(upstream.port, { hostname })()
    assert.equal(socket.remoteAddress, '127.0.0.1')
    socket.destroy()
  }
})

test('a port that refuses both address families is refused', async () => {
  const upstream = await RawUpstream.open(() => {})
  const { port } = upstream
  await upstream[Symbol.asyncDispose]()
  await assert.rejects(dialTo(port, { hostname: 'localhost' })(), isFault('refused'))
  await assert.rejects(dialTo(port)(), isFault('refused'))
})

test('opens no connection after the client disconnected, and aborts one when it disconnects', async () => {
  await using upstream = await RawUpstream.open(() => {})
  await assert.rejects(dialTo(upstream.port)({ signal: AbortSignal.abort() }), isFault('left'))
  assert.equal(upstream.sockets.length, 0)
  // Accepts the connection, and never sends a TLS byte.
  const leaving = new AbortController()
  const dialled = dialTo(upstream.port, { protocol: 'https:' })({ signal: leaving.signal })
  leaving.abort()
  await assert.rejects(dialled, isFault('left'))
})

test('a TLS handshake that never completes times out', async () => {
  await using upstream = await RawUpstream.open(() => {})
  await assert.rejects(dialTo(upstream.port, { protocol: 'https:' }, 50)(), isFault('connect-timeout'))
  await using plain = await RawUpstream.open((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await assert.rejects(dialTo(plain.port, { protocol: 'https:' })(), isFault('tls'))
})

test('a certificate file that is unreadable or invalid is a TLS fault', async () => {
  await using raw = await RawUpstream.open(() => {})
  const upstream = upstreamAt(raw.port, { protocol: 'https:' })
  for (const cert of ['/nowhere/cert.pem', import.meta.filename]) {
    const dial = createConnector({ upstream, connectMs: 20_000, tls: { verify: true, cert }, alpn: ['http/1.1'] })
    await assert.rejects(dial(), isFault('tls'))
  }
  assert.equal(raw.sockets.length, 0)
})

test('maps error codes to faults', () => {
  const coded = (code: string): Error => Object.assign(new Error(code), { code })
  for (const [code, fault] of [
    ['ECONNREFUSED', 'refused'],
    ['ENOENT', 'refused'],
    ['ENOTFOUND', 'unreachable'],
    ['ETIMEDOUT', 'connect-timeout'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ECONNRESET', 'reset'],
  ] as const) {
    assert.equal(upstreamFaultOf(coded(code), 'reset'), fault)
  }
  const both = new AggregateError([coded('EADDRNOTAVAIL'), coded('ECONNREFUSED')])
  assert.equal(upstreamError(both, 'reset', false).fault, 'refused')
  const known = new UpstreamError('tls', 'x', { wrote: false })
  assert.equal(upstreamError(known, 'reset', true), known)
})

test('connects to localhost although the process is busy meanwhile', async (t) => {
  await using upstream = await RawUpstream.open(() => {})
  // Longer than Node gives one address of several.
  const busyMs = 400
  const keepBusy = (): void => {
    for (const until = performance.now() + busyMs; performance.now() < until;);
  }
  const created = ({ socket }: { socket: Socket }): unknown =>
    socket.once('connectionAttempt', () => process.nextTick(keepBusy))
  subscribe('net.client.socket', created as never)
  t.after(() => unsubscribe('net.client.socket', created as never))
  const socket = await dialTo(upstream.port, { hostname: 'localhost' })()
  t.after(() => socket.destroy())
  assert.equal(socket.remoteAddress, '127.0.0.1')
})
