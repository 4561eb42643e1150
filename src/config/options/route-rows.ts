import type { OptionRow } from './option-entry.ts'
import * as read from './parse-text.ts'

/** The rows of proxies, redirects and fixed replies. */
export const routeRows: Readonly<Record<'proxy' | 'routes' | 'trust' | 'timeout', OptionRow>> = {
  proxy: {
    group: 'Routes',
    flags: ['proxy', 'x'],
    kind: 'list',
    valueName: 'MATCH=TARGET',
    parse: read.parseProxy,
    description: 'Forward a path, a host name or both to a server: /api=http://localhost:3000. Can be repeated.',
    accepts: 'matches with a target each, for example { "/api": "http://localhost:3000" }',
  },
  routes: {
    group: 'Routes',
    flags: [],
    kind: 'value',
    valueName: 'JSON',
    parse: read.parseJsonText,
    description: 'Routes by path, host, method, header, cookie or query; redirects and fixed replies.',
    accepts: 'a list of routes, for example [{ "match": { "path": "/old" }, "redirect": "/new" }]',
  },
  trust: {
    group: 'Routes',
    flags: ['trust'],
    kind: 'list',
    valueName: 'ADDRESS',
    parse: read.parseList,
    description: 'Address or network of a proxy whose X-Forwarded-For and similar fields are believed.',
    accepts: 'IP addresses or networks such as 10.0.0.0/8',
  },
  timeout: {
    group: 'Routes',
    flags: ['timeout'],
    kind: 'value',
    valueName: 'TIME',
    parse: read.parseTime,
    description: 'Timeout for an upstream to answer, and between parts of its reply: seconds, or a time such as 5m.',
    accepts: 'seconds, or a time such as 30s, 5m or 1h; 0 for none',
    default: 'as long as the client waits',
  },
}
