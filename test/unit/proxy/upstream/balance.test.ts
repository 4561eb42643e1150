import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestHeaders } from '../../../../src/http/message/headers.ts'
import type { Exchange } from '../../../../src/http/message/exchange.ts'
import type { ResolvedUpstream } from '../../../../src/config/kinds/proxy-types.ts'
import { createBalancer, type BalanceOptions } from '../../../../src/proxy/upstream/balance.ts'
import { upstreamAt } from '../../../support/upstream.ts'

const none: ReadonlySet<ResolvedUpstream> = new Set()
const upstreams = [3001, 3002, 3003].map((port) => upstreamAt(port))
const [first, second, third] = upstreams as [ResolvedUpstream, ResolvedUpstream, ResolvedUpstream]

function asked(headers: readonly string[] = []): Exchange {
  return { headers: new RequestHeaders(headers) } as Exchange
}

function balancer(facts: Partial<BalanceOptions> = {}) {
  const clock = { now: 0 }
  const made = createBalancer(upstreams, { balance: 'round', hashBy: undefined, now: () => clock.now, ...facts })
  return {
    ...made,
    clock,
    ports: (count: number) => Array.from({ length: count }, () => made.pick(asked(), none)?.port),
  }
}

test('round: takes turns, and skips upstreams that were tried', () => {
  const { pick, ports } = balancer()
  assert.deepEqual(ports(4), [3001, 3002, 3003, 3001])
  assert.equal(pick(asked(), new Set([first, third])), second)
  assert.equal(pick(asked(), new Set(upstreams)), undefined)
})

test('least: chooses the upstream with the fewest active requests, and equal ones take turns', () => {
  const { begin, ports } = balancer({ balance: 'least' })
  const ends = [begin(first), begin(first), begin(second)]
  assert.deepEqual(ports(2), [3003, 3003])
  for (const end of ends) end()
  ends[0]?.()
  assert.deepEqual(new Set(ports(3)), new Set([3001, 3002, 3003]))
})

test('random: chooses the less busy of two random upstreams', () => {
  const { begin, ports } = balancer({ balance: 'random' })
  begin(first)
  const counts = new Map<number | undefined, number>()
  for (const port of ports(3000)) counts.set(port, (counts.get(port) ?? 0) + 1)
  // The busy upstream is always compared with an idle one.
  assert.equal(counts.get(3001), undefined)
  assert.ok((counts.get(3002) ?? 0) > 1200 && (counts.get(3003) ?? 0) > 1200)
})

for (const [kind, field] of [
  ['header', (key: string) => ['X-User', key]],
  ['cookie', (key: string) => ['Cookie', `other=1; x-user=${key}`]],
] as const) {
  test(`hash by ${kind}: a key keeps its upstream when another one fails, and keys are spread`, () => {
    const { pick, failed } = balancer({ balance: 'hash', hashBy: { kind, name: 'x-user' } })
    const keys = Array.from({ length: 600 }, (_, i) => `user-${i}`)
    const before = keys.map((key) => pick(asked(field(key)), none))
    for (const upstream of upstreams) {
      const share = before.filter((picked) => picked === upstream).length
      assert.ok(share > 140 && share < 260, `${upstream.label} has ${share} of 600`)
    }
    assert.deepEqual(
      keys.map((key) => pick(asked(field(key)), none)),
      before,
    )
    failed(second)
    keys.forEach((key, i) => {
      const now = pick(asked(field(key)), none)
      if (before[i] === second) assert.notEqual(now, second)
      else assert.equal(now, before[i])
    })
  })
}

test('hash: requests without the key take turns', () => {
  const { ports } = balancer({ balance: 'hash', hashBy: { kind: 'header', name: 'x-user' } })
  assert.deepEqual(ports(3), [3001, 3002, 3003])
})

test('opens the circuit for 1 s, 2 s, 4 s … up to 30 s; a response closes it', () => {
  const { failed, succeeded, isUp, clock } = balancer()
  for (const rest of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    failed(first)
    // Concurrent failures count once.
    failed(first)
    clock.now += rest - 1
    assert.equal(isUp(first), false)
    clock.now += 1
    assert.equal(isUp(first), true)
  }
  failed(first)
  succeeded(first)
  assert.equal(isUp(first), true)
  failed(first)
  clock.now += 1000
  assert.equal(isUp(first), true)
})

test('chooses the upstream whose failure is the oldest when all are down', () => {
  const { failed, pick, clock, ports } = balancer()
  for (const upstream of [second, third, first]) {
    clock.now += 10
    failed(upstream)
  }
  assert.deepEqual(ports(2), [3002, 3002])
  assert.equal(pick(asked(), new Set([second])), third)
})

test('the result of a check holds until the next one', () => {
  const { checked, failed, isUp, ports, clock } = balancer()
  checked(first, false)
  clock.now += 1_000_000
  assert.equal(isUp(first), false)
  assert.deepEqual(new Set(ports(4)), new Set([3002, 3003]))
  failed(first)
  checked(first, true)
  assert.equal(isUp(first), true)
})
