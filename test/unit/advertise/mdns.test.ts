import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode, type Packet, type RecordType } from 'dns-packet'
import { answersTo, labelOf, localName, recordsOf } from '../../../src/advertise/mdns.ts'

const service = { type: '_http._tcp', name: 'My TV', port: 8008, txt: { path: '/' } }
const records = recordsOf(service, 'box.local', '192.0.2.1')
const instance = 'My TV._http._tcp.local'

function typesOf(packet: Packet): string[] {
  return answersTo(packet, records).map(({ type, name }) => `${type} ${name}`)
}

function ask(name: string, type: string): Packet {
  return { questions: [{ name, type: type as RecordType }] }
}

test('makes records that a client reads', () => {
  const { answers = [] } = decode(encode({ type: 'response', answers: [...records] }))
  assert.deepEqual(
    answers.map((each) => [each.type, each.name, 'ttl' in each && each.ttl, 'flush' in each && each.flush]),
    [
      ['PTR', '_http._tcp.local', 4500, false],
      ['SRV', instance, 120, true],
      ['TXT', instance, 4500, true],
      ['A', 'box.local', 120, false],
      ['PTR', '_services._dns-sd._udp.local', 4500, false],
    ],
  )
})

describe('answers', () => {
  for (const [name, type, found] of [
    ['_http._tcp.local', 'PTR', ['PTR _http._tcp.local']],
    ['_HTTP._tcp.LOCAL', 'PTR', ['PTR _http._tcp.local']],
    [instance, 'ANY', [`SRV ${instance}`, `TXT ${instance}`]],
    ['box.local', 'A', ['A box.local']],
    ['box.local', 'AAAA', []],
    ['_ipp._tcp.local', 'PTR', []],
    ['local', 'ANY', []],
  ] as const) {
    test(`${type} ${name}`, () => assert.deepEqual(typesOf(ask(name, type)), found))
  }

  test('each record once, and none that the sender knows', () => {
    const { questions = [] } = ask('_http._tcp.local', 'PTR')
    const twice = { questions: [...questions, ...questions] }
    assert.equal(typesOf(twice).length, 1)
    const known = (ttl: number, data = instance): Packet => ({
      ...twice,
      answers: [{ name: '_http._tcp.local', type: 'PTR', ttl, data }],
    })
    assert.equal(typesOf(known(4500)).length, 0)
    // Half of the time is over: the sender asks for a fresh one.
    assert.equal(typesOf(known(2000)).length, 1)
    assert.equal(typesOf(known(4500, 'Other._http._tcp.local')).length, 1)
  })
})

test('a name is one label of at most 63 bytes', () => {
  assert.equal(labelOf('My TV 2.0'), 'My TV 2-0')
  assert.equal(labelOf('é'.repeat(40)), 'é'.repeat(31))
  assert.equal(labelOf('👩'.repeat(16)), '👩'.repeat(15))
  assert.equal(localName('Box.example.test'), 'box.local')
  assert.equal(localName(''), 'serve8008.local')
})
