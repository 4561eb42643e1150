import { formatHost } from '../../core/util/ip.ts'
import type { Authority } from './authority.ts'

/** How a client addresses this server. */
interface ClientAddress {
  /** Scheme, host, and the port unless it is the usual one of the scheme. */
  readonly origin: string
  /** Name or address without the port, IPv6 in brackets. */
  readonly host: string
  /** The port, also where it is the usual one. */
  readonly port: string
}

/** `{{host}}`, which is sent as `{host}`, or `{host}`. */
const placeholder = /\{(\{(?:origin|host|port)\})\}|\{(origin|host|port)\}/

/**
 * Compiles texts with `{origin}`, `{host}` and `{port}`. Nothing has to be escaped in fields, JSON, HTML or URLs: the guard lets
 * only letters, digits, `-`, `_`, `.`, and with IPv6 `[`, `]` and `:`, into a host.
 *
 * @returns Fills them from the authority that the guard accepted.
 */
export function compileTexts(
  texts: readonly string[],
): (authority: Authority | undefined, isSecure: boolean) => readonly string[] {
  const compiled = texts.map(compileText)
  return (authority, isSecure) => {
    const address = clientAddress(authority, isSecure)
    return compiled.map((fill) => fill(address))
  }
}

function compileText(text: string): (address: ClientAddress) => string {
  // Text, an escaped placeholder or undefined, a placeholder or undefined, text, …
  const parts = text.split(placeholder)
  return (address) => {
    let filled = ''
    for (let i = 0; i < parts.length; i += 3) {
      const name = parts[i + 2] as keyof ClientAddress | undefined
      filled += `${parts[i]}${parts[i + 1] ?? ''}${name === undefined ? '' : address[name]}`
    }
    return filled
  }
}

function clientAddress(authority: Authority | undefined, isSecure: boolean): ClientAddress {
  const usual = isSecure ? 443 : 80
  const port = authority?.port ?? usual
  const host = formatHost(authority?.hostname ?? 'localhost')
  const origin = `${isSecure ? 'https' : 'http'}://${host}${port === usual ? '' : `:${port}`}`
  return { origin, host, port: String(port) }
}
