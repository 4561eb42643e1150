import { createInterface } from 'node:readline'
import type { Program } from '../process-io.ts'

/** Whether there is a terminal in which the user can confirm. */
export function canPrompt({ stdin, stderr }: Program): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true
}

/** Asks a question and returns whether the answer was an explicit yes; the end of the input is a no. */
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
