/** Characters that no Windows file name holds. The colon would name a drive or an NTFS stream (`.env::$DATA`). */
const forbidden = /[<>:"|?*]/

/** Device names of every folder, whatever follows the first dot: opening `aux.txt` opens the device. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|$)/i

/** Short 8.3 form (`TLS~1.PEM`, `HTACCE~1`): a second name of a file, which deny rules would not know. */
const short = /^[^.]{1,6}~[0-9]{1,6}(?:\.[^.]{0,3})?$/

/**
 * Whether a name can be an ordinary Windows file in its one true spelling. Trailing dots and spaces
 * are dropped by Windows, so `secret.` would open `secret`.
 */
export function isWindowsName(name: string): boolean {
  return !forbidden.test(name) && !/[. ]$/.test(name) && !device.test(name) && !short.test(name)
}
