/** A folder to show. */
export interface FolderListing {
  /** Decoded URL path with a slash at both ends. */
  readonly path: string
  /** In any order. */
  readonly entries: readonly ListingEntry[]
  /** Whether the folder above may be visited. */
  readonly parent: boolean
  /** What to know of the folder, and a command; undefined where all is as it seems. */
  readonly advice?: { readonly message: string; readonly command: string } | undefined
}

/** One file or folder of a listing. */
export interface ListingEntry {
  /** Name as the file system has it. */
  readonly name: string
  readonly kind: 'folder' | 'file'
  /** Bytes; of no meaning for a folder. */
  readonly size: number
  /** Last change in milliseconds since 1970. */
  readonly modified: number
}
