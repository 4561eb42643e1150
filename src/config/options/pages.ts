import { quote } from '../diagnostic.ts'
import { resolveSingle } from '../values/paths.ts'
import { choice, option, plain, switchOrText, toggle, type Option, type Toggle } from './option.ts'

/** Single-page apps, listings and clean URLs. */
export class PageOptions {
  /** Answer navigation to unknown paths with `index.html`, or with the named page. Default false. */
  readonly single: Option<boolean | string, string | undefined> = option({
    ...switchOrText('true, false or a page'),
    aliases: ['s', 'spa'],
    valueName: 'PAGE',
    form: () => /\.x?html?$/i,
    default: false,
    description: 'Single-page app: answer navigation to unknown paths with index.html, or with this page.',
    overview: 'answer unknown paths with index.html (SPA)',
    accepts: 'true, false or a page inside the folder such as app.html',
    resolve: (page, { problems }) => resolveSingle(page, problems),
    foreignFlags: [[['--entry-file', '--history-api-fallback', '--spa-fallback'], '--single']],
    foreignKeys: [
      [['historyApiFallback', 'fallback', 'singlePage'], 'did you mean single: true?'],
      [['file'], (value) => `did you mean single: ${typeof value === 'string' ? quote(value) : 'true'}?`],
      [['rewrites'], 'did you mean "single"? Other servers are reached by "proxy"'],
    ],
  })
  /** List folders that have no index page. Default true. */
  readonly listing: Toggle = plain({
    ...toggle,
    default: true,
    description: 'List folders that have no index page.',
    foreignFlags: [[['-d', '-i', '--dir-listing', '--directory-listing'], '--listing']],
    foreignKeys: [[['directoryListing', 'autoIndex', 'serveIndex', 'showDir'], 'did you mean "listing"? It is on']],
  })
  /** Serve `/about` from `about.html`. Default true. */
  readonly cleanUrls: Toggle = plain({
    ...toggle,
    default: true,
    description: 'Serve /about from about.html.',
    foreignFlags: [[['-e', '--ext'], 'leave it out: /about is answered with about.html already']],
    foreignKeys: [[['ext'], 'leave it out: /about is served from about.html (see "cleanUrls")']],
  })
  /** `always` or `never` redirects pages to the form with or without a final slash; `auto` redirects folders only. Default `auto`. */
  readonly trailingSlash: Option<'auto' | 'always' | 'never'> = plain({
    ...choice(['auto', 'always', 'never']),
    valueName: 'POLICY',
    default: 'auto',
    description: 'Redirect pages to their form with (always) or without (never) a final slash; auto: only folders.',
    correct: (value) => (typeof value === 'boolean' ? `did you mean ${value ? '"always"' : '"never"'}?` : undefined),
  })
}

/** The definitions. @internal */
export const pageOptions: PageOptions = new PageOptions()
