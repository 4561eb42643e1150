import * as v from 'valibot'

// Messages are nouns: they complete the sentence `expected …, got 70000`.

/** A switch. */
export const flag: v.BooleanSchema<'true or false'> = v.boolean('true or false')
/** A text. */
export const plainText: v.StringSchema<'a string'> = v.string('a string')
/** Several texts. */
export const listOfTexts: v.GenericSchema<readonly string[]> = listOf(plainText, 'a list of strings')
/** One text or several. */
export const textOrTexts: v.GenericSchema<string | readonly string[]> = v.union(
  [plainText, listOfTexts],
  'a string or a list of strings',
)

const portNumber = v.pipe(
  v.number('a port from 0 to 65535'),
  v.integer('a port from 0 to 65535'),
  v.minValue(0, 'a port from 0 to 65535'),
  v.maxValue(65_535, 'a port from 0 to 65535'),
)
/** Digits up to 65535. */
const portDigits = /^(?:\d{1,4}|[1-5]\d{4}|6(?:[0-4]\d{3}|5(?:[0-4]\d\d|5(?:[0-2]\d|3[0-5]))))$/
/** One port. A string, as in `process.env.PORT`. */
export const port: v.GenericSchema<number | string> = v.union(
  [portNumber, v.pipe(v.string('a port from 0 to 65535'), v.regex(portDigits, 'a port from 0 to 65535'))],
  'a port from 0 to 65535',
)
/** One port or several. */
export const ports: v.GenericSchema<number | string | readonly (number | string)[]> = v.union(
  [port, listOf(port, 'a list of ports')],
  'a port from 0 to 65535',
)

const open = 'a descriptor'
/** An open descriptor. */
export const descriptor: v.GenericSchema<number> = v.pipe(
  v.number(open),
  v.integer(open),
  v.minValue(0, open),
  v.maxValue(2 ** 31 - 1, open),
)

const time = 'milliseconds from 0 to 2147483647'
/** A time that a timer of Node can wait. */
export const milliseconds: v.GenericSchema<number> = v.pipe(
  v.number(time),
  v.integer(time),
  v.minValue(0, time),
  v.maxValue(2 ** 31 - 1, time),
)

/** A list of values of one shape. */
export function listOf<Item>(item: v.GenericSchema<Item>, what: string): v.GenericSchema<readonly Item[]> {
  return v.pipe(v.array(item, what), v.readonly())
}

/** An object with free keys, whose values have one shape. */
export function recordOf<Item>(
  item: v.GenericSchema<Item>,
  what: string,
): v.GenericSchema<Readonly<Record<string, Item>>> {
  return v.pipe(v.record(v.string(), item, what), v.readonly())
}
