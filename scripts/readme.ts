/** `npm run readme`: writes the tables of README.md that follow from the sources. A test fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { flags } from '../src/cli/args/flags.ts'
import { limitNames, limitTable } from '../src/config/options/limits.ts'
import type { OptionEntry } from '../src/config/options/option-entry.ts'
import { limitVariable, optionsByKey, optionTable } from '../src/config/options/option-table.ts'
import { errorCodes, type ErrorCode } from '../src/core/codes.ts'
import { fromRoot } from './paths.ts'

/** When each code is reported. The type holds the list complete. */
const meanings: Readonly<Record<ErrorCode, string>> = {
  E8008_INTERNAL: 'A fault of serve8008, or of a layer that threw. The client sees no details.',
  E8008_CLOSED: '`listen()` was called on a server that was closed.',
  E8008_OUTPUT: 'Standard output cannot be written, for example because the disk is full. A server goes on.',
  E8008_USAGE:
    'The command line cannot be read: an unknown flag, a missing value, two folders; or the folder that it was typed in is gone.',
  E8008_NOT_RUNNING: '`serve8008 reload` or `stop` found no server, or cannot tell which.',
  E8008_CONFIG_INVALID: 'Options are wrong; `problems` lists each of them.',
  E8008_CONFIG_NOT_FOUND: 'The file that `--config` names does not exist.',
  E8008_CONFIG_UNREADABLE: 'The config file cannot be read, parsed or imported.',
  E8008_ROOT_NOT_FOUND: 'The folder to serve, or that of a mount, does not exist.',
  E8008_ROOT_NOT_FOLDER: 'It is a file.',
  E8008_ROOT_UNREADABLE: 'It may not be read.',
  E8008_AUTH_FILE: 'The password file is missing, unreadable or holds lines that cannot be checked.',
  E8008_CERT: 'A certificate or key of your own is missing, unreadable, locked, or they do not belong together.',
  E8008_AUTHORITY: 'The local authority is damaged, expired, not of our making, or cannot be read or written.',
  E8008_TRUST: 'A store of trusted certificates could not be changed; `problems` lists which.',
  E8008_PORT_HELD: 'The one port that was asked for is held; the message says by whom.',
  E8008_PORT_DENIED: 'The one port that was asked for needs rights that you do not have.',
  E8008_PORTS_HELD: 'No port of the list can be had; the message says why for each.',
  E8008_ADDRESS: 'The host cannot be listened on: not an address of this machine, or a name nobody knows.',
  E8008_SOCKET: 'The socket path or the inherited descriptor cannot be listened on.',
  E8008_MALFORMED: 'The bytes are not HTTP/1.x.',
  E8008_FRAMING: 'Where the message ends is in doubt (RFC 9112 section 6).',
  E8008_HOST_INVALID: 'There is no `Host`, more than one, or one that is no authority.',
  E8008_TARGET_INVALID: 'The request-target has no form that is answered.',
  E8008_PATH_INVALID:
    'The path cannot be decoded, would name something outside of the folder, or reads in two ways across a route.',
  E8008_BODY_INVALID: 'The content is not what the address asks for.',
  E8008_UNAUTHORIZED: 'Name and password are missing or wrong.',
  E8008_FORBIDDEN: 'The system does not let us read the file.',
  E8008_NOT_FOUND: 'There is no such file, or it is one that is never served.',
  E8008_METHOD: 'Only GET, HEAD and OPTIONS are answered.',
  E8008_TIMEOUT: 'The request did not arrive in time.',
  E8008_PRECONDITION: '`If-Match` or `If-Unmodified-Since` does not hold.',
  E8008_BODY_READ: 'A body parser of the embedding program read the content that was to be forwarded.',
  E8008_BODY_TOO_LARGE: 'The content is larger than `limits.bodyBytes`.',
  E8008_TARGET_TOO_LONG: 'The request-target is longer than `limits.targetBytes`.',
  E8008_RANGE: 'No part of the range lies within the file.',
  E8008_EXPECTATION: '`Expect` asks for something other than `100-continue`.',
  E8008_UPGRADE: 'The address is for WebSockets, and the request is no handshake of one.',
  E8008_HOST_NOT_ALLOWED: 'The `Host` is not one of ours; the page says how to allow it.',
  E8008_HEADERS_TOO_LARGE: 'The header section has too many bytes or fields.',
  E8008_NOT_IMPLEMENTED: 'The method or the transfer coding is not known here.',
  E8008_BUSY: 'More pages are open than live reload serves at the same time.',
  E8008_UPSTREAM_REFUSED: 'Nothing listens where a route leads: the server does not run, or runs elsewhere.',
  E8008_UPSTREAM_UNREACHABLE: 'Its name is not known, or the network does not lead there.',
  E8008_UPSTREAM_FORBIDDEN:
    'Its name leads to a link-local or unspecified address, which is dialled only when it is configured itself.',
  E8008_UPSTREAM_TLS: 'Its certificate is not trusted, or it speaks no TLS.',
  E8008_UPSTREAM_RESET: 'It closed the connection before its reply was complete.',
  E8008_UPSTREAM_PROTOCOL: 'What it says is not HTTP.',
  E8008_UPSTREAM_UNAVAILABLE: 'None of the upstreams can take the request.',
  E8008_UPSTREAM_TIMEOUT: 'It took longer than `--timeout` or `timeouts` of the route allow.',
  E8008_UPSTREAM_LOOP: 'The request came back to this server.',
  E8008_HTTP_VERSION: 'The message is neither HTTP/1.1 nor HTTP/1.0.',
}

/** The tables by the name that their markers bear. */
const tables: Readonly<Record<string, () => string>> = {
  options: () => table(['Flag', 'In a config file', 'What it does', 'Default'], optionTable.map(optionRow)),
  flags: () => table(['Flag', 'What it does'], flags.filter(({ key }) => !optionsByKey.has(key)).map(flagRow)),
  limits: () => table(['Limit', 'Variable', 'What it bounds', 'Default'], limitNames.map(limitRow)),
  'start-codes': () => codeTable('Exit code', (row) => row.status === 500 && !('isPublic' in row)),
  'reply-codes': () => codeTable('Status', (row) => row.status !== 500 || 'isPublic' in row),
}

/** The text with every table between its markers made again. */
export function withTables(readme: string): string {
  return Object.entries(tables).reduce((text, [name, render]) => {
    const [start, end] = [`<!-- ${name}: made by npm run readme -->\n`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`README.md has no place for the table "${name}".`)
    return `${text.slice(0, from + start.length)}\n${render()}\n${text.slice(to)}`
  }, readme)
}

function optionRow(entry: OptionEntry): readonly string[] {
  const plain = entry.key === 'root' ? code('[folder]') : ''
  const flag = entry.flags.length === 0 ? plain : flagTerms(entry.flags, entry)
  return [flag, code(entry.key), entry.description, defaultOf(entry)]
}

function flagRow(flag: (typeof flags)[number]): readonly string[] {
  return [flagTerms([flag.name, ...flag.aliases], flag), flag.description]
}

/** `--port`, `-p PORT`; what is on by default is shown as it is switched off. */
function flagTerms(
  names: readonly string[],
  { kind, valueName, default: standard }: Pick<OptionEntry, 'kind' | 'valueName' | 'default'>,
): string {
  const value = valueName === '' ? '' : kind === 'optional' ? ` [${valueName}]` : ` ${valueName}`
  const isOn = kind === 'boolean' && standard === 'on'
  const terms = names.map((name) => (name.length === 1 ? `-${name}` : `--${isOn ? 'no-' : ''}${name}`))
  return terms.map((term, index) => code(index === terms.length - 1 ? term + value : term)).join(', ')
}

function defaultOf(entry: OptionEntry): string {
  return entry.default === '' || entry.key === 'limits' ? '' : entry.default
}

function limitRow(name: (typeof limitNames)[number]): readonly string[] {
  const { description, default: standard } = limitTable[name]
  return [code(name), code(limitVariable(name)), description, String(standard)]
}

function codeTable(title: 'Exit code' | 'Status', belongs: (row: (typeof errorCodes)[ErrorCode]) => boolean): string {
  const rows = (Object.keys(errorCodes) as ErrorCode[]).flatMap((name) => {
    const row = errorCodes[name]
    const number = title === 'Exit code' ? row.exitCode : row.status
    return belongs(row) ? [[code(name), String(number), meanings[name]]] : []
  })
  return table(['Code', title, 'When'], rows)
}

function code(text: string): string {
  return `\`${text}\``
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(heading) + line(heading.map(() => '---')) + rows.map(line).join('')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = fromRoot('README.md')
  writeFileSync(path, withTables(readFileSync(path, 'utf8')))
}
