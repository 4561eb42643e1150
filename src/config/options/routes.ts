import * as v from 'valibot'
import { quote } from '../diagnostic.ts'
import { isPlainObject } from '../plain-object.ts'
import type { RouteOptions } from '../route-types.ts'
import type { ProxySetting } from '../kinds/proxy-types.ts'
import { parseJsonText, parseProxy, parseText, parseTime } from '../values/parse-text.ts'
import { resolveTrust } from '../values/access.ts'
import { joint, ofServer, option, severalTexts, type Joint, type OfServer, type Option } from './option.ts'
import { handlerSchema, resolveHandler, type HandlerSetting, type ResolvedHandler } from '../kinds/handler.ts'
import { proxySchema } from '../kinds/proxy.ts'
import { kinds } from '../kinds/registry.ts'
import { routeSchema } from './route-schema.ts'
import { listOf, plainText, recordOf } from './shapes.ts'

/** Which requests other programs, routes and handlers answer. */
export class RoutingOptions {
  /**
   * Proxies: `{ '/api': 3000, 'chat.localhost': { to: 'ws://localhost:4000' } }`.
   * A key is a path below `base`, a host name (`*.dev.localhost` for every name below), or both (`api.localhost/v1`).
   * The most specific one answers; see {@link ProxySetting}.
   */
  readonly proxy: Joint<Readonly<Record<string, ProxySetting>>> = joint({
    schema: recordOf(proxySchema, 'an object'),
    aliases: ['x'],
    kind: 'list',
    valueName: 'MATCH=TARGET',
    parse: parseProxy,
    default: {},
    description:
      'Forward a path, a host name or both to a server: /api=http://localhost:3000. Can be repeated. Behind commas: changeOrigin, insecure, timeout=30s.',
    overview: 'forward requests: /api=http://localhost:3000',
    makesSite: true,
    takesEdits: true,
    accepts: 'matches with a target each, for example { "/api": "http://localhost:3000" }',
    // Host names ignore case.
    innerKey: (match) =>
      match.startsWith('/')
        ? `/${match.replace(/^\/+|\/+$/g, '')}`
        : match.replace(/^[^/]*/, (host) => host.toLowerCase()).replace(/\/+$/, ''),
    foreignFlags: [[['-P'], '--proxy /=']],
    correct: (value) =>
      typeof value === 'string'
        ? `write { "/api": ${quote(value)} }`
        : Array.isArray(value)
          ? 'write each as a key: { "/api": "http://localhost:3000" }'
          : undefined,
  })
  /** Routes with more conditions than a path and a host, and of every kind; see {@link RouteOptions}. */
  readonly routes: Joint<readonly RouteOptions[]> = joint({
    schema: listOf(routeSchema, 'a list of routes'),
    flag: false,
    kind: 'value',
    valueName: 'JSON',
    parse: parseJsonText,
    default: [],
    description: `Routes by path, host, method, header, cookie or query, of each kind: ${Object.keys(kinds).join(', ')}.`,
    makesSite: true,
    takesEdits: true,
    holdsFields: true,
    accepts: 'a list of routes, for example [{ "match": { "path": "/old" }, "redirect": "/new" }]',
    foreignKeys: [[['redirects'], "write routes: [{ match: { path: '/old' }, redirect: '/new' }]"]],
    correct: (value) =>
      isPlainObject(value) ? "write a list: [{ match: { path: '/old' }, redirect: '/new' }]" : undefined,
  })
  /**
   * Code that answers what no route and no file does: `(request) => new Response('ok')`, or an object with `fetch`, such as
   * an app of Hono or h3. In the command also the path of a module whose default export is one. Then `listing` is false
   * by default. Default none.
   */
  readonly handler: Option<HandlerSetting | string | false, ResolvedHandler | undefined> = option({
    schema: v.union(
      [v.literal(false), plainText, handlerSchema],
      'a function, an object with fetch, or the path of a module',
    ),
    kind: 'value',
    valueName: 'FILE',
    isPath: true,
    parse: parseText,
    default: false,
    description: 'Let a module answer what no file does: a function (request) => Response, or an app of Hono or h3.',
    makesSite: true,
    accepts: 'the path of a module, or in a program a function (request) => Response or an object with fetch',
    resolve: (given, { cwd }) => resolveHandler(given, cwd),
    redact: (resolved) => resolved?.handler,
  })
  /** Addresses and networks (`10.0.0.0/8`) of proxies whose `Forwarded` and `X-Forwarded-*` are believed. Default none. */
  readonly trust: OfServer<Option<string | readonly string[], readonly string[]>> = ofServer(
    option({
      ...severalTexts,
      valueName: 'ADDRESS',
      default: [],
      description: 'Address or network of a proxy whose X-Forwarded-For and similar fields are believed.',
      accepts: 'IP addresses or networks such as 10.0.0.0/8',
      resolve: (trust, { problems }) => resolveTrust(trust, problems),
    }),
  )
  /**
   * Timeout for an upstream to answer, and between chunks of its reply: seconds, or a time such as `30s` or `5m`; 0 is none.
   * `timeouts` of a route override it. Default 0: as long as the client waits.
   */
  readonly timeout: Joint<number | string> = joint({
    schema: v.union([v.number(), plainText], 'seconds or a string'),
    kind: 'value',
    valueName: 'TIME',
    parse: parseTime,
    foreignFlags: [[['--proxy-timeout', '--read-timeout'], '--timeout']],
    default: 0,
    defaultText: 'as long as the client waits',
    description: 'Timeout for an upstream to answer, and between parts of its reply: seconds, or a time such as 5m.',
    accepts: 'seconds, or a time such as 500ms, 30s or 5m; 0 for none',
    show: ({ timeoutMs }) => (timeoutMs === 0 ? undefined : `${timeoutMs / 1000}s`),
  })
}

/** The definitions. @internal */
export const routeOptions: RoutingOptions = new RoutingOptions()
