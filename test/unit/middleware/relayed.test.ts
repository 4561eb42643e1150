import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { createCompression } from '../../../src/middleware/compression.ts'
import { createCors } from '../../../src/middleware/cors.ts'
import { createResourcePolicy } from '../../../src/middleware/constant-fields.ts'
import { createResponseHeaders } from '../../../src/middleware/response-headers.ts'
import { createConditionsAndRanges } from '../../../src/middleware/conditions-and-ranges.ts'
import { composeFilters } from '../../../src/http/compose.ts'
import type { Reply } from '../../../src/http/message/reply.ts'
import { createInject } from '../../../src/live/inject/inject.ts'
import { contentOf, fieldsOf, request } from './fixtures.ts'

const html = `<!doctype html><html><head><title>x</title></head><body>${'text '.repeat(1000)}</body></html>`
const asked = ['Sec-Fetch-Dest', 'document', 'Accept-Encoding', 'gzip', 'Range', 'bytes=0-1', 'If-None-Match', '"a"']

function relayed(changed: Partial<Reply> = {}, fields: readonly string[] = []): Reply {
  const headers = ['Content-Type', 'text/html', 'ETag', '"a"', ...fields]
  return { status: 200, headers, body: Buffer.from(html), relayed: true, ...changed }
}

function filters(): (reply: Reply, headers?: readonly string[]) => Promise<Reply> {
  const run = composeFilters([
    createResponseHeaders([{ path: '/', headers: ['X-Mine', '1'] }]),
    createResourcePolicy(false),
    createInject({ script: '/live.js', isOn: () => true, pageBytes: 1e6, onBlocked: () => {} }),
    createCompression(),
    createConditionsAndRanges({ maxRanges: 1, refuse: () => assert.fail('refused') }),
  ])
  return async (reply, headers = asked) => run(reply, request(headers))
}

test('a relayed reply keeps its bytes, validators and policies, and gets the configured fields', async () => {
  const reply = await filters()(relayed())
  assert.equal(reply.status, 200)
  assert.deepEqual(fieldsOf(reply), { 'content-type': 'text/html', etag: '"a"', 'x-mine': '1' })
  assert.equal(String(await contentOf(reply.body)), html)
})

test('a page gets the live client if its route has live reload', async () => {
  const reply = await filters()(relayed({ injectable: true }), asked.slice(0, 4))
  assert.match(String(await contentOf(reply.body)), /<head><script src="\/live\.js"/)
  assert.equal(fieldsOf(reply)['content-encoding'], undefined)
  assert.notEqual(fieldsOf(reply)['etag'], '"a"')
})

test('a page that was decoded for it is encoded again', async () => {
  const coded = relayed({ injectable: true, body: zlib.gzipSync(html) }, ['Content-Encoding', 'gzip'])
  const reply = await filters()(coded, ['Sec-Fetch-Dest', 'document', 'Accept-Encoding', 'gzip'])
  assert.equal(fieldsOf(reply)['content-encoding'], 'gzip')
  assert.match(String(zlib.gunzipSync(await contentOf(reply.body))), /<head><script src="\/live\.js"/)
})

test('CORS adds no field that an upstream has sent', () => {
  const { filter } = createCors('*')
  const spoken = relayed({}, ['Access-Control-Allow-Origin', 'https://a.test'])
  assert.equal(filter(spoken, request(['Origin', 'https://b.test'])), spoken)
  const half = filter(relayed({}, ['Access-Control-Expose-Headers', 'x-a']), request()) as Reply
  const fields = fieldsOf(half)
  assert.equal(fields['access-control-expose-headers'], 'x-a')
  assert.equal(fields['access-control-allow-origin'], '*')
})
