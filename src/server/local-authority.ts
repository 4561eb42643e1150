import type { FolderOptions } from '../tls/authority/folder.ts'
import type { ManagedAuthority, ManagedAuthorityOptions } from '../tls/authority/managed-authority.ts'
import { authorityFolder, manageAuthority } from '../tls/tls.ts'

/** Opens the local authority of a user, for the commands that look after it. */
export function openLocalAuthority(options: ManagedAuthorityOptions): ManagedAuthority {
  return manageAuthority(options)
}

/** Where the local authority of a user lives, by the conventions of the system. */
export function folderOfAuthority(options: FolderOptions): string {
  return authorityFolder(options)
}
