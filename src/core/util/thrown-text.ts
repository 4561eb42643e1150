import { redactUrl } from './secret.ts'

/*
 * A program may throw any value, also one that has no text or whose getters throw. What reports it must not fail too: that
 * would end the process.
 */

/** What was thrown, in words and without credentials of URLs: `TypeError: x is not a function`. */
export function thrownText(thrown: unknown): string {
  return redactUrl(guarded(() => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown))))
}

/** The message of what was thrown: `x is not a function`. */
export function thrownMessage(thrown: unknown): string {
  return guarded(() => String(thrown instanceof Error ? thrown.message : thrown))
}

/**
 * Reads a text of the program.
 *
 * @returns a fixed text where reading it throws
 */
function guarded(read: () => string): string {
  try {
    return read()
  } catch {
    return 'it threw a value that has no text'
  }
}
