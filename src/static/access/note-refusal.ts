import type { BigIntStats } from 'node:fs'
import type { Exchange } from '../../http/message/exchange.ts'
import type { Boundary } from './access-policy.ts'

/** Leaves in the log, and only there, why something that is on the disk is answered like a missing file. */
export function noteRefusal(boundary: Boundary, path: string, stat: BigIntStats, { notes }: Exchange): undefined {
  const why = boundary.refusalOf(path, stat)
  if (why !== undefined) notes.remark ??= why
}
