/** A word as it is typed in a shell: plain where it can be, otherwise in quotes. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./~-]+$/.test(word)) return word
  // Double quotes are what every shell knows; where they would not hold, single ones do in all but cmd.exe.
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`
}

/** The whole command with its words. */
export function commandLine(words: readonly string[]): string {
  return ['serve8008', ...words.map(shellWord)].join(' ')
}
