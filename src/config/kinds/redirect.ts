import * as v from 'valibot'
import { encodeSegment } from '../../core/util/escape.ts'
import { redactUrl } from '../../core/util/secret.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { plainText } from '../options/shapes.ts'
import type { RouteKind } from './kind.ts'
import { addressed, nearMisses, placeholder } from './placeholders.ts'

type RedirectStatus = 301 | 302 | 303 | 307 | 308

/** The keys of a route that redirects. */
export interface RedirectKeys {
  /**
   * Target of a redirect: a path below `base`, or a URL. `{origin}`, `{host}` and `{port}` are those by which the client addressed
   * this server, as in a fixed reply: `https://{host}:8448/`.
   */
  readonly redirect?: string | undefined
  /** Status of the redirect. Default 307. */
  readonly status?: RedirectStatus | undefined
}

/** A redirect to a path or a URL. */
export interface RedirectAction {
  readonly kind: 'redirect'
  readonly to: string
  readonly status: RedirectStatus
}

/** @internal */
export const redirectKind: RouteKind<RedirectKeys, RedirectAction> = {
  keys: { redirect: plainText, status: v.picklist([301, 302, 303, 307, 308], '301, 302, 303, 307 or 308') },
  otherwise: { status: 'write reply: { status }' },
  resolve: ({ redirect = '', status = 307 }, path, { base, problems }) => ({
    kind: 'redirect',
    to: resolveTarget(redirect, base, [...path, 'redirect'], problems),
    status,
  }),
  // Only the query of the request is added, so that clients cannot choose the target.
  handle({ to, status }, { isSecure }) {
    const hash = to.indexOf('#')
    const target = hash === -1 ? [to, ''] : [to.slice(0, hash), to.slice(hash)]
    const hasQuery = target[0]?.includes('?') === true
    return addressed(target, isSecure, ([url = '', fragment = ''], x) => ({
      status,
      headers: ['Location', url + (hasQuery ? '' : x.target.query) + fragment, 'Cache-Control', 'no-store'],
      body: null,
    }))
  },
  redact: (action) => ({ ...action, to: redactUrl(action.to) }),
  describe: ({ status, to }) => `${status} to ${redactUrl(to)}`,
  phrase: ({ to }) => ['redirects to', 'redirected to', redactUrl(to)],
}

/** What a client may call this server: a target with placeholders must be one with these. */
const sample: Readonly<Record<string, string>> = { origin: 'http://localhost:8008', host: 'localhost', port: '8008' }

/** A path below the base, or a URL; not `//host`, which looks like a path and is a URL. */
function resolveTarget(text: string, base: string, path: readonly string[], problems: Problem[]): string {
  const [miss] = nearMisses(text, Object.keys(sample))
  if (miss !== undefined) {
    const hint = `did you mean {${miss.meant}}? The placeholders are {origin}, {host} and {port}`
    problems.push({ path, message: `${quote(miss.written)} is not a placeholder`, hint })
    return '/'
  }
  const example = text.replaceAll(placeholder, (_, name: string) => sample[name] as string)
  const isPath = /^\/(?![/\\])/.test(example)
  const isUrl = /^https?:\/\/(?!https?:)[^/\\]/i.test(example)
  const url = URL.canParse(example, 'http://localhost') ? new URL(example, 'http://localhost') : undefined
  if ((!isPath && !isUrl) || url === undefined || /[\\\x00-\x20\x7f]/.test(text) || url.username !== '') {
    const hint = 'use a path such as /new, or a URL such as https://example.test/'
    problems.push({ path, message: `${quote(text)} is neither a path nor a URL`, hint })
    return '/'
  }
  // As the URL Standard does, but for the braces.
  if (example !== text) return (isUrl ? '' : base.slice(0, -1)) + text.replace(/[^!#-;=?-~]+/g, encodeSegment)
  return isUrl ? url.href : base + (url.pathname + url.search + url.hash).slice(1)
}
