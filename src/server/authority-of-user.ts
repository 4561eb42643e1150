import type { FolderOptions } from '../tls/authority/folder.ts'
import type { ManagedAuthority, ManagedAuthorityOptions } from '../tls/authority/managed-authority.ts'
import { authorityFolder, manageAuthority } from '../tls/tls.ts'

/** Opens the local authority of a user, for commands. Not in local-authority.ts: the library must not load TLS at its start. */
export function openLocalAuthority(options: ManagedAuthorityOptions): ManagedAuthority {
  return manageAuthority(options)
}

/** The folder of a user's local authority, by the conventions of the system. */
export function folderOfAuthority(options: FolderOptions): string {
  return authorityFolder(options)
}
