import { digestFields } from '../http/message/field-classes.ts'
import { withoutFields, type HeaderList } from '../http/message/headers.ts'

/**
 * Fields other than digests that describe the representation in a reply. The other fields (caching, `Vary`, CORS,
 * security policies, cookies) hold for a 304 or an error instead of it too.
 */
const metadataFields: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'trailer',
  'transfer-encoding',
])

/** Fields about storing and identifying the representation. They belong in its 304, but not in an error. */
const validatorFields: ReadonlySet<string> = new Set([
  'cache-control',
  'content-location',
  'etag',
  'expires',
  'last-modified',
])

/**
 * The fields of a 200 that belong in its 304 (RFC 9110 section 15.4.5): all except those that describe the
 * representation. `Last-Modified` only without an `ETag`, which suffices to update a cache.
 */
export function fieldsOfNotModified(list: HeaderList, hasEntityTag: boolean): string[] {
  return filterFields(
    list,
    (name) => !metadataFields.has(name) && !digestFields.has(name) && !(hasEntityTag && name === 'last-modified'),
  )
}

/** The fields that are not about a representation. They hold for an error or a redirect too. */
export function generalFields(list: HeaderList): string[] {
  return filterFields(
    list,
    (name) => !metadataFields.has(name) && !digestFields.has(name) && !validatorFields.has(name),
  )
}

/** The fields of an error that replaces a reply: its own, and the general fields of the reply. */
export function fieldsOfRefusal(own: HeaderList, replaced: HeaderList): string[] {
  return [...own, ...withoutFields(generalFields(replaced), fieldNames(own))]
}

/** The names of a list in lower case. */
export function fieldNames(list: HeaderList): Set<string> {
  const names = new Set<string>()
  for (let i = 0; i < list.length; i += 2) names.add((list[i] as string).toLowerCase())
  return names
}

function filterFields(list: HeaderList, isKept: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string
    if (isKept(name.toLowerCase())) kept.push(name, list[i + 1] as string)
  }
  return kept
}
