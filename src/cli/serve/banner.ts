import type { Listening } from '../../server/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import { createStyle, wrapText, type Style, type Terminal } from '../output/terminal.ts'

/** What the banner shows. */
export interface BannerFacts {
  readonly version: string
  /** Milliseconds from the start of the process. */
  readonly readyMs: number
  readonly listening: Listening
  /** The served folder as a person would write it, for example `./site`; undefined where all is forwarded, or nothing else is served. */
  readonly folder: string | undefined
  /** What each route does, those of one heading together. */
  readonly routes: readonly ShownRoute[]
  /** Further sites, each with its first URL, or its name where it has none, and its folder. */
  readonly sites: readonly { readonly address: string; readonly folder: string }[]
  /** The address that only redirects, where plain HTTP is not served. */
  readonly redirected: string | undefined
  /** Whether --lan would share the server: it listens on a port, and on the loopback only. */
  readonly canShare: boolean
  /** The name that the network is told, in quotes, and what is announced: `_http._tcp`. Empty where nothing is. */
  readonly announced: readonly string[]
  /** Keys of the terminal and what they do. */
  readonly keys: readonly string[]
  /** More rows, each a label and its parts: what --verbose adds. */
  readonly details: readonly (readonly [label: string, parts: readonly string[]])[]
}

/** A route as the banner shows it. */
export interface ShownRoute {
  /** `Mounts`, `Proxy`, and the word before each where a pipe gets it: `Mount`, `Proxy`. */
  readonly label: readonly [heading: string, word: string]
  /** Whether it serves files: they lie there, and the requests for them go nowhere. */
  readonly isFolder: boolean
  /** Its id. */
  readonly route: string
  readonly text: string
}

/** The banner for a terminal: aligned rows that break at their separators where the terminal is narrow. */
export function renderBanner(facts: BannerFacts, terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const { local, network } = facts.listening.urls
  const urls = local.length === 0 ? [facts.listening.url] : local
  const row = (label: string, parts: readonly string[], separator: string, paint?: Paint) =>
    renderRow(label, parts, separator, terminal.columns, style, paint)
  const rows = [
    row('Local', [urls[0] ?? '', ...(facts.folder === undefined ? [] : [facts.folder])], '     ', paintUrl(style)),
    ...urls.slice(1).map((url) => row('', [url], '', paintUrl(style))),
    ...(facts.redirected === undefined ? [] : [row('Redirect', [facts.redirected, urls[0] ?? ''], ' -> ', style.dim)]),
    ...network.map((url, index) => row(index === 0 ? 'Network' : '', [url], '', paintUrl(style))),
    ...(network.length === 0 && facts.canShare ? [row('Network', ['off (--lan to share)'], '', style.dim)] : []),
    ...(facts.announced.length === 0 ? [] : [row('Announce', facts.announced, ' · ')]),
    ...facts.routes.map(({ label: [heading], isFolder, route, text }, index) =>
      row(heading === facts.routes[index - 1]?.label[0] ? '' : heading, [route, text], isFolder ? '   ' : ' -> '),
    ),
    ...facts.sites.map(({ address, folder }, index) =>
      row(index === 0 ? 'Sites' : '', [address, folder], '   ', paintUrl(style)),
    ),
    ...portRows(facts.listening).map((parts, index) => row(index === 0 ? 'Ports' : '', parts, ' · ', style.yellow)),
    ...facts.details.map(([label, parts]) => row(label, parts, ' · ', style.dim)),
    ...(facts.keys.length === 0 ? [] : [row('Keys', facts.keys, ' · ', style.dim)]),
  ]
  const title = `${style.bold('serve8008')} ${facts.version}   ${style.dim(`ready in ${facts.readyMs} ms`)}`
  return `\n  ${title}\n\n${rows.join('')}\n`
}

/** One plain line for a pipe or a file, which ends in the URL; further addresses and details have a line each. */
export function renderPlainBanner(facts: BannerFacts): string {
  const { url, urls, listeners } = facts.listening
  const skipped = listeners.flatMap((each) => each.skipped)
  const why = skipped.length === 0 ? '' : `, ${skipped.map(({ reason }) => reason).join(', ')},`
  const line = `serve8008 ${facts.version}${why} ${facts.folder === undefined ? 'forwarding' : `serving ${facts.folder}`} at ${url}`
  const local = urls.local.filter((address) => address !== url).map((address) => `Local: ${address}`)
  const network = urls.network.map((address) => `Network: ${address}`)
  const [name, ...services] = facts.announced
  const announced = name === undefined ? [] : [`Announced ${name}: ${services.join(', ')}`]
  const routes = facts.routes.map(
    ({ label: [, word], isFolder, route, text }) => `${word}: ${route}${isFolder ? '  ' : ' -> '}${text}`,
  )
  const sites = facts.sites.map(({ address, folder }) => `Site: ${address}  ${folder}`)
  const details = facts.details.map(([label, parts]) => `${label}: ${parts.join(', ')}`)
  return [line, ...local, ...network, ...announced, ...routes, ...sites, ...details]
    .map((text) => `${printable(text)}\n`)
    .join('')
}

type Paint = (text: string) => string

function renderRow(
  label: string,
  parts: readonly string[],
  separator: string,
  columns: number,
  style: Style,
  paint: Paint = (text) => text,
): string {
  const indent = `  ${label.padEnd(8)}  `
  const texts = parts.map((part) => printable(part))
  const joined = texts.join(separator)
  const lines =
    indent.length + joined.length <= columns
      ? [texts]
      : texts.flatMap((text) => wrapText(text, columns - indent.length).map((line) => [line]))
  return lines
    .map((line, index) => {
      const content = line.map(paint).join(style.dim(separator))
      return index === 0
        ? `  ${style.dim(label)}${indent.slice(2 + label.length)}${content}\n`
        : `${' '.repeat(indent.length)}${content}\n`
    })
    .join('')
}

function paintUrl(style: Style): Paint {
  return (text) => (/^https?:/.test(text) ? style.cyan(text) : text)
}

/** What was skipped, for each listener. */
function portRows({ listeners }: Listening): string[][] {
  return listeners
    .filter((each) => each.skipped.length > 0)
    .map(({ skipped, port }) => {
      const held = skipped.find(({ holder }) => holder?.pid)?.port
      const stop = held ? [`to free ${held}: serve8008 free ${held}`] : []
      return [...skipped.map(({ reason }) => reason), `using ${port}`, ...stop]
    })
}
