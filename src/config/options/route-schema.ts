import * as v from 'valibot'
import type { ProxySetting, RouteOptions } from '../route-types.ts'
import { flag, listOf, listOfTexts, recordOf, plainText, textOrTexts } from './shapes.ts'

const range = 'a port from 1 to 65535'
const port = v.pipe(v.number(range), v.integer(range), v.minValue(1, range), v.maxValue(65_535, range))
const target = v.union([plainText, port], 'a target')
const targets = listOf(target, 'a list of targets')
const fields = recordOf(v.union([plainText, v.literal(false)], 'a string or false'), 'an object')
const conditions = recordOf(v.union([plainText, flag], 'a string, true or false'), 'an object')
const milliseconds = v.pipe(
  v.number('a number'),
  v.integer('a whole number'),
  v.minValue(0, 'milliseconds from 0 to 2147483647'),
  v.maxValue(2 ** 31 - 1, 'milliseconds from 0 to 2147483647'),
)
const aboveZero = v.pipe(milliseconds, v.minValue(1, 'milliseconds above 0'))

const timeouts = v.strictObject(
  {
    connectMs: v.optional(milliseconds),
    headersMs: v.optional(milliseconds),
    bodyIdleMs: v.optional(milliseconds),
    totalMs: v.optional(milliseconds),
    upgradeMs: v.optional(milliseconds),
  },
  'an object of timeouts',
)

const health = v.strictObject(
  { path: plainText, intervalMs: v.optional(aboveZero), timeoutMs: v.optional(aboveZero) },
  'an object with a path',
)

const tls = v.strictObject(
  {
    verify: v.optional(flag),
    ca: v.optional(plainText),
    servername: v.optional(plainText),
    cert: v.optional(plainText),
    key: v.optional(plainText),
  },
  'an object of TLS options',
)

const proxyOptions = v.strictObject(
  {
    to: v.union([target, targets], 'a target or a list of targets'),
    balance: v.optional(v.picklist(['round', 'least', 'random', 'hash'], 'round, least, random or hash')),
    hashBy: v.optional(plainText),
    changeOrigin: v.optional(flag),
    headers: v.optional(fields),
    passHeaders: v.optional(v.union([flag, listOfTexts], 'true, false or a list of names')),
    replyHeaders: v.optional(fields),
    buffer: v.optional(flag),
    rewrite: v.optional(flag),
    cookiePath: v.optional(plainText),
    live: v.optional(flag),
    debug: v.optional(flag),
    retries: v.optional(
      v.pipe(
        v.number('a number'),
        v.integer('a whole number'),
        v.minValue(0, 'a number from 0 to 10'),
        v.maxValue(10, 'a number from 0 to 10'),
      ),
    ),
    hold: v.optional(milliseconds),
    timeouts: v.optional(timeouts),
    health: v.optional(health),
    tls: v.optional(tls),
  },
  'an object of proxy options',
)

const match = v.strictObject(
  {
    path: v.optional(plainText),
    exact: v.optional(plainText),
    pattern: v.optional(plainText),
    host: v.optional(plainText),
    method: v.optional(textOrTexts),
    header: v.optional(conditions),
    cookie: v.optional(conditions),
    query: v.optional(conditions),
  },
  'an object of conditions',
)

const reply = v.strictObject(
  {
    status: v.optional(
      v.pipe(
        v.number('a status'),
        v.integer('a status'),
        v.minValue(200, 'a status from 200 to 599'),
        v.maxValue(599, 'a status from 200 to 599'),
      ),
    ),
    headers: v.optional(recordOf(plainText, 'an object of fields')),
    body: v.optional(plainText),
  },
  'an object',
)

/** What may stand for a proxy. */
export const proxySchema: v.GenericSchema<ProxySetting> = v.union(
  [target, targets, proxyOptions],
  'a target (a URL or a port), a list of targets or an object of proxy options',
)

const route = v.strictObject(
  {
    name: v.optional(plainText),
    match,
    proxy: v.optional(proxySchema),
    redirect: v.optional(plainText),
    reply: v.optional(reply),
    status: v.optional(v.picklist([301, 302, 303, 307, 308], '301, 302, 303, 307 or 308')),
  },
  'an object with match and an action',
)

/** One entry of `routes`. */
export const routeSchema: v.GenericSchema<RouteOptions> = route

/** The keys of each object within `proxy` and `routes`, by the key of the object. */
export const routeKeys: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({ route, match, proxy: proxyOptions, timeouts, health, tls, reply }).map(([key, { entries }]) => [
    key,
    Object.keys(entries),
  ]),
)
