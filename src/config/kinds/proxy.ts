import * as v from 'valibot'
import { redactFields, redactUrl } from '../../core/util/secret.ts'
import { flag, listOf, listOfTexts, milliseconds, plainText, recordOf } from '../options/shapes.ts'
import type { RouteKind } from './kind.ts'
import type { ProxySetting, ResolvedProxy } from './proxy-types.ts'

/** The key of a route that forwards. */
export interface ProxyKeys {
  readonly proxy?: ProxySetting | undefined
}

/** Forwarding to one or several upstreams. */
export interface ProxyAction {
  readonly kind: 'proxy'
  readonly proxy: ResolvedProxy
}

const range = 'a port from 1 to 65535'
const port = v.pipe(v.number(range), v.integer(range), v.minValue(1, range), v.maxValue(65_535, range))
const target = v.union([plainText, port], 'a target')
const targets = listOf(target, 'a list of targets')
const fields = recordOf(v.union([plainText, v.literal(false)], 'a string or false'), 'an object')
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
    aliases: v.optional(listOfTexts),
    rewriteBody: v.optional(v.union([listOfTexts, recordOf(flag, 'an object')], 'a list of names or an object')),
    scriptName: v.optional(flag),
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

/** What may stand for a proxy. @internal */
export const proxySchema: v.GenericSchema<ProxySetting> = v.union(
  [target, targets, proxyOptions],
  'a target (a URL or a port), a list of targets or an object of proxy options',
)

/** @internal */
export const proxyKind: RouteKind<ProxyKeys, ProxyAction> = {
  keys: { proxy: proxySchema },
  isForwarded: true,
  label: ['Proxy', 'Proxy'],
  resolve: ({ proxy = [] }, path, context) => ({
    kind: 'proxy',
    proxy: context.resolveProxy(proxy, [...path, 'proxy'], context),
  }),
  redact: ({ kind, proxy }) => ({ kind, proxy: publicProxy(proxy) }),
  handle: (_, { forward }) => forward(),
  describe: targetsOf,
  explain({ proxy: { upstreams, balance } }) {
    const [only, ...others] = upstreams
    return others.length === 0 ? `forwards to ${only?.label}` : `forwards to one of ${upstreams.length} (${balance})`
  },
  notes: ({
    proxy: {
      changeOrigin,
      tls: { verify },
      timeouts,
      aliases,
      rewriteBody,
    },
  }) => [
    ...(changeOrigin ? ['changeOrigin'] : []),
    ...(verify ? [] : ['insecure']),
    ...(timeouts.headersMs === 0 ? [] : [`timeout=${timeouts.headersMs / 1000}s`]),
    ...(aliases.length === 0 ? [] : ['aliases']),
    ...(rewriteBody.length === 0 ? [] : ['rewriteBody']),
  ],
  warnings: ({ proxy }, id) =>
    proxy.tls.verify
      ? []
      : [
          {
            code: 'W8008_UNVERIFIED',
            message: `The route ${id} does not verify the certificates of its upstreams.`,
            hint: 'verify them instead: set `tls.ca` of the route to the certificate of their authority',
          },
        ],
  phrase: (action) => ['goes to', 'went to', targetsOf(action)],
  settings({ proxy: { upstreams: _upstreams, ...proxy } }) {
    return Object.fromEntries(Object.entries(proxy).map(([key, value]) => [optionNames[key] ?? key, value]))
  },
}

/** Settings that have another name among the options. */
const optionNames: Readonly<Record<string, string>> = { requestFields: 'headers', replyFields: 'replyHeaders' }

function targetsOf({ proxy }: ProxyAction): string {
  return proxy.upstreams
    .map(({ label, prefix, socketPath }) => {
      if (prefix === undefined) return label
      // As a target is written: unix:/run/app.sock:/v1
      return `${label}${socketPath === undefined ? '' : ':'}${prefix || '/'}`
    })
    .join(', ')
}

/** A proxy without the credentials in the fields that it sets. */
function publicProxy({ requestFields, replyFields, health, ...rest }: ResolvedProxy): ResolvedProxy {
  return {
    ...rest,
    health: health && { ...health, path: redactUrl(health.path) },
    requestFields: { ...requestFields, set: redactFields(requestFields.set) },
    replyFields: { ...replyFields, set: redactFields(replyFields.set) },
  }
}
