import * as v from 'valibot'
import type { ProxySetting, RouteOptions } from './route-types.ts'

// Messages are nouns: they complete the sentence `70000 is not …`.
const flag = v.boolean('true or false')
const text = v.string('a text')
const listOfTexts = v.pipe(v.array(text, 'a list of texts'), v.readonly())
const textOrTexts = v.union([text, listOfTexts], 'a text or a list of texts')
const range = 'a port from 1 to 65535'
const port = v.pipe(v.number(range), v.integer(range), v.minValue(1, range), v.maxValue(65_535, range))
const target = v.union([text, port], 'a target')
const targets = v.pipe(v.array(target, 'a list of targets'), v.readonly())
const fields = v.pipe(
  v.record(v.string(), v.union([text, v.literal(false)], 'a text or false'), 'an object'),
  v.readonly(),
)
const conditions = v.pipe(
  v.record(v.string(), v.union([text, flag], 'a text, true or false'), 'an object'),
  v.readonly(),
)
const milliseconds = v.pipe(
  v.number('a number'),
  v.integer('a whole number'),
  v.minValue(0, 'milliseconds'),
  v.maxValue(2 ** 31 - 1, 'milliseconds'),
)
const aboveZero = v.pipe(milliseconds, v.minValue(1, 'milliseconds above 0'))

const timeouts = v.strictObject(
  {
    connectMs: v.exactOptional(milliseconds),
    headersMs: v.exactOptional(milliseconds),
    bodyIdleMs: v.exactOptional(milliseconds),
    totalMs: v.exactOptional(milliseconds),
    upgradeMs: v.exactOptional(milliseconds),
  },
  'an object of timeouts',
)

const health = v.strictObject(
  { path: text, intervalMs: v.exactOptional(aboveZero), timeoutMs: v.exactOptional(aboveZero) },
  'an object with a path',
)

const tls = v.strictObject(
  {
    verify: v.exactOptional(flag),
    ca: v.exactOptional(text),
    servername: v.exactOptional(text),
    cert: v.exactOptional(text),
    key: v.exactOptional(text),
  },
  'an object of TLS options',
)

const proxyOptions = v.strictObject(
  {
    to: v.union([target, targets], 'a target or a list of targets'),
    balance: v.exactOptional(v.picklist(['round', 'least', 'random', 'hash'], 'a way to share')),
    hashBy: v.exactOptional(text),
    changeOrigin: v.exactOptional(flag),
    headers: v.exactOptional(fields),
    passHeaders: v.exactOptional(v.union([flag, listOfTexts], 'true, false or a list of names')),
    replyHeaders: v.exactOptional(fields),
    rewrite: v.exactOptional(flag),
    live: v.exactOptional(flag),
    debug: v.exactOptional(flag),
    retries: v.exactOptional(
      v.pipe(
        v.number('a number'),
        v.integer('a whole number'),
        v.minValue(0, 'a number from 0 to 10'),
        v.maxValue(10, 'a number from 0 to 10'),
      ),
    ),
    hold: v.exactOptional(milliseconds),
    timeouts: v.exactOptional(timeouts),
    health: v.exactOptional(health),
    tls: v.exactOptional(tls),
  },
  'an object of proxy options',
)

const match = v.strictObject(
  {
    path: v.exactOptional(text),
    exact: v.exactOptional(text),
    pattern: v.exactOptional(text),
    host: v.exactOptional(text),
    method: v.exactOptional(textOrTexts),
    header: v.exactOptional(conditions),
    cookie: v.exactOptional(conditions),
    query: v.exactOptional(conditions),
  },
  'an object of conditions',
)

const reply = v.strictObject(
  {
    status: v.exactOptional(
      v.pipe(
        v.number('a status'),
        v.integer('a status'),
        v.minValue(200, 'a status from 200 to 599'),
        v.maxValue(599, 'a status from 200 to 599'),
      ),
    ),
    headers: v.exactOptional(v.pipe(v.record(v.string(), text, 'an object of fields'), v.readonly())),
    body: v.exactOptional(text),
  },
  'an object',
)

/** What may stand for a proxy. */
export const proxySchema: v.GenericSchema<ProxySetting> = v.union(
  [target, targets, proxyOptions],
  'a target (a URL or a port), a list of targets or an object of proxy options',
)

/** One entry of `routes`. */
export const routeSchema: v.GenericSchema<RouteOptions> = v.strictObject(
  {
    name: v.exactOptional(text),
    match,
    proxy: v.exactOptional(proxySchema),
    redirect: v.exactOptional(text),
    reply: v.exactOptional(reply),
    status: v.exactOptional(v.picklist([301, 302, 303, 307, 308], 'a status of redirects')),
  },
  'an object with match and an action',
)
