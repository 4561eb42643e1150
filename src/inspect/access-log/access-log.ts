import type { LogFormat } from '../../config/value-types.ts'
import type { AccessRecord } from '../../server/types.ts'
import { jsonLine } from './json-line.ts'
import { combinedLine, commonLine } from './ncsa-line.ts'
import { prettyLine } from './pretty-line.ts'

/** Characters of lines at which they are written before the end of the turn. */
const batchSize = 65_536

/** How the access log looks and where it goes. */
export interface AccessLogOptions {
  /** Format of a line; `none` writes nothing. */
  readonly format: LogFormat
  /** Takes whole lines, each with its line feed, one or many at a time. */
  readonly write: (text: string) => void
  /** Whether `pretty` may colour the status. */
  readonly color: boolean
  /**
   * Width of a `pretty` line in columns; longer targets are cut. Read for each line, so that a getter can follow the
   * terminal. Default: no bound.
   */
  readonly columns?: number | undefined
}

/** Writes access records as lines, in batches. */
export interface AccessLog {
  /** Adds a record. Its line is written at the end of this turn of the event loop. */
  log(record: AccessRecord): void
  /** Writes the lines that wait; call it before the process ends. */
  flush(): void
}

/**
 * Makes an access log. Lines are written once a turn, because a write for each request costs more than the request. No
 * line holds a control character of a client.
 */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const format = lineFormatter(options)
  if (format === undefined) return { log() {}, flush() {} }
  let gathered = ''
  let scheduled = false

  function flush(): void {
    if (gathered === '') return
    const text = gathered
    gathered = ''
    options.write(text)
  }

  function endOfTurn(): void {
    scheduled = false
    flush()
  }

  return {
    log(record) {
      gathered += `${format(record)}\n`
      if (gathered.length >= batchSize) return flush()
      if (scheduled) return
      scheduled = true
      setImmediate(endOfTurn)
    },
    flush,
  }
}

function lineFormatter(options: AccessLogOptions): ((record: AccessRecord) => string) | undefined {
  switch (options.format) {
    case 'pretty':
      return (record) => prettyLine(record, options.color, options.columns)
    case 'common':
      return commonLine
    case 'combined':
      return combinedLine
    case 'json':
      return jsonLine
    case 'none':
      return undefined
  }
}
