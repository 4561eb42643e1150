import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ShownExchange } from '../../../src/dashboard/page/exchange.ts'
import { createStore } from '../../../src/dashboard/page/store.ts'

function exchange(id: number, more: Partial<ShownExchange> = {}): ShownExchange {
  return {
    ...{ id, time: '', address: '', port: 0, tls: false, method: 'GET', target: `/${id}`, version: '1.1', host: '' },
    ...{ status: 200, bytes: 0, ms: 1, firstByteMs: 1, aborted: false, type: '', user: '', refusal: '', remark: '' },
    ...{ route: '', upstream: '', reason: '', site: '', forwarded: [], requestBytes: 0, requestHeaders: [] },
    ...{ headers: [], requestTrailers: [], trailers: [] },
    ...more,
  }
}

const large = 'x'.repeat(16 * 2 ** 20)

describe('what the page keeps', () => {
  test('is bounded, whatever part of an exchange is large', () => {
    const parts: readonly Partial<ShownExchange>[] = [
      { content: { text: large } },
      { headers: [['a', large]] },
      { trailers: [['a', large]] },
      {
        forwarded: [
          { upstream: '', method: '', target: '', startMs: 0, headers: [['a', large]], replyHeaders: [] },
          { upstream: '', method: '', target: '', startMs: 0, headers: [], replyHeaders: [['a', large]] },
        ],
      },
    ]
    for (const part of parts) {
      const store = createStore(() => {})
      for (let id = 1; id <= 8; id++) store.add([exchange(id, part)])
      assert.ok(store.total < 5, Object.keys(part).join(', '))
      assert.equal(store.missed, 8 - store.total)
    }
  })

  test('is bounded too while the list stands still', () => {
    const store = createStore(() => {})
    store.add([exchange(1)])
    store.pause(true)
    for (let id = 2; id <= 9; id++) store.add([exchange(id, { content: { text: large } })])
    // The oldest goes first, also from the list that stands still.
    assert.deepEqual(store.shown, [])
    assert.ok(store.held < 5, `${store.held}`)
    const { held } = store
    store.pause(false)
    assert.equal(store.shown.length, store.total)
    assert.ok(store.total <= held)
    assert.equal(store.total + store.missed, 9)
  })

  test('drops by the order of arrival, which is not that of ids: a long request ends late', async () => {
    let done = 0
    const store = createStore((progress) => (done = progress))
    store.add([exchange(900, { content: { text: large } })])
    for (let id = 2; id <= 6; id++) store.add([exchange(id, { content: { text: large } })])
    assert.deepEqual(
      store.shown.map(({ id }) => id),
      [4, 5, 6],
    )
    done = 0
    store.filter('method:GET')
    store.add([exchange(1)])
    while (done < 1 || store.shown.length < 4) await new Promise(setImmediate)
    assert.deepEqual(
      store.shown.map(({ id }) => id),
      [4, 5, 6, 1],
    )
  })
})
