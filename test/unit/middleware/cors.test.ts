import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCors } from '../../../src/middleware/cors.ts'
import { textReply, type Reply } from '../../../src/http/message/reply.ts'
import { fieldsOf, request } from './fixtures.ts'

const origin = 'http://localhost:3000'
const shared = Object.freeze(textReply(200, 'content'))
const next = () => shared

function mark(
  origins: '*' | readonly string[],
  headers: readonly string[],
  reply: Reply = shared,
): Record<string, string> {
  return fieldsOf(createCors(origins).filter(reply, request(headers)) as Reply)
}

function preflight(origins: '*' | readonly string[], headers: readonly string[], method = 'OPTIONS'): Reply {
  return createCors(origins).layer(next)(request(headers, method)) as Reply
}

const asks = ['Access-Control-Request-Method', 'PUT']

test('for every origin the fields are constant, so a shared reply is changed once', () => {
  const { filter } = createCors('*')
  const marked = filter(shared, request()) as Reply
  assert.deepEqual(fieldsOf(marked), {
    ...fieldsOf(shared),
    'access-control-allow-origin': '*',
    'access-control-expose-headers': '*',
  })
  assert.equal(filter(shared, request(['Origin', origin])), marked)
})

test('a listed origin is allowed by name, with Vary', () => {
  const fields = mark([origin], ['Origin', origin])
  assert.equal(fields['access-control-allow-origin'], origin)
  assert.equal(fields['vary'], 'Origin')
})

for (const [title, headers] of [
  ['another origin', ['Origin', 'http://localhost:3001']],
  ['a longer origin', ['Origin', `${origin}.evil.test`]],
  ['a prefix of the origin', ['Origin', 'http://localhost:300']],
  ['no origin', []],
  ['two origins', ['Origin', origin, 'Origin', origin]],
  ['the opaque origin', ['Origin', 'null']],
] as const) {
  test(`with a list, ${title} is not allowed, but Vary names Origin`, () => {
    const fields = mark([origin, 'null'], headers)
    assert.equal(fields['access-control-allow-origin'], undefined)
    assert.equal(fields['access-control-expose-headers'], undefined)
    assert.equal(fields['vary'], 'Origin')
    assert.equal(preflight([origin, 'null'], [...headers, ...asks]), shared)
  })
}

test('a reply with its own CORS fields is unchanged', () => {
  const backend = textReply(200, 'x', ['Access-Control-Allow-Origin', 'http://other.test'])
  assert.equal(createCors('*').filter(backend, request()), backend)
})

test('a preflight reply allows the requested method and fields', () => {
  const reply = preflight(
    [origin],
    ['Origin', origin, ...asks, 'Access-Control-Request-Headers', 'authorization,x-one'],
  )
  assert.equal(reply.status, 204)
  assert.equal(reply.body, null)
  assert.deepEqual(fieldsOf(reply), {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'PUT',
    'access-control-allow-headers': 'authorization,x-one',
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  })
})

test('a preflight of any origin is answered for any origin', () => {
  assert.equal(fieldsOf(preflight('*', ['Origin', 'null', ...asks]))['access-control-allow-origin'], '*')
})

test('credentials and the private network are never granted', () => {
  for (const origins of ['*', [origin]] as const) {
    const headers = ['Origin', origin, ...asks, 'Access-Control-Request-Private-Network', 'true']
    for (const fields of [fieldsOf(preflight(origins, headers)), mark(origins, headers)]) {
      assert.equal(fields['access-control-allow-credentials'], undefined)
      assert.equal(fields['access-control-allow-private-network'], undefined)
    }
  }
})

test('a method or field that is no token is not repeated', () => {
  const fields = fieldsOf(
    preflight(
      '*',
      [
        ['Origin', origin],
        ['Access-Control-Request-Method', 'PUT, DELETE'],
        ['Access-Control-Request-Headers', 'x: <script>'],
      ].flat(),
    ),
  )
  assert.equal(fields['access-control-allow-methods'], undefined)
  assert.equal(fields['access-control-allow-headers'], undefined)
})

test('other OPTIONS requests pass', () => {
  assert.equal(preflight('*', ['Origin', origin]), shared, 'no method is asked for')
  assert.equal(preflight('*', asks), shared, 'no origin')
  assert.equal(preflight('*', ['Origin', origin, ...asks], 'GET'), shared)
})
