import * as v from 'valibot'
import { limitNames, limitTable } from './limits.ts'
import { proxySchema, routeSchema } from './route-schema.ts'
import type { Limits, ServeOptions } from './types.ts'

// Messages are nouns: they complete the sentence `70000 is not …`.
const flag = v.boolean('true or false')
const text = v.string('a text')
const listOfTexts = v.pipe(v.array(text, 'a list of texts'), v.readonly())
const fields = v.pipe(v.record(v.string(), text, 'an object of fields'), v.readonly())
const port = v.pipe(v.number('a port'), v.integer('a port'), v.minValue(0, 'a port'), v.maxValue(65_535, 'a port'))
const descriptor = 'a descriptor'

type LimitEntries = { [Name in keyof Limits]: v.ExactOptionalSchema<v.GenericSchema<number>, undefined> }

const limitEntries = Object.fromEntries(
  limitNames.map((name) => {
    const { min, max } = limitTable[name]
    const within = 'within bounds'
    const whole = v.pipe(v.number('a number'), v.integer('a whole number'))
    const bounds = v.pipe(whole, v.minValue(min, within), v.maxValue(max, within))
    return [name, v.exactOptional(bounds)]
  }),
) as unknown as LimitEntries

const certificateEntries = {
  cert: v.exactOptional(text),
  key: v.exactOptional(text),
  ca: v.exactOptional(text),
  pfx: v.exactOptional(text),
  passphrase: v.exactOptional(text),
}

const schema = v.strictObject(
  {
    root: v.exactOptional(text),
    port: v.exactOptional(v.union([port, v.pipe(v.array(port, 'a list of ports'), v.readonly())], 'a port')),
    strictPort: v.exactOptional(flag),
    host: v.exactOptional(text),
    lan: v.exactOptional(flag),
    socket: v.exactOptional(text),
    fd: v.exactOptional(
      v.pipe(
        v.number(descriptor),
        v.integer(descriptor),
        v.minValue(0, descriptor),
        v.maxValue(2 ** 31 - 1, descriptor),
      ),
    ),
    tls: v.exactOptional(v.union([flag, v.literal('only')], 'true, false or only')),
    tlsPort: v.exactOptional(v.union([port, v.pipe(v.array(port, 'a list of ports'), v.readonly())], 'a port')),
    ...certificateEntries,
    certificates: v.exactOptional(
      v.pipe(
        v.array(v.strictObject(certificateEntries, 'the files of a certificate'), 'a list of certificates'),
        v.readonly(),
      ),
    ),
    redirect: v.exactOptional(v.union([flag, v.literal('asked')], 'true, false or asked')),
    h2c: v.exactOptional(flag),
    open: v.exactOptional(v.union([flag, text], 'true, false or a path')),
    single: v.exactOptional(v.union([flag, text], 'true, false or a page')),
    cors: v.exactOptional(v.union([flag, text, listOfTexts], 'true, false or origins')),
    listing: v.exactOptional(flag),
    cleanUrls: v.exactOptional(flag),
    trailingSlash: v.exactOptional(v.picklist(['auto', 'always', 'never'], 'a policy')),
    dotfiles: v.exactOptional(flag),
    serve: v.exactOptional(v.union([text, listOfTexts], 'a text or a list of texts')),
    followSymlinks: v.exactOptional(flag),
    headers: v.exactOptional(
      v.pipe(v.record(v.string(), v.union([text, fields], 'a text or an object of fields'), 'an object'), v.readonly()),
    ),
    cache: v.exactOptional(v.union([flag, v.number(), text], 'seconds, true, false or a text')),
    compress: v.exactOptional(flag),
    isolate: v.exactOptional(flag),
    allowHost: v.exactOptional(v.union([text, listOfTexts], 'a text or a list of texts')),
    auth: v.exactOptional(text),
    authFile: v.exactOptional(text),
    base: v.exactOptional(text),
    mounts: v.exactOptional(v.pipe(v.record(v.string(), text, 'an object'), v.readonly())),
    proxy: v.exactOptional(v.pipe(v.record(v.string(), proxySchema, 'an object'), v.readonly())),
    routes: v.exactOptional(v.pipe(v.array(routeSchema, 'a list of routes'), v.readonly())),
    trust: v.exactOptional(v.union([text, listOfTexts], 'a text or a list of texts')),
    timeout: v.exactOptional(v.union([v.number(), text], 'seconds or a text')),
    live: v.exactOptional(flag),
    watch: v.exactOptional(v.union([text, listOfTexts], 'a text or a list of texts')),
    ignore: v.exactOptional(v.union([text, listOfTexts], 'a text or a list of texts')),
    reload: v.exactOptional(v.picklist(['page', 'morph'], 'a way to reload')),
    toast: v.exactOptional(flag),
    console: v.exactOptional(flag),
    poll: v.exactOptional(flag),
    log: v.exactOptional(v.picklist(['pretty', 'common', 'combined', 'json', 'none'], 'a log format')),
    limits: v.exactOptional(v.strictObject(limitEntries, 'an object')),
  },
  'an object',
)

/** The shape of the options: what the JSON Schema and the first check are made of. */
export const optionSchema: v.GenericSchema<ServeOptions> = schema

// The interface is written for people, the schema for the machine: this line fails to compile when they differ.
type Same<A, B> = [Required<A>, keyof A] extends [Required<B>, keyof B]
  ? [Required<B>, keyof B] extends [Required<A>, keyof A]
    ? true
    : never
  : never
true satisfies Same<v.InferOutput<typeof schema>, ServeOptions>
