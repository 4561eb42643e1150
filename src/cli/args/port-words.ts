import { printable } from '../../core/util/sanitize.ts'
import { usageError, withoutSecret } from './command-line.ts'

/** What people write before a port of this machine, and behind it. */
const address = /^(?:(?:https?:\/\/)?(?:localhost|127\.0\.0\.1|\[::1?\]|0\.0\.0\.0|\*)?:)?(\d{1,5}(?:[-,].*)?)\/?$/i

/**
 * The ports that a word names: `3000`, `:3000`, `localhost:3000`, `http://localhost:3000/`, `3000-3010`, or several of them
 * with commas. Undefined for another word.
 */
export function portsIn(word: string): number[] | undefined {
  const parts = address.exec(word)?.[1]?.split(',') ?? []
  const ports = parts.flatMap((part): (number | undefined)[] => {
    const [, first, last = first] = /^:?(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? []
    const [from, to] = [Number(first), Number(last)]
    if (first === undefined || from < 1 || to > 65_535 || to < from) return [undefined]
    return Array.from({ length: to - from + 1 }, (_, at) => from + at)
  })
  const known = ports.filter((port) => port !== undefined)
  return known.length === 0 || known.length < ports.length ? undefined : known
}

/** The ports that words name, in any form of {@link portsIn}. @throws ServeError `E8008_USAGE` for a word that is no port */
export function portWords(words: readonly string[], command: string): number[] {
  return words.flatMap((word) => {
    const ports = portsIn(word)
    if (ports !== undefined) return ports
    const got = withoutSecret(printable(word))
    throw usageError(
      `serve8008 ${command} takes ports from 1 to 65535, such as 3000 or 3000-3010, but got ${got}.`,
      `serve8008 ${command} 3000`,
    )
  })
}
