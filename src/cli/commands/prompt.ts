import { createInterface } from 'node:readline'
import type { Program } from '../process-io.ts'

/** Whether somebody can be asked. */
export function canPrompt({ stdin, stderr }: Program): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true
}

/** Asks a question that only an explicit yes answers with yes; the end of the input does not. */
export async function confirm(question: string, { stdin, stderr }: Program): Promise<boolean> {
  if (stdin === undefined) return false
  stderr.write(`${question} [y/N] `)
  const lines = createInterface({ input: stdin })
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(''))
    })
    return /^\s*y(es)?\s*$/i.test(answer)
  } finally {
    lines.close()
    stdin.destroy()
  }
}
