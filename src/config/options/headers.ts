import * as v from 'valibot'
import { redactFields } from '../../core/util/secret.ts'
import { isPlainObject } from '../plain-object.ts'
import type { AllowedOrigins, HeaderRule } from '../value-types.ts'
import { resolveCors } from '../values/access.ts'
import { directiveNames } from '../values/cache-control.ts'
import { resolveHeaders } from '../values/headers.ts'
import { parseCache, parseHeaders, parseSwitchOrList } from '../values/parse-text.ts'
import { joint, option, plain, toggle, type Joint, type Option, type Toggle } from './option.ts'
import { flag, listOfTexts, plainText, recordOf } from './shapes.ts'

/** Header fields, caching, CORS and compression. */
export class HeaderOptions {
  /**
   * Header fields for every reply, or for those under a path below `base`:
   * `{ '/assets': { 'cache-control': 'max-age=60' } }`. Values are Latin-1 without controls (RFC 9110 section 5.5);
   * fields that frame the message or manage the connection are refused.
   */
  readonly headers: Option<Readonly<Record<string, string | Readonly<Record<string, string>>>>, readonly HeaderRule[]> =
    option({
      schema: recordOf(
        v.union([plainText, recordOf(plainText, 'an object of fields')], 'a string or an object of fields'),
        'an object',
      ),
      flag: 'header',
      aliases: ['headers'],
      kind: 'list',
      valueName: 'NAME:VALUE',
      parse: parseHeaders,
      default: {},
      holdsFields: true,
      description: 'Header field for every reply; a config file can also state them by path.',
      accepts: 'fields, or paths with fields each: { "/assets": { "cache-control": "max-age=60" } }',
      // `X-A` and `x-a` are one field, `/docs` and `/docs/` one path.
      innerKey: (key) => (key.startsWith('/') ? `/${key.replace(/^\/+|\/+$/g, '')}` : key.toLowerCase()),
      resolve: (headers, { base, problems }) => resolveHeaders(headers, base, problems),
      redact: (rules) => rules.map((rule) => ({ ...rule, headers: redactFields(rule.headers) })),
      foreignKeys: [[['mimeTypes', 'mimetypes'], "write headers: { '/path': { 'content-type': 'text/plain' } }"]],
    })
  /**
   * `Cache-Control` of files: false is `no-cache`, true `max-age=3600`, a number `max-age` in seconds; a string is a time
   * (`30s`, `10m`, `1h`, `7d`) or directives (RFC 9111 section 5.2.2, RFC 8246) that are sent as they are. Default false.
   */
  readonly cache: Joint<boolean | number | string> = joint({
    schema: v.union([flag, v.number(), plainText], 'seconds, true, false or a string'),
    kind: 'optional',
    valueName: 'TIME',
    form: () => new RegExp(`^(-?\\d[\\d.]*[a-z]*|${directiveNames.join('|')}|.*=.*|.*,.*)$`, 'i'),
    parse: parseCache,
    default: false,
    defaultText: 'no-cache',
    description: 'Cache-Control of files: seconds, a time such as 10m, off (no-cache), on (an hour) or directives.',
    accepts: 'seconds, a time such as 30s, 10m, 1h or 7d, off (no-cache), on (1h) or directives such as "no-store"',
    show: ({ cacheControl }) => cacheControl,
    foreignFlags: [[['-m', '--maxage'], '--cache']],
    foreignKeys: [
      [['maxAge'], 'did you mean "cache"? It takes seconds'],
      [['cacheControl'], 'did you mean "cache"?'],
    ],
  })
  /** Allow pages of every origin, or of these origins, to read replies, without credentials. Default false. */
  readonly cors: Option<boolean | string | readonly string[], AllowedOrigins> = option({
    schema: v.union([flag, plainText, listOfTexts], 'true, false or origins'),
    kind: 'optional',
    repeats: true,
    valueName: 'ORIGIN',
    form: () => /^\*$|:\/\//,
    parse: parseSwitchOrList,
    default: false,
    description: 'Let pages of every origin, or of these origins, read replies.',
    overview: 'let pages of other origins read replies',
    accepts: 'true, false or origins such as https://app.example.test',
    resolve: (origins, { problems }) => resolveCors(origins, problems),
    foreignFlags: [[['-C'], '--cors']],
    correct: (value) => (isPlainObject(value) ? "use true, or the origins: ['https://app.example.test']" : undefined),
  })
  /** Cross-origin isolation: sends COOP `same-origin` and COEP `require-corp`. Default false. */
  readonly isolate: Toggle = plain({
    ...toggle,
    default: false,
    description: 'Cross-origin isolation, for SharedArrayBuffer: send COOP same-origin and COEP require-corp.',
  })
  /** Compress text, and send `.br`, `.gz` and `.zst` files that lie beside the originals. Default true. */
  readonly compress: Toggle = plain({
    ...toggle,
    default: true,
    description: 'Compress text, and send .br, .gz and .zst files that lie beside the originals.',
    foreignFlags: [
      [['--compression'], '--compress'],
      [['-u', '--no-compression'], '--no-compress'],
      [['-b', '-g', '--brotli', '--gzip'], 'leave it out: text is compressed already'],
    ],
    foreignKeys: [[['gzip', 'brotli'], 'did you mean "compress"?']],
  })
}

/** The definitions. @internal */
export const headerOptions: HeaderOptions = new HeaderOptions()
