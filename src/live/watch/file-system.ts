/** File systems that other machines change, so that this one's kernel does not know of it: magic numbers of statfs(2). */
const silent: ReadonlyMap<number, string> = new Map([
  [0x01021997, '9p, a Windows folder in WSL'],
  [0x65735546, 'FUSE or virtiofs, a folder of another machine or of the host'],
  [0x6969, 'NFS, a folder of another machine'],
  [0xff534d42, 'SMB, a folder of another machine'],
  [0xfe534d42, 'SMB, a folder of another machine'],
  [0x517b, 'SMB, a folder of another machine'],
  [0x786f4256, 'vboxsf, a shared folder of VirtualBox'],
  [0x7c7c6673, 'prl_fs, a shared folder of Parallels'],
])

/** What a file system is when it reports no changes, by the type that statfs gives; undefined when it reports them. */
export function silentFileSystem(type: number | bigint): string | undefined {
  // A 32-bit system gives the upper half of these numbers a sign.
  return silent.get(Number(BigInt.asUintN(32, BigInt(type))))
}
