import { accessOptions, type AccessOptions } from './access.ts'
import { fileOptions, type FileOptions } from './files.ts'
import { headerOptions, type HeaderOptions } from './headers.ts'
import { liveOptions, type ReloadOptions } from './live.ts'
import type { OfServer } from './option.ts'
import { pageOptions, type PageOptions } from './pages.ts'
import { routeOptions, type RoutingOptions } from './routes.ts'

/** The groups whose options each site has for itself, but for those that are {@link OfServer}. Other groups are the server's. */
export class SiteGroups {
  readonly Files: FileOptions = fileOptions
  readonly Routes: RoutingOptions = routeOptions
  readonly Pages: PageOptions = pageOptions
  readonly 'Live reload': ReloadOptions = liveOptions
  readonly Headers: HeaderOptions = headerOptions
  readonly Access: AccessOptions = accessOptions
}

/** The definitions by their headings. @internal */
export const siteGroups: SiteGroups = new SiteGroups()

/** The options of these groups. */
export type SiteGroupOptions = Joined<SiteGroups[keyof SiteGroups]>

type Joined<Types> = (Types extends unknown ? (each: Types) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The definitions without those of the server as a whole. */
export type OfSite<Definitions> = {
  readonly [Key in keyof Definitions as Definitions[Key] extends OfServer<unknown> ? never : Key]: Definitions[Key]
}
