import * as v from 'valibot'
import { limitNames, limitTable } from '../options/limits.ts'
import { proxySchema, routeSchema } from './route-schema.ts'
import type { Limits, ServeOptions } from '../types.ts'

// Messages are nouns: they complete the sentence `expected …, got 70000`.
const flag = v.boolean('true or false')
const text = v.string('a string')
const listOfTexts = v.pipe(v.array(text, 'a list of strings'), v.readonly())
const fields = v.pipe(v.record(v.string(), text, 'an object of fields'), v.readonly())
const portNumber = v.pipe(
  v.number('a port'),
  v.integer('a port'),
  v.minValue(0, 'a port'),
  v.maxValue(65_535, 'a port'),
)
/** Digits up to 65535. */
const portDigits = /^(?:\d{1,4}|[1-5]\d{4}|6(?:[0-4]\d{3}|5(?:[0-4]\d\d|5(?:[0-2]\d|3[0-5]))))$/
// A string, as in `process.env.PORT`.
const port = v.union([portNumber, v.pipe(v.string('a port'), v.regex(portDigits, 'a port'))], 'a port')
const descriptor = 'a descriptor'

type LimitEntries = { [Name in keyof Limits]: v.OptionalSchema<v.GenericSchema<number>, undefined> }

const limitEntries = Object.fromEntries(
  limitNames.map((name) => {
    const { min, max } = limitTable[name]
    const within = 'within bounds'
    const whole = v.pipe(v.number('a number'), v.integer('a whole number'))
    const bounds = v.pipe(whole, v.minValue(min, within), v.maxValue(max, within))
    return [name, v.optional(bounds)]
  }),
) as unknown as LimitEntries

const certificateEntries = {
  cert: v.optional(text),
  key: v.optional(text),
  ca: v.optional(text),
  pfx: v.optional(text),
  passphrase: v.optional(text),
}

const schema = v.strictObject(
  {
    root: v.optional(text),
    port: v.optional(v.union([port, v.pipe(v.array(port, 'a list of ports'), v.readonly())], 'a port')),
    strictPort: v.optional(flag),
    host: v.optional(text),
    lan: v.optional(flag),
    socket: v.optional(text),
    fd: v.optional(
      v.pipe(
        v.number(descriptor),
        v.integer(descriptor),
        v.minValue(0, descriptor),
        v.maxValue(2 ** 31 - 1, descriptor),
      ),
    ),
    tls: v.optional(v.union([flag, v.literal('only')], 'true, false or only')),
    tlsPort: v.optional(v.union([port, v.pipe(v.array(port, 'a list of ports'), v.readonly())], 'a port')),
    ...certificateEntries,
    certificates: v.optional(
      v.pipe(v.array(v.strictObject(certificateEntries, 'an object of files'), 'a list of certificates'), v.readonly()),
    ),
    redirect: v.optional(v.union([flag, v.literal('asked')], 'true, false or asked')),
    h2c: v.optional(flag),
    open: v.optional(v.union([flag, text], 'true, false or a path')),
    single: v.optional(v.union([flag, text], 'true, false or a page')),
    cors: v.optional(v.union([flag, text, listOfTexts], 'true, false or origins')),
    listing: v.optional(flag),
    cleanUrls: v.optional(flag),
    trailingSlash: v.optional(v.picklist(['auto', 'always', 'never'], 'auto, always or never')),
    dotfiles: v.optional(flag),
    serve: v.optional(v.union([text, listOfTexts], 'a string or a list of strings')),
    followSymlinks: v.optional(flag),
    headers: v.optional(
      v.pipe(
        v.record(v.string(), v.union([text, fields], 'a string or an object of fields'), 'an object'),
        v.readonly(),
      ),
    ),
    cache: v.optional(v.union([flag, v.number(), text], 'seconds, true, false or a string')),
    compress: v.optional(flag),
    isolate: v.optional(flag),
    allowHost: v.optional(v.union([text, listOfTexts], 'a string or a list of strings')),
    auth: v.optional(text),
    authFile: v.optional(text),
    base: v.optional(text),
    mounts: v.optional(v.pipe(v.record(v.string(), text, 'an object'), v.readonly())),
    proxy: v.optional(v.pipe(v.record(v.string(), proxySchema, 'an object'), v.readonly())),
    routes: v.optional(v.pipe(v.array(routeSchema, 'a list of routes'), v.readonly())),
    trust: v.optional(v.union([text, listOfTexts], 'a string or a list of strings')),
    timeout: v.optional(v.union([v.number(), text], 'seconds or a string')),
    live: v.optional(flag),
    watch: v.optional(v.union([text, listOfTexts], 'a string or a list of strings')),
    ignore: v.optional(v.union([text, listOfTexts], 'a string or a list of strings')),
    reload: v.optional(v.picklist(['page', 'morph'], 'page or morph')),
    toast: v.optional(flag),
    console: v.optional(flag),
    poll: v.optional(flag),
    log: v.optional(v.picklist(['pretty', 'common', 'combined', 'json', 'none'], 'a log format')),
    limits: v.optional(v.strictObject(limitEntries, 'an object')),
  },
  'an object',
)

/** The schema of the options, for validation and for the JSON Schema. */
export const optionSchema: v.GenericSchema<ServeOptions> = schema

// `ServeOptions` documents the options, the schema validates them: this line fails to compile when they differ.
// The error names the options that do.
type Same<A, B> = [Differing<A, B>] extends [never] ? true : `${Differing<A, B>} differs`
type Differing<A, B> = {
  [Key in keyof A | keyof B]-?: Key extends keyof A & keyof B
    ? [Required<A>[Key], Required<B>[Key]] extends [Required<B>[Key], Required<A>[Key]]
      ? never
      : Key
    : Key
}[(keyof A | keyof B) & string]
true satisfies Same<v.InferOutput<typeof schema>, ServeOptions>
