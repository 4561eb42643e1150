import type { Environment } from '../../config/sources/env.ts'

/** The properties of an output stream that text depends on. */
export interface Terminal {
  /** Whether a person looks at it; false for a pipe or a file. */
  readonly isTerminal: boolean
  /** Whether colours may be used. */
  readonly color: boolean
  /** Width in characters. */
  readonly columns: number
}

/** Describes a stream: a pipe is no terminal, and a continuous integration log is none either. */
export function terminalOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Environment,
): Terminal {
  const isTerminal = stream.isTTY === true
  return {
    isTerminal: isTerminal && !isContinuousIntegration(env),
    color: wantsColor(isTerminal, env),
    // A terminal may be resized.
    get columns() {
      return isTerminal && stream.columns !== undefined && stream.columns > 0 ? stream.columns : 80
    },
  }
}

/** Columns that a line of the log may take now; in a pipe or a file a line is as long as it is. */
export function lineColumns({ isTerminal, columns }: Terminal): number | undefined {
  return isTerminal ? columns : undefined
}

/**
 * Whether to colour. FORCE_COLOR decides first, as it does in Node itself: `0` and `false` are no, everything else is
 * yes. Then NO_COLOR (any value but the empty one) and TERM=dumb say no; then it takes a terminal that is not CI.
 */
export function wantsColor(isTerminal: boolean, env: Environment): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  return isTerminal && env['TERM'] !== 'dumb' && !isContinuousIntegration(env)
}

/** Whether a continuous integration system runs us: no browser, no colours, no pictures. */
export function isContinuousIntegration(env: Environment): boolean {
  const value = env['CI']
  return value !== undefined && value !== '' && value !== '0' && value !== 'false'
}

/** Colours text, or returns it unchanged. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
  /** White on black whatever the theme: the blocks of a QR code are its light modules, and not every phone reads it inverted. */
  paper(text: string): string
}

/** Makes the styles; without colour each returns its text. */
export function createStyle(color: boolean): Style {
  const paint = (open: string, close: string) => (text: string) =>
    color && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text
  return {
    bold: paint('1', '22'),
    dim: paint('2', '22'),
    red: paint('31', '39'),
    green: paint('32', '39'),
    yellow: paint('33', '39'),
    cyan: paint('36', '39'),
    paper: paint('97;40', '39;49'),
  }
}

/**
 * Breaks text at spaces into lines of at most `columns` characters; a word that is longer has a line of its own. Spaces it begins with stay.
 *
 * @param indent what the lines after the first begin with; it counts.
 */
export function wrapText(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = []
  let line: string | undefined
  for (const word of text.split(' ')) {
    if (line !== undefined && line.trim() !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = indent + word
    } else {
      line = line === undefined ? word : `${line} ${word}`
    }
  }
  return [...lines, line ?? '']
}
