import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { pullStream } from '../../../../src/proxy/response/pull-stream.ts'
import { UpstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

test('fails when the upstream is idle, but not when it sends slowly', async () => {
  const silent = new PassThrough()
  await assert.rejects(pullStream(silent, { write: () => {} }, 20), (error) => {
    assert.ok(error instanceof UpstreamError)
    assert.equal(error.fault, 'body-timeout')
    return silent.destroyed
  })
  const slow = new PassThrough()
  let bytes = 0
  const pulled = pullStream(slow, { write: (chunk) => void (bytes += chunk.length) }, 600)
  for (let i = 0; i < 8; i++) {
    slow.write('x')
    await after(100)
  }
  slow.end()
  await pulled
  assert.equal(bytes, 8)
})

test('a slow reader does not count as an idle upstream', async () => {
  const stream = new PassThrough()
  stream.write('first')
  let chunks = 0
  const write = async (): Promise<void> => {
    chunks++
    await after(60)
    stream.end()
  }
  await pullStream(stream, { write }, 20)
  assert.equal(chunks, 1)
})

test('destroys the stream when the reader fails', async () => {
  const stream = new PassThrough()
  stream.write('first')
  const failure = new Error('gone')
  await assert.rejects(pullStream(stream, { write: () => Promise.reject(failure) }, 0), failure)
  assert.ok(stream.destroyed)
})
