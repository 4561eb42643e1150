import { resolve } from 'node:path'
import type { ResolvedLive, CheckedOptions } from '../types.ts'

/** How live reload works; relative globs of `watch` belong to the working directory. */
export function resolveLive(
  options: Required<Pick<CheckedOptions, 'watch' | 'ignore' | 'reload' | 'toast' | 'console' | 'poll'>>,
  cwd: string,
): ResolvedLive {
  const { reload, toast, console, poll } = options
  const watch = listOf(options.watch).map((glob) => resolve(cwd, glob))
  return { watch, ignore: listOf(options.ignore), reload, toast, console, poll }
}

function listOf(value: string | readonly string[]): string[] {
  return (typeof value === 'string' ? [value] : [...value]).filter((text) => text !== '')
}
