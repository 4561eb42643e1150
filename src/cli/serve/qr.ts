import { createStyle, type Terminal } from '../output/terminal.ts'

/** Draws a URL as a QR code, or nothing where no person looks or where it would not fit. */
export async function renderQrCode(url: string, terminal: Terminal): Promise<string> {
  if (!terminal.isTerminal) return ''
  const { renderUnicodeCompact } = await import('uqr')
  const rows = renderUnicodeCompact(url, { border: 2 }).split('\n')
  if (rows.some((row) => row.length + margin.length > terminal.columns)) return ''
  const style = createStyle(terminal.color)
  return rows.map((row) => `${margin}${style.paper(row)}\n`).join('')
}

const margin = '  '
