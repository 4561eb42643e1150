import * as v from 'valibot'
import { redactUrl } from '../../core/util/secret.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { plainText } from '../options/shapes.ts'
import type { RouteKind } from './kind.ts'

type RedirectStatus = 301 | 302 | 303 | 307 | 308

/** The keys of a route that redirects. */
export interface RedirectKeys {
  /** Target of a redirect: a path below `base`, or a URL. */
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
  redact: (action) => ({ ...action, to: redactUrl(action.to) }),
  text: ({ status, to }) => `${status} to ${redactUrl(to)}`,
  phrase: ({ to }) => ['redirects to', 'redirected to', redactUrl(to)],
}

/** A path below the base, or a URL; not `//host`, which looks like a path and is a URL. */
function resolveTarget(text: string, base: string, path: readonly string[], problems: Problem[]): string {
  const isPath = /^\/(?![/\\])/.test(text)
  const isUrl = /^https?:\/\/[^/\\]/i.test(text)
  const url = URL.canParse(text, 'http://localhost') ? new URL(text, 'http://localhost') : undefined
  if ((!isPath && !isUrl) || url === undefined || /[\\\x00-\x20\x7f]/.test(text) || url.username !== '') {
    const hint = 'use a path such as /new, or a URL such as https://example.test/'
    problems.push({ path, message: `${quote(text)} is neither a path nor a URL`, hint })
    return '/'
  }
  return isUrl ? url.href : base + (url.pathname + url.search + url.hash).slice(1)
}
