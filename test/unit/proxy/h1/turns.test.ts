import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usualLimits, type Limits } from '../../../../src/config/options/limits.ts'
import { Turns, type TurnUser } from '../../../../src/proxy/h1/turns.ts'
import type { UpstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'

/** Turns for numbered requests of clients, such as `a1`. */
function openTurns(limits: Partial<Limits>) {
  const holders = new Set<Request>()
  const granted: string[] = []
  const failed: string[] = []
  class Request implements TurnUser {
    readonly name: string
    constructor(name: string) {
      this.name = name
    }
    get client(): string {
      return this.name.replace(/\d+$/, '')
    }
    failed({ fault }: UpstreamError): void {
      failed.push(`${this.name} ${fault}`)
    }
  }
  const grant = (request: Request): void => {
    granted.push(request.name)
    holders.add(request)
  }
  const turns = new Turns<Request>({
    limits: { ...usualLimits, upstreamShare: 75, ...limits },
    holders: () => holders,
    granted: grant,
  })
  return {
    turns,
    granted,
    failed,
    /** The number of connections that a client holds. */
    held: (client: string) => [...holders].filter((each) => each.client === client).length,
    ask(...names: string[]): Request[] {
      return names.map((name) => {
        const request = new Request(name)
        if (turns.take(request)) grant(request)
        return request
      })
    },
    release(name: string): void {
      const request = [...holders].find((each) => each.name === name)
      assert.ok(request !== undefined, `${name} holds nothing`)
      holders.delete(request)
      turns.release(request)
    },
  }
}

const many = (client: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${client}${i + 1}`)

test('grants every connection to one client where its share is 100 percent', () => {
  const { ask, held } = openTurns({ upstreamConnections: 4, upstreamShare: 100 })
  ask(...many('a', 9))
  assert.equal(held('a'), 4)
})

for (const [most, share, held] of [
  [1, 75, 1],
  [2, 75, 2],
  [4, 75, 3],
  [100, 75, 75],
  [100, 1, 1],
  [1024, 75, 768],
] as const) {
  test(`grants ${held} of ${most} connections to one client whose share is ${share} percent`, () => {
    const all = openTurns({ upstreamConnections: most, upstreamShare: share })
    all.ask(...many('a', most + 10))
    assert.equal(all.held('a'), held)
    all.turns.fail(new Error() as UpstreamError)
  })
}

test('each client leaves a quarter of what the others left', () => {
  const all = openTurns({ upstreamConnections: 64 })
  for (const client of ['a', 'b', 'c', 'd']) all.ask(...many(client, 70))
  assert.deepEqual(['a', 'b', 'c', 'd'].map(all.held), [48, 12, 3, 1])
  all.turns.fail(new Error() as UpstreamError)
})

test('serves clients that wait in turns, one request each', () => {
  const { ask, release, granted, turns } = openTurns({ upstreamConnections: 2, upstreamShare: 100 })
  ask('x1', 'x2', 'a1', 'a2', 'a3', 'b1', 'c1', 'c2')
  granted.length = 0
  for (const name of ['x1', 'x2', 'a1', 'b1', 'c1', 'a2']) release(name)
  assert.deepEqual(granted, ['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
  assert.deepEqual(ask('d1').map(turns.withdraw.bind(turns)), [true])
})

test('counts what a client holds before and after connections are scarce', () => {
  const { ask, release, held, granted, turns } = openTurns({ upstreamConnections: 8 })
  ask(...many('b', 2), ...many('a', 8))
  // Of 6 connections that b leaves, a gets 5.
  assert.deepEqual([held('a'), held('b')], [5, 2])
  granted.length = 0
  release('b1')
  assert.deepEqual(granted, ['a6'])
  for (const name of ['b2', ...many('a', 6)]) release(name)
  assert.deepEqual(granted, ['a6', 'a7', 'a8'])
  for (const name of ['a7', 'a8']) release(name)
  ask(...many('c', 9))
  assert.equal(held('c'), 6)
  turns.fail(new Error() as UpstreamError)
})

test('a full queue drops the newest request of the client with the most', () => {
  const { ask, failed, turns } = openTurns({ upstreamConnections: 1, queuedRequests: 3 })
  const [, ...waiting] = ask('x1', 'a1', 'a2', 'a3')
  assert.deepEqual(failed, [])
  waiting.push(...ask('a4'))
  assert.deepEqual(failed.splice(0), ['a4 queue-full'])
  waiting.push(...ask('b1'))
  assert.deepEqual(failed.splice(0), ['a3 queue-full'])
  // No client waits with more than b: the newest is its own.
  waiting.push(...ask('b2', 'c1', 'd1'))
  assert.deepEqual(failed.splice(0), ['b2 queue-full', 'a2 queue-full', 'd1 queue-full'])
  assert.deepEqual(
    waiting.filter((each) => turns.withdraw(each)).map(({ name }) => name),
    ['a1', 'b1', 'c1'],
  )
})

test('without a queue a request that has to wait fails', () => {
  const { ask, failed } = openTurns({ upstreamConnections: 1, queuedRequests: 0 })
  ask('a1', 'a2')
  assert.deepEqual(failed, ['a2 queue-full'])
})

test('a request that waits longer than queueMs fails, and leaves the queue', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ask, release, failed, granted } = openTurns({ upstreamConnections: 1, queueMs: 500 })
  ask('a1', 'b1')
  t.mock.timers.tick(300)
  ask('c1', 'c2')
  t.mock.timers.tick(200)
  assert.deepEqual(failed, ['b1 queue-timeout'])
  release('a1')
  t.mock.timers.tick(300)
  assert.deepEqual(failed, ['b1 queue-timeout', 'c2 queue-timeout'])
  assert.deepEqual(granted, ['a1', 'c1'])
})

test('a request that is withdrawn leaves the queue and its timer', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ask, release, failed, granted, turns } = openTurns({ upstreamConnections: 1, queueMs: 500 })
  const [holder, second, third] = ask('a1', 'b1', 'c1')
  assert.deepEqual(
    [holder, second, second].map((each) => turns.withdraw(each as TurnUser as never)),
    [false, true, false],
  )
  release('a1')
  t.mock.timers.tick(1000)
  assert.deepEqual(failed, [])
  assert.deepEqual(granted, ['a1', third?.name])
})

test('looks at no client while connections are plenty', () => {
  const turns = new Turns<TurnUser>({ limits: usualLimits, holders: () => assert.fail(), granted: () => assert.fail() })
  const request = { failed: () => assert.fail() } as unknown as TurnUser
  Object.defineProperty(request, 'client', { get: () => assert.fail('the client was looked at') })
  for (let i = 0; i < 768; i++) assert.equal(turns.take(request), true)
  for (let i = 0; i < 768; i++) turns.release(request)
})
