import assert from 'node:assert/strict'
import { Agent, request as requestNode } from 'node:http'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { Client, type Dispatcher } from 'undici'
import { ResponseParser } from '../../src/proxy/h1/response-parser.ts'
import { readResponseHead } from '../../src/proxy/response/head.ts'
import { UpstreamError } from '../../src/proxy/upstream/upstream-error.ts'
import { createGate } from '../support/gate.ts'
import { hostileResponse, inPieces, type PlayedResponse } from '../support/hostile-response.ts'

// The parsers of Node and undici are llhttp, which many clients use: what they and ours understand must be the same.
// `SERVE8008_TEST_FUZZ_SECONDS` sets how long it runs, `SERVE8008_TEST_FUZZ_SEED` repeats a run.

const seconds = Number(process.env['SERVE8008_TEST_FUZZ_SECONDS'] ?? 10)
const seed = Number(process.env['SERVE8008_TEST_FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const headerBytes = 4096

/** What a parser understood. Text has a character for each byte. */
interface Reading {
  refused?: string
  readonly interim: number[]
  status: number
  reason: string
  fields: readonly string[]
  content: string
  trailers: readonly string[]
  isComplete: boolean
  isReusable: boolean
}

function noReading(): Reading {
  return {
    interim: [],
    status: 0,
    reason: '',
    fields: [],
    content: '',
    trailers: [],
    isComplete: false,
    isReusable: false,
  }
}

/** Reads with our parser. `end` is where the response ends, `untilClose` whether that is the end of the connection. */
function readOurs({ method, text, cuts }: PlayedResponse): Reading & { end: number; untilClose: boolean } {
  const bytes = Buffer.from(text, 'latin1')
  const reading = { ...noReading(), end: bytes.length, untilClose: false }
  const parser = new ResponseParser(
    {
      interim: (status) => void reading.interim.push(status),
      start: ({ status, reason, raw }) => Object.assign(reading, { status, reason: reason ?? '', fields: raw }),
      data: (chunk) => void (reading.content += chunk.toString('latin1')),
      end: (trailers) => Object.assign(reading, { trailers: trailers ?? [], isComplete: true }),
    },
    headerBytes,
  )
  parser.expect({ method, isUpgrade: false })
  let given = 0
  try {
    for (const piece of inPieces(bytes, cuts)) {
      const rest = parser.isBusy ? parser.read(piece) : piece
      given += piece.length
      if (!parser.isBusy) {
        reading.end = given - (rest?.length ?? 0)
        break
      }
    }
    if (!reading.isComplete) {
      parser.finish()
      reading.untilClose = reading.isComplete
    }
    reading.isReusable = parser.isReusable
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    reading.refused = error.message
  }
  return reading
}

/** A socket in memory. */
class PlayedSocket extends Duplex {
  readonly #asked = createGate()
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    this.#asked.open()
    done()
  }
  setKeepAlive = (): this => this
  setTimeout = (): this => this
  setNoDelay = (): this => this
  ref = (): this => this
  unref = (): this => this

  /** Sends bytes, and ends the connection if wanted. Resolves when `isOver` says so, or when nothing happens any more. */
  async play(pieces: readonly Buffer[], ends: boolean, isOver: () => boolean): Promise<void> {
    await this.#asked.opened
    for (const piece of pieces) {
      if (this.destroyed) break
      this.push(piece)
      await turn()
    }
    if (ends && !this.destroyed) this.push(null)
    for (let turns = 0; turns < 12 && !isOver(); turns++) await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function readWithNode(method: string, pieces: readonly Buffer[], ends: boolean): Promise<Reading> {
  const reading = noReading()
  const socket = new PlayedSocket()
  const agent = Object.assign(new Agent({ keepAlive: true }), { createConnection: () => socket })
  const fail = (error: Error): void => void (reading.refused ??= error.message)
  const request = requestNode({ method, agent, maxHeaderSize: headerBytes * 2 })
  request
    .on('error', fail)
    .on('information', ({ statusCode }) => reading.interim.push(statusCode))
    .on('upgrade', () => fail(new Error('upgrade')))
    .on('response', (message) => {
      Object.assign(reading, {
        status: message.statusCode,
        reason: message.statusMessage,
        fields: message.rawHeaders,
      })
      message
        .on('error', fail)
        .on('data', (chunk: Buffer) => (reading.content += chunk.toString('latin1')))
        .on('end', () => {
          reading.isComplete = message.complete
          reading.trailers = message.rawTrailers
          reading.isReusable = request.shouldKeepAlive
        })
    })
    .end()
  await socket.play(pieces, ends, () => reading.refused !== undefined || reading.isComplete)
  const read = { ...reading }
  agent.destroy()
  socket.destroy()
  return read
}

async function readWithUndici(method: string, pieces: readonly Buffer[], ends: boolean): Promise<Reading> {
  const reading = noReading()
  const socket = new PlayedSocket()
  const client = new Client('http://localhost', {
    // Its callback must not be called at once.
    connect: (_options, done) => setImmediate(() => done(null, socket as never)),
    maxHeaderSize: headerBytes * 2,
    keepAliveTimeoutThreshold: 0,
  })
  const list = (raw: readonly Buffer[] | null): string[] => (raw ?? []).map((each) => each.toString('latin1'))
  client.dispatch({ method: method as Dispatcher.HttpMethod, path: '/' }, {
    onConnect: () => {},
    onError: (error: Error) => void (reading.refused ??= error.message),
    onHeaders: (status: number, raw: Buffer[], _resume: () => void, reason: string) => {
      if (status < 200) reading.interim.push(status)
      else Object.assign(reading, { status, reason, fields: list(raw) })
      return true
    },
    onData: (chunk: Buffer) => {
      reading.content += chunk.toString('latin1')
      return true
    },
    onComplete: (raw: Buffer[]) => {
      reading.isComplete = true
      reading.trailers = list(raw)
    },
  } as unknown as Dispatcher.DispatchHandler)
  await socket.play(pieces, ends, () => reading.refused !== undefined || reading.isComplete)
  await turn()
  reading.isReusable = reading.isComplete && !socket.destroyed
  const read = { ...reading }
  client.destroy().catch(() => {})
  socket.destroy()
  return read
}

const peers = { node: readWithNode, undici: readWithUndici }

/** What a peer refuses and ours accepts. Each entry was reviewed. */
interface Reviewed {
  readonly refused: RegExp
  readonly isMeant: (text: string, ours: Reading) => boolean
}

const reviewed: readonly Reviewed[] = [
  {
    // Old servers pad the size of a chunk. RFC 9112 section 7.1.1 allows blanks in front of an extension.
    refused: /Invalid character in chunk size/,
    isMeant: (text) => /[\da-f][\t ]+[;\r]/i.test(text),
  },
  {
    // RFC 9112 section 5.2: a gateway refuses obs-fold, or joins the lines with a blank.
    refused: /Unexpected whitespace after header value|Invalid header value char/,
    isMeant: (text) => /\r\n[\t ]/.test(text),
  },
  {
    // RFC 9110 section 15.2: a client must be able to read interim responses that it did not ask for.
    refused: /^bad response$/,
    isMeant: (_text, { interim }) => interim.includes(100),
  },
  {
    // RFC 9110 section 5.6.3: a tab is a blank like another.
    refused: /Invalid character in Content-Length/,
    isMeant: (text) => /^Content-Length:.*\t/im.test(text),
  },
  {
    // RFC 9112 section 9.6: this option ends the connection after the final response.
    refused: /Data after `Connection: close`/,
    isMeant: (_text, { interim }) => interim.length > 0,
  },
]

/** What undici says of every fault in a response with a length. RFC 9112 section 6.3: no content in 204 and 304. */
const lengthMismatch = /^Response body length does not match/

function isReviewed(refused: string, text: string, ours: Reading): boolean {
  const entries = lengthMismatch.test(refused) ? reviewed : reviewed.filter((each) => each.refused.test(refused))
  const hasNoContent = lengthMismatch.test(refused) && (ours.status === 204 || ours.status === 304)
  return hasNoContent || entries.some(({ isMeant }) => isMeant(text, ours))
}

/** Values as their reader compares them: a line that was continued is joined with one blank. */
function normal(fields: readonly string[]): string[] {
  return fields.map((text) => text.replace(/[\t ]+/g, ' ').trim())
}

async function compare(played: PlayedResponse, tell: (fact: string) => void): Promise<void> {
  const ours = readOurs(played)
  if (ours.refused !== undefined) return tell('refused')
  const { method, text, cuts } = played
  // For llhttp such content has no chunks, but ends with the connection. RFC 9110 section 5.6.3: a tab is a blank.
  if (/^Transfer-Encoding:.*\t/im.test(text)) return tell('tab in Transfer-Encoding')
  const whole = Buffer.from(text.slice(0, ours.end), 'latin1')
  tell(ours.isComplete ? 'accepted' : 'incomplete')
  for (const [name, read] of Object.entries(peers)) {
    // A response that ends before the connection must be complete without its end.
    const theirs = await read(method, inPieces(whole, cuts), ours.untilClose || !ours.isComplete)
    const facts = `${name}: ${JSON.stringify(theirs)}\nours: ${JSON.stringify(ours)}`
    if (!ours.isComplete) {
      assert.ok(!theirs.isComplete, `complete for ${facts}`)
      continue
    }
    if (theirs.refused !== undefined) {
      assert.ok(isReviewed(theirs.refused, text, ours), `refused by ${facts}`)
      tell(`${name}: ${theirs.refused}`)
      continue
    }
    assert.deepEqual(meaning(theirs), meaning(ours), facts)
    if (ours.isReusable && !mayCloseEarlier(text, method)) assert.ok(theirs.isReusable, `not reusable for ${facts}`)
    else if (theirs.isReusable) tell(`${name} reuses more`)
    // Without its last byte it must not be complete.
    if (ours.untilClose) continue
    const less = await read(method, inPieces(whole.subarray(0, -1), cuts), false)
    assert.ok(!less.isComplete, `ends earlier for ${facts}`)
  }
}

/**
 * For llhttp the response to HEAD needs a length; it ends with its header section (RFC 9112 section 6.3). A tab after
 * `keep-alive` hides it from llhttp. undici reads `Keep-Alive` of interim responses, we that of the final one, which the
 * parser leaves to its connection.
 */
function mayCloseEarlier(text: string, method: string): boolean {
  return method === 'HEAD' || /^Connection:.*\t/im.test(text) || /^Keep-Alive:.*=\s*0/im.test(text)
}

/** Ours gives the trailer fields that are forwarded. */
function endToEnd(trailers: readonly string[]): readonly string[] {
  return readResponseHead(trailers).fields
}

function meaning({ status, interim, fields, content, trailers, isComplete }: Reading): object {
  return { status, interim, fields: normal(fields), content, trailers: normal(endToEnd(trailers)), isComplete }
}

test('means what it means to Node and undici', { timeout: (seconds + 120) * 1000 }, async (t) => {
  const counts = new Map<string, number>()
  const tell = (fact: string): void => void counts.set(fact, (counts.get(fact) ?? 0) + 1)
  await fc.assert(
    fc.asyncProperty(hostileResponse, (played) => compare(played, tell)),
    {
      seed,
      numRuns: 1e9,
      interruptAfterTimeLimit: seconds * 1000,
      markInterruptAsFailure: false,
      includeErrorInReport: true,
    },
  )
  t.diagnostic(`seed ${seed}: ${JSON.stringify(Object.fromEntries(counts))}`)
  assert.ok((counts.get('accepted') ?? 0) > 0)
})

test('reads a response in pieces as it reads it whole', () => {
  fc.assert(
    fc.property(hostileResponse, (played) => {
      const whole = readOurs({ ...played, cuts: [] })
      const { refused, ...pieces } = readOurs(played)
      assert.equal(refused === undefined, whole.refused === undefined, `${refused} or ${whole.refused}`)
      if (refused === undefined) assert.deepEqual(pieces, whole)
    }),
    { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 200, markInterruptAsFailure: false },
  )
})
