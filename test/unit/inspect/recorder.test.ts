import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecorder, type Recorder, type RecorderLimits } from '../../../src/inspect/recorder.ts'
import type { Exchange } from '../../../src/http/message/exchange.ts'
import { textReply } from '../../../src/http/message/reply.ts'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import type { RecordedExchange } from '../../../src/index.ts'

const limits = { recordedContentBytes: 100, recordedExchanges: 100, recordedBytes: 1_000_000 }

function recorderWith(more: Partial<RecorderLimits> = {}): Recorder & { idle: number } {
  const recorder = { idle: 0, ...createRecorder({ ...limits, ...more }, () => recorder.idle++) }
  return recorder
}

function begin(recorder: Recorder, target: string): Exchange {
  const x = syntheticExchange({ method: 'GET', target })
  recorder.begin(x)
  return x
}

function end(recorder: Recorder, x: Exchange, text = ''): void {
  const reply = textReply(200, text)
  recorder.end(x, reply, { bytes: text.length, aborted: false })
}

const targets = (exchanges: readonly RecordedExchange[]): string[] => exchanges.map(({ target }) => target)

test('keeps the beginning of each content, and counts the rest', () => {
  const recorder = recorderWith()
  using recording = recorder.open(5)
  const x = begin(recorder, '/')
  const memory = Buffer.from('abc')
  x.observer?.sent(memory)
  memory.fill('?')
  x.observer?.sent(Buffer.from('defg'))
  recorder.end(x, { status: 200, headers: [], body: null }, { bytes: 7, aborted: false })
  const [record] = recording.exchanges
  assert.equal(Buffer.from(record?.reply?.content ?? []).toString(), 'abcde')
  assert.equal(record?.reply?.bytes, 7)
})

test('content that comes byte by byte takes no more memory than its bytes', () => {
  const recorder = recorderWith({ recordedContentBytes: 400_000, recordedBytes: 1_000_000 })
  using recording = recorder.open(400_000)
  const x = begin(recorder, '/')
  const byte = Buffer.from('a')
  const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  const before = used()
  for (let i = 0; i < 400_000; i++) x.observer?.sent(byte)
  const more = used() - before
  assert.ok(more < 20 * 2 ** 20, `${Math.round(more / 2 ** 20)} MiB`)
  recorder.end(x, { status: 200, headers: [], body: null }, { bytes: 400_000, aborted: false })
  assert.equal(recording.exchanges[0]?.reply?.content.length, 400_000)
})

test('drops the oldest exchange beyond the limit of exchanges, and those under way last', () => {
  const recorder = recorderWith({ recordedExchanges: 2 })
  using recording = recorder.open(100)
  const long = begin(recorder, '/long')
  long.observer?.replying(textReply(200, ''))
  for (const target of ['/1', '/2', '/3']) end(recorder, begin(recorder, target))
  assert.deepEqual(targets(recording.exchanges), ['/3', '/long'])
  const [, record] = recording.exchanges
  assert.equal(recording.dropped, 2)
  const others = ['/4', '/5'].map((target) => begin(recorder, target))
  assert.deepEqual(targets(recording.exchanges), ['/4', '/5'])
  // It was dropped while it was under way, and keeps no more of its content.
  long.observer?.sent(Buffer.from('late'))
  assert.deepEqual([record?.reply?.bytes, record?.reply?.content.length], [4, 0])
  end(recorder, long)
  for (const x of others) end(recorder, x)
  assert.deepEqual(targets(recording.exchanges), ['/4', '/5'])
  assert.equal(recording.dropped, 4)
})

test('drops the oldest exchange beyond the limit of bytes, which counts fields and content', () => {
  const recorder = recorderWith({ recordedBytes: 900 })
  using recording = recorder.open(400)
  for (const target of ['/1', '/2', '/3']) end(recorder, begin(recorder, target), 'x'.repeat(400))
  assert.deepEqual(targets(recording.exchanges), ['/3'])
  // One exchange alone: its record is dropped, and no more of its content is kept.
  const field = 'y'.repeat(1001)
  const x = syntheticExchange({ method: 'GET', target: '/4', headers: ['A', field] })
  recorder.begin(x)
  end(recorder, x, 'x'.repeat(400))
  assert.deepEqual(targets(recording.exchanges), [])
  assert.equal(recording.dropped, 4)
})

test('an iteration that is slower than the exchanges continues with the oldest one that is kept', async () => {
  const recorder = recorderWith({ recordedExchanges: 2 })
  const recording = recorder.open(100)
  const iteration = recording[Symbol.asyncIterator]()
  end(recorder, begin(recorder, '/1'))
  assert.equal((await iteration.next()).value?.target, '/1')
  for (const target of ['/2', '/3', '/4', '/5']) end(recorder, begin(recorder, target))
  assert.equal((await iteration.next()).value?.target, '/4')
  assert.equal((await iteration.next()).value?.target, '/5')
  const last = iteration.next()
  recording.close()
  assert.equal((await last).done, true)
})

test('a recording begins with the exchanges after it, and can be read when it is closed', () => {
  const recorder = recorderWith()
  const first = recorder.open(100)
  end(recorder, begin(recorder, '/1'))
  const second = recorder.open(100)
  end(recorder, begin(recorder, '/2'))
  first.close()
  first.close()
  assert.equal(recorder.idle, 0)
  end(recorder, begin(recorder, '/3'))
  const running = begin(recorder, '/4')
  second.close()
  assert.equal(recorder.idle, 1)
  end(recorder, running)
  assert.deepEqual(targets(first.exchanges), ['/1', '/2'])
  assert.deepEqual(targets(second.exchanges), ['/2', '/3'])
})

test('an exchange that began before the recorder is not recorded', () => {
  const x = syntheticExchange({ method: 'GET', target: '/' })
  Object.assign(x, { startedAt: x.startedAt - 1 })
  const recorder = recorderWith()
  using recording = recorder.open(100)
  end(recorder, x)
  assert.deepEqual(recording.exchanges, [])
})

test('one who follows slowly learns how many exchanges were dropped unread', async () => {
  const recorder = recorderWith({ recordedExchanges: 2 })
  using recording = recorder.open(0)
  const follow = recording.follow()
  const next = async (): Promise<[target: string | undefined, missed: number | undefined]> => {
    const { value } = (await follow.next()) as { value?: { raw: RecordedExchange; missed: number } }
    return [value?.raw.target, value?.missed]
  }
  const take = (target: string): void => end(recorder, begin(recorder, target))
  take('/1')
  assert.deepEqual(await next(), ['/1', 0])
  for (const target of ['/2', '/3', '/4', '/5']) take(target)
  assert.deepEqual(await next(), ['/4', 2])
  assert.deepEqual(await next(), ['/5', 0])
  const lost = [begin(recorder, '/6'), begin(recorder, '/7'), begin(recorder, '/8')]
  for (const x of lost) end(recorder, x)
  assert.deepEqual(await next(), ['/7', 1])
})

test('keeps as much of content as the recording that wants most of it', () => {
  const recorder = recorderWith()
  const heads = recorder.open(0)
  const first = begin(recorder, '/')
  end(recorder, first, 'abcdef')
  using whole = recorder.open(4)
  end(recorder, begin(recorder, '/'), 'abcdef')
  assert.deepEqual(
    heads.exchanges.map(({ reply }) => reply?.content.length),
    [0, 4],
  )
  assert.deepEqual(
    heads.exchanges.map(({ reply }) => reply?.bytes),
    [6, 6],
  )
  heads.close()
  assert.equal(whole.exchanges.length, 1)
})

test('a record that has ended keeps its secrets for code of this server only', () => {
  const recorder = recorderWith()
  using recording = recorder.open(0)
  const x = syntheticExchange({ method: 'GET', target: '/?token=s3cret', headers: ['Cookie', 'a=s3cret'] })
  recorder.begin(x)
  end(recorder, x)
  assert.doesNotMatch(JSON.stringify(recording.exchanges), /s3cret/)
})

test('a record is plain data, and one that was read early follows its exchange', () => {
  const recorder = recorderWith()
  using recording = recorder.open(10)
  const x = begin(recorder, '/')
  const [early] = recording.exchanges
  assert.deepEqual([early?.reply, early?.endMs], [undefined, undefined])
  end(recorder, x, 'abc')
  const [late] = recording.exchanges
  assert.equal(late, early)
  assert.equal(early?.reply?.status, 200)
  assert.ok((early?.endMs ?? -1) >= 0)
  assert.equal(Object.getOwnPropertyDescriptor(early ?? {}, 'endMs')?.value, early?.endMs)
})
