import type { FolderOptions } from '../tls/authority-folder.ts'
import type { LocalAuthority, LocalAuthorityOptions } from '../tls/local-authority.ts'
import { authorityFolder, localAuthority } from '../tls/tls.ts'

/** Opens the local authority of a user, for the commands that look after it. */
export function openLocalAuthority(options: LocalAuthorityOptions): LocalAuthority {
  return localAuthority(options)
}

/** Where the local authority of a user lives, by the conventions of the system. */
export function folderOfAuthority(options: FolderOptions): string {
  return authorityFolder(options)
}
