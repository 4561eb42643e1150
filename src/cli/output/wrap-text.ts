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
