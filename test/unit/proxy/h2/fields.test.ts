import assert from 'node:assert/strict'
import { test } from 'node:test'
import { http2RequestFields, isGrpc, plainFields } from '../../../../src/proxy/h2/fields.ts'
import type { UpstreamRequest } from '../../../../src/proxy/types.ts'
import { upstreamAt } from '../../../support/upstream.ts'

function fieldsOf(headers: readonly string[], scheme: 'h2:' | 'h2c:' = 'h2c:') {
  const request = { method: 'GET', path: '/x', headers, body: null, length: undefined } as unknown as UpstreamRequest
  return http2RequestFields(request, upstreamAt(3000, { protocol: scheme }))
}

test('distinguishes gRPC and gRPC-Web from media types with the same beginning', () => {
  for (const type of [
    'application/grpc',
    'application/grpc+proto',
    'application/grpc-web-text',
    'Application/gRPC; a=b',
  ]) {
    assert.ok(isGrpc(['Content-Type', type]), type)
  }
  for (const type of ['application/grpcx', 'application/json', 'text/application/grpc', '']) {
    assert.ok(!isGrpc(['Content-Type', type]), type)
  }
})

test('sends TE: trailers if the client or gRPC requires it, and no other TE', () => {
  assert.equal(fieldsOf(['TE', 'gzip, trailers'])['te'], 'trailers')
  assert.equal(fieldsOf(['content-type', 'application/grpc'])['te'], 'trailers')
  assert.equal(fieldsOf(['TE', 'gzip'])['te'], undefined)
})

test('drops fields with a pseudo-field name, and those that Connection names', () => {
  const fields = fieldsOf([':path', '/private', 'Connection', 'x-secret', 'X-Secret', '1', 'Upgrade', 'h2c'], 'h2:')
  assert.deepEqual(
    { ...fields },
    {
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': '127.0.0.1:3000',
      ':path': '/x',
    },
  )
  assert.deepEqual(plainFields([':status', '200', 'a', '1', 'keep-alive', '5', 'a', '2']), ['a', '1', 'a', '2'])
})
