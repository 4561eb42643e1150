import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allowsRange, evaluatePreconditions } from '../../src/http/semantics/conditional.ts'
import { RequestHeaders } from '../../src/http/message/headers.ts'
import { formatHttpDate, parseHttpDate } from '../../src/http/message/date.ts'
import type { Validators } from '../../src/http/message/reply.ts'

interface Tag {
  readonly weak: boolean
  readonly opaque: string
}

const day = Date.UTC(2024, 0, 1)
const tag = fc.record({ weak: fc.boolean(), opaque: fc.constantFrom('a', 'b', 'a,b', '', 'W/', '!#~') })
const tags = fc.oneof(fc.constant('*' as const), fc.array(tag, { minLength: 1, maxLength: 4 }))
const date = fc.nat({ max: 3 }).map((days) => day + days * 86_400_000)
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const written = ({ weak, opaque }: Tag): string => `${weak ? 'W/' : ''}"${opaque}"`
const separators = [',', ', ', ' ,\t', ',, ']

/** RFC 9110 section 13.2.2 step by step, over what the fields mean instead of how they are written. */
function expected(
  method: string,
  asked: { match?: '*' | Tag[]; noneMatch?: '*' | Tag[]; unmodified?: number; modified?: number },
  own: { etag?: Tag; modified?: number },
): string {
  const { etag } = own
  const reads = method === 'GET' || method === 'HEAD'
  if (asked.match !== undefined) {
    const isTrue =
      asked.match === '*' ||
      (etag !== undefined && asked.match.some((one) => !one.weak && !etag.weak && one.opaque === etag.opaque))
    if (!isTrue) return 'failed'
  } else if (asked.unmodified !== undefined && own.modified !== undefined && own.modified > asked.unmodified) {
    return 'failed'
  }
  if (asked.noneMatch !== undefined) {
    const isTrue =
      asked.noneMatch !== '*' && !asked.noneMatch.some((one) => etag !== undefined && one.opaque === etag.opaque)
    return isTrue ? 'proceed' : reads ? 'not-modified' : 'failed'
  }
  if (reads && asked.modified !== undefined && own.modified !== undefined && own.modified <= asked.modified) {
    return 'not-modified'
  }
  return 'proceed'
}

test('evaluates preconditions as RFC 9110 says, however the lists are written', () => {
  const asked = fc.record({
    match: optional(tags),
    noneMatch: optional(tags),
    unmodified: optional(date),
    modified: optional(date),
  })
  const own = fc.record({ etag: optional(tag), modified: optional(date) })
  const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE')
  const writing = fc.record({ separator: fc.constantFrom(...separators), isSplit: fc.boolean() })
  fc.assert(
    fc.property(method, asked, own, writing, (verb, given, mine, { separator, isSplit }) => {
      const fields: string[] = []
      const add = (name: string, value: '*' | Tag[] | undefined): void => {
        if (value === undefined) return
        if (value === '*') fields.push(name, '*')
        else if (isSplit) for (const one of value) fields.push(name, written(one))
        else fields.push(name, value.map(written).join(separator))
      }
      add('If-Match', given.match)
      add('if-none-match', given.noneMatch)
      if (given.unmodified !== undefined) fields.push('If-Unmodified-Since', formatHttpDate(given.unmodified))
      if (given.modified !== undefined) fields.push('If-Modified-Since', formatHttpDate(given.modified))
      const validators: Validators = { etag: mine.etag && written(mine.etag), modified: mine.modified }
      const outcome = evaluatePreconditions(verb, new RequestHeaders(fields), validators)
      assert.equal(outcome, expected(verb, definedOnly(given), definedOnly(mine)))
    }),
    { numRuns: 5000 },
  )
})

function definedOnly<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never
}

test('never throws, and never takes junk for our tag', () => {
  const junk = fc.string({ maxLength: 60 })
  fc.assert(
    fc.property(junk, junk, (a, b) => {
      const headers = new RequestHeaders(['If-Match', a, 'If-None-Match', b, 'If-Range', a, 'If-Modified-Since', b])
      const validators = { etag: '"0123456789abcdef"', modified: day }
      evaluatePreconditions('GET', headers, validators)
      assert.equal(allowsRange(headers, validators), false)
      assert.equal(evaluatePreconditions('GET', new RequestHeaders(['If-None-Match', `${b}x`]), validators), 'proceed')
    }),
    { numRuns: 3000 },
  )
})

test('writes and parses every whole second of four centuries', () => {
  const seconds = fc.integer({ min: Date.UTC(1800, 0, 1) / 1000, max: Date.UTC(2200, 0, 1) / 1000 })
  fc.assert(fc.property(seconds, (at) => assert.equal(parseHttpDate(formatHttpDate(at * 1000)), at * 1000)))
})
